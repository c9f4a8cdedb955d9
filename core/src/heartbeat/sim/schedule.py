"""A schedule: everything that happens in one run, written down. A seed draws one; a file holds one.

Carrying out a schedule draws no more numbers, except those that noise takes from the salt frame by frame.
"""

from collections.abc import Callable
from pathlib import Path

import msgspec

from heartbeat.model.cluster import Cluster, Failback, Timers
from heartbeat.model.electorate import Electorate
from heartbeat.model.group import Group, Resource
from heartbeat.model.names import GroupName, NodeName
from heartbeat.sim.network import Noise

FORMAT = 1


class GroupShape(msgspec.Struct, frozen=True, omit_defaults=True):
    home: int
    shares_data: bool = False
    resources: int = 1


class Shape(msgspec.Struct, frozen=True, omit_defaults=True):
    """The cluster, in numbers; seconds."""

    nodes: int
    groups: tuple[GroupShape, ...]
    keepalive_s: float
    warntime_s: float
    deadtime_s: float
    initdead_s: float
    links: int = 2
    device: bool = False
    reset_after_off: bool = True
    fence_delay_s: float = 0.0
    failback: Failback = Failback.OFF
    operation_timeout_s: float = 3.0
    electorate: Electorate = Electorate()
    check_every_s: float = 0.0
    watchdog_s: float = 0.0

    def cluster(self) -> Cluster:
        """Return what each kernel is born with: nodes node0, node1 ..., groups g0, g1 ..."""
        nodes = tuple(NodeName(f"node{n}") for n in range(self.nodes))
        timeout_s = self.operation_timeout_s
        groups = tuple(
            Group(
                GroupName(f"g{index}"),
                nodes[group.home],
                tuple(
                    Resource(f"g{index}r{n}", "sim", {}, group.shares_data, timeout_s, timeout_s, timeout_s)
                    for n in range(group.resources)
                ),
            )
            for index, group in enumerate(self.groups)
        )
        return Cluster(
            "sim",
            nodes,
            Timers(self.keepalive_s, self.warntime_s, self.deadtime_s, self.initdead_s),
            groups,
            self.failback,
            self.fence_delay_s,
            nodes if self.device else (),
            reset_after_off=self.reset_after_off,
            electorate=self.electorate,
            check_every_s=self.check_every_s,
            watchdog_s=self.watchdog_s,
        )


class Fault(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that goes wrong, or that a person does. Which fields it uses depends on ``kind`` (sim.faults)."""

    at_s: float
    kind: str
    node: int = -1
    other: int = -1
    link: int = -1
    """-1: all."""
    for_s: float = 0.0
    """How long it lasts, or until what died comes again; 0: until the faults of the run are over."""
    value: float = 0.0
    word: str = ""
    noise: Noise | None = None


class Schedule(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One run. Times in seconds since the world began."""

    shape: Shape
    salt: int
    boots: tuple[float, ...]
    """When each node is first switched on; negative: not before the faults are over."""
    faults: tuple[Fault, ...] = ()
    chaos_s: float = 10.0
    """When faults stop."""
    subset: tuple[int, ...] = ()
    """Nodes that are mended first, with all others cut off from them; empty: all at once."""
    crash: int = -1
    """Node that loses its power in the end, with nothing else wrong."""
    idle_s: float = 0.0
    """A quiet stretch in the end, with a little loss and jitter."""
    clocks: tuple[tuple[float, float], ...] = ()
    """Offset and rate of each node's clock; missing: true."""
    real_bytes: bool = False
    """Encode and decode every frame."""
    why: str = ""
    """For a file: what it once showed."""
    format: int = FORMAT


_FILE = msgspec.json.Decoder(Schedule)


def read(path: Path) -> Schedule:
    """Return a file's schedule; raises OSError, and ValueError (msgspec's) when it holds none."""
    schedule = _FILE.decode(path.read_bytes())
    if schedule.format != FORMAT:
        raise ValueError(f"{path} is of format {schedule.format}, this is format {FORMAT}")
    return schedule


def text(schedule: Schedule) -> str:
    """Return the schedule as a file's text: one fault a line, so that people and diffs can read it."""
    encode: Callable[[object], str] = lambda part: msgspec.json.encode(part).decode()  # noqa: E731
    fields = {
        name: encode(value) for name, value in msgspec.to_builtins(msgspec.structs.replace(schedule, faults=())).items()
    }
    faults = ",\n".join(f"  {encode(fault)}" for fault in schedule.faults)
    lines = [f'"{name}": {value}' for name, value in fields.items()]
    if faults:
        lines.append(f'"faults": [\n{faults}\n]')
    return "{" + ",\n".join(lines) + "}\n"
