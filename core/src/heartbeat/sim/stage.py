"""The stage: one world under one schedule, and everything that faults and people need to act on it."""

from collections import Counter

import msgspec

from heartbeat.kernel import effects as fx
from heartbeat.model.names import Nid
from heartbeat.model.operation import Action
from heartbeat.sim import faults, inside
from heartbeat.sim.ambush import Ambushes
from heartbeat.sim.check import all_checkers
from heartbeat.sim.check.checker import Setting
from heartbeat.sim.clock import Clock
from heartbeat.sim.faults import Mend
from heartbeat.sim.machine import Behaviour
from heartbeat.sim.observation import Flushing, Keeping, Lied, Size
from heartbeat.sim.operator import Operator
from heartbeat.sim.programs import Programs
from heartbeat.sim.schedule import Fault, Schedule
from heartbeat.sim.watch import Watch
from heartbeat.sim.world import START_AGAIN_S, World

SAMPLE_S = 0.25


class Stage:
    """What is wrong at the moment, and how to mend it."""

    def __init__(self, schedule: Schedule, *, keeps_log: bool = False) -> None:
        cluster = schedule.shape.cluster()
        links = tuple(f"bcast/eth{n}" for n in range(schedule.shape.links))
        self.schedule = schedule
        self.world = world = World(cluster, links=links, seed=schedule.salt, keeps_log=keeps_log)
        world.network.real_bytes = schedule.real_bytes
        self.nids = tuple(sorted(world.nodes))
        for nid, (offset_s, rate) in zip(self.nids, schedule.clocks, strict=False):
            world.nodes[nid].clock = Clock(offset_s, rate)
        amnesiacs = tuple(fault.node for fault in schedule.faults if fault.kind == "crash" and fault.value)
        self.watch = world.watch = Watch(world, all_checkers(Setting(cluster, amnesiacs)))
        world.on_halt = self._halted
        if any(fault.kind == "say" for fault in schedule.faults):
            world.programs = Programs(world)
        self.operator = Operator(self)
        self.ambushes = Ambushes(self)
        self.injected: Counter[str] = Counter()
        self.untidy: set[Nid] = set()
        """Machines where an agent lied: nobody but a restart knows what runs there."""
        self._cuts: dict[int, set[tuple[Nid, Nid, int]]] = {}
        self._mends: dict[int, Mend] = {}
        self._number = 0

    def begin(self) -> None:
        """Schedule all that the schedule says."""
        for nid, at_s in zip(self.nids, self.schedule.boots, strict=True):
            if at_s >= 0:
                self.world.at(at_s, lambda nid=nid: self.start(nid))  # type: ignore[misc]
        for fault in self.schedule.faults:
            self.world.at(fault.at_s, lambda fault=fault: self.strike(fault))  # type: ignore[misc]
        self.world.at(SAMPLE_S, self._sample)

    def strike(self, fault: Fault) -> None:
        """Let a fault begin, and end when its time is over."""
        self.injected[
            fault.kind + (f" {fault.word.rpartition('/')[2]}" if fault.kind in ("device", "agent") else "")
        ] += 1
        mend = faults.KINDS[fault.kind](self, fault)
        if mend is None:
            return
        self._number += 1
        number = self._number
        self._mends[number] = mend
        if fault.for_s:
            self.world.at(fault.for_s, lambda: self._over(number))

    def _over(self, number: int) -> None:
        mend = self._mends.pop(number, None)
        if mend is not None:
            mend()

    def mend_all(self) -> None:
        """End every fault that lasts, in the order in which they began."""
        self.ambushes.lift()
        for number in sorted(self._mends):
            self._over(number)
        self.world.network.quiet()
        self.world.machines.behaviour.clear()

    # For faults.

    def cut(self, pairs: set[tuple[Nid, Nid]], link: int) -> Mend:
        links = range(len(self.world.links)) if link < 0 else (link,)
        self._number += 1
        number = self._number
        self._cuts[number] = {(a, b, one) for a, b in pairs for one in links}
        self._recut()

        def mend() -> None:
            self._cuts.pop(number, None)
            self._recut()

        return mend

    def _recut(self) -> None:
        cuts = self.world.cuts
        cuts.clear()
        for some in self._cuts.values():
            cuts |= some

    def start(self, nid: Nid) -> None:
        """Switch a machine on, or start its daemon."""
        self.world.start(nid)

    def _halted(self, nid: Nid, halt: fx.Halt) -> None:
        """A daemon that did not leave in order is started again by its parent."""
        if not halt.clean:
            self.world.at(START_AGAIN_S, lambda: self.start(nid))

    def behave(self, nid: Nid, subject: str, action: Action, how: Behaviour) -> Mend:
        key = (self.world.cluster.nodes[nid], subject, action)
        self.world.machines.behaviour[key] = msgspec.structs.replace(how)

        def mend() -> None:
            self.world.machines.behaviour.pop(key, None)

        return mend

    def lied(self, lied: Lied) -> None:
        self.watch.see(lied)

    # Looking.

    def _sample(self) -> None:
        world = self.world
        for nid in self.nids:
            node = world.nodes[nid]
            if node.kernel is None:
                continue
            # A frozen kernel is not stuck by its own fault.
            ballot = inside.flushing(node.kernel) if node.frozen is None else type(inside.flushing(node.kernel))()
            self.watch.see(Flushing(world.now_s, inside.member(node.kernel), ballot))
            kept = inside.kept_without_quorum(node.kernel) if node.frozen is None else ()
            self.watch.see(Keeping(world.now_s, nid, kept))
            if world.now_s % 2 < SAMPLE_S:
                for queue, length, bound in inside.sizes(node.kernel):
                    if length > bound:
                        self.watch.see(Size(world.now_s, nid, queue, length, bound))
        world.at(SAMPLE_S, self._sample)
