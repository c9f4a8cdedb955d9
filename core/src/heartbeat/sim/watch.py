"""The watch: turns each step of each kernel into observations, gives them to the checkers, hashes and counts.

One hash over everything that was decided and done, in order, tells whether two runs were the same.
"""

import hashlib
from collections import Counter, deque
from typing import TYPE_CHECKING

import msgspec

from heartbeat.kernel import effects as fx
from heartbeat.kernel import events as ev
from heartbeat.kernel.channel import SINGLE
from heartbeat.kernel.hold import SHARE
from heartbeat.kernel.kernel import Kernel
from heartbeat.model.delivery import Delivery
from heartbeat.model.names import Nid, NodeName
from heartbeat.model.operation import Action
from heartbeat.model.reason import Decision
from heartbeat.model.view import Standing, View
from heartbeat.sim import inside
from heartbeat.sim.check.checker import Checker
from heartbeat.sim.observation import (
    Decided,
    Ended,
    Farewell,
    Given,
    HasStates,
    Installed,
    LetGo,
    Met,
    Observation,
    Ordered,
    Outwaited,
    Proposed,
    Ran,
    Stood,
    Words,
)
from heartbeat.wire import api
from heartbeat.wire.messages import Beat, Leave, Local, Message, Order, Propose, Synced

if TYPE_CHECKING:
    from heartbeat.sim.world import Node, World

LAST = 200
"""Decisions kept for the report of a violation."""
CLOCKS = 1.01
"""Two clocks differ by less in the time of a hold."""
_GATES = (Action.START, Action.FENCE, Action.STOP)


