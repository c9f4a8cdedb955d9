"""Simulated machines: what really runs where, agents that may fail, hang or lie, and a power switch that may too.

Knows the truth, and takes the worst of it: a resource counts as active from the moment its start begins until its
stop has ended. One that becomes active on a second powered node is written down here, not by the cluster.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import msgspec

from heartbeat.kernel import effects as fx
from heartbeat.kernel import events as ev
from heartbeat.model.inspection import Inspection, Look
from heartbeat.model.names import Nid, NodeName
from heartbeat.model.operation import Action, Outcome, Result
from heartbeat.model.proof import Proof
from heartbeat.model.tokens import Tokens
from heartbeat.sim.observation import Acted, Activated, Fenced
from heartbeat.sim.witness import Witness

if TYPE_CHECKING:
    from heartbeat.sim.world import World

OPERATION_S = 0.004
"""A forked operation, measured on a small machine."""
EXECUTOR_AGAIN_S = 0.3
"""From an executor's death until its successor has ended the leftovers and is warm."""


class Behaviour(msgspec.Struct):
    """How one action goes."""

    outcome: Outcome = Outcome.DONE
    takes_s: float = OPERATION_S
    acts: bool = True
    """False: reports the outcome but does nothing (a lie, or a failure before the effect)."""
    detail: str = ""
    proof: Proof = Proof.READ_BACK
    residue: bool = False
    """Does not succeed, and yet has had its effect."""
    acts_late_s: float = 0.0
    """A device that takes the command, and carries it out so long after it was given."""


class Operation:
    """One operation in the executor's hands."""

    __slots__ = ("how", "is_over", "run")

    def __init__(self, run: fx.Run, how: Behaviour) -> None:
        self.run = run
        self.how = how
        self.is_over = False

    @property
    def has_effect(self) -> bool:
        good = self.how.outcome is Outcome.DONE and self.how.takes_s <= self.run.timeout_s
        return self.how.acts and (good or self.how.residue)


GOOD = Behaviour()
LATE = Result(Outcome.CANCELLED, "it comes too late")
_LOOSE = (Action.START, Action.ON)
"""What an executor does not begin for a daemon that is gone."""


