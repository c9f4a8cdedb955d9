"""The watchdog of a run: one that makes no progress ends as a violation with its seed, and the next seed runs.

Two things may keep a run from its end: a storm, where virtual time hardly passes for all that happens in it, and a
kernel that does not come back from a step. The first is counted and so the same on every machine; the second is
noticed by processor time and is only as exact as that.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

PATIENCE_S = 120.0
"""Processor time for one run; the longest take about a hundredth of it."""


class Storm(Exception):
    """So much happens that time does not pass."""


class Stalled(BaseException):
    """A run took all of its processor time. No Exception: nothing in between may take it for its own."""


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Raise Stalled in the body once this process has computed for so long; in the main thread only."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals reach no other; a storm is still noticed
        return

    def bark(_number: int, _frame: FrameType | None) -> None:
        raise Stalled(f"no end after {seconds:g} s of processor time")

    before = signal.signal(signal.SIGPROF, bark)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
