"""One run: boot, chaos, mend some and demand progress, mend all, audit, a clean crash, a rejoin, a quiet stretch."""

import traceback
from collections import Counter
from collections.abc import Callable

import msgspec

from heartbeat.model.group import Group
from heartbeat.model.names import Nid
from heartbeat.model.view import Member
from heartbeat.sim import inside, watchdog
from heartbeat.sim.check.activity import Contested
from heartbeat.sim.check.liveness import divided, idle_groups
from heartbeat.sim.network import Noise
from heartbeat.sim.observation import Look, Unheard
from heartbeat.sim.schedule import Schedule
from heartbeat.sim.stage import Stage

POLL_S = 0.05
HELP_S = 1.0
"""People look once a second where something is stuck, once they have waited for two deadtimes."""
HEARD_S = 5.0
"""For what programs said, once all nodes are one view; ten times what the longest wait for an answer takes."""
PATIENCE_S = 240.0
"""Longest time that fences, restarts and hung operations may put off the demand for progress."""


class Outcome(msgspec.Struct):
    """What a run brought."""

    violations: list[str]
    digest: str
    virtual_s: float
    steps: int
    injected: Counter[str]
    transitions: Counter[str]
    meetings: Counter[str]
    contested: int
    last: list[str]


class Run:
    """Carries a schedule out. ``until_s`` ends it early, for a look at what led to something."""

    def __init__(self, schedule: Schedule, *, keeps_log: bool = False, until_s: float = float("inf")) -> None:
        self.schedule = schedule
        self.stage = Stage(schedule, keeps_log=keeps_log)
        self.world = self.stage.world
        self._until_s = until_s
        self._disturbed_s = 0.0
        self._lives: dict[Nid, int] = {}

    def go(self, patience_s: float = watchdog.PATIENCE_S) -> Outcome:
        """Run to the end; ``patience_s`` of processor time at most."""
        broken = []
        try:
            with watchdog.within(patience_s):
                self._phases()
        except _Ended:
            pass
        except watchdog.Storm as storm:
            broken = [f"storm: {self.world.since_s:.3f} s: {storm}"]
        except watchdog.Stalled as stalled:
            broken = [f"stalled: {self.world.since_s:.3f} s: {stalled}"]
        except Exception:  # noqa: BLE001 - whatever a kernel raises is a finding, told with its place
            broken = ["raised: " + traceback.format_exc().strip().replace("\n", " | ")]
        watch, network = self.stage.watch, self.world.network
        contested = next(c.contested for c in watch.checkers if isinstance(c, Contested))
        return Outcome(
            broken + watch.violations,
            watch.digest(),
            self.world.since_s,
            watch.steps,
            self.stage.injected + Counter({f"frame {what}": n for what, n in network.faults.items()}),
            watch.transitions,
            watch.meetings,
            contested,
            list(watch.last),
        )

    def _pass(self, seconds: float) -> None:
        left_s = self._until_s - self.world.since_s
        self.world.run(min(seconds, max(left_s, 0.0)))
        if seconds > left_s:
            raise _Ended

    # Phases.

    def _phases(self) -> None:
        schedule, nids = self.schedule, self.stage.nids
        self.stage.begin()
        self._pass(schedule.chaos_s)
        if schedule.subset:
            self._mend_subset(tuple(Nid(n) for n in schedule.subset))
        self.stage.mend_all()
        self._switch_on(nids)
        self._converge("all", nids)
        if self.stage.watch.violations:
            return
        self._hear_out()
        if schedule.crash >= 0:
            self._crash(Nid(schedule.crash))
        if schedule.idle_s and not self.stage.watch.violations:
            self._idle()

    def _mend_subset(self, subset: tuple[Nid, ...]) -> None:
        """End all faults of some nodes, and cut the others off from them for good."""
        self.stage.mend_all()
        outside = [nid for nid in self.stage.nids if nid not in subset]
        mend = self.stage.cut({(a, b) for n in outside for m in subset for a, b in ((n, m), (m, n))}, -1)
        self._switch_on(subset)
        self._converge("subset", subset)
        mend()

    def _hear_out(self) -> None:
        """All nodes are one view: what programs said comes now."""
        programs = self.world.programs
        if programs is None or divided(self._look("all", self.stage.nids)):
            return
        self._until(lambda: not programs.waiting(), HEARD_S)
        if divided(self._look("all", self.stage.nids)):
            return
        for nid, (undelivered, untaken) in programs.waiting().items():
            self.stage.watch.see(Unheard(self.world.now_s, nid, undelivered, untaken))

    def _switch_on(self, nids: tuple[Nid, ...]) -> None:
        for nid in nids:
            if nid in self.stage.untidy:
                self.stage.untidy.discard(nid)
                self.world.crash(nid)
            self.stage.start(nid)

    def _crash(self, nid: Nid) -> None:
        """With nothing else wrong, one node loses its power; it comes back when all has been taken over."""
        timers, world = self.world.cluster.timers, self.world
        self._slow_one_link()
        self._pass(2 * timers.keepalive_s)
        others = tuple(n for n in self.stage.nids if n != nid)
        director = world.nodes[others[0]].kernel
        # Where an operation of another one's still hangs, what it is about cannot start before that has ended.
        is_calm = not any(world.machines.is_busy(other) for other in others)
        held = [
            str(group.name)
            for index, group in enumerate(world.cluster.groups)
            if is_calm and nid in self._look("", others).holders[group.name] and inside.takers(director, index) - {nid}
        ]
        fenced = len(world.machines.fenced)
        measured = self._watch_exclusion(nid, others)
        world.network.quiet()
        taken_s = self._watch_takeover(held, fenced)
        measured |= {} if taken_s is None else {"L7": taken_s}
        # Clocks may run 1 % slow, and the poll has its grain.
        bounds = {"L2": 1.01 * timers.deadtime_s + timers.keepalive_s + 0.15 + POLL_S / 10, "L7": 0.1 + POLL_S / 10}
        self._converge("crash", others, measured, bounds, or_all=True)
        if self.stage.watch.violations:
            return
        # Who is started while it is being shot is shot: people wait for the end of that.
        self._until(lambda: not self._is_disturbed(others), PATIENCE_S)
        start_s, shots = world.now_s, len(world.machines.fenced)
        if not world.machines.powered[nid]:
            self.stage.start(nid)
            self._until(lambda: not divided(self._look("", self.stage.nids)), timers.deadtime_s + 3)
            joined_s = world.now_s - start_s
            bounds = {"L3": 1.0 + 2 * timers.keepalive_s}
            is_measured = len(world.machines.fenced) == shots
            self._converge("rejoin", self.stage.nids, {"L3": joined_s} if is_measured else {}, bounds)
        else:
            self._converge("rejoin", self.stage.nids)

    def _slow_one_link(self) -> None:
        """In half of the clusters with several: what comes over the last link only then is no sign of life."""
        last = len(self.world.links) - 1
        if last == 0 or self.schedule.salt % 2:
            return
        for lanes in self.world.network.lanes.values():
            for lane in lanes:
                if lane.link == last:
                    lane.noise = Noise(slow=0.5, slow_s=2 * self.world.cluster.timers.deadtime_s)

    def _watch_exclusion(self, nid: Nid, others: tuple[Nid, ...]) -> dict[str, float]:
        """Let a node crash; return L2, the seconds until no survivor's view has that life of it any more.

        Who was still on its way out when everything was switched on is away by now, and no survivor; when one goes or
        comes meanwhile, its own view change is in the way and nothing is measured.
        """
        world = self.world
        lives = {n: world.nodes[n].lives for n in others if world.nodes[n].kernel is not None}
        kernel, start_s = world.nodes[nid].kernel, world.now_s
        gone = inside.member(kernel) if kernel is not None else None
        world.crash(nid)
        self._until(lambda: all(self._excludes(n, gone) for n in lives), 3 * world.cluster.timers.deadtime_s + 3)
        now = {n: world.nodes[n].lives for n in lives if world.nodes[n].kernel is not None}
        return {"L2": world.now_s - start_s} if now == lives else {}

    def _watch_takeover(self, held: list[str], fenced: int) -> float | None:
        """Return seconds from the proof that the crashed node is off until the last of its groups begins to start."""
        machines = self.world.machines
        if not machines.has_device or not held:
            return None
        self._until(lambda: len(machines.fenced) > fenced, 5.0)
        if len(machines.fenced) == fenced:
            return None
        start_s = self.world.now_s
        self._until(lambda: all(self._holders(group, self.stage.nids) for group in held), 1.0)
        return self.world.now_s - start_s

    def _until(self, is_true: Callable[[], bool], seconds: float) -> None:
        """Let time pass until something holds, at most so long; by a tenth of the usual grain."""
        end_s = self.world.now_s + seconds
        while not is_true() and self.world.now_s < end_s:
            self._pass(POLL_S / 10)

    def _excludes(self, nid: Nid, gone: Member | None) -> bool:
        kernel = self.world.nodes[nid].kernel
        return kernel is None or gone not in inside.view(kernel).members

    def _idle(self) -> None:
        """Jitter, and as much loss as two links bear; over a single one some beats in a row are lost for certain."""
        self._until(lambda: not self._recounts(), 3 * self.world.cluster.electorate.window_s)
        dead_s = self.world.cluster.timers.deadtime_s
        loss = 0.01 if len(self.world.links) > 1 else 0.0
        for lanes in self.world.network.lanes.values():
            for lane in lanes:
                lane.noise = Noise(loss=loss, slow=0.2, slow_s=dead_s / 4)
        self.stage.watch.see(self._look("idle", self.stage.nids))
        self._pass(self.schedule.idle_s)
        self.world.network.quiet()

    def _recounts(self) -> bool:
        """Is who votes still to follow who has come? That takes a view."""
        kernels = [self.world.nodes[nid].kernel for nid in self.stage.nids]
        rolls = [inside.roll(kernel) for kernel in kernels if kernel is not None]
        return any(roll.voters != self.stage.nids or roll.tried.epoch for roll in rolls)

    # Progress.

    def _converge(
        self,
        phase: str,
        asked: tuple[Nid, ...],
        since: dict[str, float] | None = None,
        bounds: dict[str, float] | None = None,
        *,
        or_all: bool = False,
    ) -> None:
        """Let time pass until the asked nodes are one view and every group runs, or until they should have been.

        ``or_all``: all nodes in one view will do as well, for a crashed node may be back before we look.
        """
        timers = self.world.cluster.timers
        bound_s = 2 * timers.deadtime_s + 4 * timers.keepalive_s + 1.5
        start_s = self._disturbed_s = self.world.now_s
        help_s = start_s + 2 * timers.deadtime_s + HELP_S
        while True:
            look = self._look(phase, asked)
            if or_all and divided(look):
                wider = self._look(phase, self.stage.nids)
                look = look if divided(wider) else wider
            if not divided(look) and (self._is_without_quorum(look) or not idle_groups(look)):
                break
            if self._is_disturbed(asked):
                self._disturbed_s = self.world.now_s
            if self.world.now_s > min(self._disturbed_s + bound_s, start_s + PATIENCE_S):
                break
            if self.world.now_s >= help_s:
                help_s += HELP_S + timers.deadtime_s
                self.stage.operator.help(asked, pulls_plugs=phase == "subset")
            self._pass(POLL_S)
        waited_s = self.world.now_s - start_s
        self.stage.watch.see(msgspec.structs.replace(look, waited_s=waited_s, since=since or {}, bounds=bounds or {}))

    def _is_without_quorum(self, look: Look) -> bool:
        return not all((stand := look.standings.get(nid)) and stand.may_act for nid in look.asked)

    def _is_disturbed(self, asked: tuple[Nid, ...]) -> bool:
        """Is something under way, or has just happened, that rightly puts off what is demanded?"""
        world = self.world
        lives = {nid: world.nodes[nid].lives for nid in asked}
        changed, self._lives = lives != self._lives, lives
        if changed:
            return True
        for nid in asked:
            node = world.nodes[nid]
            if node.kernel is None or inside.fences(node.kernel) or world.machines.is_busy(nid):
                return True
        return False

    def _look(self, phase: str, asked: tuple[Nid, ...]) -> Look:
        world = self.world
        kernels = {nid: node.kernel for nid, node in world.nodes.items()}
        return Look(
            world.now_s,
            phase,
            asked,
            {nid: None if kernel is None else inside.view(kernel) for nid, kernel in kernels.items()},
            {nid: inside.standing(kernel) for nid, kernel in kernels.items() if kernel is not None},
            {group.name: self._holders(group.name, asked) for group in world.cluster.groups},
            {group.name: self._whole(group) for group in world.cluster.groups},
            tuple(str(group.name) for group in world.cluster.groups),
        )

    def _whole(self, group: Group) -> tuple[Nid, ...]:
        names = {resource.name for resource in group.resources}
        return tuple(nid for nid in self.stage.nids if names <= self.world.machines.active[nid])

    def _holders(self, group: str, asked: tuple[Nid, ...]) -> tuple[Nid, ...]:
        """Return where any of it is active, but for machines out of reach where an agent lied about a stop."""
        world = self.world
        names = next({r.name for r in each.resources} for each in world.cluster.groups if each.name == group)
        nids = (n for n in self.stage.nids if n in asked or n not in self.stage.untidy)
        return tuple(n for n in nids if world.machines.powered[n] and names & world.machines.active[n])


class _Ended(Exception):
    """``until_s`` has come."""
