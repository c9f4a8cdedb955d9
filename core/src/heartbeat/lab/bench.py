"""The measurements of ``hb bench failover``: each makes a cluster, does one thing to it, and returns samples.

All are taken from outside: the client's table of requests and answers, what the kernel says of the processes, and,
for false deaths alone, the nodes' own journals.
"""

import contextlib
import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from heartbeat.lab import hb
from heartbeat.lab.bench_cluster import ADDRESS, CLASSIC, Timing, write_cluster
from heartbeat.lab.bench_figures import Conditions, Deaths, Figure
from heartbeat.lab.bench_load import busy, probing
from heartbeat.lab.client import polling
from heartbeat.lab.control import LabError
from heartbeat.lab.lab import Lab
from heartbeat.lab.outage import outage_after
from heartbeat.lab.plan import Media

INTERVAL_S = 0.002
"""Between two questions to the address."""
IDLE_S = 20.0
"""Time over which processor time is counted."""
WHOLE_S = 15.0
"""For each node: longest wait for a cluster to be whole. A start costs half a second of processor time."""
SETTLED_DEADTIMES = 5
"""After a crash every view has come by then."""
WATCH_S = 60.0
"""Time in which false deaths are counted."""
DISCARDS_MAX = 4
"""So many runs in a row that a stall spoilt are enough: this machine cannot tell."""


