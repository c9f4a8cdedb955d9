"""What the bench measures, and what comes out of it: median, p99, worst, and whether that is good enough.

Pure: samples in, figures out.
"""

import math
import statistics
from collections.abc import Sequence

import msgspec

from heartbeat.lab.bench_cluster import CLASSIC, FAST, FASTEST, TENTH, Timing
from heartbeat.lab.bench_probe import LATE_S


class Figure(msgspec.Struct, frozen=True):
    """One row of the table in docs/performance.md."""

    name: str
    """For ``--only``."""
    title: str
    unit: str
    scale: float
    """From the sample's own unit (seconds, bytes, a share) to the one that is shown."""
    target: float
    """The median must not lie above, in the unit that is shown."""
    runs: int
    """How often it is measured unless ``--runs`` says."""
    timing: Timing = CLASSIC
    loops: int = 0
    nodes: int = 2

    @property
    def is_deaths(self) -> bool:
        return self.name.startswith("deaths")


_AGAIN = "plug pulled to address answers"

FIGURES = (
    Figure("failover-1000", f"{_AGAIN}, {CLASSIC}", "ms", 1000, 980, 20, CLASSIC),
    Figure("failover-300", f"{_AGAIN}, {FAST}", "ms", 1000, 300, 20, FAST),
    Figure("failover-100", f"{_AGAIN}, {FASTEST}", "ms", 1000, 120, 20, FASTEST),
    Figure("standby", "address away during hb standby", "ms", 1000, 15, 20),
    Figure("coldstart", "both nodes cold start to address answers", "ms", 1000, 800, 20),
    Figure("cpu", "idle CPU per node", "% of a core", 100, 0.4, 3),
    Figure("memory", "memory per node, PSS of all processes", "MB", 1 / 1e6, 50, 3),
    *(
        Figure(f"deaths-{timing.deadtime_ms}-{loops}", f"false deaths in 60 s, {timing}, {loops} busy loops",
               "deaths", 1, 0, 1, timing, loops)
        for timing in (FAST, FASTEST)
        for loops in (0, 4, 16)
    ),
)  # fmt: skip


def with_nodes(nodes: int) -> tuple[Figure, ...]:
    """Return what is measured of a cluster of so many nodes. It is the view that is asked for here: what follows it,
    the fence and the start, takes as long in every cluster."""
    return (
        Figure(f"view-{nodes}", f"node crashed to new view on all survivors, {nodes} nodes, {FAST}",
               "ms", 1000, 360, 5, FAST, nodes=nodes),
        Figure(f"cpu-{nodes}", f"idle CPU per node, {nodes} nodes, {TENTH}",
               "% of a core", 100, 4, 1, TENTH, nodes=nodes),
        Figure(f"deaths-300-16-{nodes}", f"false deaths in 60 s, {nodes} nodes, {FAST}, 16 busy loops",
               "deaths", 1, 0, 1, FAST, 16, nodes=nodes),
    )  # fmt: skip


class Conditions(msgspec.Struct, frozen=True):
    """How the daemons were allowed to run."""

    realtime: bool
    locked: bool


class Deaths(msgspec.Struct, frozen=True):
    """One run under load."""

    silent: int
    """How often a node that lived was called silent."""
    worst_stall_s: float
    """The longest time by which the probe woke late."""
    limit_s: float
    """deadtime - 2 x keepalive"""
    counts: bool
    """False: a stall as long as the limit spoilt the run."""
    probe_realtime: bool

    @property
    def stall(self) -> str:
        """The longest stall in words: the probe does not tell of short ones."""
        if not self.worst_stall_s:
            return f"longest stall below {LATE_S * 1000:g} ms"
        return f"longest stall {self.worst_stall_s * 1000:.0f} ms"


class Measured(msgspec.Struct, frozen=True):
    """One figure's result, in the unit of the figure."""

    name: str
    title: str
    unit: str
    n: int
    median: float | None
    p99: float | None
    max: float | None
    target: float
    reached: bool
    notes: tuple[str, ...] = ()


def measured(figure: Figure, samples: Sequence[float], notes: Sequence[str] = ()) -> Measured:
    """Return the result of samples in their own unit. p99 is the smallest sample that 99 % do not exceed."""
    values = sorted(sample * figure.scale for sample in samples)
    if not values:
        return Measured(figure.name, figure.title, figure.unit, 0, None, None, None, figure.target, False, tuple(notes))
    median = statistics.median(values)
    p99 = values[math.ceil(0.99 * len(values)) - 1]
    reached = median <= figure.target
    worst = values[-1]
    return Measured(
        figure.name, figure.title, figure.unit, len(values), median, p99, worst, figure.target, reached, tuple(notes)
    )


def measured_deaths(figure: Figure, runs: Sequence[Deaths]) -> Measured:
    """Return the result of runs under load: those that a stall spoilt are told and do not count."""
    counted = [float(run.silent) for run in runs if run.counts]
    result = measured(figure, counted, [_told(run) for run in runs])
    return msgspec.structs.replace(result, reached=bool(counted) and max(counted) <= figure.target)


def _told(run: Deaths) -> str:
    text = f"{run.stall} of {run.limit_s * 1000:.0f} ms allowed"
    if not run.probe_realtime:
        text += " (the probe had no real time)"
    return text if run.counts else f"discarded, with {run.silent} deaths: {text}"
