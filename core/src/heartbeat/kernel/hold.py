"""The hold: until when this node's resources may answer, and which of them must be silent all the same.

Each beat that leaves lets them answer for 0.8 of the shortest patience of any peer; what a peer may take over is
silent before it may. Silent at once are: everything, when this node finds that it stood still (RESYNC), or is in no
view that may act; groups without shared data that no living peer would miss, because none hears us; a group that
another node has too.
"""

from heartbeat.kernel.backing import Backing
from heartbeat.kernel.contest import ACTIVE
from heartbeat.kernel.desk import Desk
from heartbeat.kernel.detector import Detector, Peer
from heartbeat.kernel.effects import Hold as Permit
from heartbeat.kernel.groups import LocalGroup
from heartbeat.kernel.ledger import Ledger
from heartbeat.kernel.membership import Membership, Phase
from heartbeat.kernel.rest import Rest
from heartbeat.model.names import Nid
from heartbeat.model.operation import Action
from heartbeat.model.view import ViewId
from heartbeat.wire.messages import Beat, Heard, Holding, Local

SHARE = 0.8
"""Of the peers' patience; the guard needs some of the rest."""
DRIFT = 0.001
"""Two clocks may drift apart by this, far more than any does, before it counts as standing still."""
LEARN = 0.1
"""By so much of the time that passes, what is believed of a peer's clock follows what its beats show."""
ANNOUNCE_AFTER_S = (0.0, 0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
"""After a contest the winner tells the network until the neighbour entries are right everywhere."""
ANNOUNCE_TIMEOUT_S = 5.0


class Hold:
    """This node's own permission to answer."""

    def __init__(
        self,
        desk: Desk,
        detector: Detector,
        membership: Membership,
        ledger: Ledger,
        groups: tuple[LocalGroup, ...],
        rest: Rest,
        backing: Backing,
    ) -> None:
        self._desk, self._detector, self._membership = desk, detector, membership
        self._ledger, self._groups, self._rest, self._backing = ledger, groups, rest, backing
        self._digest = desk.cluster.digest
        self.resync_s: float | None = None
        """Since when this node, which stood still, waits to be heard again."""
        self._resync_view = ViewId()
        self._resync_decision = 0
        self._beat_s = 0.0
        """When the newest beat was handed out."""
        self._echoed_s: dict[Nid, float] = {}
        """Send time of the newest beat of ours that a peer showed to have."""
        self._heard_s: dict[tuple[Nid, int], tuple[float, float]] = {}
        """By a peer's life: until when it heard us, by its own word, and how long ago that was when it said so."""
        self._ahead_s: dict[tuple[Nid, int], tuple[float, float]] = {}
        """By a peer's life: how far its clock is ahead of ours, and when that was seen."""
        self._unheard = False
        self._was_ready = False
        self._said: tuple[bool, tuple[str, ...]] = (False, ())
        self._announcing: dict[int, list[float]] = {}
        """By group: when to announce it again."""
        self._losers: set[tuple[int, Nid]] = set()

    # Facts from elsewhere.

    def woke(self, gap_s: float) -> None:
        """So much time lies between the last step and this one: is it we who were missed?"""
        keepalive_s = self._desk.cluster.timers.keepalive_s
        if self.resync_s is not None or gap_s < 2 * keepalive_s:
            return
        others = [nid for nid in self._membership.view.nids if nid != self._desk.me]
        if not others:
            return
        age_s = self._desk.now_s - max(self._echoed_s.get(nid, self._desk.born_s) for nid in others)
        if age_s >= self._patience_s() - 2 * keepalive_s:
            self._begin_resync(f"no peer has shown a beat of the last {age_s:.3f} s")

    def slept(self, seconds: float) -> None:
        """The machine was suspended for so long, and no clock of ours shows it: whoever waited for us waited longer."""
        self._backing.stood_still()
        others = [nid for nid in self._membership.view.nids if nid != self._desk.me]
        if self.resync_s is not None or not others:
            return
        age_s = seconds + self._desk.now_s - max(self._echoed_s.get(nid, self._desk.born_s) for nid in others)
        if age_s >= self._patience_s() - 2 * self._desk.cluster.timers.keepalive_s:
            self._begin_resync(f"it was suspended for {seconds:.3f} s")

    def heard(self, nid: Nid, beat: Beat) -> None:
        """Take what a peer's fresh beat says about us and about time."""
        peer = self._detector.peers[nid]
        me = self._desk.member
        mine = None
        for heard in beat.row:
            if heard.nid == me.nid and heard.incarnation == me.incarnation:
                mine = heard
        self._note_heard((nid, peer.incarnation), mine)
        self._backing.heard(nid, beat.view, mine)
        self._compare_clocks(peer, beat)
        self._end_resync(beat, mine)
        self._follow_losers(nid, beat)

    def _note_heard(self, key: tuple[Nid, int], mine: Heard | None) -> None:
        now = self._desk.now_s
        if mine is not None:
            self._echoed_s[key[0]] = max(self._echoed_s.get(key[0], 0.0), min(mine.echo_ms / 1000, now))
        if self.resync_s is not None:
            return  # frames that waited for us say nothing about who hears us now
        if mine is not None:
            self._heard_s[key] = (now - mine.age_ms / 1000, mine.age_ms / 1000)
        else:
            # It has given us up, or has not heard us since it began: then the time counts from its first word.
            until_s, _ = self._heard_s.get(key, (now, 0.0))
            self._heard_s[key] = (until_s, now - until_s)

    def _compare_clocks(self, peer: Peer, beat: Beat) -> None:
        """A pause of the whole machine stops its clock too: then a peer's stamps leap ahead of ours.

        Frames that waited somewhere only make the peer's clock look late, never ahead of what was seen before.
        """
        if not beat.sent_ms:
            return
        key, now, ahead_s = (peer.nid, peer.incarnation), self._desk.now_s, beat.sent_ms / 1000 - self._desk.now_s
        was_s, at_s = self._ahead_s.get(key, (ahead_s, now))
        leap_s = ahead_s - was_s
        is_leap = leap_s > self._patience_s() / 2
        if is_leap and self.resync_s is None and self._membership.view.has(peer.nid):
            name = self._desk.name(peer.nid)
            self._begin_resync(f"the clock of {name} is {leap_s:.3f} s further ahead than it was: ours stood still")
        if not is_leap:
            # Slowly, by our own time: frames that waited for us come one right after the other.
            ahead_s = max(min(ahead_s, was_s + LEARN * (now - at_s)), was_s - DRIFT * (now - at_s))
        self._ahead_s[key] = (ahead_s, now)

    def beat_left(self) -> None:
        """The beat of this step is handed out: what runs here may answer for as long as peers wait for the next."""
        self._beat_s = self._desk.now_s
        if self._may:
            self._say()

    def known(self, resource: str, how: str) -> None:
        """The guard told what silences one of our resources."""
        for group in self._groups:
            if any(each.name == resource for each in group.group.resources):
                group.held[resource] = how

    # RESYNC.

    def _begin_resync(self, why: str) -> None:
        self.resync_s, self._resync_view = self._desk.now_s, self._membership.view.id
        self._heard_s.clear()
        self._backing.stood_still()
        self._say()
        for group in self._groups:
            group.give_up_start("this node stood still in the middle of the start")
        self._resync_decision = self._desk.decide(
            "self.resync",
            self._desk.node(self._desk.me),
            "this node stood still: all it holds is silent until the others show where things are",
            why,
            alarm=True,
        )

    def _end_resync(self, beat: Beat, mine: Heard | None) -> None:
        """Only an answer to a beat sent since then counts, from a peer in the same view."""
        if self.resync_s is None or mine is None or mine.echo_ms / 1000 < self.resync_s:
            return
        if beat.view != self._membership.view.id or self._membership.is_flushing:
            return
        self._leave_resync(f"{beat.name} answered a beat sent since, in the same view")

    def _yield_what_others_have(self) -> None:
        """Speaking again: what was silent here, and another node answers for by now, stays silent.

        Also what this daemon has not looked at yet: an earlier one may have left it to the guard.
        """
        for group in self._groups:
            others = (
                self._ledger.holding(nid, group.index) for nid in self._membership.view.nids if nid != self._desk.me
            )
            taken = any(holding and holding.state in ACTIVE and not holding.muted for holding in others)
            group.yields = group.yields or (taken and group.state is not Local.STOPPED)

    def _leave_resync(self, why: str) -> None:
        self.resync_s = None
        self._desk.decide(
            "self.resynced",
            self._desk.node(self._desk.me),
            "this node is back in step: what it still holds may answer",
            why,
            self._resync_decision,
        )

    # Announcements of the winner.

    def _follow_losers(self, nid: Nid, beat: Beat) -> None:
        """The other one is silent now: the network is told where the group is, and told again."""
        for group, holding in self._pairs(beat):
            key = (group.index, nid)
            lost = holding.muted and holding.state not in (Local.STOPPED, Local.UNKNOWN)
            if not lost:
                self._losers.discard(key)
            elif key not in self._losers and group.state is Local.RUNNING and not self.is_muted(group):
                self._losers.add(key)
                self._announcing[group.index] = [self._desk.now_s + after_s for after_s in ANNOUNCE_AFTER_S]

    def _pairs(self, beat: Beat) -> list[tuple[LocalGroup, Holding]]:
        """Return this node's groups with what the peer says of its own."""
        if beat.digest != self._digest:
            return []  # other files: its numbers may mean other groups
        known = range(len(self._groups))
        return [(self._groups[holding.group], holding) for holding in beat.holdings if holding.group in known]

    def _announce(self, group: LocalGroup) -> None:
        for resource in group.group.resources:
            if resource.name in group.held:
                self._desk.run(Action.ANNOUNCE, resource.name, group=group.group.name, timeout_s=ANNOUNCE_TIMEOUT_S)

    # Time.

    def deadline_s(self) -> float:
        times = [at_s for times in self._announcing.values() for at_s in times]
        if not self._unheard:
            times.append(self._unheard_s())
        return min(times, default=float("inf"))

    def wake(self, *, executor_ready: bool) -> None:
        """Look what must be silent now; tell the guard when that changed, or when there is a new one."""
        alone = len(self._membership.view.members) == 1 and not any(p.alive for p in self._detector.peers.values())
        if self.resync_s is not None and alone and self._membership.view.id != self._resync_view:
            self._leave_resync("nobody else is heard, and a view of this node alone was installed since")
        self._judge_unheard()
        if self._may and not self._said[0]:
            self._yield_what_others_have()
        for group in self._groups:
            if group.state is Local.STOPPED:
                group.yields = False
            group.muted = self.is_muted(group)
        is_new, self._was_ready = executor_ready and not self._was_ready, executor_ready
        if self._may and (is_new or self._said != (True, self._muted())):
            self._say()
        for index, times in list(self._announcing.items()):
            due = [at_s for at_s in times if at_s <= self._desk.now_s]
            group = self._groups[index]
            self._announcing[index] = times[len(due) :]
            if due and group.state is Local.RUNNING and not group.muted:
                self._announce(group)
            if not self._announcing[index] or group.state is not Local.RUNNING:
                del self._announcing[index]

    def _judge_unheard(self) -> None:
        """Is this the deaf side's view of a one-way cut: peers that we hear, and none of them hears us?"""
        before, at_s = self._unheard, self._unheard_s()
        self._unheard = self._desk.now_s >= at_s
        if self._unheard == before:
            return
        kind, text, why = "self.heard", "groups without shared data may answer again", "a peer hears it, or none lives"
        if self._unheard:
            kind, text = "self.unheard", "no peer hears this node: groups without shared data are silent"
            why = f"no living peer has heard it for {SHARE * self._patience_s():g} s, by their own word"
        self._desk.decide(kind, self._desk.node(self._desk.me), text, why, alarm=self._unheard)

    def _unheard_s(self) -> float:
        """Return when to fall silent because no living peer hears us; infinite while one does, or none lives.

        A peer that is silent itself does not say that it has not heard us: only its own words count.
        """
        # Who falls silent is no witness any more; heard again, it has to hear us first.
        witnesses = {}
        for peer in self._detector.peers.values():
            key = (peer.nid, peer.incarnation)
            if peer.alive and key in self._heard_s:
                witnesses[key] = self._heard_s[key]
        self._heard_s = witnesses
        after_s = SHARE * self._patience_s()
        late_s = min(self._desk.cluster.timers.warntime_s, after_s)
        latest_s = float("-inf")
        for until_s, age_s in witnesses.values():
            if age_s < late_s:
                return float("inf")
            latest_s = max(latest_s, until_s)
        return latest_s + after_s if witnesses else float("inf")

    # The permission.

    @property
    def _may(self) -> bool:
        """A daemon that has no view yet does not speak for what an earlier one started."""
        return self.resync_s is None and self._membership.phase is Phase.MEMBER

    def is_muted(self, group: LocalGroup) -> bool:
        """Must this group be silent now, whether it runs or not?"""
        return not self._may or self._rest.rests or group.yields or (self._unheard and not group.group.shares_data)

    def _patience_s(self) -> float:
        """Return how long the most impatient peer waits before it takes us for dead."""
        # A loop, as in _unheard_s: both are asked in every keepalive, by a process that comes from sleep.
        least_s = float("inf")
        for peer in self._detector.peers.values():
            if peer.alive:
                least_s = min(least_s, self._detector.dead_after_s(peer))
        return least_s if least_s < float("inf") else self._detector.deadtime_s

    def _muted(self) -> tuple[str, ...]:
        return tuple([each.name for group in self._groups if self.is_muted(group) for each in group.group.resources])

    def _say(self) -> None:
        may, muted = self._said = (self._may, self._muted())
        until_s = self._beat_s + SHARE * self._patience_s() if may else self._desk.now_s
        self._desk.effects.append(Permit(until_s, muted if may else ()))
