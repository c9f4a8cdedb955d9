"""An authentication method as plain as one can be, loaded by its place as a plugin's is."""

import hashlib

from heartbeat.plugin.auth import AuthenticationError, Authenticator, FrameContext
from heartbeat.plugin.secret import Secret


class KeyedHash(Authenticator):
    """A method as plain as one can be: payload and keyed hash of header and payload."""

    api = 1
    title = "keyed hash, for tests"
    overhead = 16

    def seal(self, key: Secret, context: FrameContext, payload: bytes) -> bytes:
        return payload + self._tag(key, context, payload)

    def open(self, key: Secret, context: FrameContext, sealed: bytes) -> bytes:
        payload, tag = sealed[:-16], sealed[-16:]
        if tag != self._tag(key, context, payload):
            raise AuthenticationError
        return payload

    def _tag(self, key: Secret, context: FrameContext, payload: bytes) -> bytes:
        return hashlib.blake2b(context.raw + payload, key=key.reveal().encode(), digest_size=16).digest()
