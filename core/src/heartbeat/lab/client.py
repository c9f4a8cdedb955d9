"""The lab's client, from outside: programs that run in its network and watch the service."""

import contextlib
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from heartbeat.lab.control import LabError
from heartbeat.lab.lab import Lab
from heartbeat.lab.plan import CLIENT
from heartbeat.lab.table import Table, Watch


@contextlib.contextmanager
def running(lab: Lab, module: str, *words: str) -> Iterator[None]:
    """Run one of the lab's own programs in the client's network."""
    argv = [sys.executable, "-m", f"heartbeat.lab.{module}", *words]
    spawned = lab.ask("spawn", node=CLIENT, argv=argv, log=str(lab.home / f"{module}.log"))["id"]
    try:
        yield
    finally:
        with contextlib.suppress(LabError):
            lab.ask("reap", id=spawned)


@contextlib.contextmanager
def polling(lab: Lab, address: str, interval_s: float = 0.005) -> Iterator[Watch]:
    """Watch an address by ICMP echo."""
    with _watching(lab, "poller", [address], interval_s) as watch:
        yield watch


@contextlib.contextmanager
def fetching(lab: Lab, address: str, port: int, interval_s: float = 0.005) -> Iterator[Watch]:
    """Watch a web server by fetching its page."""
    with _watching(lab, "fetcher", [address, str(port)], interval_s) as watch:
        yield watch


@contextlib.contextmanager
def _watching(lab: Lab, module: str, words: Sequence[str], interval_s: float) -> Iterator[Watch]:
    path = Path(lab.home / f"{module}-{time.monotonic_ns()}")
    table = Table(path)
    try:
        with running(lab, module, str(path), *words, str(interval_s)):
            _until_begun(table, lab.home / f"{module}.log")
            yield Watch(table, interval_s)
    finally:
        table.close()
        path.unlink(missing_ok=True)


def _until_begun(table: Table, log: Path, timeout_s: float = 10.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not len(table):
        if time.monotonic() > deadline:
            last = log.read_text(errors="replace").strip().splitlines()[-1:] or ["it said nothing"]
            raise LabError(f"the client's program did not begin: {last[0]}")
        time.sleep(0.002)
