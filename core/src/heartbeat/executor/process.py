"""What the executor asks of Linux about processes: adopt orphans, be spared, know one process from another."""

import contextlib
import ctypes
import os
from pathlib import Path

PR_SET_NAME = 15
PR_SET_CHILD_SUBREAPER = 36
"""prctl(2), linux/prctl.h."""

MCL_CURRENT, MCL_FUTURE, MCL_ONFAULT = 1, 2, 4
"""mlockall(2), asm-generic/mman.h."""

OOM_SPARED = -900
"""oom_score_adj of the executor (proc(5): -1000 to 1000): among the last to be killed, yet not beyond reach."""


def adopt_orphans(name: str) -> None:
    """Become the subreaper of our descendants, and be called ``name`` (15 bytes at most) in ``ps``."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")
    be_called(name)


def be_called(name: str) -> None:
    """Be called ``name`` (15 bytes at most) in ``ps``."""
    ctypes.CDLL(None).prctl(PR_SET_NAME, name.encode()[:15], 0, 0, 0)


def oom_score_adj(value: int | None = None) -> int:
    """Return our oom_score_adj, and set it when a value is given and we may."""
    path = Path("/proc/self/oom_score_adj")
    found = int(path.read_text())
    if value is not None and value != found:
        with contextlib.suppress(PermissionError):  # lowering it is root's privilege; a lab may lack it
            path.write_text(str(value))
    return found


def go_realtime(priority: int) -> None:
    """Become SCHED_RR of this priority and lock what is and will be touched; 0: stay ordinary.

    Whatever is not permitted is done without. What is forked later is ordinary again.
    """
    if not priority:
        return
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(priority))
    ctypes.CDLL(None).mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)


def normal_scheduling() -> None:
    """Leave any real-time class: agents and services inherit what we have."""
    if os.sched_getscheduler(0) not in (os.SCHED_OTHER, os.SCHED_BATCH):
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def start_ticks(pid: int) -> int | None:
    """Return when a process started, in clock ticks since boot, or None when there is none of that number.

    Number and start together name one process: a number alone is used again.
    """
    fields = _stat(pid)
    return int(fields[19]) if fields else None


def session_members(session: int) -> list[int]:
    """Return the living processes of a session, whether its leader lives or not."""
    pids = [int(entry.name) for entry in os.scandir("/proc") if entry.name.isdigit()]
    return [pid for pid in pids if (fields := _stat(pid)) and fields[3] == str(session) and fields[0] not in "ZX"]


def is_alive(pid: int) -> bool:
    """Is there a process of that number that is more than a zombie?"""
    fields = _stat(pid)
    return bool(fields) and fields[0] not in "ZX"


def is_uninterruptible(pid: int) -> bool:
    """Is it waiting in the kernel where no signal reaches it (state D)?"""
    fields = _stat(pid)
    return bool(fields) and fields[0] == "D"


def _stat(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat from the third (state) on (proc(5)); the second may hold anything."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return []
    return text.rpartition(")")[2].split()
