"""What may follow a start under Pacemaker (announcements): a process of its own that the next start or stop ends.

It must not outlive the resource here: an address that is announced after it moved is answered by the wrong node.
"""

import fcntl
import os
import re
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

ENDED_WITHIN_S = 5.0
"""After SIGKILL; longer only when the kernel itself is stuck."""
LOOK_EVERY_S = 0.005


class FollowUp:
    """The follow-up work of one resource. Whoever does it holds a lock, so that its number is never a stranger's."""

    def __init__(self, resource: str) -> None:
        folder = Path(os.environ.get("HA_RSCTMP") or "/run/resource-agents")
        self._folder = folder
        self._file = folder / f"hb-{re.sub(r'[^A-Za-z0-9.-]+', '_', resource)[:100] or 'resource'}.follow-up"

    def end(self) -> None:
        """End what an earlier start left, and return when it has ended. Raises OSError, TimeoutError among them."""
        try:
            descriptor = os.open(self._file, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            return
        try:
            until_s = time.monotonic() + ENDED_WITHIN_S
            while not _locked(descriptor):
                if number := os.pread(descriptor, 20, 0).strip():
                    os.kill(int(number), signal.SIGKILL)
                if time.monotonic() > until_s:
                    raise TimeoutError(f"the work that followed the last start does not end ({self._file})")
                time.sleep(LOOK_EVERY_S)
            os.ftruncate(descriptor, 0)
        except ProcessLookupError:
            pass  # it ended by itself in between
        finally:
            os.close(descriptor)

    def begin(self, work: Callable[[], object]) -> None:
        """Do the work in a process of its own, away from whoever waits for this one. Raises OSError."""
        self._folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        descriptor = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            if not _locked(descriptor):
                raise BlockingIOError(f"another start of this resource is under way ({self._file})")
            sys.stdout.flush()
            sys.stderr.flush()
            # The child has the lock with the descriptor; our own closing of it does not give it back.
            # It writes its number itself: were we killed before we could, nobody would find it.
            if os.fork() == 0:
                _work_alone(work, descriptor)
        finally:
            os.close(descriptor)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _work_alone(work: Callable[[], object], descriptor: int) -> None:
    status = 1
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        os.setsid()
        null = os.open(os.devnull, os.O_RDWR)
        for standard in range(3):  # a cluster waits until the pipes of an action are closed
            os.dup2(null, standard)
        work()
        status = 0
    finally:
        os._exit(status)
