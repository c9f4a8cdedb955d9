"""A limit in time for what a stranger's module does while it is imported."""

import contextlib
import signal
import threading
import time
from collections.abc import Iterator
from types import FrameType

LIMIT_S = 5.0
"""For one plugin's import; 0.5 s is much on a busy machine, and neither a start nor a listing should take minutes."""

AGAIN_S = 0.5
"""The interruption is repeated: a bare ``except:`` in a loop would swallow the first one."""


class TookTooLong(BaseException):
    """Raised in the midst of whatever goes on; no Exception, so that a plugin's own ``except Exception`` lets it by."""


@contextlib.contextmanager
def limited(limit_s: float = LIMIT_S) -> Iterator[None]:
    """Raise TookTooLong in the block when it takes longer than ``limit_s``.

    By SIGALRM, which costs nothing and ends loops, sleeps and waits for sockets; not C code that never returns (a
    probe in a child is for that). Whoever uses the signal already gets it back, with the time that is left of theirs.
    Only a process's main thread hears signals: in another one the block has no limit.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(_: int, __: FrameType | None) -> None:
        raise TookTooLong(f"loading it did not end within {limit_s:g} s")

    began_s = time.monotonic()
    theirs = signal.signal(signal.SIGALRM, interrupt)
    left_s, interval_s = signal.setitimer(signal.ITIMER_REAL, limit_s, AGAIN_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, theirs)
        if left_s:
            signal.setitimer(signal.ITIMER_REAL, max(left_s - (time.monotonic() - began_s), 1e-3), interval_s)
