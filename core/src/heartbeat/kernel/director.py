"""The director: the view's coordinator compares wishes with the ledger and orders one step at a time.

Nothing exclusive is made before it is broken: a start is ordered only when every other node is known not to hold
the group, in its own words when it is in the view and by proof when it is not.
"""

from heartbeat.kernel.ability import Ability
from heartbeat.kernel.channel import Channel
from heartbeat.kernel.contest import LIMIT, WINDOW_S, Contest
from heartbeat.kernel.desk import Desk
from heartbeat.kernel.detector import Detector
from heartbeat.kernel.exclusion import Exclusion
from heartbeat.kernel.groups import LocalGroup
from heartbeat.kernel.ledger import Ledger
from heartbeat.kernel.membership import Membership
from heartbeat.kernel.planner import Candidate, Wish, place
from heartbeat.kernel.rest import Rest
from heartbeat.model.cluster import Failback
from heartbeat.model.names import Nid
from heartbeat.model.view import Standing
from heartbeat.wire.messages import Local, Order

ORDER_AGAIN_S = 1.0
"""An order whose effect the ledger does not show after this long is given again."""
FAILBACK_DEADTIMES = 10
"""auto_failback waits for so many deadtimes of membership, so that a node that flaps does not drag groups along."""
FALL_WINDOW_S = 3600.0
"""The wait doubles for each time that the node fell out of a view within this time."""
FALLS_MAX = 8


