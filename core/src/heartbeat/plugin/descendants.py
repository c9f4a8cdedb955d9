"""Ending a program together with what it has started, wherever these have put themselves.

A process group does not do: a program that runs another one on a terminal of its own (expect, ssh) gives it a session.
"""

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

STOP_PATIENCE_S = 0.05
"""For a process to stop. One that waits in the kernel does not, and cannot start others meanwhile either."""


def end_with_descendants(pid: int) -> None:
    """SIGKILL a child of ours that was not waited for, and all that descend from it.

    Each is stopped before its children are looked for, so that none is born behind our back. What had left the family
    before, a daemon whose parent has ended, is not found; the executor ends that by its process group.
    """
    family: list[int] = []
    found = [pid]
    while found:
        for one in found:
            _stop(one)
        family += found
        found = [child for one in family for child in _children(one) if child not in family]
    for one in family:
        with contextlib.suppress(OSError):  # it has ended meanwhile
            os.kill(one, signal.SIGKILL)


def _stop(pid: int) -> None:
    with contextlib.suppress(OSError):
        os.kill(pid, signal.SIGSTOP)
        until_s = time.monotonic() + STOP_PATIENCE_S
        while time.monotonic() < until_s and _state(pid) not in "TtZX":
            time.sleep(0.001)


def _state(pid: int) -> str:
    """Return the third field of /proc/PID/stat (proc(5)); the second may hold anything."""
    return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[0]


def _children(pid: int) -> Iterator[int]:
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            yield from map(int, task.read_text().split())