class Watch:
    """Sees all; disturbs nothing."""

    def __init__(self, world: "World", checkers: list[Checker]) -> None:
        self._world = world
        self.checkers = checkers
        self._sees: dict[type, list[Checker]] = {}
        for checker in checkers:
            for kind in checker.sees:
                self._sees.setdefault(kind, []).append(checker)
        self._hash = hashlib.blake2b(digest_size=8)
        self._view: dict[Nid, View] = {}
        self._standing: dict[Nid, tuple[View, Standing]] = {}
        self._heard: dict[Nid, dict[Nid, float]] = {nid: {} for nid in world.nodes}
        self._heard_since: dict[tuple[Nid, Nid], float] = {}
        """(hearer, source) to the first frame after the last silence longer than warntime."""
        self._beat_s: dict[Nid, float] = {}
        """When each node's newest beat left."""
        self._newest: dict[tuple[Nid, Nid, int], tuple[int, int]] = {}
        """(hearer, source, link) to the newest (life, frame number): an overtaken frame is no sign of life."""
        self._taken: set[tuple[Nid, Nid, int, int]] = set()
        """(hearer, source, life, frame number): nor is one that came before over another link."""
        self._kinds: dict[tuple[Nid, str], str] = {}
        self._on_hold: dict[tuple[Nid, int], fx.Run] = {}
        self.steps = 0
        self.transitions: Counter[str] = Counter()
        """``node.late -> node.silent``: decisions about one subject that followed each other."""
        self.meetings: Counter[str] = Counter()
        """``Propose while flushing``: messages and the state in which they came."""
        self.last: deque[str] = deque(maxlen=LAST)

    @property
    def violations(self) -> list[str]:
        """Return each checker's findings, as ``S1: what happened``."""
        return [f"{checker.law}: {text}" for checker in self.checkers for text in checker.violations]

    def heard_for_s(self, nid: Nid, source: Nid, longest_gap_s: float) -> float:
        """Return for how long a node has heard another without a longer gap; negative when it does not now."""
        now_s = self._world.now_s
        if now_s - self._heard[nid].get(source, float("-inf")) > longest_gap_s:
            return -1.0
        return now_s - self._heard_since[nid, source]

    def is_held_unheard(self, nid: Nid, source: Nid) -> bool:
        """Was the source's newest beat, which renewed its hold, lost on its way to this node, and does the hold last?

        Then it is the network that hides one from the other, and the hold ends in its time.
        """
        left_s = self._beat_s.get(source, float("-inf"))
        hold_s = CLOCKS * SHARE * self._world.cluster.timers.deadtime_s
        return self._heard[nid].get(source, float("-inf")) < left_s and self._world.now_s <= left_s + hold_s

    def see(self, observation: Observation) -> None:
        for checker in self._sees.get(type(observation), ()):
            checker.see(observation)

    def digest(self) -> str:
        return self._hash.hexdigest()

    # Steps.

    def born(self, node: "Node") -> None:
        """A new kernel knows nothing of what the earlier one heard."""
        self._heard[node.nid].clear()
        self._view.pop(node.nid, None)
        self._standing.pop(node.nid, None)

    def before(self, node: "Node", kernel: Kernel, event: ev.Event) -> None:
        """An event is about to be taken: note the state that it meets."""
        if isinstance(event, ev.FrameReceived):
            name = type(event.packet.message).__name__
            self.meetings[f"{name} while {inside.phase(kernel)}"] += 1

    def after(self, node: "Node", kernel: Kernel, event: ev.Event, effects: list[fx.Effect]) -> None:
        self.steps += 1
        if isinstance(event, ev.FrameReceived):
            self._note_heard(node, kernel, event)
        elif isinstance(event, ev.OperationFinished):
            self.see(Ended(self._world.now_s, node.nid, event))
        # The order in which the kernel works: views come before what is done in them, but a step's effects may
        # mix both. What is run in a step is judged by the view at its end, in which it will act.
        view = inside.view(kernel)
        if view is not self._view.get(node.nid) and view.members:
            self._view[node.nid] = view
            self.see(Installed(self._world.now_s, inside.member(kernel), view))
        stands = (view, inside.standing(kernel))
        if view.members and stands != self._standing.get(node.nid):
            self._standing[node.nid] = stands
            self.see(Stood(self._world.now_s, inside.member(kernel), *stands))
        for effect in effects:
            self._effect(node, kernel, effect)

    def _note_heard(self, node: "Node", kernel: Kernel, event: ev.FrameReceived) -> None:
        source = self._world.source(event.header)
        if event.header.sequence >= SINGLE:
            return  # bulk is no sign of life
        if source is None or source == node.nid or not inside.hears(kernel, source):
            return
        if inside.known(kernel)[source] != event.header.incarnation:
            return  # of a second machine of that name, or of a life that is over: it was not let in
        key, frame = (node.nid, source, event.link), (event.header.incarnation, event.header.sequence)
        taken = (node.nid, source, *frame)
        if frame > self._newest.get(key, (0, 0)):
            self._newest[key] = frame
            if taken not in self._taken:
                if self.heard_for_s(node.nid, source, self._world.cluster.timers.warntime_s) < 0:
                    self._heard_since[node.nid, source] = self._world.now_s
                self._heard[node.nid][source] = self._world.now_s
        self._taken.add(taken)

    def _effect(self, node: "Node", kernel: Kernel, effect: fx.Effect) -> None:
        kind = type(effect)
        if kind is fx.Send:
            assert isinstance(effect, fx.Send)
            self._sent(node, kernel, effect.packet.message)
        elif kind is fx.Record:
            assert isinstance(effect, fx.Record)
            self._decided(node, effect.decision)
        elif kind is fx.Run:
            assert isinstance(effect, fx.Run)
            self._hash.update(b"%d %d %s" % (node.nid, effect.id, effect.subject.encode()))
            if effect.on_hold:
                self._on_hold[node.nid, effect.id] = effect
            elif effect.action in _GATES:
                self._ran(node, kernel, effect)
        elif kind is fx.Deliver:
            assert isinstance(effect, fx.Deliver)
            self._deliver(node, kernel, effect)
        elif kind is fx.Go:
            assert isinstance(effect, fx.Go)
            prepared = self._on_hold.pop((node.nid, effect.id))
            self._ran(node, kernel, msgspec.structs.replace(prepared, token=effect.token))

    def _sent(self, node: "Node", kernel: Kernel, message: Message) -> None:
        now_s = self._world.now_s
        if isinstance(message, Beat):
            self._beat_s[node.nid] = now_s
            if message.rests.epoch:
                self._let_go(node, message)
        elif isinstance(message, Propose):
            self.see(Proposed(now_s, node.nid, message, inside.view(kernel)))
        elif isinstance(message, Synced):
            self.see(HasStates(now_s, node.nid, message.ballot))
        elif isinstance(message, Order):
            self.see(Ordered(now_s, node.nid, message))
        elif isinstance(message, Leave) and not message.unproved:
            active = frozenset(self._world.machines.active[node.nid])
            self.see(Farewell(now_s, node.nid, node.incarnation, active))

    def _deliver(self, node: "Node", kernel: Kernel, deliver: fx.Deliver) -> None:
        now, member, what = self._world.now_s, inside.member(kernel), deliver.what
        if isinstance(what, api.Company):
            self.see(Met(now, member, deliver.view, what.has_gap))
        elif isinstance(what, api.Heard):
            self._hash.update(b"%d %s" % (node.nid, what.body))
            words = Words.read(what.body)
            holders = self._holders(words, what.place) if words.delivery is Delivery.SAFE else ()
            self.see(
                Given(
                    now,
                    member,
                    deliver.view,
                    words,
                    deliver.line,
                    what.place,
                    holders,
                    inside.view(kernel).nids,
                    inside.roll(kernel),
                )
            )

    def _holders(self, words: Words, place: int) -> tuple[Nid, ...]:
        nodes = sorted(self._world.nodes.items())
        kernels = [(nid, node.kernel) for nid, node in nodes if node.kernel is not None]
        return tuple(nid for nid, kernel in kernels if inside.holds(kernel, words.text, place))

    def _let_go(self, node: "Node", beat: Beat) -> None:
        groups = self._world.cluster.groups
        stopped = frozenset(groups[h.group].name for h in beat.holdings if h.state is Local.STOPPED)
        self.see(LetGo(self._world.now_s, node.nid, node.incarnation, beat.rests, stopped))

    def _ran(self, node: "Node", kernel: Kernel, run: fx.Run) -> None:
        nid = self._world.cluster.nid(NodeName(run.host)) if run.host else None
        self.see(
            Ran(
                self._world.now_s,
                node.nid,
                run,
                inside.view(kernel),
                inside.standing(kernel),
                inside.known(kernel),
                dict(self._heard[node.nid]),
                inside.deadtime_s(kernel),
                nid is not None and inside.is_for_cause(kernel, nid),
            )
        )

    def _decided(self, node: "Node", decision: Decision) -> None:
        self._hash.update(f"{decision.at_s!r} {node.nid} {decision.kind} {decision.text}".encode())
        key = (node.nid, decision.subject)
        self.transitions[f"{self._kinds.get(key, 'start')} -> {decision.kind}"] += 1
        self._kinds[key] = decision.kind
        self.last.append(
            f"{self._world.since_s:9.3f} {self._world.cluster.nodes[node.nid]:6} {decision.kind:18} {decision.text}"
        )
        self.see(Decided(self._world.now_s, node.nid, node.incarnation, decision))
        if decision.kind == "fence.self-fenced":
            self._outwaited(node, self._world.cluster.nid(NodeName(decision.subject.removeprefix("node "))))

    def _outwaited(self, node: "Node", target: Nid) -> None:
        assert node.kernel is not None
        life, machine = inside.proved_life(node.kernel, target), self._world.nodes[target]
        lives = machine.kernel is not None and machine.incarnation <= life
        active = frozenset(self._world.machines.active[target])
        self.see(Outwaited(self._world.now_s, node.nid, target, life, lives, active))
