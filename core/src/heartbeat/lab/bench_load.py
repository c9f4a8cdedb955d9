"""What else runs on the machine while a cluster is measured: busy loops, and the probes that watch for stalls.

Both are started through the lab, which knows them by their process numbers and ends them with itself at the latest.
"""

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from heartbeat.lab.control import LabError
from heartbeat.lab.lab import Lab
from heartbeat.lab.plan import CLIENT

BUSY = "while True: pass"


class Stalls(msgspec.Struct, frozen=True):
    """What the probes of all processors saw."""

    realtime: bool
    """Were they permitted real time? Without, they also see the load's own doing."""
    late_s: tuple[float, ...]
    """Every wake-up that came late, longest first, seconds."""

    @property
    def worst_s(self) -> float:
        return max(self.late_s, default=0.0)


@contextlib.contextmanager
def busy(lab: Lab, loops: int) -> Iterator[None]:
    """Run busy loops of ordinary priority."""
    with contextlib.ExitStack() as running:
        for _ in range(loops):
            running.enter_context(_spawned(lab, [sys.executable, "-I", "-S", "-c", BUSY]))
        yield


class Probe:
    """One probe on each processor that this process may use. Use ``probing`` to get one."""

    def __init__(self, files: list[Path]) -> None:
        self._files = files

    def stalls(self, since_s: float, until_s: float) -> Stalls:
        """Return what was late between two monotonic times."""
        heads, rows = [], []
        for path in self._files:
            head, *lines = path.read_text().splitlines()
            heads.append(head == "realtime 1")
            rows += [line.split() for line in lines if line.count(" ") == 1]
        late = [float(late) for at, late in rows if since_s <= float(at) <= until_s]
        return Stalls(all(heads), tuple(sorted(late, reverse=True)))


@contextlib.contextmanager
def probing(lab: Lab) -> Iterator[Probe]:
    """Watch for stalls; raises LabError when the probes do not begin."""
    files = {cpu: lab.home / f"probe-{cpu}-{time.monotonic_ns()}" for cpu in sorted(os.sched_getaffinity(0))}
    with contextlib.ExitStack() as running:
        for cpu, path in files.items():
            argv = [sys.executable, "-m", "heartbeat.lab.bench_probe", str(path), str(cpu)]
            running.enter_context(_spawned(lab, argv))
        deadline_s = time.monotonic() + 10
        while not all(path.exists() and path.stat().st_size for path in files.values()):
            if time.monotonic() > deadline_s:
                raise LabError("the probe for stalls did not begin")
            time.sleep(0.01)
        yield Probe([*files.values()])


@contextlib.contextmanager
def _spawned(lab: Lab, argv: list[str]) -> Iterator[None]:
    number = lab.ask("spawn", node=CLIENT, argv=argv, log=str(lab.home / "load.log"))["id"]
    try:
        yield
    finally:
        with contextlib.suppress(LabError):
            lab.ask("reap", id=number)
