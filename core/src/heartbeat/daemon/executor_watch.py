"""Asks the executor every second whether it still turns, and tells when it has not answered for too long.

Its loop never waits for a device, an agent or a disk, so an answer is due at once. Silence is counted in ticks of the
daemon's own loop that came on time: a daemon that stood still itself has not listened, and accuses nobody.
"""

from collections.abc import Callable

TICK_S = 1.0
LATE_TICKS = 2
"""An answer that has not come two ticks after the one before is overdue; others are told for how long."""
LEEWAY_S = 0.25
"""A tick may wait so long for a moment in which the daemon is awake anyway."""
LEAST_S = 3.0
"""safety.md, section 7: restarted when silent for longer than deadtime, and never before this."""


class ExecutorWatch:
    """One connection's; a new one is made for the next."""

    def __init__(self, deadtime_s: float, now_s: float) -> None:
        """``now_s``: monotonic, when the executor was last heard."""
        self._limit_s = max(deadtime_s, LEAST_S)
        self._heard_s = self._ticked_s = now_s
        self._is_told = False

    def heard(self, now_s: float) -> None:
        """Something came from the executor."""
        self._heard_s = now_s

    def late_s(self, now_s: float) -> float:
        """Return for how long it has been silent when an answer is overdue; else 0."""
        silent_s = now_s - self._heard_s
        return silent_s if silent_s > LATE_TICKS * TICK_S else 0.0

    def tick(self, now_s: float) -> float:
        """Return for how long the executor has been silent, once it is too long; else 0, and it is to be asked."""
        late_s = now_s - self._ticked_s - TICK_S
        self._ticked_s = now_s
        if late_s > TICK_S / 2:
            self._heard_s = min(self._heard_s + late_s, now_s)
        silent_s = now_s - self._heard_s
        if silent_s <= self._limit_s or self._is_told:
            return 0.0
        self._is_told = True
        return silent_s


Hung = Callable[[float], None]
"""Called with the seconds of silence, once for each executor that stands still."""
