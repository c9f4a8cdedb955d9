"""How an answer goes over the wire, when all is well and when not: the fault model of all bricks. Needs no pytest."""

import random
from collections.abc import Iterator

from heartbeat.testing.device import Fault

TRICKLE_S = 0.01
"""Pause between the pieces of a trickling answer."""

LIST_LINES = 3
"""An answer of so many lines is a list, which can break off; a shorter one is a word or two."""


class HungUp(Exception):
    """The connection ends here."""


class Wire:
    """Cuts answers into pieces with pauses, as the fault says.

    >>> wire = Wire(late_s=2.0)
    >>> list(wire.pieces(b"on"))
    [(0.0, b'on')]
    >>> wire.fault = Fault.SPLIT
    >>> list(wire.pieces(b"on"))
    [(0.0, b'o'), (0.0, b'n')]
    >>> wire.fault = Fault.LATE
    >>> list(wire.pieces(b"on"))
    [(2.0, b'on')]
    >>> wire.fault = Fault.SILENT
    >>> list(wire.pieces(b"on"))
    []
    >>> wire.fault = Fault.BREAKS_OFF
    >>> wire.text("1 ON\\r\\n2 ON\\r\\nend\\r\\n"), wire.text("done\\r\\n")
    ('1 ON\\r\\n', 'done\\r\\n')
    """

    FAULTS = frozenset({Fault.SILENT, Fault.CLOSES, Fault.GARBAGE, Fault.SPLIT, Fault.TRICKLES, Fault.LATE})

    def __init__(self, late_s: float = 1.0) -> None:
        self.late_s = late_s
        self.fault: Fault | None = None

    def text(self, whole: str) -> str:
        """Return what is said of an answer's text, before the prompt: the first half of a list that ends early."""
        lines = whole.splitlines(keepends=True)
        if self.fault not in (Fault.BREAKS_OFF, Fault.CUT_OFF) or len(lines) < LIST_LINES:
            return whole
        return "".join(lines[: len(lines) // 2])

    def pieces(self, answer: bytes) -> Iterator[tuple[float, bytes]]:
        """Yield what to send, each after a pause in seconds. Raises HungUp where the connection ends."""
        match self.fault:
            case Fault.SILENT:
                return
            case Fault.GARBAGE:  # a whole line of it: a reader that waits for the end of a line must judge it, too
                yield 0.0, random.Random(len(answer)).randbytes(40) + b"\r\n"  # noqa: S311 - the same in every run
            case Fault.CLOSES:
                yield 0.0, answer[: len(answer) // 2]
                raise HungUp
            case Fault.SPLIT:
                yield from ((0.0, answer[at : at + 1]) for at in range(len(answer)))
            case Fault.TRICKLES:
                third = len(answer) // 3 + 1
                yield from ((TRICKLE_S, answer[at : at + third]) for at in range(0, len(answer), third))
            case Fault.LATE:
                yield self.late_s, answer
            case _:
                yield 0.0, answer
