"""A world of simulated nodes: one heap of events, one true time, the real kernel in each node.

Runs replay exactly: ties are broken by order of scheduling, and all chance comes from the salt or the seed.
"""

import hashlib
import heapq
import random
from collections.abc import Callable
from typing import Any

import msgspec

from heartbeat.kernel import effects as fx
from heartbeat.kernel import events as ev
from heartbeat.kernel.kernel import Birth, Kernel
from heartbeat.model.cluster import Cluster
from heartbeat.model.names import Nid
from heartbeat.model.operation import Result
from heartbeat.model.reason import Decision
from heartbeat.sim import inside
from heartbeat.sim.clock import Clock
from heartbeat.sim.disk import Disk
from heartbeat.sim.machine import Machines
from heartbeat.sim.network import Network
from heartbeat.sim.observation import Answered, Bogus, Born, Gone, Woke
from heartbeat.sim.programs import Programs
from heartbeat.sim.reset_timer import ResetTimers
from heartbeat.sim.watch import Watch
from heartbeat.sim.watchdog import Storm
from heartbeat.wire import api
from heartbeat.wire.frame import Header, short_id
from heartbeat.wire.messages import Beat

START_S = 1000.0
"""True time at which a world begins; logs count from here."""
STORM, STORM_NODES = 60_000, 7
"""Events within a virtual second; ten times the most that seven nodes have in seeds 0 to 399, when they boot. More
nodes may have more: each that comes is greeted by all, and all hear all of it."""
START_AGAIN_S = 0.5
BACKLOG = 512
"""Events that a frozen node's sockets and pipes keep; what comes beyond is lost."""


class Node:
    """One simulated machine: its disk outlives it."""

    def __init__(self, nid: Nid) -> None:
        self.nid = nid
        self.disk = Disk()
        self.clock = Clock()
        self.incarnation = 0
        self.highest = 0
        """Its highest incarnation ever, whatever its disk forgot since."""
        self.boots = 0
        self.lives = 0
        """Starts of its daemon, in truth; a disk may forget some."""
        self.kernel: Kernel | None = None
        self.armed_s = float("inf")
        self.armed_number = 0
        self.frozen: list[ev.Event] | None = None
        """Events that wait while the whole node is frozen."""
        self.frozen_s = 0.0
        self.woken_s = float("-inf")
        """When it last went on after it had stood still for a deadtime."""
        self.company: tuple[Nid, ...] = ()
        """The members of its view when it last began to stand still."""
        self.decisions: list[tuple[int, Decision]] = []
        self.answers: list[fx.Answer] = []
        self.halted: fx.Halt | None = None
        self.hold: fx.Hold | None = None
        """What its guard was told last; it outlives the kernel that said it."""
        self.newest: ev.FrameReceived | None = None
        """The last frame that its kernel was given."""
        self.newest_word: ev.FrameReceived | None = None
        """The last one that was no beat."""


