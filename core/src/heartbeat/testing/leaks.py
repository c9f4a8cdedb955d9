"""Finding out what a call left behind in this process. Needs no pytest."""

import contextlib
import gc
import threading
from collections.abc import Iterator
from pathlib import Path

_OPEN = Path("/proc/self/fd")


@contextlib.contextmanager
def nothing_left_open() -> Iterator[None]:
    """Fail when the block leaves file descriptors or threads behind that were not there before."""
    before, threads = _descriptors(), set(threading.enumerate())
    yield
    gc.collect()
    left = [f"{number} -> {target}" for number, target in _descriptors().items() if number not in before]
    assert not left, f"left open: {', '.join(left)}"
    running = [thread.name for thread in threading.enumerate() if thread not in threads]
    assert not running, f"left running: {', '.join(running)}"


def _descriptors() -> dict[str, str]:
    found = {}
    for entry in _OPEN.iterdir():
        with contextlib.suppress(OSError):  # the descriptor of this very listing is gone again
            found[entry.name] = str(entry.readlink())
    return found
