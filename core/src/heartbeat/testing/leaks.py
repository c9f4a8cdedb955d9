"""Finding out what a call left behind in this process. Needs no pytest."""

import contextlib
import gc
import threading
import time
from collections.abc import Iterator
from pathlib import Path

_DESCRIPTORS = Path("/proc/self/fd")

PATIENCE_S = 2.0
"""What is on its way out is not left: the thread of a simulator that has just answered its last question."""


@contextlib.contextmanager
def nothing_left_open() -> Iterator[None]:
    """Fail when the block leaves file descriptors or threads behind that were not there before."""
    before, threads = _descriptors(), set(threading.enumerate())
    yield
    deadline_s = time.monotonic() + PATIENCE_S
    while left := [*_new_descriptors(before), *_new_threads(threads)]:
        assert time.monotonic() < deadline_s, f"left open or running: {', '.join(left)}"
        time.sleep(0.005)


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
