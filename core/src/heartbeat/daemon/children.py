"""The supervisor's own children, daemon, executor and log: forked, ended, and started again with a back-off."""

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

LONG_LIFE_S = 60.0
"""Who lived this long begins the back-off anew."""
PAUSES_S = (0.0, 0.2, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Before the first, second, ... restart in a row: the first death costs no time at all."""
EX_SOFTWARE = 70
"""sysexits.h"""
KILLED_S = 1.0
"""Until SIGKILL has worked; who waits for a disk that hangs feels it when the disk goes on, and is not waited for."""


class Child:
    """One kind of child process and how it fares."""

    def __init__(self, name: str, work: Callable[[], int], clock: Callable[[], float] = time.monotonic) -> None:
        """``work`` runs in the fork and returns its exit status."""
        self.name = name
        self._work = work
        self._clock = clock
        self.pid = 0
        self.deaths = 0
        """In a row, without a long life between."""
        self.start_at_s: float | None = None
        """When to start it; None: it runs, or is not wanted."""
        self._started_s = 0.0

    def start(self) -> None:
        self.start_at_s = None
        self._started_s = self._clock()
        self.pid = fork(self._work, f"hb-{self.name}")

    def ended(self) -> float:
        """Take note of its death and plan the next start; returns the pause in seconds."""
        self.pid = 0
        lived_long = self._clock() - self._started_s >= LONG_LIFE_S
        self.deaths = 1 if lived_long else self.deaths + 1
        pause_s = PAUSES_S[min(self.deaths, len(PAUSES_S)) - 1]
        self.start_at_s = self._clock() + pause_s
        return pause_s

    def tick(self) -> None:
        """Start it when that is due."""
        if self.start_at_s is not None and self._clock() >= self.start_at_s:
            self.start()

    def kill(self) -> None:
        """End it without asking, as one that does not listen; it is reaped and started again like any that died."""
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)

    def end(self, patience_s: float, *, ask: int = signal.SIGTERM) -> None:
        """Ask it to end (0: it was told in another way), a bounded wait, SIGKILL, a bounded wait; reaps it."""
        self.start_at_s = None
        for number, wait_s in ((ask, patience_s), (signal.SIGKILL, KILLED_S)):
            if self.pid:
                os.kill(self.pid, number)
                self._await(wait_s)
        self.pid = 0

    def _await(self, patience_s: float) -> None:
        until_s = self._clock() + patience_s
        while not os.waitpid(self.pid, os.WNOHANG)[0]:
            if self._clock() >= until_s:
                return
            time.sleep(0.01)
        self.pid = 0


def fork(work: Callable[[], int], name: str) -> int:
    """Fork a child that does the work in a session of its own and never comes back into our code; returns its pid.

    ``name``, 15 bytes at most, is what ps and top show.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid:
        return pid
    status = EX_SOFTWARE
    try:
        ordinary_signals()
        os.setsid()
        Path("/proc/self/comm").write_text(name, encoding="ascii")
        status = work()
    except Exception as wrong:  # noqa: BLE001 - said in one line; the exit status tells the parent
        os.write(2, f"heartbeat: a process of it failed at start: {wrong!r}\n".encode())
    finally:
        os._exit(status)


def ordinary_signals() -> None:
    """Undo what the supervisor arranged for itself."""
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)


def how_it_ended(status: int) -> str:
    """Return words for a status of waitpid: ``status 66``, ``SIGKILL``."""
    code = os.waitstatus_to_exitcode(status)
    if code >= 0:
        return f"status {code}"
    name = signal.Signals(-code).name
    return f"{name}: it ran for half of deadtime without ever waiting" if name == "SIGXCPU" else name
