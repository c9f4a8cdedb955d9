"""A suspended machine: CLOCK_MONOTONIC stands still with it, CLOCK_BOOTTIME goes on (clock_gettime(2))."""

import time
from collections.abc import Callable

LEAST_S = 0.010
"""Reading two clocks one after the other takes less, unless the process was put aside in between."""


class Suspension:
    """Tells, when asked, for how long the machine was suspended since it was asked last."""

    def __init__(
        self,
        monotonic: Callable[[], float] = time.monotonic,
        boottime: Callable[[], float] = lambda: time.clock_gettime(time.CLOCK_BOOTTIME),
    ) -> None:
        """Both clocks give seconds."""
        self._monotonic, self._boottime = monotonic, boottime
        self._ahead_s = max(boottime() - monotonic() for _ in range(3))

    def slept(self) -> float:
        """Return seconds of suspension; 0 for none, which is what almost every call returns."""
        # In this order a pause between the two readings makes the difference smaller, never larger.
        ahead_s = self._boottime() - self._monotonic()
        seconds = ahead_s - self._ahead_s
        if seconds > 0:
            self._ahead_s = ahead_s
        return seconds if seconds > LEAST_S else 0.0
