"""What an operation printed: its newest part, bounded, without secrets."""

from heartbeat.executor.mask import Mask

TAIL_BYTES = 16 * 1024
"""Bytes kept of one operation's output for the journal."""


class Tail:
    """Takes bytes for ever, keeps the last few."""

    def __init__(self, kept_bytes: int = TAIL_BYTES) -> None:
        self._kept_bytes = kept_bytes
        self._bytes = bytearray()
        self._is_cut = False

    def add(self, chunk: bytes) -> None:
        self._bytes += chunk
        if len(self._bytes) > self._kept_bytes:
            del self._bytes[: len(self._bytes) - self._kept_bytes]
            self._is_cut = True

    def text(self, mask: Mask) -> str:
        """Return the tail as text. One that was cut begins at a line, or behind what may be half a secret."""
        text = self._bytes.decode("utf-8", "replace")
        if self._is_cut:
            _, newline, rest = text.partition("\n")
            text = "... " + (rest if newline else text[mask.longest :])
        return mask(text)