class Director:
    """Runs on every node; orders only where this node coordinates."""

    def __init__(
        self,
        desk: Desk,
        channel: Channel,
        detector: Detector,
        membership: Membership,
        ledger: Ledger,
        groups: tuple[LocalGroup, ...],
        contest: Contest,
        ability: Ability,
        exclusion: Exclusion,
        rest: Rest,
    ) -> None:
        self._desk, self._channel, self._detector = desk, channel, detector
        self._membership, self._ledger, self._groups, self._contest = membership, ledger, groups, contest
        self._ability, self._exclusion, self._rest = ability, exclusion, rest
        self.standing = Standing.NO_QUORUM
        self.executor_ready = False
        self.leaving: set[Nid] = set()
        self.drained: set[Nid] = set()
        """Who is about to be switched off in a rehearsal: its groups move away, and it is given none."""
        self.token = 0
        self.cause = 0
        """The decision that last changed what may be done: a view, a proof."""
        self.sent_to: dict[int, Nid] = {}
        self.waiting: dict[int, str] = {}
        """Groups that could run but for this; shown by status and why."""
        self.waiting_s: dict[int, float] = {}
        """Since when they wait, for whatever reason."""
        self._outstanding: dict[int, tuple[Order, float]] = {}
        """By group: the last order, and when it may be given again."""
        self._starts: dict[int, Order] = {}
        """By group: a start whose receiver has not shown yet that it took it; it may still be on its way there."""
        self._prepared: dict[int, Nid] = {}
        self._failback_s: dict[Nid, float] = {}
        self._members: tuple[Nid, ...] = ()
        self._falls: dict[Nid, list[float]] = {}
        self._told: dict[int, str] = {}
        self._mismatch: tuple[Nid, ...] = ()
        self._looked_s = -1.0
        self._digest = desk.cluster.digest

    # Facts from elsewhere.

    def view_installed(self, newcomers: tuple[Nid, ...]) -> None:
        """Orders and preparations of the old view are void."""
        self._outstanding.clear()
        self._starts.clear()
        self._prepared.clear()
        nids = self._membership.view.nids
        for nid in self._members:
            if nid not in nids:
                self._failback_s.pop(nid, None)
                if nid not in self.leaving:
                    self._falls.setdefault(nid, []).append(self._desk.now_s)
        self._members = nids
        self.leaving &= set(nids)
        for group in self._groups:
            group.drop_preparation()
        for nid in newcomers:
            self._failback_s[nid] = self._desk.now_s + self._failback_wait_s(nid)
        self._ledger.dirty = True

    def _failback_wait_s(self, nid: Nid) -> float:
        """Return how long a node must be a member before its groups come home."""
        if self._desk.cluster.failback is Failback.LEGACY:
            return 0.0
        falls = [at for at in self._falls.get(nid, []) if at > self._desk.now_s - FALL_WINDOW_S][-FALLS_MAX:]
        self._falls[nid] = falls
        return float(FAILBACK_DEADTIMES * self._detector.deadtime_s * 2 ** max(len(falls) - 1, 0))

    @property
    def directs(self) -> bool:
        return self._membership.coordinator == self._desk.me and not self._membership.is_flushing

    # Obstacles.

    def obstacle(self, index: int) -> tuple[str, bool]:
        """Return what forbids starting a group in this view (empty: nothing), and if all absent are proved away."""
        desk, shares = self._desk, self._desk.cluster.groups[index].shares_data
        proved = True
        for nid in self._absent():
            peer, name = self._detector.peers[nid], desk.name(nid)
            hearer = next((n for n in self._membership.view.nids if n != desk.me and self._hears(n, nid)), None)
            if self._ledger.proof(nid, peer.incarnation) >= self._ledger.needed(shares_data=shares):
                continue
            if self._exclusion.has_let_go(nid, index):
                continue
            told = ": it was told to stop it, and has not said that it did" if self._exclusion.is_told(nid) else ""
            if peer.alive or self._ledger.is_haunted(nid, peer.incarnation):
                return f"{name} is heard but not in the view{told}", False
            if hearer is not None and (told or not shares):
                return f"{name} is heard by {desk.name(hearer)} but not in the view{told}", False
            never = peer.incarnation == 0
            if never and desk.now_s < desk.born_s + desk.cluster.timers.initdead_s:
                return f"{name} has not been heard yet and may only be late", False
            if shares:
                return f"{name} may still hold it: it is not proved off", False
            if not never and name in desk.cluster.has_device:
                return f"{name} may still hold it: it is being fenced", False
            proved = False
        if not proved and self._contest.is_worn(index):
            return f"it was contested {LIMIT} times within {WINDOW_S / 60:g} minutes: taken only with proof", False
        return "", proved

    def _hears(self, member: Nid, nid: Nid) -> bool:
        return self._detector.is_heard_by(member, nid, within_s=self._detector.dead_after_s(self._detector.peers[nid]))

    def _absent(self) -> list[Nid]:
        return [nid for nid in self._desk.others if not self._membership.view.has(nid)]

    def differing(self) -> tuple[Nid, ...]:
        """Return the members whose configuration differs from mine: planning waits for them to be mended."""
        beats = {nid: self._detector.peers[nid].beat for nid in self._membership.view.nids if nid != self._desk.me}
        mine = self._digest
        return tuple(nid for nid, beat in sorted(beats.items()) if beat and beat.digest != mine)

    # Directing.

    def deadline_s(self) -> float:
        if not self.directs:
            return float("inf")
        initdead_s = self._desk.born_s + self._desk.cluster.timers.initdead_s
        times = [at for at in (*self._failback_s.values(), initdead_s) if at > self._desk.now_s]
        times += [again_s for _, again_s in self._outstanding.values()]
        return min(times, default=float("inf"))

    def wake(self) -> None:
        """Order the next step for each group, if this node directs."""
        due = [nid for nid, at in self._failback_s.items() if at <= self._desk.now_s]
        for index, (order, again_s) in list(self._outstanding.items()):
            holding = self._ledger.holding(order.node, index)
            if again_s <= self._desk.now_s or (holding and holding.token >= order.token):
                del self._outstanding[index]
                self._ledger.dirty = True
        initdead_s = self._desk.born_s + self._desk.cluster.timers.initdead_s
        if not (self._ledger.dirty or due or self._desk.now_s >= initdead_s > self._looked_s):
            return
        self._looked_s = self._desk.now_s
        self._ledger.dirty = False
        self.waiting = {}
        if self.standing is Standing.NO_QUORUM or self._rest.is_told:
            self._stop_all()
            return
        if not self.standing.may_act or not self.directs or self._configurations_differ():
            return
        load = {nid: self.load(nid) for nid in self._membership.view.nids}
        for index in range(len(self._groups)):
            self._direct(index, load, due)
        self.waiting_s = {index: self.waiting_s[index] for index in self.waiting}
        for nid in due:
            del self._failback_s[nid]

    def _configurations_differ(self) -> bool:
        differing = self.differing()
        if differing != self._mismatch:
            self._mismatch = differing
            names = ", ".join(self._desk.name(nid) for nid in differing)
            if differing:
                self._desk.decide(
                    "config.differs",
                    "cluster",
                    f"planning waits: {names} reads other files than this node",
                    "the digests of node list, timers and haresources differ",
                    alarm=True,
                )
            else:
                self._desk.decide(
                    "config.alike", "cluster", "all members read the same files: planning goes on", "the digests agree"
                )
        return bool(differing)

    def _stop_all(self) -> None:
        if not self._membership.view.members or not self.executor_ready:
            return  # without an executor a stop would only end in doubt; it is given when the executor is back
        why = "the others have a view without this node" if self._rest.is_told else "this view has no quorum"
        for group in self._groups:
            group.give_up_start(why)
            if group.state is Local.RUNNING and not group.is_busy:
                group.stop(0, why)

    def _direct(self, index: int, load: dict[Nid, int], due: list[Nid]) -> None:
        states = {nid: self._ledger.state(nid, index) for nid in self._membership.view.nids}
        active = [nid for nid, state in states.items() if state is not Local.STOPPED]
        wish = self._wish(index, states, load, due)
        if any(states[nid] is Local.BLOCKED for nid in active):
            blocker = next(nid for nid in active if states[nid] is Local.BLOCKED)
            self._wait(index, f"it could not be stopped on {self._desk.name(blocker)}")
            return
        if len(active) > 1:
            self._stop_losers(index, active, states, wish)
            return
        if active and not self._is_acting(active[0]):
            self._wait(index, f"the executor of {self._desk.name(active[0])} is away; it stays where it is")
            return
        if active:
            self._move(index, active[0], states[active[0]], wish)
            return
        if wish.target is None:
            self._wait(index, wish.why)
            return
        obstacle, proved = self.obstacle(index)
        if obstacle:
            self._wait(index, obstacle)
            self._order(index, wish.target, "prepare", wish.why)
            return
        if self._is_called_back(index, wish.target):
            load[wish.target] += 1
            self._order(index, wish.target, "start", wish.why, proved=proved)

    def _is_called_back(self, index: int, target: Nid) -> bool:
        """Make sure that no start given to another node can still act: its receiver must show a newer order."""
        given = self._starts.get(index)
        if given is None or given.node == target:
            return True
        holding = self._ledger.holding(given.node, index)
        if holding and holding.token >= given.token:
            return True
        # Orders to one node are taken in turn, so once the stop is shown the start is over.
        self._order(index, given.node, "stop", f"{self._desk.name(target)} shall have it now")
        return False

    def _wish(self, index: int, states: dict[Nid, Local], load: dict[Nid, int], due: list[Nid]) -> Wish:
        group = self._desk.cluster.groups[index]
        home = self._desk.cluster.nid(group.home)
        candidates = tuple(self._candidate(index, nid, states[nid], load[nid]) for nid in sorted(states))
        legacy = self._desk.cluster.failback is Failback.LEGACY
        fail_back = self._desk.cluster.failback is not Failback.OFF and (home in due or legacy)
        return place(home, candidates, sent_to=self.sent_to.get(index), fail_back=fail_back)

    def _is_acting(self, nid: Nid) -> bool:
        """Has this member an executor? Without one it can stop nothing, so asking it to would only block the group."""
        beat = self._detector.peers[nid].beat if nid != self._desk.me else None
        return self.executor_ready if nid == self._desk.me else bool(beat and beat.executor_ok)

    def _may_take(self, nid: Nid) -> bool:
        is_going = nid in self.leaving or nid in self.drained
        return self._is_acting(nid) and not is_going and not self._ability.is_unable(nid)

    def unable(self) -> tuple[Nid, ...]:
        """Return the members that beat and cannot act reliably."""
        return tuple(nid for nid in self._membership.view.nids if self._ability.is_unable(nid))

    def can_take(self, index: int, nid: Nid) -> bool:
        """Could this member be given the group, as things stand?"""
        candidate = self._candidate(index, nid, self._ledger.state(nid, index), 0)
        return candidate.can_take and not candidate.failures

    def is_able(self, index: int, nid: Nid) -> bool:
        """Could this member be given the group, if its earlier failures were forgiven?"""
        return self._candidate(index, nid, self._ledger.state(nid, index), 0).can_take

    def load(self, nid: Nid) -> int:
        """Return how many groups a member holds."""
        states = (self._ledger.state(nid, index) for index in range(len(self._groups)))
        return sum(state not in (Local.STOPPED, Local.UNKNOWN) for state in states)

    def _candidate(self, index: int, nid: Nid, state: Local, load: int) -> Candidate:
        holding = self._ledger.holding(nid, index)
        return Candidate(
            nid,
            can_take=self._may_take(nid) and state is not Local.UNKNOWN,
            failures=holding.failures if holding else 0,
            runs_it=state in (Local.RUNNING, Local.STARTING),
            unproved=bool(holding and not holding.proved),
            load=load,
            muted=bool(holding and holding.muted),
        )

    def _stop_losers(self, index: int, active: list[Nid], states: dict[Nid, Local], wish: Wish) -> None:
        """The group is on several nodes, or unknown on some: only what certainly runs in excess is stopped."""
        running = [nid for nid in active if states[nid] is Local.RUNNING]
        unknown = [nid for nid in active if states[nid] is Local.UNKNOWN]
        if len(running) < 2:
            if not running and unknown:
                self._wait(index, f"{self._desk.name(unknown[0])} has not looked yet whether it runs there")
            return
        keeper = None if self._groups[index].group.shares_data else wish.target
        if keeper not in running:
            # Shared data may already be damaged: stop all of them, look, then start one.
            keeper = None
        for nid in running:
            if nid != keeper:
                others = ", ".join(self._desk.name(n) for n in running if n != nid)
                self._order(index, nid, "stop", f"it also runs on {others}")

    def _move(self, index: int, source: Nid, state: Local, wish: Wish) -> None:
        if state is Local.UNKNOWN:
            self._wait(index, f"{self._desk.name(source)} has not looked yet whether it runs there")
        if wish.target is None or wish.target == source or state is not Local.RUNNING:
            if state is Local.RUNNING and wish.target == source:
                self.sent_to.pop(index, None)
            if state is Local.STOPPING and wish.target not in (None, source):
                self._order(index, wish.target, "prepare", wish.why)
            return
        self._order(index, wish.target, "prepare", wish.why)
        # A leaving node stops by itself; its beat will say so.
        if source not in self.leaving:
            self._order(index, source, "stop", f"it moves to {self._desk.name(wish.target)}: {wish.why}")

    def _wait(self, index: int, why: str) -> None:
        self.waiting[index] = why
        self.waiting_s.setdefault(index, self._desk.now_s)
        if self._told.get(index) != why:
            self._told[index] = why
            group = self._groups[index]
            group.decision = self._desk.decide(
                "group.waits",
                group.subject,
                f"{group.group.name} waits: {why}",
                why,
                *([self.cause] if self.cause else []),
            )

    def _order(self, index: int, node: Nid | None, action: str, why: str, *, proved: bool = True) -> None:
        assert node is not None
        if action == "prepare":
            if self._prepared.get(index) == node:
                return
            self._prepared[index] = node
        else:
            if index in self._outstanding:
                last, _ = self._outstanding[index]
                if (last.node, last.action) == (node, action):
                    return
            self._told.pop(index, None)
            if action == "start":
                self._prepared.pop(index, None)
                self._starts.pop(index, None)
        # All daemons may be new, and count from nothing: what the executors have seen is in the holdings.
        self.token = max(self.token, self._ledger.highest_token(index)) + 1
        order = Order(self._membership.view.id, self.token, index, node, action, why, proved)
        if action != "prepare":
            self._outstanding[index] = (order, self._desk.now_s + ORDER_AGAIN_S)
        if action == "start":
            self._starts[index] = order
        if node == self._desk.me:
            self.obey(order)
        else:
            self._channel.post(order, to=node)

    # Obeying.

    def _is_heard_unproved(self, nid: Nid, order: Order) -> bool:
        """Is an absent node heard in a life of which the proof that the order rests on says nothing?"""
        peer, shares = self._detector.peers[nid], self._groups[order.group].group.shares_data
        is_proved = self._ledger.proof(nid, peer.incarnation) >= self._ledger.needed(shares_data=shares)
        return peer.alive and not (order.proved and (is_proved or self._exclusion.has_let_go(nid, order.group)))

    def obey(self, order: Order) -> None:
        """Carry out an order for this node; one of another view, or older than the last, is void."""
        self.token = max(self.token, order.token)
        group = self._groups[order.group]
        if order.node != self._desk.me or order.view != self._membership.view.id or self._membership.is_flushing:
            return
        if order.action == "stop":
            group.stop(order.token, order.why)
        elif not self.standing.may_act or order.token <= group.token:
            return
        elif order.action == "prepare":
            group.prepare(order.token)
        elif any(self._is_heard_unproved(nid, order) for nid in self._absent()):
            return  # a node that hears a peer takes nothing from that life of it, whoever orders it
        elif order.action == "start" and not self.leaving & {self._desk.me}:
            group.start(order.token, order.why, self.cause, proved=order.proved)
