"""One supervisor for each run directory: a lock that the kernel lets go of, whatever happens to its holder."""

import fcntl
import os
from pathlib import Path


class AlreadyRunning(Exception):
    """Another instance holds the lock."""


class PidFile:
    """Locked as long as this process, or the daemon that inherits the descriptor, lives."""

    def __init__(self, path: Path) -> None:
        """Take the lock; raises AlreadyRunning with the other's pid, or OSError."""
        self._path = path
        self.descriptor = _locked(path)
        self.stale = os.read(self.descriptor, 64).decode(errors="replace").strip()
        """The pid of an earlier instance that did not end in order; empty when it did."""
        os.ftruncate(self.descriptor, 0)
        # Ten columns and a newline, as heartbeat 3 wrote it.
        os.pwrite(self.descriptor, f"{os.getpid():10d}\n".encode(), 0)

    def remove(self) -> None:
        """End in order: the file goes, then the lock."""
        self._path.unlink(missing_ok=True)
        os.close(self.descriptor)


def _locked(path: Path) -> int:
    """Return a descriptor of the file at that path, locked."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = os.read(descriptor, 64).decode(errors="replace").strip() or "unknown"
            os.close(descriptor)
            raise AlreadyRunning(
                f"heartbeat runs already (pid {pid} in {path}); `hb stop` ends it, --run-dir starts another node"
            ) from None
        if _is_at(descriptor, path):
            return descriptor
        os.close(descriptor)  # its holder removed it between our open and our lock: a lock on nothing


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
