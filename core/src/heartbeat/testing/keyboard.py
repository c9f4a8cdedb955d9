"""What the client of a telnet session types, as the device's lines and keys. Needs no pytest."""

from collections.abc import Iterator

IAC, SB, SE = 255, 250, 240


class Keyboard:
    """Takes bytes in any pieces and yields lines, without telnet's commands (RFC 854).

    A line ends with CR; a following LF, NUL, or NUL LF belongs to it, and LF alone ends one, too. ``keys`` are the
    characters that act at once, without ENTER; each is a line of its own.

    >>> keyboard = Keyboard(keys="\\x1b")
    >>> list(keyboard.typed(b"\\xff\\xfe\\x01apc\\r\\0\\n\\x1b4\\rno EN"))
    ['apc', '\\x1b', '4']
    >>> list(keyboard.typed(b"TER\\r\\n"))
    ['no ENTER']
    """

    def __init__(self, keys: str = "") -> None:
        self._keys = keys.encode("latin-1")
        self._line = bytearray()
        self._command = bytearray()
        self._after_cr = False

    def typed(self, piece: bytes) -> Iterator[str]:
        """Yield each line that is whole now."""
        for byte in piece:
            if self._is_command(byte):
                continue
            follows, self._after_cr = self._after_cr, byte == 13 or (byte == 0 and self._after_cr)
            if byte == 13 or (byte == 10 and not follows):
                yield self._taken()
            elif byte in self._keys:
                self._line.clear()
                yield chr(byte)
            elif byte not in (0, 10):
                self._line.append(byte)

    def _taken(self) -> str:
        text = self._line.decode("latin-1")
        self._line.clear()
        return text

    def _is_command(self, byte: int) -> bool:
        """Is this byte part of a command? IAC IAC, a 255 of the text, is not expected of a person."""
        if not self._command and byte != IAC:
            return False
        self._command.append(byte)
        known = self._command
        if known[1:2] == bytes([SB]):
            is_whole = known.endswith(bytes([IAC, SE]))
        else:
            is_whole = len(known) == 3 or (len(known) == 2 and byte < SB)
        if is_whole or known[1:2] == bytes([IAC]):
            known.clear()
        return True
