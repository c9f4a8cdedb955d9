"""How an answer goes over the wire, when all is well and when not: the fault model of all bricks. Needs no pytest."""

import random
from collections.abc import Iterator

from heartbeat.testing.device import Fault

TRICKLE_S = 0.01
"""Pause between the pieces of a trickling answer."""


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
    """

    FAULTS = frozenset({Fault.SILENT, Fault.CLOSES, Fault.GARBAGE, Fault.SPLIT, Fault.TRICKLES, Fault.LATE})

    def __init__(self, late_s: float = 1.0) -> None:
        self.late_s = late_s
        self.fault: Fault | None = None

    def pieces(self, answer: bytes) -> Iterator[tuple[float, bytes]]:
        """Yield what to send, each after a pause in seconds. Raises HungUp where the connection ends."""
        match self.fault:
            case Fault.SILENT:
                return
            case Fault.GARBAGE:
                yield 0.0, random.Random(len(answer)).randbytes(40)  # noqa: S311 - the same in every run
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
