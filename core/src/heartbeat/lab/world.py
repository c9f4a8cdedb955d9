"""What a lab consists of, and everything that can be done to it: one method per operation."""

import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec

from heartbeat.lab.box_plan import BoxPlan
from heartbeat.lab.boxes import Boxes
from heartbeat.lab.control import LabError, Message
from heartbeat.lab.node import Node, environment
from heartbeat.lab.plan import CLIENT, BadLab, LabPlan
from heartbeat.lab.power import Mood, PowerSwitch
from heartbeat.lab.record import Recorder
from heartbeat.lab.supplies import Supplies
from heartbeat.lab.switch import Switch, inside, run

STOP_S = 60.0
"""Default patience with a daemon that was asked to end."""


class Setup(msgspec.Struct, frozen=True):
    """What ``hb lab up`` hands to the controller."""

    plan: LabPlan
    program: tuple[str, ...]
    """What runs in each node: ``hb run``."""
    boot_delay_s: float = 0.3
    """Between the device's ``on`` and the node's boot."""
    eager_client: bool = False
    """Repeat the client's unanswered neighbour requests after 50 ms instead of 1 s."""
    daemons: bool = True
    """Start the program at once in each node."""
    boxes: tuple[BoxPlan, ...] = ()
    """The simulated power devices."""