class Bench:
    """One bench; clusters are put up under ``name`` one after the other."""

    def __init__(self, registry: Media, name: str) -> None:
        self._registry = registry
        self._name = name
        self.conditions: Conditions | None = None
        """Of the daemons, seen in the last cluster that was whole."""

    @contextlib.contextmanager
    def _cluster(self, timing: Timing, nodes: int = 2, *, daemons: bool = True) -> Iterator[Lab]:
        with tempfile.TemporaryDirectory(prefix="hb-bench-") as files:
            directory = write_cluster(Path(files), timing, nodes)
            lab = Lab.up(directory, self._registry, name=self._name, daemons=daemons)
            try:
                yield lab
            finally:
                lab.down()

    def _whole(self, lab: Lab) -> str:
        """Wait until the cluster is whole; returns which node holds the address."""
        node = hb.holder(lab, WHOLE_S * len(lab.plan.nodes))
        usage = lab.usage(node)
        self.conditions = Conditions(realtime=usage.realtime, locked=usage.locked_kib > 0)
        return node

    def samples(self, figure: Figure, runs: int) -> Iterator[float]:
        """Yield the samples of any figure but false deaths, in seconds, bytes or shares. Raises LabError."""
        match figure.name.partition("-")[0]:
            case "failover":
                return self.failover(figure.timing, runs)
            case "standby":
                return self.standby(runs)
            case "coldstart":
                return self.cold_start(runs)
            case "view":
                return self.view(figure, runs)
            case "cpu":
                return self.cpu(figure, runs)
            case "memory":
                return self.memory(runs)
        raise AssertionError(figure.name)

    def failover(self, timing: Timing, runs: int) -> Iterator[float]:
        """Yield seconds from the pull of the holder's plug to the address's first answer; a new cluster each time."""
        for _ in range(runs):
            with self._cluster(timing) as lab, polling(lab, ADDRESS, INTERVAL_S) as watch:
                node = self._whole(lab)
                outage_after(watch, time.monotonic())
                # A crash falls anywhere between two beats.
                time.sleep(random.uniform(0, timing.keepalive_ms / 1000))  # noqa: S311 - no secret
                pulled_s = lab.crash(node)
                yield outage_after(watch, pulled_s).ended_s - pulled_s

    def standby(self, runs: int) -> Iterator[float]:
        """Yield seconds without an answer during planned moves, there and back in one cluster."""
        with self._cluster(CLASSIC) as lab, polling(lab, ADDRESS, INTERVAL_S) as watch:
            for _ in range(runs):
                node = self._whole(lab)
                outage_after(watch, time.monotonic())
                yield outage_after(watch, hb.standby(lab, node)).lasted_s

    def cold_start(self, runs: int) -> Iterator[float]:
        """Yield seconds from the start of both daemons, on nodes that are booted, to the first answer."""
        for _ in range(runs):
            with self._cluster(CLASSIC, daemons=False) as lab, polling(lab, ADDRESS, INTERVAL_S) as watch:
                started_s = lab.start(*lab.plan.nodes)
                yield watch.first(started_s).back_s - started_s

    def view(self, figure: Figure, runs: int) -> Iterator[float]:
        """Yield seconds from a crash until the last survivor has installed a view without the node."""
        for _ in range(runs):
            with self._cluster(figure.timing, figure.nodes) as lab:
                self._whole(lab)
                node, *survivors = random.sample(lab.plan.nodes, figure.nodes)
                time.sleep(random.uniform(0, figure.timing.keepalive_ms / 1000))  # noqa: S311 - no secret
                crashed_s = lab.crash(node)
                time.sleep(SETTLED_DEADTIMES * figure.timing.deadtime_ms / 1000)
                yield max(_without(lab, each, node, crashed_s) for each in survivors) - crashed_s

    def cpu(self, figure: Figure, runs: int) -> Iterator[float]:
        """Yield the share of one processor that a node's processes take when nothing happens."""
        with self._cluster(figure.timing, figure.nodes) as lab:
            self._whole(lab)
            for _ in range(runs):
                nodes = lab.plan.nodes
                began_s, before = time.monotonic(), [lab.usage(node).cpu_s for node in nodes]
                time.sleep(IDLE_S)
                lasted_s = time.monotonic() - began_s
                yield from (
                    (lab.usage(node).cpu_s - used_s) / lasted_s for node, used_s in zip(nodes, before, strict=True)
                )

    def memory(self, runs: int) -> Iterator[float]:
        """Yield each node's memory in bytes: the proportional set size of all its processes."""
        for _ in range(runs):
            with self._cluster(CLASSIC) as lab:
                self._whole(lab)
                time.sleep(1.0)  # what is only needed to start is given back by then
                yield from (lab.usage(node).pss_kib * 1024.0 for node in lab.plan.nodes)

    def deaths(self, figure: Figure, runs: int) -> Iterator[Deaths]:
        """Yield how often a living node was called silent within WATCH_S, and whether the run can count.

        Runs that a stall of the machine spoilt are yielded too, and made again.
        """
        counted = discarded = 0
        while counted < runs and discarded < DISCARDS_MAX:
            with self._cluster(figure.timing, figure.nodes) as lab, probing(lab) as probe:
                self._whole(lab)
                with busy(lab, figure.loops):
                    began_s = time.monotonic()
                    time.sleep(WATCH_S)
                    ended_s = time.monotonic()
                stalls = probe.stalls(began_s, ended_s)
                at = [at_s for node in lab.plan.nodes for at_s in _silences(lab, node)]
                silent = sum(began_s <= at_s <= ended_s for at_s in at)
            counts = stalls.worst_s < figure.timing.stall_s
            counted, discarded = counted + counts, 0 if counts else discarded + 1
            yield Deaths(silent, stalls.worst_s, figure.timing.stall_s, counts=counts, probe_realtime=stalls.realtime)


def _silences(lab: Lab, node: str) -> list[float]:
    return [entry.mono_s for entry in hb.journal(lab, node) if entry.kind == "node.silent"]


def _without(lab: Lab, survivor: str, crashed: str, since_s: float) -> float:
    """Return when a survivor installed its first view without the crashed node. Raises LabError when it has none."""
    for entry in hb.journal(lab, survivor):
        if entry.kind == "view.installed" and entry.mono_s >= since_s:
            names = entry.text.partition(": ")[2].split(", ")
            if crashed not in names:
                return entry.mono_s
    raise LabError(f"{survivor} installed no view without {crashed}")
