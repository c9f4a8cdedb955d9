"""HMAC authentication for heartbeat (RFC 2104): sha1, md5 and the SHA-2 family."""

import hmac
from typing import ClassVar

from heartbeat.plugin import AuthenticationError, Authenticator, FrameContext, NotInstalled, Secret

KEYS_MAX = 16
"""Of keys at hand; authkeys may be changed again and again in a daemon's life."""


class Hmac(Authenticator):
    """What all hashes share: the whole, uncut tag over header and payload follows the payload, which stays readable.

    The header has a fixed length, so header and payload need no mark between them.
    """

    digest: ClassVar[str]

    def __init__(self) -> None:
        try:
            hmac.digest(b"", b"", self.digest)
        except ValueError:
            raise NotInstalled(
                f"this host's cryptography refuses {self.digest} (FIPS mode): use sha256 in authkeys"
            ) from None
        self._begun: dict[Secret, hmac.HMAC] = {}
        """By key: an HMAC that has taken in the key and nothing else."""

    def seal(self, key: Secret, context: FrameContext, payload: bytes) -> bytes:
        """Return the payload and its tag."""
        return payload + self._tag(key, context, payload)

    def open(self, key: Secret, context: FrameContext, sealed: bytes) -> bytes:
        """Return the payload; raises AuthenticationError. Tags are compared in constant time."""
        end = len(sealed) - self.overhead
        if end < 0:
            raise AuthenticationError(f"{len(sealed)} bytes are too short for a tag of {self.overhead}")
        payload = sealed[:end]
        if not hmac.compare_digest(sealed[end:], self._tag(key, context, payload)):
            raise AuthenticationError("not sealed with this key for this frame")
        return payload

    def _tag(self, key: Secret, context: FrameContext, payload: bytes) -> bytes:
        begun = self._begun.get(key)
        if begun is None:
            if len(self._begun) >= KEYS_MAX:
                self._begun.clear()
            begun = self._begun[key] = hmac.new(key.reveal().encode("utf-8", "surrogateescape"), digestmod=self.digest)
        # A copy costs half of hmac.digest, which has OpenSSL look up the hash by its name each time.
        tag = begun.copy()
        tag.update(context.raw + payload)
        return tag.digest()


class Sha1(Hmac):
    """HMAC-SHA1, the usual one of old authkeys files. Still unforgeable as an HMAC, but its hash is aged."""

    api = 1
    title = "HMAC-SHA1, authenticated"
    docs_url = "https://www.rfc-editor.org/rfc/rfc2104"
    strength = 1
    digest = "sha1"
    overhead = 20


class Md5(Hmac):
    """HMAC-MD5, for old authkeys files. No forgery of the HMAC is known, but its hash is broken: change to sha256."""

    api = 1
    title = "HMAC-MD5, authenticated"
    docs_url = "https://www.rfc-editor.org/rfc/rfc2104"
    strength = 1
    digest = "md5"
    overhead = 16


class Sha256(Hmac):
    """HMAC-SHA256, the one to choose when payloads need not be secret."""

    api = 1
    title = "HMAC-SHA256, authenticated"
    docs_url = "https://www.rfc-editor.org/rfc/rfc2104"
    strength = 2
    digest = "sha256"
    overhead = 32


class Sha512(Hmac):
    """HMAC-SHA512: a longer tag, and faster than SHA-256 on 64-bit processors without SHA instructions."""

    api = 1
    title = "HMAC-SHA512, authenticated"
    docs_url = "https://www.rfc-editor.org/rfc/rfc2104"
    strength = 2
    digest = "sha512"
    overhead = 64
