"""How long a steadily asked address was away, from the table of requests and answers.

A hole is measured between the arrivals of two answers, so it also holds the time to the next question: with one
every 5 ms, a service that was never away shows holes of 5 ms.
"""

import itertools
import time
from typing import NamedTuple

from heartbeat.lab.control import LabError
from heartbeat.lab.table import Row, Watch

LOOK_S = 0.02
"""How often the table is looked at: rarely, for the machine that is looked at is also the one that looks."""
STEADY = 20
"""So many answers in a row are a service that is back."""
BEFORE_S = 0.1
"""The last answer before a moment is looked for in this time before it."""


class Outage(NamedTuple):
    """Monotonic seconds of the last answer before and the first after the hole, and requests lost in between."""

    begun_s: float
    ended_s: float
    lost: int

    @property
    def lasted_s(self) -> float:
        return self.ended_s - self.begun_s


def outage_after(watch: Watch, at_s: float, timeout_s: float = 30.0) -> Outage:
    """Wait until the address answers steadily after a moment, and return the longest hole that ended after it.

    Raises LabError when it does not answer in time.
    """
    deadline_s = time.monotonic() + timeout_s
    while not is_steady(watch.table.since(max(at_s, time.monotonic() - 4 * STEADY * watch.interval_s))):
        if time.monotonic() > deadline_s:
            raise LabError(f"the address did not answer steadily within {timeout_s:g} s")
        time.sleep(LOOK_S)
    return longest_hole(watch.table.since(at_s - BEFORE_S), at_s)


def is_steady(rows: list[Row]) -> bool:
    """Were the newest requests answered, but for the two that may still be on their way?"""
    newest = rows[-STEADY - 2 : -2]
    return len(newest) == STEADY and all(row.back_s for row in newest)


def longest_hole(rows: list[Row], at_s: float) -> Outage:
    """Return the longest time without an answer that ended after a moment; raises LabError when none ended."""
    arrivals = sorted(row.back_s for row in rows if row.back_s)
    holes = [(b - a, a, b) for a, b in itertools.pairwise(arrivals) if b > at_s]
    if not holes:
        raise LabError("the address did not answer before and after the moment that was to be measured")
    _, begun_s, ended_s = max(holes)
    return Outage(begun_s, ended_s, sum(1 for row in rows if not row.back_s and begun_s <= row.sent_s <= ended_s))
