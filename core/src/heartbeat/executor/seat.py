"""One executor per run directory: a newcomer ends the one that sits there, with its leave or without."""

import fcntl
import os
import signal
import time
from pathlib import Path

from heartbeat.executor.process import start_ticks

LEAVE_S = 5.0
"""How long an old executor may take to end what it has under way before it is killed."""


class SeatTaken(Exception):
    """Another executor holds the run directory and cannot be ended; the text says which."""


def take_seat(path: Path) -> int:
    """Return the descriptor of a locked file that names us; keep it open as long as we live.

    An executor whose parent was killed may still sit there: it is asked to go (SIGTERM), then killed. Raises
    SeatTaken when even that does not end it.
    """
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    if not _lock(fd):
        pid, ticks = _holder(fd)
        for number, patience_s in ((signal.SIGTERM, LEAVE_S), (signal.SIGKILL, 1.0)):
            if pid and start_ticks(pid) == ticks:
                os.kill(pid, number)
            if _lock_within(fd, patience_s):
                break
        else:
            os.close(fd)
            raise SeatTaken(f"{path} is locked by another executor (process {pid}) that does not end")
    os.ftruncate(fd, 0)
    os.pwrite(fd, f"{os.getpid()} {start_ticks(os.getpid())}\n".encode(), 0)
    return fd


def _lock(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _lock_within(fd: int, patience_s: float) -> bool:
    until_s = time.monotonic() + patience_s
    while not _lock(fd):
        if time.monotonic() >= until_s:
            return False
        time.sleep(0.01)
    return True


def _holder(fd: int) -> tuple[int, int]:
    words = os.pread(fd, 64, 0).split()
    return (int(words[0]), int(words[1])) if len(words) == 2 else (0, 0)
