"""A ground for wrong set-ups: simulated devices, lines of ha.cf for them, and whom each outlet really feeds."""

import contextlib
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from heartbeat.cli.stonith_alone import line_findings
from heartbeat.config.cluster_config import DeviceConfig
from heartbeat.config.load import load
from heartbeat.executor.devices import DeviceWork
from heartbeat.executor.loader import Loader
from heartbeat.executor.verdict import judge as judged
from heartbeat.kernel.inspections import inspection_of
from heartbeat.kernel.trust import judge
from heartbeat.model.inspection import FenceFinding, Seen, Setting
from heartbeat.model.operation import Action, Result
from heartbeat.model.places import places
from heartbeat.pils.registry import PluginRegistry
from heartbeat.plugin import PluginError
from heartbeat.testing.outlets import Outlets, OutletSimulator
from heartbeat.testing.simulators import simulator_of
from heartbeat.wire.executor import Run
from msgspec.structs import replace

NODES = ("node1", "node2", "node3")
DEADTIME_S = 30.0
PATIENCE_S = 1.5
"""Real seconds for one operation on a simulator; one that lies costs all of it."""

_REGISTRY = PluginRegistry()
_LOADER = Loader(_REGISTRY)


@dataclass
class Ground:
    """Made for one set-up: ``lines`` are the STONITH lines of every node's ha.cf, ``own`` what one node has instead."""

    folder: Path
    lines: list[str] = field(default_factory=list)
    own: dict[str, list[str]] = field(default_factory=dict)
    feeds: dict[str, list[tuple[Outlets, int]]] = field(default_factory=dict)
    """Node to the outlets that its power supplies are plugged into."""
    boxes: list[OutletSimulator] = field(default_factory=list)
    machines: dict[str, str] = field(default_factory=dict)
    """What each node's firmware says of itself: here all of them run on one machine, which is none of them."""
    stack: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    def box(self, kind: str, names: Sequence[str] = NODES, relays: Outlets | None = None) -> OutletSimulator:
        """Put a device up; who is called as a node is plugged in there, unless ``plug`` says otherwise."""
        relays = relays or Outlets(names)
        made = simulator_of(kind).feeding(relays)
        self.stack.callback(made.close)
        self.boxes.append(made)
        for number, name in relays.names.items():
            if name in NODES:
                self.feeds.setdefault(name, []).append((relays, number))
        return made

    def plug(self, node: str, *outlets: tuple[OutletSimulator, int]) -> None:
        """Plug a node's supplies into these outlets, and pull them out of all others."""
        self.feeds[node] = [(box.relays, number) for box, number in outlets]

    def write(self, kind: str, params: Mapping[str, str], who: str = "*") -> None:
        """Add a line with named parameters for every node's file."""
        self.lines.append(line(kind, params, who))

    def runs(self, node: str) -> bool:
        """Has a node power from any of its supplies? Who is plugged in nowhere here is fed from elsewhere."""
        feeds = self.feeds.get(node)
        return not feeds or any(relays.has_power(number) for relays, number in feeds)

    def orders(self) -> list[tuple[int, bool]]:
        """Return every order that any device has heard."""
        return [order for box in self.boxes for order in box.relays.journal]

    def devices(self, node: str) -> tuple[tuple[DeviceConfig, ...], tuple[FenceFinding, ...]]:
        """Read the files as a node does: its devices, and what is wrong with the lines."""
        home = self.folder / node
        home.mkdir(exist_ok=True)
        first = [f"node {' '.join(NODES)}", "bcast lo", f"deadtime {DEADTIME_S:g}s", "keepalive 1s"]
        (home / "ha.cf").write_text("\n".join([*first, *self.own.get(node, self.lines)]) + "\n")
        loaded = load(places(str(home)), _REGISTRY, node=node, need_own_node=False, hooks=False)
        usable = tuple(
            it.config for it in loaded.survey.devices if it.usable_by(loaded.survey.nodes[NODES.index(node)])
        )
        return usable, tuple(line_findings(loaded))


def line(kind: str, params: Mapping[str, str], who: str = "*") -> str:
    """Return a STONITH line with named parameters."""
    return f"stonith_host {who} {kind} {' '.join(f'{name}={value}' for name, value in params.items())}"


def closed_port() -> str:
    """Return a port of loopback on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def operate(device: DeviceConfig, action: Action, host: str, limit_s: float = PATIENCE_S) -> Result:
    """Do one operation as the executor's child does, here."""
    request = Run(1, "stonith", device.type, device.name, device.params, action, limit_s, host)
    try:
        work = _LOADER.work(request)
        assert isinstance(work, DeviceWork)
        work.deadline_s = time.monotonic() + limit_s
        return work.act()
    except PluginError as error:
        return judged(error)


def check(ground: Ground) -> tuple[FenceFinding, ...]:
    """Look at all devices from all nodes, as ``hb stonith check`` does in a cluster in which all nodes run."""
    seen: list[Seen] = []
    found: list[FenceFinding] = []
    for node in NODES:
        devices, wrong = ground.devices(node)
        found += wrong
        for device in devices:
            result = operate(device, Action.CHECK, " ".join(NODES), 30.0)
            machine = ground.machines.get(node, "")
            seen.append(Seen(node, device.name, replace(inspection_of(result), machine=machine)))
    return (*found, *judge(seen, Setting(NODES, NODES, DEADTIME_S)))
