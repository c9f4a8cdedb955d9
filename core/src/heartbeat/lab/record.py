"""The lab's record: one file of time-stamped lines in the order in which things happened.

Resource scripts write ``start NAME NODE`` (before they start) and ``stop NAME NODE`` (after they stopped) to the FIFO
``/run/heartbeat-lab/oracle``; the controller's own events (``boot``, ``off``, ``cut`` ...) go through the same FIFO,
so that a node's death is never recorded before what the node said while it lived. A line of up to PIPE_BUF
(4096) bytes is written atomically (pipe(7)).
"""

import os
import threading
import time
from pathlib import Path

import msgspec

LINE_MAX = 4096


class Event(msgspec.Struct, frozen=True):
    """One line: when (monotonic seconds, comparable across all namespaces of a machine), what, and about what."""

    at_s: float
    kind: str
    words: tuple[str, ...]


class Recorder:
    """Reads the FIFO and appends to the record, in a thread of its own."""

    def __init__(self, fifo: Path, record: Path) -> None:
        os.mkfifo(fifo)
        fifo.chmod(0o666)
        # Open for both: a reader is always there, so no writer ever waits for one.
        self._fifo = os.open(fifo, os.O_RDWR | os.O_CLOEXEC)
        self._record = os.open(record, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        threading.Thread(target=self._read, daemon=True).start()

    def note(self, line: str) -> None:
        """Add an event of the lab itself."""
        assert len(line) < LINE_MAX
        os.write(self._fifo, line.encode() + b"\n")

    def _read(self) -> None:
        left = b""
        while True:
            chunk = os.read(self._fifo, 65536)
            now = f"{time.monotonic():.6f} ".encode()
            *whole, left = (left + chunk).split(b"\n")
            os.write(self._record, b"".join(now + line + b"\n" for line in whole if line.strip()))


def read_record(path: Path) -> list[Event]:
    """Return the events recorded so far; a last line that is still being written is left for the next time."""
    text = path.read_text(errors="replace")
    events = []
    for line in text[: text.rfind("\n") + 1].splitlines():
        at, kind, *words = line.split()
        events.append(Event(float(at), kind, tuple(words)))
    return events
