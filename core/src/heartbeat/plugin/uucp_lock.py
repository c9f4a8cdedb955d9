"""The lock of a serial port that programs of other people honour, too: ``/var/lock/LCK..ttyS0``.

The file holds the owner's process id, ten characters wide, and a line end (Filesystem Hierarchy Standard 3.0, section
5.9). One whose owner is gone is stale: a driver that was killed leaves nothing that keeps the next one out.
"""

import contextlib
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from heartbeat.plugin.errors import Unreachable

LOCKS = Path("/var/lock")
RETRY_S = 0.05


@contextlib.contextmanager
def uucp_lock(port: str, patience_s: float, locks: Path = LOCKS) -> Iterator[None]:
    """Hold the lock of a port, ``/dev/ttyS0``; somebody else's is waited for so many seconds.

    Raises Unreachable when somebody else keeps it, or no lock can be made.
    """
    name = os.path.realpath(port).removeprefix("/dev/").replace("/", "_")
    lock = locks / f"LCK..{name}"
    until_s = time.monotonic() + patience_s
    while not _taken(lock):
        if time.monotonic() >= until_s:
            raise Unreachable(f"{port} is in use: {lock} belongs to process {_owner(lock) or 'unknown'}")
        time.sleep(RETRY_S)
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)


def _taken(lock: Path) -> bool:
    """Try once. The file appears whole or not at all, so that nobody reads half a number.

    Two who find the same stale lock could both get past it; the port's exclusive opening stops the second.
    """
    mine = lock.with_name(f"LTMP.{threading.get_native_id()}")  # no two threads of the machine have the same
    try:
        if _is_stale(lock):
            lock.unlink(missing_ok=True)
        mine.write_text(f"{os.getpid():>10}\n", encoding="ascii")
        try:
            os.link(mine, lock)
        except FileExistsError:
            return False
        finally:
            mine.unlink(missing_ok=True)
    except OSError as wrong:
        raise Unreachable(
            f"{lock} cannot be made: {wrong.strerror}; is {lock.parent} there and ours to write?"
        ) from None
    return True


def _owner(lock: Path) -> int:
    """Return the process that holds a lock; 0 when there is none or the file does not say."""
    try:
        return int(lock.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 0


def _is_stale(lock: Path) -> bool:
    owner = _owner(lock)
    if owner <= 0:
        return False
    try:
        os.kill(owner, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
