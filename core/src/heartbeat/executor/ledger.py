"""Which operations are under way, on disk, so that an executor that died leaves nothing running unseen."""

import os
import signal
import time
from pathlib import Path

import msgspec

from heartbeat.executor.process import is_alive, session_members, start_ticks

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")

LEFTOVERS_S = 3.0
"""Longest wait for processes that got SIGKILL: on a machine full of real-time work they too need their turn to die."""


class Entry(msgspec.Struct, frozen=True):
    """One child."""

    pid: int
    start_ticks: int
    boot_id: str
    subject: str
    action: str
    is_tail: bool = False
    """The operation is over; only the child itself goes on, and what it started belongs to nobody here."""


class Ledger:
    """One small file per child in the run directory, named by process number; gone when the child is."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._boot_id = BOOT_ID.read_text().strip()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def enter(self, pid: int, subject: str, action: str, *, is_tail: bool = False) -> None:
        entry = Entry(pid, start_ticks(pid) or 0, self._boot_id, subject, action, is_tail)
        fresh = self._folder / f".{pid}"
        fresh.write_bytes(msgspec.json.encode(entry))
        fresh.rename(self._folder / str(pid))

    def strike(self, pid: int) -> None:
        (self._folder / str(pid)).unlink(missing_ok=True)

    def end_leftovers(self, patience_s: float = LEFTOVERS_S) -> list[str]:
        """End what an earlier executor left under way; return a line for each.

        The whole session gets SIGKILL, a tail only itself. Waits until they are gone, at most ``patience_s``: one
        in uninterruptible sleep is named and left. A process number that now belongs to another is left alone.
        """
        told: list[str] = []
        victims: list[int] = []
        for path in sorted(self._folder.iterdir()):
            entry = _read(path)
            path.unlink(missing_ok=True)
            if entry is not None and entry.boot_id == self._boot_id:
                ended = _kill(entry)
                victims += ended
                told += [f"ended {entry.action} of {entry.subject} (process {entry.pid})"] if ended else []
        stuck = _wait_gone(victims, patience_s)
        return told + [f"process {pid} does not end, it waits in the kernel" for pid in stuck]


def _read(path: Path) -> Entry | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Entry)
    except (OSError, msgspec.DecodeError):
        return None  # half written by an executor that died in that moment; its child is not known


def _kill(entry: Entry) -> list[int]:
    leader = start_ticks(entry.pid)
    if leader is not None and leader != entry.start_ticks:
        return []  # the number is used again
    alone = [entry.pid] if leader is not None else []
    victims = alone if entry.is_tail else session_members(entry.pid)
    for pid in victims:
        _send(pid, signal.SIGKILL)
    return victims


def _send(pid: int, number: int) -> bool:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


def _wait_gone(pids: list[int], patience_s: float) -> list[int]:
    """Poll: they are no children of ours, so nothing tells us."""
    until_s = time.monotonic() + patience_s
    left = pids
    while left and time.monotonic() < until_s:
        left = [pid for pid in left if is_alive(pid)]
        if left:
            time.sleep(0.005)
    return left