class Machines:
    """All machines, their executors and their power switch."""

    def __init__(self, world: World) -> None:
        self._world = world
        nids = [Nid(n) for n in range(len(world.cluster.nodes))]
        self.active: dict[Nid, set[str]] = {nid: set() for nid in nids}
        self.powered: dict[Nid, bool] = dict.fromkeys(nids, False)
        self.behaviour: dict[tuple[str, str, Action], Behaviour] = {}
        """(node, resource or device, action) to how it goes; unlisted goes well."""
        self.has_device = bool(world.cluster.has_device)
        self.witness = Witness()
        self.boots_again = True
        """False: a machine that was switched on does not come up (its disk is gone, say)."""
        self.executor_up: dict[Nid, bool] = dict.fromkeys(nids, False)
        self.tokens = {nid: Tokens() for nid in nids}
        """Which orders each machine has seen since it booted."""
        self._asked: dict[Nid, list[fx.Run]] = {nid: [] for nid in nids}
        """Starts that the daemon of this life has asked for."""
        self._former: dict[Nid, list[fx.Run]] = {nid: [] for nid in nids}
        """Starts that daemons asked for which are gone, on a machine that is not."""
        self.violations: list[str] = []
        self.fenced: list[tuple[float, str, str]] = []
        """(time, by, target)"""
        self._on_hold: dict[tuple[Nid, int], fx.Run] = {}
        self._queues: dict[tuple[Nid, str], deque[Operation]] = {}
        """Operations of one subject happen one after the other; the first is under way."""

    def booted(self, nid: Nid) -> None:
        """The daemon is up: once what an earlier one began has ended, its executor is ready and devices answer."""
        self.powered[nid] = True
        if self.executor_up[nid] and any(q for (at, _), q in self._queues.items() if at == nid and q):
            node, kernel = self._world.nodes[nid], self._world.nodes[nid].kernel
            self._world.at(0.05, lambda: self.booted(nid) if node.kernel is kernel and kernel is not None else None)
            return
        self.executor_up[nid] = True
        self._executor_ready(nid)

    def _executor_ready(self, nid: Nid) -> None:
        self._world.step(nid, ev.ExecutorChanged(True, tokens=dict(self.tokens[nid].highest)))
        self.devices_answer(nid)

    def devices_answer(self, nid: Nid, problem: str = "") -> None:
        if self.has_device:
            hosts = tuple(str(name) for name in self._world.cluster.has_device)
            event = ev.DevicesKnown("switch", hosts, 1.0, problem, True)
            self._world.at(0.01, lambda: self._world.step(nid, event))

    def daemon_left(self, nid: Nid) -> None:
        """Nobody is left who could say go: what waits to start something never will."""
        self._on_hold = {key: run for key, run in self._on_hold.items() if key[0] != nid}
        self.tokens[nid].daemon_left()
        self._former[nid] += self._asked[nid]
        self._asked[nid] = []
        for (at, _), queue in self._queues.items():
            if at == nid:
                for operation in [each for each in list(queue)[1:] if each.run.action in _LOOSE]:
                    queue.remove(operation)

    def lost_power(self, nid: Nid) -> None:
        self.powered[nid] = self.executor_up[nid] = False
        self.active[nid].clear()
        self.daemon_left(nid)
        self._forget_operations(nid)
        self.tokens[nid], self._former[nid] = Tokens(), []
        self._world.reset_timers.stop(nid)

    def _forget_operations(self, nid: Nid) -> None:
        for (at, _), queue in self._queues.items():
            if at == nid:
                for operation in queue:
                    operation.is_over = True
                queue.clear()

    def executor_dies(self, nid: Nid, for_s: float = EXECUTOR_AGAIN_S) -> None:
        """What was under way is ended somewhere in the middle: a start has had its effect, a stop has not."""
        if not self.powered[nid] or not self.executor_up[nid]:
            return
        self.executor_up[nid] = False
        self.daemon_left(nid)
        self._forget_operations(nid)
        self._world.step(nid, ev.ExecutorChanged(False, "the executor died"))
        self._world.at(for_s, lambda: self._executor_comes(nid))

    def _executor_comes(self, nid: Nid) -> None:
        if self.powered[nid] and not self.executor_up[nid]:
            self.executor_up[nid] = True
            self._executor_ready(nid)

    def start_late(self, nid: Nid) -> None:
        """Every start of a daemon that is gone arrives once more."""
        if self.executor_up[nid]:
            for run in list(self._former[nid]):
                self._take(nid, run)

    def is_busy(self, nid: Nid) -> bool:
        """True while its executor is away or an operation is under way."""
        return not self.executor_up[nid] or any(queue for (at, _), queue in self._queues.items() if at == nid)

    # Operations.

    def carry_out(self, nid: Nid, effect: fx.Run | fx.Go | fx.Cancel) -> None:
        if isinstance(effect, fx.Cancel):
            self._on_hold.pop((nid, effect.id), None)
        elif not self.executor_up[nid]:
            run = effect if isinstance(effect, fx.Run) else None
            self._on_hold.pop((nid, effect.id), None)
            if run is None or not run.on_hold:
                lost = Result(Outcome.UNKNOWN, "the executor is not connected")
                self._world.at(0.0, lambda: self._world.finish(nid, effect.id, lost))
        elif isinstance(effect, fx.Go):
            if (nid, effect.id) in self._on_hold:
                run = self._on_hold.pop((nid, effect.id))
                self._ask(nid, msgspec.structs.replace(run, token=effect.token))
        elif effect.on_hold:
            self._on_hold[nid, effect.id] = effect
        else:
            self._ask(nid, effect)

    def _ask(self, nid: Nid, run: fx.Run) -> None:
        if run.action is Action.START:
            self._asked[nid].append(run)
        self._take(nid, run)

    def _take(self, nid: Nid, run: fx.Run) -> None:
        """The executor takes an order; a start that is late is answered, and no more."""
        if self._is_late(nid, run):
            self._world.at(0.0, lambda: self._world.finish(nid, run.id, LATE))
            return
        self.tokens[nid].see(run.group, run.token, run.action)
        name = self._world.cluster.nodes[nid]
        how = self.behaviour.get((name, run.subject, run.action), GOOD)
        queue = self._queues.setdefault((nid, run.subject), deque())
        queue.append(Operation(run, how))
        if len(queue) == 1:
            self._begin(nid, queue[0])

    def _is_late(self, nid: Nid, run: fx.Run) -> bool:
        return run.action is Action.START and self.tokens[nid].is_late(run.group, run.token)

    def _begin(self, nid: Nid, operation: Operation) -> None:
        run, how = operation.run, operation.how
        if self._is_late(nid, run):
            operation.how = Behaviour(Outcome.CANCELLED, 0.0, acts=False)
            self._world.at(0.0, lambda: self._end(nid, operation, 0.0))
            return
        if self._world.watch is not None:
            self._world.watch.see(Acted(self._world.now_s, nid, run))
        if run.action is Action.START and operation.has_effect:
            self._activate(nid, run.subject, run.group)
        elif run.action is Action.FENCE and how.acts_late_s:
            self._world.at(how.acts_late_s, lambda: self._world.crash(self._nid(run.host)))
        takes_s = min(how.takes_s, run.timeout_s)
        self._world.at(takes_s, lambda: self._end(nid, operation, takes_s))

    def _end(self, nid: Nid, operation: Operation, takes_s: float) -> None:
        if operation.is_over:
            return
        node = self._world.nodes[nid]
        if node.clock.suspended_s is not None:
            # The whole machine stands still; its operations go on when it does.
            self._world.at(0.05, lambda: self._end(nid, operation, takes_s))
            return
        operation.is_over = True
        run = operation.run
        result = self._act(nid, operation)
        queue = self._queues[nid, run.subject]
        if queue and queue[0] is operation:
            queue.popleft()
        self._world.finish(nid, run.id, msgspec.structs.replace(result, took_s=takes_s))
        if queue and not queue[0].is_over:
            self._begin(nid, queue[0])

    def _act(self, nid: Nid, operation: Operation) -> Result:
        run, how = operation.run, operation.how
        hangs = how.takes_s > run.timeout_s
        if run.action is Action.STOP and operation.has_effect:
            self.active[nid].discard(run.subject)
        elif run.action is Action.FENCE:
            return self._fence(nid, operation)
        elif run.tie is not None:
            return self.witness.ask(nid, run.tie, takes_note=how.acts, answers=not hangs)
        if hangs:
            return Result(Outcome.UNKNOWN, "timed out")
        if run.action is Action.START and self.tokens[nid].is_overtaken(run.group, run.token):
            return LATE
        if run.action in (Action.PROBE, Action.MONITOR):
            found = Outcome.RUNNING if run.subject in self.active[nid] else Outcome.STOPPED
            return Result(found if how.outcome is Outcome.DONE else how.outcome, how.detail)
        if run.action is Action.POWER and how.outcome is Outcome.DONE:
            return self._read_power(nid, self._nid(run.host))
        if run.action in (Action.LOOK, Action.CHECK) and how.outcome is Outcome.DONE:
            seen = self._look(run.host.split())
            thorough = run.action is Action.CHECK
            return Result(how.outcome, inspection=msgspec.structs.replace(seen, knows_refusals=thorough))
        if run.action is Action.ON:
            self._switch_on(self._nid(run.host))
        return Result(how.outcome, how.detail)

    def _activate(self, nid: Nid, resource: str, group: str) -> None:
        others = [n for n, active in self.active.items() if n != nid and resource in active and self.powered[n]]
        names = self._world.cluster.nodes
        self.violations += [
            f"{self._world.now_s - 1000:.3f}: {resource} starts on {names[nid]} while active on {names[other]}"
            for other in others
        ]
        self.active[nid].add(resource)
        if self._world.watch is not None:
            answering = [n for n in others if names[n] in self._world.answering(resource)]
            unguarded = [n for n in answering if self._is_unguarded(n, nid)]
            deaf = [n for n in answering if self._world.is_stepping(n) and self._hears_alone(n, nid)]
            self._world.watch.see(
                Activated(self._world.now_s, nid, group, resource, tuple(others), tuple(unguarded), tuple(deaf))
            )

    def _is_unguarded(self, nid: Nid, other: Nid) -> bool:
        """Does a node answer with a daemon that is dead or stands still, for longer than its last beats allow?"""
        watch = self._world.watch
        return watch is not None and not self._world.is_stepping(nid) and not watch.is_held_unheard(other, nid)

    def _hears_alone(self, nid: Nid, other: Nid) -> bool:
        """In two nodes: does one hear the other well, and nobody else, who might hear it?"""
        watch, timers = self._world.watch, self._world.cluster.timers
        if watch is None or len(self._world.nodes) != 2:
            return False
        return watch.heard_for_s(nid, other, timers.warntime_s) > timers.deadtime_s

    def _fence(self, nid: Nid, operation: Operation) -> Result:
        run, how = operation.run, operation.how
        target = self._nid(run.host)
        hangs = how.takes_s > run.timeout_s
        if operation.has_effect:
            self._world.crash(target)
        if hangs:
            return Result(Outcome.UNKNOWN, "timed out")
        if how.outcome is not Outcome.DONE:
            return Result(how.outcome, how.detail)
        self.fenced.append((self._world.now_s, self._world.cluster.nodes[nid], run.host))
        self._reports_off(nid, target, how.proof, is_true=how.acts)
        return Result(Outcome.DONE, how.detail or f"the switch reads {run.host} off", how.proof)

    def _read_power(self, nid: Nid, target: Nid) -> Result:
        if self.powered[target]:
            return Result(Outcome.RUNNING, "on")
        self._reports_off(nid, target, Proof.READ_BACK, is_true=True)
        return Result(Outcome.STOPPED, "off", Proof.READ_BACK)

    def _look(self, hosts: list[str]) -> Inspection:
        """What the switch shows of everybody: the truth."""
        looks = (Look(host, "on" if self.powered[self._nid(host)] else "off", 0.1) for host in hosts)
        return Inspection(tuple(looks), worst_off_s=1.0)

    def _reports_off(self, nid: Nid, target: Nid, proof: Proof, *, is_true: bool) -> None:
        if self._world.watch is not None:
            incarnation = self._world.nodes[target].highest
            self._world.watch.see(Fenced(self._world.now_s, nid, target, incarnation, proof, is_true))

    def _switch_on(self, target: Nid) -> None:
        if self.boots_again and not self.powered[target]:
            self._world.at(0.5, lambda: None if self.powered[target] else self._world.start(target))

    def _nid(self, host: str) -> Nid:
        return self._world.cluster.nid(NodeName(host))
