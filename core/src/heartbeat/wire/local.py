"""Length-prefixed msgpack over a local stream socket: the framing of the executor link and of the local API.

One message is a 4-byte big-endian length and that many bytes of msgpack.
"""

from collections.abc import Iterator

LENGTH_BYTES = 4
MESSAGE_MAX = 4 * 1024 * 1024
"""Longest message accepted, bytes; far above any answer, so that a stray client cannot fill memory."""


class Malformed(Exception):
    """The peer speaks something else."""


def pack(message: bytes) -> bytes:
    """Return the message with its length in front."""
    return len(message).to_bytes(LENGTH_BYTES, "big") + message


class Unpacker:
    """Collects received bytes and yields whole messages."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Yield each message completed by this chunk; raises Malformed on an impossible length."""
        self._buffer += chunk
        while len(self._buffer) >= LENGTH_BYTES:
            length = int.from_bytes(self._buffer[:LENGTH_BYTES], "big")
            if length > MESSAGE_MAX:
                raise Malformed(f"a message of {length} bytes; at most {MESSAGE_MAX} are expected")
            if len(self._buffer) < LENGTH_BYTES + length:
                return
            message = bytes(self._buffer[LENGTH_BYTES : LENGTH_BYTES + length])
            del self._buffer[: LENGTH_BYTES + length]
            yield message
