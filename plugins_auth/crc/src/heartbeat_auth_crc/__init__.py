"""CRC-32 integrity check for heartbeat: no authentication, for physically secure links."""

import zlib

from heartbeat.plugin import AuthenticationError, Authenticator, FrameContext, Secret

CRC_BYTES = 4


class Crc(Authenticator):
    """CRC-32 (ISO 3309, as in zlib) over header and payload. It finds accidents; anybody can make a valid frame."""

    api = 1
    title = "CRC-32, integrity only: anybody on the link can forge frames"
    docs_url = "https://www.rfc-editor.org/rfc/rfc1952"
    strength = 0
    needs_key = False
    overhead = CRC_BYTES

    def seal(self, key: Secret, context: FrameContext, payload: bytes) -> bytes:
        """Return the payload and its checksum; the key is not used."""
        return payload + _checksum(context, payload)

    def open(self, key: Secret, context: FrameContext, sealed: bytes) -> bytes:
        """Return the payload; raises AuthenticationError when the bytes were changed on the way."""
        end = len(sealed) - CRC_BYTES
        if end < 0 or sealed[end:] != _checksum(context, sealed[:end]):
            raise AuthenticationError("the checksum does not fit: damaged on the way")
        return sealed[:end]


def _checksum(context: FrameContext, payload: bytes) -> bytes:
    return zlib.crc32(payload, zlib.crc32(context.raw)).to_bytes(CRC_BYTES, "big")
