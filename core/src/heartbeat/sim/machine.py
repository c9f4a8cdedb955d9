"""Simulated machines: what really runs where, agents that may fail or hang, and a power switch.

Knows the truth: a resource that becomes active on a second powered node is a violation, recorded by the world and
not by the cluster.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from heartbeat.kernel import effects as fx
from heartbeat.kernel import events as ev
from heartbeat.model.names import Nid
from heartbeat.model.operation import Action, Outcome, Result
from heartbeat.model.proof import Proof

if TYPE_CHECKING:
    from heartbeat.sim.world import World

OPERATION_S = 0.004
"""A forked operation, measured on a small machine."""


class Behaviour(msgspec.Struct):
    """How one action goes."""

    outcome: Outcome = Outcome.DONE
    takes_s: float = OPERATION_S
    acts: bool = True
    """False: reports the outcome but does nothing (a lie, or a failure before the effect)."""
    detail: str = ""
    proof: Proof = Proof.READ_BACK


class Machines:
    """All machines and their power switch."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.active: dict[Nid, set[str]] = {Nid(n): set() for n in range(len(world.cluster.nodes))}
        self.powered: dict[Nid, bool] = {Nid(n): False for n in range(len(world.cluster.nodes))}
        self.behaviour: dict[tuple[str, str, Action], Behaviour] = {}
        """(node, resource or device, action) to how it goes; unlisted goes well."""
        self.has_device = bool(world.cluster.has_device)
        self.boots_again = True
        """False: a machine that was switched on does not come up (its disk is gone, say)."""
        self.violations: list[str] = []
        self.fenced: list[tuple[float, str, str]] = []
        """(time, by, target)"""
        self._on_hold: dict[tuple[Nid, int], fx.Run] = {}

    def booted(self, nid: Nid) -> None:
        """The daemon is up: its executor comes, then its devices answer."""
        self.powered[nid] = True
        self._world.step(nid, ev.ExecutorChanged(True))
        if self.has_device:
            hosts = tuple(str(name) for name in self._world.cluster.has_device)
            self._world.at(0.01, lambda: self._world.step(nid, ev.DevicesKnown("switch", hosts, 1.0, "", True)))

    def lost_power(self, nid: Nid) -> None:
        self.powered[nid] = False
        self.active[nid].clear()
        self._on_hold = {key: run for key, run in self._on_hold.items() if key[0] != nid}

    # Operations.

    def carry_out(self, nid: Nid, effect: fx.Run | fx.Go | fx.Cancel) -> None:
        if isinstance(effect, fx.Go):
            self._begin(nid, self._on_hold.pop((nid, effect.id)))
        elif isinstance(effect, fx.Cancel):
            self._on_hold.pop((nid, effect.id), None)
        elif effect.on_hold:
            self._on_hold[nid, effect.id] = effect
        else:
            self._begin(nid, effect)

    def _begin(self, nid: Nid, run: fx.Run) -> None:
        name = self._world.cluster.nodes[nid]
        how = self.behaviour.get((name, run.subject, run.action), Behaviour())
        boots = self._world.nodes[nid].boots
        hangs = how.takes_s > run.timeout_s
        takes_s = min(how.takes_s, run.timeout_s)

        def end() -> None:
            if not self.powered[nid] or self._world.nodes[nid].boots != boots:
                return
            result = Result(Outcome.UNKNOWN, "timed out") if hangs else self._act(nid, run, how)
            self._world.finish(nid, run.id, msgspec.structs.replace(result, took_s=takes_s))

        self._world.at(takes_s, end)

    def _act(self, nid: Nid, run: fx.Run, how: Behaviour) -> Result:
        match run.action:
            case Action.PROBE | Action.MONITOR:
                found = Outcome.RUNNING if run.subject in self.active[nid] else Outcome.STOPPED
                return Result(found if how.outcome is Outcome.DONE else how.outcome, how.detail)
            case Action.START:
                if how.acts and how.outcome is Outcome.DONE:
                    self._activate(nid, run.subject)
            case Action.STOP:
                if how.acts and how.outcome is Outcome.DONE:
                    self.active[nid].discard(run.subject)
            case Action.FENCE:
                return self._fence(nid, run.host, how)
            case Action.ON:
                self._switch_on(run.host)
            case _:
                pass
        return Result(how.outcome, how.detail)

    def _activate(self, nid: Nid, resource: str) -> None:
        for other, active in self.active.items():
            if other != nid and resource in active and self.powered[other]:
                names = self._world.cluster.nodes
                self.violations.append(
                    f"{self._world.now_s - 1000:.3f}: {resource} starts on {names[nid]} while active on {names[other]}"
                )
        self.active[nid].add(resource)

    def _fence(self, nid: Nid, host: str, how: Behaviour) -> Result:
        target = Nid(list(self._world.cluster.nodes).index(host))  # type: ignore[arg-type]
        if how.outcome is not Outcome.DONE:
            return Result(how.outcome, how.detail)
        self.fenced.append((self._world.now_s, self._world.cluster.nodes[nid], host))
        if how.acts:
            self._world.crash(target)
        return Result(Outcome.DONE, f"the switch reads {host} off", how.proof)

    def _switch_on(self, host: str) -> None:
        target = Nid(list(self._world.cluster.nodes).index(host))  # type: ignore[arg-type]
        if self.boots_again and not self.powered[target]:
            self._world.at(0.5, lambda: None if self.powered[target] else self._world.boot(target))