class World:
    """Nodes, wires, machines and time."""

    def __init__(
        self,
        cluster: Cluster,
        *,
        links: tuple[str, ...] = ("bcast/eth0", "bcast/eth1"),
        seed: int = 0,
        keeps_log: bool = True,
    ) -> None:
        self.cluster = cluster
        self.links = links
        self.now_s = START_S
        self.chance = random.Random(seed)  # noqa: S311 - a reproducible world, not a secret
        self.salt = seed
        self._keeps_log = keeps_log
        self._heap: list[tuple[float, int, Callable[[], None] | None, Nid, ev.Event | None]] = []
        self._number = 0
        self._second_s, self._events = START_S, 0
        self._storm = int(STORM * max(1, len(cluster.nodes) / STORM_NODES) ** 3)
        self.nodes = {Nid(n): Node(Nid(n)) for n in range(len(cluster.nodes))}
        self._ids = {short_id(name): Nid(n) for n, name in enumerate(cluster.nodes)}
        self.network = Network(self, seed)
        self.machines = Machines(self)
        self.reset_timers = ResetTimers(self)
        self.mind: Callable[[Cluster, Birth], Kernel] = Kernel
        """Makes the kernel of a node that boots."""
        self.watch: Watch | None = None
        self.programs: Programs | None = None
        """They join and talk; without them nobody does."""
        self.on_halt: Callable[[Nid, fx.Halt], None] | None = None
        """Told when a daemon ends by its kernel's will; without one it stays down."""
        self.on_effect: Callable[[Nid, fx.Effect], None] | None = None
        """Told of each effect of a step just before it is carried out."""
        self.log: list[str] = []
        self._do: dict[type, Callable[[Node, Any], None]] = {
            fx.Send: lambda node, effect: self.network.send(node.nid, effect),
            fx.Arm: self._arm,
            fx.Run: lambda node, effect: self.machines.carry_out(node.nid, effect),
            fx.Go: lambda node, effect: self.machines.carry_out(node.nid, effect),
            fx.Cancel: lambda node, effect: self.machines.carry_out(node.nid, effect),
            fx.Hold: self._hold,
            fx.Feed: self.reset_timers.feed,
            fx.Disarm: lambda node, _effect: self.reset_timers.stop(node.nid),
            fx.Persist: self._persist,
            fx.Record: self._record,
            fx.Answer: lambda node, effect: node.answers.append(effect),
            fx.Halt: self._halt,
            fx.Deliver: lambda node, effect: self.programs.take(node, effect) if self.programs is not None else None,
            fx.Changed: lambda _node, _effect: None,
        }

    # Time.

    @property
    def since_s(self) -> float:
        """Seconds since the world began."""
        return self.now_s - START_S

    def at(self, delay_s: float, act: Callable[[], None]) -> None:
        self._number += 1
        heapq.heappush(self._heap, (self.now_s + delay_s, self._number, act, Nid(-1), None))

    def deliver(self, delay_s: float, nid: Nid, event: ev.Event) -> None:
        """Give an event to a node, some time later."""
        self._number += 1
        heapq.heappush(self._heap, (self.now_s + delay_s, self._number, None, nid, event))

    def run(self, seconds: float) -> None:
        """Let this much time pass."""
        end_s = self.now_s + seconds
        heap = self._heap
        while heap and heap[0][0] <= end_s:
            self._next()
        self.now_s = end_s

    def run_until(self, is_true: Callable[[], bool], seconds: float = 60.0) -> float:
        """Run until a condition holds; return how long it took. Raises AssertionError when it never does."""
        start_s, end_s = self.now_s, self.now_s + seconds
        while not is_true():
            if not self._heap or self._heap[0][0] > end_s:
                raise AssertionError(f"not within {seconds} s; the last decisions:\n" + "\n".join(self.log[-40:]))
            self._next()
        return self.now_s - start_s

    def _next(self) -> None:
        self.now_s, _, act, nid, event = heapq.heappop(self._heap)
        self._events += 1
        if self._events > self._storm:
            if self.now_s < self._second_s + 1:
                raise Storm(f"{self._storm} events within {self.now_s - self._second_s:.3f} virtual s")
            self._second_s, self._events = self.now_s, 0
        if act is not None:
            act()
        elif event is not None:
            self.step(nid, event)

    # Nodes.

    def start(self, nid: Nid) -> None:
        """Switch a machine on, or start its daemon; a disk that does not write lets none start, and is asked again."""
        node = self.nodes[nid]
        if node.kernel is not None:
            return
        if node.disk.fails or node.disk.stalled:
            self.at(START_AGAIN_S, lambda: self.start(nid))
            return
        self.boot(nid, new_boot=not self.machines.powered[nid])

    def boot(self, nid: Nid, *, new_boot: bool = True) -> None:
        """Power on, or only start the daemon again."""
        node = self.nodes[nid]
        node.boots += new_boot
        node.incarnation = int(node.disk.get("incarnation", b"0")) + 1
        node.disk["incarnation"] = str(node.incarnation).encode()
        node.highest = max(node.highest, node.incarnation)
        node.lives += 1
        session = self._lot(f"session {nid} {node.lives}")
        birth = Birth(nid, node.incarnation, session, f"boot-{nid}-{node.boots}", self.links, dict(node.disk), int(nid))
        node.kernel, node.halted, node.armed_s = self.mind(self.cluster, birth), None, float("inf")
        node.frozen = node.newest = node.newest_word = None
        node.clock.resume(self.now_s)
        if self.watch is not None:
            durable = int(node.disk["incarnation"])
            self.watch.born(node)
            forgotten = "epoch" in node.disk.forgotten
            node.disk.forgotten.clear()
            self.watch.see(Born(self.now_s, nid, node.incarnation, durable, session, node.boots, forgotten))
        self.step(nid, ev.Wake())
        for link in range(len(self.links)):
            self.step(nid, ev.LinkOpened(link))
        if self.programs is not None:
            self.programs.born(nid)
        self.reset_timers.born(nid)
        self.machines.booted(nid)

    def _lot(self, what: str) -> bytes:
        """Return 8 bytes of chance that depend on the salt and this name, not on what was drawn before."""
        return hashlib.blake2b(f"{self.salt} {what}".encode(), digest_size=8).digest()

    def boot_all(self) -> None:
        for nid in self.nodes:
            self.boot(nid)

    def kill_daemon(self, nid: Nid, *, machine_too: bool = False) -> None:
        """The daemon dies; what it started goes on."""
        node = self.nodes[nid]
        if node.kernel is not None and self.watch is not None:
            self.watch.see(Gone(self.now_s, nid, node.incarnation, machine_too=machine_too))
        node.kernel = None
        node.frozen = None
        node.clock.resume(self.now_s)
        node.disk.crash(lambda key: self._lot(f"disk {nid} {node.lives} {key}")[0] < 128)
        self.machines.daemon_left(nid)

    def crash(self, nid: Nid) -> None:
        """The machine loses power."""
        self.kill_daemon(nid, machine_too=True)
        self.machines.lost_power(nid)

    def freeze(self, nid: Nid) -> None:
        node = self.nodes[nid]
        if node.frozen is None:
            node.frozen, node.frozen_s = [], self.now_s
            node.company = inside.view(node.kernel).nids if node.kernel is not None else ()

    def suspend(self, nid: Nid) -> None:
        """The machine stops as a whole, its clock too."""
        self.freeze(nid)
        self.nodes[nid].clock.suspend(self.now_s)

    def thaw(self, nid: Nid) -> None:
        """Go on, with what waits in its sockets first and the timer last, as the shell does it."""
        node = self.nodes[nid]
        if node.frozen is None:
            return
        waiting, node.frozen = node.frozen, None
        slept_s = 0.0 if node.clock.suspended_s is None else self.now_s - node.clock.suspended_s
        stood_s = self.now_s - node.frozen_s
        node.clock.resume(self.now_s)
        if node.kernel is not None and self.watch is not None:
            self.watch.see(Woke(self.now_s, nid, stood_s))
        if stood_s >= self.cluster.timers.deadtime_s:
            node.woken_s = self.now_s
        if slept_s:
            self.step(nid, ev.Suspended(slept_s))
        for event in waiting:
            if not isinstance(event, ev.Wake):
                self.step(nid, event)
        self.step(nid, ev.Wake())
        # A timer that was due while the clock stood was in vain; it is due again.
        if node.kernel is not None and node.armed_s < float("inf"):
            self._arm(node, fx.Arm(node.armed_s))

    def step(self, nid: Nid, event: ev.Event) -> None:
        node = self.nodes[nid]
        kernel = node.kernel
        if kernel is None:
            return
        if node.frozen is not None:
            if not isinstance(event, ev.FrameReceived) or len(node.frozen) < BACKLOG:
                node.frozen.append(event)
            return
        watch = self.watch
        if watch is not None:
            if isinstance(event, ev.FrameReceived):
                node.newest = event
                if not isinstance(event.packet.message, Beat):
                    node.newest_word = event
            watch.before(node, kernel, event)
        effects = kernel.step(node.clock.read(self.now_s), event)
        if watch is not None:
            watch.after(node, kernel, event, effects)
        for effect in effects:
            if self.on_effect is not None:
                self.on_effect(nid, effect)
            self._do[type(effect)](node, effect)

    def inject(self, nid: Nid, what: str, event: ev.FrameReceived) -> None:
        """Give a kernel a frame that must not count, when it has nothing else to do at this moment."""
        self.step(nid, ev.Wake())
        node = self.nodes[nid]
        if node.kernel is None:
            return
        effects = node.kernel.step(node.clock.read(self.now_s), event)
        if self.watch is not None:
            self.watch.see(Bogus(self.now_s, nid, what, tuple(effects)))
        for effect in effects:
            self._do[type(effect)](node, effect)

    def is_stepping(self, nid: Nid) -> bool:
        """True while its daemon lives and is not frozen."""
        return self.nodes[nid].kernel is not None and self.nodes[nid].frozen is None

    def source(self, header: Header) -> Nid | None:
        """Return which node a frame says that it is from; None for a stranger."""
        return self._ids.get(header.sender)

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

    def _hold(self, node: Node, effect: fx.Hold) -> None:
        node.hold = effect
        if self.watch is not None and node.woken_s <= self.now_s < node.woken_s + self.cluster.timers.deadtime_s:
            for resource in sorted(self.machines.active[node.nid]):
                others = tuple(n for n in self._answering(resource) if n in node.company and n != node.nid)
                if others and self._may_answer(node, resource):
                    self.watch.see(Answered(self.now_s, node.nid, resource, others))

    def _persist(self, node: Node, effect: fx.Persist) -> None:
        kernel = node.kernel

        def done(error: str) -> None:
            if node.kernel is kernel:
                self.step(node.nid, ev.Persisted(effect.key, error))

        node.disk.put(self, effect.key, effect.value, done)

    def _record(self, node: Node, effect: fx.Record) -> None:
        if not self._keeps_log:
            return
        decision = effect.decision
        node.decisions.append((node.incarnation, decision))
        self.log.append(f"{self.since_s:9.3f} {self.cluster.nodes[node.nid]:6} {decision.kind:18} {decision.text}")

    def _halt(self, node: Node, effect: fx.Halt) -> None:
        node.halted, node.kernel = effect, None
        # A daemon that ends in order waits for its disk.
        node.disk.close()
        self.machines.daemon_left(node.nid)
        if self.watch is not None:
            self.watch.see(Gone(self.now_s, node.nid, node.incarnation, clean=effect.clean))
        if self.on_halt is not None:
            self.on_halt(node.nid, effect)

    def _arm(self, node: Node, effect: fx.Arm) -> None:
        node.armed_s = effect.at_s
        node.armed_number += 1
        if effect.at_s < float("inf"):
            self._wake_at(node, node.armed_number)

    def _wake_at(self, node: Node, number: int) -> None:
        kernel = node.kernel

        def wake() -> None:
            if node.armed_number != number or node.kernel is not kernel:
                return
            if node.frozen is None and node.clock.read(self.now_s) < node.armed_s:
                # It was suspended meanwhile: its clock is not there yet.
                self._wake_at(node, number)
                return
            self.step(node.nid, ev.Wake())

        self.at(node.clock.delay_s(node.armed_s, self.now_s), wake)

    # The network, in short.

    @property
    def cuts(self) -> set[tuple[Nid, Nid, int]]:
        return self.network.cuts

    @property
    def loss(self) -> float:
        return self.network.loss

    @loss.setter
    def loss(self, loss: float) -> None:
        self.network.loss = loss

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

    def answering(self, resource: str) -> set[str]:
        """Return the nodes on which a resource that can be held is active and may answer."""
        return {self.cluster.nodes[nid] for nid in self._answering(resource)}

    def _answering(self, resource: str) -> list[Nid]:
        active = self.machines.active.items()
        return [n for n, names in active if resource in names and self._may_answer(self.nodes[n], resource)]

    def _may_answer(self, node: Node, resource: str) -> bool:
        if node.hold is None or node.clock.suspended_s is not None or resource in node.hold.muted:
            return False
        return node.clock.read(self.now_s) < node.hold.until_s

    def trace(self) -> str:
        """Return everything decided, as text; equal for equal seeds."""
        return "\n".join(self.log)

    def status_json(self, nid: Nid) -> bytes:
        kernel = self.nodes[nid].kernel
        assert kernel is not None
        return msgspec.json.encode(kernel.status(self.now_s))
