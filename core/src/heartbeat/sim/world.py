"""A world of simulated nodes: one heap of events, one clock, the real kernel in each node.

Runs replay exactly: ties are broken by order of scheduling, and all chance comes from one seeded source.
"""

import heapq
import random
from collections.abc import Callable

import msgspec

from heartbeat.kernel import effects as fx
from heartbeat.kernel import events as ev
from heartbeat.kernel.kernel import Birth, Kernel
from heartbeat.model.cluster import Cluster
from heartbeat.model.names import Nid
from heartbeat.model.operation import Result
from heartbeat.model.reason import Decision
from heartbeat.sim.machine import Machines
from heartbeat.wire import api
from heartbeat.wire.messages import decode_packet, encode_packet

LATENCY_S = 0.0002
BOOT_S = 0.5
"""From power on to the daemon's first step."""


class Node:
    """One simulated machine: its disk outlives it."""

    def __init__(self, nid: Nid) -> None:
        self.nid = nid
        self.disk: dict[str, bytes] = {}
        self.incarnation = 0
        self.boots = 0
        self.kernel: Kernel | None = None
        self.armed_s = float("inf")
        self.armed_number = 0
        self.frozen: list[ev.Event] | None = None
        """Events that wait while the whole node is frozen."""
        self.decisions: list[tuple[int, Decision]] = []
        self.answers: list[fx.Answer] = []
        self.halted: fx.Halt | None = None


