"""Requests and their answers, as a table in a file: one process writes it, any other may look at any time.

A row is a request: when it was sent, when it was answered (0: not yet), and a number about the answer. Times are
monotonic seconds, which all namespaces of a machine share.
"""

import gc
import itertools
import mmap
import os
import struct
import time
from pathlib import Path
from typing import NamedTuple

from heartbeat.lab.control import LabError

ROWS = 1_000_000
"""83 minutes at 5 ms; the file is sparse."""
HEAD = 16
_ROW = struct.Struct("ddQ")
PRIORITY = 60
"""SCHED_FIFO: above the daemons, so that what is measured is them."""


class Row(NamedTuple):
    sent_s: float
    back_s: float
    mark: int


class Table:
    """One writer; readers see a row when its count says so."""

    def __init__(self, path: Path) -> None:
        with path.open("a+b") as file:
            if file.seek(0, os.SEEK_END) == 0:
                file.truncate(HEAD + ROWS * _ROW.size)
            self._map = mmap.mmap(file.fileno(), HEAD + ROWS * _ROW.size)

    def close(self) -> None:
        self._map.close()

    def __len__(self) -> int:
        return int(struct.unpack_from("Q", self._map, 0)[0])

    @property
    def is_full(self) -> bool:
        return len(self) >= ROWS

    def sent(self, at_s: float) -> int:
        """Add a request; returns its number."""
        number = len(self)
        _ROW.pack_into(self._map, HEAD + number * _ROW.size, at_s, 0.0, 0)
        struct.pack_into("Q", self._map, 0, number + 1)
        return number

    def back(self, number: int, at_s: float, mark: int = 0) -> None:
        """Note the answer to a request; the first one counts."""
        if 0 <= number < len(self) and not self._row(number).back_s:
            struct.pack_into("dQ", self._map, HEAD + number * _ROW.size + 8, at_s, mark)

    def _row(self, number: int) -> Row:
        return Row(*_ROW.unpack_from(self._map, HEAD + number * _ROW.size))

    def since(self, at_s: float) -> list[Row]:
        """Return the requests sent at or after a time, oldest first."""
        low = 0
        high = count = len(self)
        while low < high:
            middle = (low + high) // 2
            low, high = (middle + 1, high) if self._row(middle).sent_s < at_s else (low, middle)
        return [Row(*row) for row in _ROW.iter_unpack(self._map[HEAD + low * _ROW.size : HEAD + count * _ROW.size])]


class Watch:
    """What can be said about a steadily asked address from its table."""

    def __init__(self, table: Table, interval_s: float) -> None:
        self.table = table
        self.interval_s = interval_s

    def answered(self, since_s: float, until_s: float = float("inf")) -> list[Row]:
        """Return the answered requests that were sent between two times."""
        return [row for row in self.table.since(since_s) if row.back_s and row.sent_s <= until_s]

    def lost(self, since_s: float, until_s: float) -> int:
        """Return how many requests sent between two times were never answered."""
        return sum(1 for row in self.table.since(since_s) if not row.back_s and row.sent_s <= until_s)

    def first(self, since_s: float, timeout_s: float = 30.0) -> Row:
        """Wait for an answer to a request sent at or after a time. Raises LabError."""
        return self._wait(since_s, 1, timeout_s)[0]

    def steady(self, timeout_s: float = 30.0, count: int = 20) -> None:
        """Wait until the address answers without a hole. Raises LabError."""
        began = time.monotonic()
        deadline = began + timeout_s
        while True:
            good = self._wait(began, count, max(0.0, deadline - time.monotonic()))
            if good[-1].sent_s - good[-count].sent_s < 1.6 * count * self.interval_s:
                return
            began = good[-1].sent_s

    def _wait(self, since_s: float, count: int, timeout_s: float) -> list[Row]:
        deadline = time.monotonic() + timeout_s
        while len(good := self.answered(since_s)) < count:
            if time.monotonic() > deadline:
                raise LabError(f"the address gave {len(good)} of {count} answers within {timeout_s:g} s")
            time.sleep(0.002)
        return good

    def gap(self, around_s: float, until_s: float = float("inf")) -> float:
        """Return the longest time between two answered requests (their sending) that ended after a moment."""
        good = [row.sent_s for row in self.answered(around_s - 0.1, until_s)]
        return max((b - a for a, b in itertools.pairwise(good) if b > around_s), default=0.0)


def become_realtime() -> bool:
    """Run in real time and without garbage collection; returns False where real time is not permitted."""
    gc.disable()
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))
    except OSError:
        return False
    return True
