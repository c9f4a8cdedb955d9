"""The measurements of ``hb bench messaging``: real daemons, a program on each node, everything authenticated.

Rates count what one program gets per second while all talk as fast as they may; latency is from the moment before a
program says something to the moment after another node's program has it.
"""

import contextlib
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from heartbeat.lab import hb
from heartbeat.lab.bench_cluster import CLASSIC, write_cluster
from heartbeat.lab.bench_figures import Conditions
from heartbeat.lab.control import LabError
from heartbeat.lab.lab import Lab
from heartbeat.lab.plan import Media

FLOOD_S = 5.0
PATIENCE_S = 60.0
"""Beyond the time that a measurement takes by itself."""


class TalkFigure(msgspec.Struct, frozen=True):
    """One row of the table in docs/performance.md."""

    name: str
    title: str
    unit: str
    target: float
    nodes: int
    words: tuple[str, ...]
    """For ``heartbeat.lab.bench_talker``."""
    scale: float = 1.0
    """From messages per second, or seconds, to the unit."""

    @property
    def is_rate(self) -> bool:
        """More is better."""
        return self.words[0] == "flood"


def _flood(size: int) -> tuple[str, ...]:
    return ("flood", str(size), str(FLOOD_S))


FIGURES = (
    TalkFigure("rate-2", "SAFE messages of 64 B, 2 nodes", "/s", 100_000, 2, _flood(64)),
    TalkFigure("rate-3", "SAFE messages of 64 B, 3 nodes", "/s", 80_000, 3, _flood(64)),
    TalkFigure("bytes-2", "SAFE messages of 1 KB, 2 nodes", "MB/s", 60, 2, _flood(1000), 1000 / 1e6),
    TalkFigure("steady", "SAFE at another node, one each 2 ms, p50", "ms", 0.25, 2, ("stamps", "0.002", "1000"), 1000),
    TalkFigure("sparse", "SAFE at another node, one each 50 ms, p50", "ms", 0.30, 2, ("stamps", "0.05", "100"), 1000),
)


class Rated(msgspec.Struct, frozen=True):
    """One figure's result, in the unit of the figure."""

    name: str
    title: str
    unit: str
    value: float
    target: float
    reached: bool


def rated(figure: TalkFigure, found: list[Any]) -> Rated:
    """Return the result of what the talkers wrote: the slowest one's rate, or the median of all ages."""
    if figure.is_rate:
        value = min(each["messages"] / each["seconds"] for each in found) * figure.scale
        return Rated(figure.name, figure.title, figure.unit, value, figure.target, value >= figure.target)
    value = statistics.median(age for each in found for age in each["ages"]) * figure.scale
    return Rated(figure.name, figure.title, figure.unit, value, figure.target, value <= figure.target)


class MessagesBench:
    """Clusters are put up under ``name`` one after the other."""

    def __init__(self, registry: Media, name: str) -> None:
        self._registry, self._name = registry, name
        self.conditions: Conditions | None = None

    def measure(self, figure: TalkFigure) -> Rated:
        """Put a cluster up, let programs talk in it, and return what came of it. Raises LabError."""
        with tempfile.TemporaryDirectory(prefix="hb-bench-") as files:
            directory = write_cluster(Path(files), CLASSIC, figure.nodes)
            lab = Lab.up(directory, self._registry, name=self._name)
            try:
                usage = lab.usage(hb.holder(lab))
                self.conditions = Conditions(realtime=usage.realtime, locked=usage.locked_kib > 0)
                return rated(figure, self._talked(lab, figure, Path(files)))
            finally:
                lab.down()

    def _talked(self, lab: Lab, figure: TalkFigure, folder: Path) -> list[Any]:
        results = {node: folder / f"talk-{node}" for node in lab.plan.nodes}
        with contextlib.ExitStack() as running:
            for node, result in results.items():
                running.enter_context(_talker(lab, node, result, figure))
            until_s = time.monotonic() + PATIENCE_S + FLOOD_S
            while not all(result.exists() for result in results.values()):
                if time.monotonic() > until_s:
                    raise LabError(f"the programs of {figure.name} do not come to an end")
                time.sleep(0.05)
        return [json.loads(result.read_bytes()) for result in results.values()]


@contextlib.contextmanager
def _talker(lab: Lab, node: str, result: Path, figure: TalkFigure) -> Iterator[None]:
    """Run a node's program; end it with the measurement at the latest."""
    socket = lab.root(node) / "run/heartbeat/api.sock"
    module = [sys.executable, "-m", "heartbeat.lab.bench_talker"]
    words = [str(socket), str(result), str(figure.nodes), *figure.words]
    with subprocess.Popen([*module, *words]) as process:
        try:
            yield
        finally:
            process.kill()