class World:
    """Nodes, wires, machines and time."""

    def __init__(
        self, cluster: Cluster, *, links: tuple[str, ...] = ("bcast/eth0", "bcast/eth1"), seed: int = 0
    ) -> None:
        self.cluster = cluster
        self.links = links
        self.now_s = 1000.0
        self.chance = random.Random(seed)  # noqa: S311 - a reproducible world, not a secret
        self.loss = 0.0
        self.cuts: set[tuple[Nid, Nid, int]] = set()
        """Directed: (from, to, link)."""
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._number = 0
        self.nodes = {Nid(n): Node(Nid(n)) for n in range(len(cluster.nodes))}
        self.machines = Machines(self)
        self.log: list[str] = []

    # Time.

    def at(self, delay_s: float, act: Callable[[], None]) -> None:
        self._number += 1
        heapq.heappush(self._heap, (self.now_s + delay_s, self._number, act))

    def run(self, seconds: float) -> None:
        """Let this much time pass."""
        end_s = self.now_s + seconds
        while self._heap and self._heap[0][0] <= end_s:
            self.now_s, _, act = heapq.heappop(self._heap)
            act()
        self.now_s = end_s

    def run_until(self, is_true: Callable[[], bool], seconds: float = 60.0) -> float:
        """Run until a condition holds; return how long it took. Raises AssertionError when it never does."""
        start_s, end_s = self.now_s, self.now_s + seconds
        while not is_true():
            if not self._heap or self._heap[0][0] > end_s:
                raise AssertionError(f"not within {seconds} s; the last decisions:\n" + "\n".join(self.log[-40:]))
            self.now_s, _, act = heapq.heappop(self._heap)
            act()
        return self.now_s - start_s

    # Nodes.

    def boot(self, nid: Nid, *, new_boot: bool = True) -> None:
        """Power on, or only start the daemon again."""
        node = self.nodes[nid]
        node.boots += new_boot
        node.incarnation = int(node.disk.get("incarnation", b"0")) + 1
        node.disk["incarnation"] = str(node.incarnation).encode()
        session = self.chance.randbytes(8)
        birth = Birth(nid, node.incarnation, session, f"boot-{nid}-{node.boots}", self.links, dict(node.disk), int(nid))
        node.kernel, node.halted, node.armed_s = Kernel(self.cluster, birth), None, float("inf")
        self.step(nid, ev.Wake())
        for link in range(len(self.links)):
            self.step(nid, ev.LinkOpened(link))
        self.machines.booted(nid)

    def boot_all(self) -> None:
        for nid in self.nodes:
            self.boot(nid)

    def kill_daemon(self, nid: Nid) -> None:
        """The daemon dies; what it started goes on."""
        self.nodes[nid].kernel = None
        self.nodes[nid].frozen = None

    def crash(self, nid: Nid) -> None:
        """The machine loses power."""
        self.kill_daemon(nid)
        self.machines.lost_power(nid)

    def freeze(self, nid: Nid) -> None:
        self.nodes[nid].frozen = []

    def thaw(self, nid: Nid) -> None:
        waiting, self.nodes[nid].frozen = self.nodes[nid].frozen or [], None
        for event in waiting:
            self.step(nid, event)

    def step(self, nid: Nid, event: ev.Event) -> None:
        node = self.nodes[nid]
        if node.kernel is None:
            return
        if node.frozen is not None:
            node.frozen.append(event)
            return
        for effect in node.kernel.step(self.now_s, event):
            self._carry_out(node, effect)

    def ask(self, nid: Nid, request: api.Request) -> int:
        """A client on that node asks; the ticket finds its answers."""
        self._number += 1
        ticket = self._number
        self.step(nid, ev.ClientAsked(ticket, "root", request))
        return ticket

    def answer(self, nid: Nid, ticket: int) -> api.Answer | None:
        """Return the final answer to a ticket, if it has come."""
        answers = [a.answer for a in self.nodes[nid].answers if a.ticket == ticket]
        return next((a for a in answers if not isinstance(a, api.Progress)), None)

    # Effects.

    def _carry_out(self, node: Node, effect: fx.Effect) -> None:
        match effect:
            case fx.Send():
                self._send(node, effect)
            case fx.Arm():
                self._arm(node, effect.at_s)
            case fx.Run() | fx.Go() | fx.Cancel():
                self.machines.carry_out(node.nid, effect)
            case fx.Persist():
                node.disk[effect.key] = effect.value
                self.at(0.002, lambda: self.step(node.nid, ev.Persisted(effect.key)))
            case fx.Record():
                node.decisions.append((node.incarnation, effect.decision))
                name, decision = self.cluster.nodes[node.nid], effect.decision
                self.log.append(f"{self.now_s - 1000:9.3f} {name:6} {decision.kind:18} {decision.text}")
            case fx.Answer():
                node.answers.append(effect)
            case fx.Halt():
                node.halted, node.kernel = effect, None
            case fx.Changed():
                pass

    def _arm(self, node: Node, at_s: float) -> None:
        node.armed_s = at_s
        node.armed_number += 1
        number, kernel = node.armed_number, node.kernel

        def wake() -> None:
            if node.armed_number == number and node.kernel is kernel:
                self.step(node.nid, ev.Wake())

        if at_s < float("inf"):
            self.at(max(at_s - self.now_s, 0.0), wake)

    def _send(self, node: Node, send: fx.Send) -> None:
        payload = encode_packet(send.packet)
        for link in range(len(self.links)):
            for nid in self.nodes:
                if nid == node.nid or (node.nid, nid, link) in self.cuts or self.chance.random() < self.loss:
                    continue
                event = ev.FrameReceived(link, send.header, decode_packet(payload))
                self.at(LATENCY_S * (1 + self.chance.random()), lambda nid=nid, event=event: self.step(nid, event))  # type: ignore[misc]

    def cut(self, nid: Nid, links: tuple[int, ...] | None = None, *, inward: bool = True, outward: bool = True) -> None:
        """Separate one node from all others, on all links or some, in both directions or one."""
        for link in range(len(self.links)) if links is None else links:
            for other in self.nodes:
                if outward:
                    self.cuts.add((nid, other, link))
                if inward:
                    self.cuts.add((other, nid, link))

    def heal(self) -> None:
        self.cuts.clear()

    def finish(self, nid: Nid, number: int, result: Result) -> None:
        self.step(nid, ev.OperationFinished(number, result))

    # Looking.

    def where(self, group: str) -> set[str]:
        """Return on which nodes all of a group's resources are really active."""
        index = next(i for i, g in enumerate(self.cluster.groups) if g.name == group)
        names = {r.name for r in self.cluster.groups[index].resources}
        return {self.cluster.nodes[n] for n in self.nodes if names <= self.machines.active[n]}

    def trace(self) -> str:
        """Return everything decided, as text; equal for equal seeds."""
        return "\n".join(self.log)

    def status_json(self, nid: Nid) -> bytes:
        kernel = self.nodes[nid].kernel
        assert kernel is not None
        return msgspec.json.encode(kernel.status(self.now_s))
