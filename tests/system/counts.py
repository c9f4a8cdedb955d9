"""How often a system test does what it does: a few times in `make test`, a night's counts in `make test-long`.

A night's counts are cut into parts, each a test run of its own with a cluster of its own: several run at a time, a
failure costs one part and not the night, and a share of them is a smaller count of the same thing.
"""

import math
import os
import random

LONG = "HB_LONG"
"""How many percent of a night's counts to run; not set: the short form."""
PARTS = 20


class Rounds:
    """The rounds of one run of a test: ``for number in rounds(2, 50): ...``."""

    def __init__(self, part: int | None) -> None:
        """``part``: which of a night's parts this run is; None: the short form."""
        self._part = part

    @property
    def is_long(self) -> bool:
        return self._part is not None

    def __call__(self, short: int, long: int) -> range:
        """Return the numbers of this run's rounds, of ``short`` in all or of a night's ``long``."""
        if self._part is None:
            return range(short)
        return range(self._part * long // PARTS, (self._part + 1) * long // PARTS)

    def chance(self, seed: int) -> random.Random:
        """Return what draws moments: the same for each part on each machine, another for another part."""
        return random.Random(seed if self._part is None else f"{seed} part {self._part}")


def parts(percent: str | None) -> list[int | None]:
    """Return the parts to run for what HB_LONG says. Raises ValueError, for a person, when that is no percentage."""
    if not percent:
        return [None]
    if not percent.isdecimal() or not 1 <= int(percent) <= 100:
        raise ValueError(f"{LONG}={percent}: expected the percentage of a night's counts to run, 1 to 100")
    return list(range(math.ceil(PARTS * int(percent) / 100)))


def wanted() -> list[int | None]:
    return parts(os.environ.get(LONG))
