"""What the process says to people: lines on stderr, or to syslog where stderr leads nowhere, and never a flood."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

Say = Callable[[str], None]

LINES_MAX = 20
"""Lines about one listener within a minute; what comes beyond is counted."""
WINDOW_S = 60.0


def voice() -> Say:
    """Return what writes a line to stderr; to syslog (daemon) when that is /dev/null, as under ``respawn``."""
    if os.fstat(2).st_rdev != Path(os.devnull).stat().st_rdev:
        return lambda text: print(f"hb hooks: {text}", file=sys.stderr, flush=True)
    import syslog

    syslog.openlog("hb-hooks", syslog.LOG_PID, syslog.LOG_DAEMON)
    return lambda text: syslog.syslog(syslog.LOG_WARNING, text)


class Seldom:
    """Lets so many lines a minute through, and says how many it kept."""

    def __init__(self, say: Say, clock: Callable[[], float] = time.monotonic) -> None:
        self._say = say
        self._clock = clock
        self._began_s = float("-inf")
        self._said = 0
        self._kept = 0

    def __call__(self, text: str) -> None:
        if self._clock() - self._began_s >= WINDOW_S:
            kept, self._kept, self._said, self._began_s = self._kept, 0, 0, self._clock()
            if kept:
                self._say(f"{kept} more lines in the minute before are not shown")
        self._said += 1
        if self._said <= LINES_MAX:
            self._say(text)
        else:
            self._kept += 1
