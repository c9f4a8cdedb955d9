"""Until when this node's resources may answer: one number that the guard writes and executor and children read.

Shared memory, so that a child forked long ago reads what was renewed a millisecond ago, and asks nobody.
"""

import mmap
import time

NEVER_SPOKEN_S = 0.0
"""No daemon ever renewed anything: an executor without a cluster (``hb ra run``) has nobody to be silent for."""


class Permission:
    """Make it before forking whoever shall share it."""

    def __init__(self) -> None:
        self._seconds = memoryview(mmap.mmap(-1, mmap.PAGESIZE)).cast("d")

    @property
    def until_s(self) -> float:
        """Monotonic seconds; NEVER_SPOKEN_S before the first word."""
        return self._seconds[0]

    @until_s.setter
    def until_s(self, value: float) -> None:
        self._seconds[0] = value

    @property
    def is_used(self) -> bool:
        return self.until_s != NEVER_SPOKEN_S

    @property
    def is_expired(self) -> bool:
        """It was given, and is over."""
        return self.is_used and time.monotonic() >= self.until_s

    def left_s(self) -> float:
        """Return the seconds left, 0 or less when it is over."""
        return self.until_s - time.monotonic()
