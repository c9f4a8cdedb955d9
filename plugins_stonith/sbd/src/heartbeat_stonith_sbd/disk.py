"""One disk: whole blocks, past every cache of this machine, each access bounded though the disk may hang for ever.

A thread of its own does what one disk is asked. A process that waits for a disk cannot be called back; a thread can be
left to it, and the disk counts as gone until it comes back.
"""

import concurrent.futures
import contextlib
import errno
import mmap
import os
import queue
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from heartbeat.plugin import AccessDenied, BadConfig, PluginError, ResetFailed, TimedOut, Unreachable

from heartbeat_stonith_sbd.layout import BLOCK, Damaged

T = TypeVar("T")
Future = concurrent.futures.Future
_FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)
_GONE = (errno.ENXIO, errno.ENODEV, errno.ENOTCONN)


class Disk:
    """An open disk, or a file in its place, which is for tests. Use it from its own thread only."""

    def __init__(self, path: str) -> None:
        """Open it for reading and writing. Raises Unreachable, AccessDenied or BadConfig, naming the path."""
        self.path = path
        try:
            mode = Path(path).stat().st_mode
            if not (stat.S_ISBLK(mode) or stat.S_ISREG(mode)):
                raise BadConfig(f"{path} is no disk")
            self._fd = _opened(path, mode)
        except OSError as wrong:
            kind = AccessDenied if wrong.errno in _FORBIDDEN else Unreachable
            raise kind(f"{path}: {wrong.strerror}") from None

    def read(self, first: int, count: int) -> bytes:
        """Return ``count`` blocks from block ``first``. Raises PluginError."""
        with mmap.mmap(-1, count * BLOCK) as memory:  # of whole pages, as O_DIRECT wants it
            try:
                got = os.preadv(self._fd, [memory], first * BLOCK)
            except OSError as wrong:
                kind = Unreachable if wrong.errno in _GONE else PluginError
                raise kind(f"{self.path} cannot be read: {wrong.strerror}") from None
            if got < count * BLOCK:
                raise Damaged(f"{self.path} ends after {first * BLOCK + got} bytes, in the middle of its slots")
            return memory[:]

    def write(self, number: int, block: bytes) -> None:
        """Return when the block is on the disk. Raises ResetFailed when the disk does not take it."""
        with mmap.mmap(-1, BLOCK) as memory:
            memory[:] = block
            try:
                put = os.pwritev(self._fd, [memory], number * BLOCK)
            except OSError as wrong:
                raise ResetFailed(f"{self.path} cannot be written: {wrong.strerror}") from None
        if put != BLOCK:
            raise ResetFailed(f"{self.path} took {put} of {BLOCK} bytes")

    def close(self) -> None:
        os.close(self._fd)


def _opened(path: str, mode: int) -> int:
    """Caches of this machine would show what no other node sees; only a file may lack the means to go past them."""
    flags = os.O_RDWR | os.O_SYNC | os.O_CLOEXEC
    try:
        return os.open(path, flags | os.O_DIRECT)
    except OSError as wrong:
        if wrong.errno != errno.EINVAL or not stat.S_ISREG(mode):
            raise
    return os.open(path, flags)


class Servant:
    """The thread of one disk. What it was asked while it still hangs in something earlier fails at once."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._asked: queue.SimpleQueue[Callable[[Disk], None] | None] = queue.SimpleQueue()
        self._pending: Future[object] | None = None
        self._thread = threading.Thread(target=self._serve, name=f"disk {path}", daemon=True)
        self._thread.start()

    def ask(self, work: Callable[[Disk], T]) -> Future[T]:
        """Have the thread do something with the disk, which it opens when it is not open. Never waits."""
        future: Future[T] = Future()
        if self._pending is not None and not self._pending.done():
            future.set_exception(TimedOut(f"{self.path} has still not answered"))
            return future
        self._pending = future  # type: ignore[assignment]  # its result is nobody's business here

        def do(disk: Disk) -> None:
            future.set_result(work(disk))

        self._asked.put(do)
        return future

    def end(self) -> None:
        """Have the thread close the disk, as soon as that answers."""
        self._asked.put(None)

    def _serve(self) -> None:
        disk: Disk | None = None
        while (do := self._asked.get()) is not None:
            try:
                disk = disk or Disk(self.path)
                do(disk)
            except Exception as problem:  # noqa: BLE001 - it belongs to whoever asked
                assert self._pending is not None
                self._pending.set_exception(problem)
                if disk is not None and not isinstance(problem, Damaged | BadConfig):
                    with contextlib.suppress(OSError):
                        disk.close()
                    disk = None  # opened anew the next time: the path may lead to it again
        if disk is not None:
            with contextlib.suppress(OSError):
                disk.close()


def answers(asked: list[Future[T]], limit_s: float, paths: list[str]) -> list[T | PluginError]:
    """Wait for all, at most ``limit_s`` seconds, and return what each disk answered, in order."""
    concurrent.futures.wait(asked, limit_s)
    found: list[T | PluginError] = []
    for future, path in zip(asked, paths, strict=True):
        answer = _answer(future, limit_s, path)
        found.append(answer)
    return found


def _answer(future: Future[T], limit_s: float, path: str) -> T | PluginError:
    if not future.done():
        return TimedOut(f"{path} does not answer within {limit_s:g} s")
    problem = future.exception()
    if problem is None:
        return future.result()
    return problem if isinstance(problem, PluginError) else PluginError(f"{path}: {problem}")