class World:
    """Thread-safe."""

    def __init__(self, home: Path, setup: Setup) -> None:
        share = home / "share"
        self.setup = setup
        self._record = Recorder(share / "oracle", home / "events.log")
        self._note = self._record.note
        self._switch = Switch(setup.plan)
        self._client = _client(self._switch, eager=setup.eager_client)
        self._nodes: dict[str, Node] = {}
        self._power = PowerSwitch(share / "power.sock", self._nodes, setup.boot_delay_s, self._note)
        self._boxes = Boxes(setup.boxes, share / "power.sock")
        self._power.supplies = Supplies(self._boxes.fed())
        for name in setup.plan.nodes:
            self._nodes[name] = Node(name, home, self._switch, self._boxes, setup.program, self._note)
            self._boxes.write(home / "nodes" / name / "ha.d" / "ha.cf")
        self._spawned: dict[int, subprocess.Popen[bytes]] = {}

    def boot(self) -> None:
        """Switch all nodes on at about the same time. Raises LabError when one does not come."""
        self._all(lambda node: node.boot(daemon=False))
        if self.setup.daemons:
            self._all(Node.start)

    def _all(self, act: Any) -> list[Any]:
        with ThreadPoolExecutor(len(self._nodes)) as pool:
            return list(pool.map(act, self._nodes.values()))

    def enter(self, name: str, argv: Sequence[str]) -> list[str]:
        """Return a command line that runs in a node, or in the client's network."""
        return inside(self._client.pid, list(argv)) if name == CLIENT else self._node(name).enter(argv)

    def _node(self, name: str) -> Node:
        if name not in self._nodes:
            raise LabError(f"no node {name!r} in this lab; it has {', '.join(self._nodes)}")
        return self._nodes[name]

    # Operations: each takes the request's arguments by name and returns what the answer holds.

    def status(self) -> Message:
        nodes = [msgspec.to_builtins(node.state()) for node in self._nodes.values()]
        plan = msgspec.to_builtins(self.setup.plan)
        return {"nodes": nodes, "plan": plan, "device": self._power.mood, "boxes": self._boxes.shown()}

    def crash(self, node: str) -> Message:
        return {"at_s": self._node(node).off()}

    def freeze(self, node: str) -> Message:
        at_s = time.monotonic()
        self._node(node).freeze()
        return {"at_s": at_s}

    def thaw(self, node: str) -> Message:
        self._node(node).thaw()
        return {"at_s": time.monotonic()}

    def start(self, nodes: list[str]) -> Message:
        """Boot what is off and start the program where it does not run, on several nodes at once."""
        chosen = [self._node(name) for name in nodes]
        for name in nodes:
            self._power.supplies.all_on(name)
        at_s = time.monotonic()
        with ThreadPoolExecutor(len(chosen) or 1) as pool:
            list(pool.map(Node.start, chosen))
        return {"at_s": at_s}

    def boot_only(self, node: str) -> Message:
        """Boot a node without its daemon."""
        self._power.supplies.all_on(node)
        self._node(node).boot(daemon=False)
        return {}

    def stop(self, node: str, timeout_s: float = STOP_S) -> Message:
        return {"status": self._node(node).stop(timeout_s)}

    def kill(self, node: str, which: str) -> Message:
        return {"killed": self._node(node).kill(which), "at_s": time.monotonic()}

    def cut(
        self, node: str, link: str = "", way: str = "both", peers: Sequence[str] = (), *, unplug: bool = False
    ) -> Message:
        media = self._media(link)
        for name in (node, *peers):
            if name != CLIENT:
                self._node(name)
        if way not in ("in", "out", "both"):
            raise LabError(f"{way!r} is no direction; expected in, out or both")
        self._note(f"cut {node} {link or 'all'} {way} {','.join(peers) or 'all'}")
        at_s = time.monotonic()
        if unplug:
            self._switch.carrier(node, media, up=False)
        else:
            self._switch.cut(node, media, way, peers)
        return {"at_s": at_s}

    def heal(self) -> Message:
        self._switch.heal()
        for node in self._nodes.values():
            if node.powered:
                self._switch.carrier(node.name, self._media(""), up=True)
        self._note("heal")
        return {"at_s": time.monotonic()}

    def _media(self, link: str) -> Iterable[int]:
        try:
            return [self.setup.plan.medium(link)] if link else range(len(self.setup.plan.media))
        except BadLab as wrong:
            raise LabError(str(wrong)) from None

    def device(self, mood: str, slow_s: float = 0.0, relay: str = "") -> Message:
        known = {box.plan.relay for box in self._boxes.all}
        if relay and relay not in known:
            there = f"; there is {', '.join(sorted(known))}" if known else ""
            raise LabError(f"no simulated device has the relay {relay!r}{there}")
        try:
            self._power.behave(Mood(mood), slow_s, relay)
        except ValueError:
            raise LabError(f"the device knows {', '.join(each.value for each in Mood)}, not {mood!r}") from None
        self._note(f"device {mood} {relay}".rstrip())
        return {}

    def note(self, text: str) -> Message:
        """Write a line of the caller's into the record."""
        self._note(text)
        return {}

    def usage(self, node: str) -> Message:
        return {"usage": msgspec.to_builtins(self._node(node).usage())}

    def spawn(self, node: str, argv: list[str], log: str) -> Message:
        """Start a program in the background, in a node or in the client's network."""
        with Path(log).open("ab") as out:
            process = subprocess.Popen(
                self.enter(node, argv), stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=environment(), cwd="/"
            )
        self._spawned[process.pid] = process
        return {"id": process.pid}

    def reap(self, id: int) -> Message:  # noqa: A002 - the word of the protocol
        """End a program started by ``spawn``: SIGTERM, then SIGKILL; returns its status."""
        process = self._spawned.pop(id, None)
        if process is None:
            raise LabError(f"nothing with the id {id} was spawned")
        process.terminate()
        try:
            return {"status": process.wait(5)}
        except subprocess.TimeoutExpired:
            process.kill()
            return {"status": process.wait()}


def _client(switch: Switch, *, eager: bool) -> subprocess.Popen[bytes]:
    """Make the client's network namespace, held by a process that does nothing."""
    hold = "import os; os.write(1, b'+'); os.close(1); os.execvp('sleep', ['sleep', 'infinity'])"
    argv = ["unshare", "--net", "--", sys.executable, "-I", "-S", "-c", hold]
    client = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    assert client.stdout is not None
    client.stdout.read()
    client.stdout.close()
    switch.plug(CLIENT, client.pid)
    if eager:
        settings = ("retrans_time_ms=50", "mcast_solicit=3", "unres_qlen=3")
        names = [medium.interface for medium in switch.plan.media]
        argv = [f"net.ipv4.neigh.{name}.{setting}" for name in names for setting in settings]
        run(inside(client.pid, ["sysctl", "-qw", *argv]))
    return client
