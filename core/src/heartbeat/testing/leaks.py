"""Finding out what a call left behind: in this process, or as processes of its own. Needs no pytest."""

import contextlib
import gc
import itertools
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

_MARK = "HB_KIT_BLOCK"
_blocks = itertools.count()
_DESCRIPTORS = Path("/proc/self/fd")

PATIENCE_S = 2.0
"""What is on its way out is not left: the thread of a simulator that has just answered its last question."""


@contextlib.contextmanager
def nothing_left_open(patience_s: float = PATIENCE_S) -> Iterator[None]:
    """Fail when the block leaves file descriptors or threads behind that were not there before."""
    before, threads = _descriptors(), set(threading.enumerate())
    yield
    deadline_s = time.monotonic() + patience_s
    while left := [*_new_descriptors(before), *_new_threads(threads)]:
        assert time.monotonic() < deadline_s, f"left open or running: {', '.join(left)}"
        time.sleep(0.005)


@contextlib.contextmanager
def nobody_left_running(patience_s: float = PATIENCE_S) -> Iterator[None]:
    """Fail when a program that was started in the block, by whomever, still runs a while after it.

    It is known by a word in its environment, which programs hand on; one that was given another environment is missed.
    """
    word = f"{_MARK}={os.getpid()}-{next(_blocks)}"
    os.environ[_MARK] = word.partition("=")[2]
    try:
        yield
    finally:
        del os.environ[_MARK]
    deadline_s = time.monotonic() + patience_s
    while left := list(_carrying(word)):
        assert time.monotonic() < deadline_s, f"still running: {', '.join(left)}"
        time.sleep(0.005)


def _carrying(word: str) -> Iterator[str]:
    """Yield number and command line of each process with the word in its environment."""
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has just ended, or is somebody else's
            if word.encode() in (process / "environ").read_bytes().split(b"\0"):
                line = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                yield f"{process.name} {line.strip()}"


def _new_descriptors(before: dict[str, str]) -> list[str]:
    gc.collect()  # what only waits for its collection is not left either
    return [f"{number} -> {target}" for number, target in _descriptors().items() if number not in before]


def _new_threads(before: set[threading.Thread]) -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread not in before]


def _descriptors() -> dict[str, str]:
    found = {}
    for entry in _DESCRIPTORS.iterdir():
        with contextlib.suppress(OSError):  # the descriptor of this very listing is gone again
            found[entry.name] = str(entry.readlink())
    return found
