"""Exclusion: a node that beats and is in no view with a majority is told so, and gets the time to stop by itself.

It hears some of the members, or some hear it, so each tells what it knows: in its beats a member names the outsiders
that it hears, with what they said last. An outsider that rests in this view, or since, can take no order before it is
a member again; a group that it says is stopped is free. One that holds something when its time is over is switched
off for that, whoever hears it.
"""

from collections.abc import Iterator

from heartbeat.kernel.desk import Desk
from heartbeat.kernel.detector import Detector
from heartbeat.kernel.ledger import Ledger
from heartbeat.kernel.membership import Membership, stand_in_s
from heartbeat.model.names import Nid
from heartbeat.model.proof import Proof
from heartbeat.model.view import ViewId
from heartbeat.wire.messages import Outsider

TOLD_AFTER_DEADTIMES = 1.5
"""A node that did not answer a round is left out for one deadtime and comes back: no reason to stop anything."""


class Exclusion:
    """Nodes outside a view with quorum that some member of it hears."""

    def __init__(self, desk: Desk, detector: Detector, membership: Membership, ledger: Ledger) -> None:
        self._desk, self._detector, self._membership, self._ledger = desk, detector, membership, ledger
        self._since_s: dict[Nid, float] = {}
        self._said: set[Nid] = set()
        self._refused_s: dict[Nid, float] = {}
        """When a member last refused to shoot it, because that member hears it."""
        self._told: tuple[Outsider, ...] = ()
        self._may_exclude = False

    # Who is outside.

    def wake(self, *, has_quorum: bool) -> None:
        """Look who is outside now; one of two nodes has no outsiders, because the other one counts as much."""
        is_acting = has_quorum and not self._membership.is_flushing
        self._may_exclude = is_acting and len(self._desk.cluster.nodes) > 2
        for nid in self._desk.others:
            if self._may_exclude and self._is_outside(nid):
                self._since_s.setdefault(nid, self._desk.now_s)
                self._say(nid)
            else:
                self._forget(nid)
        told = self.told()
        if told != self._told:
            self._told, self._desk.urgent = told, True

    def _forget(self, nid: Nid) -> None:
        self._since_s.pop(nid, None)
        self._said.discard(nid)

    def _is_outside(self, nid: Nid) -> bool:
        peer, beat = self._detector.peers[nid], self._detector.peers[nid].beat
        is_kin = beat is None or beat.nodes_digest == self._desk.cluster.nodes_digest
        if self._membership.view.has(nid) or not is_kin:
            return False
        if self._ledger.proof(nid, peer.incarnation) is not Proof.NONE:
            return False
        return peer.alive or self._is_heard_by_others(nid, self._detector.deadtime_s)

    def _is_heard_by_others(self, nid: Nid, within_s: float) -> bool:
        now_s, refused_s = self._desk.now_s, self._refused_s.get(nid, float("-inf"))
        members = (member for member in self._membership.view.nids if member != self._desk.me)
        is_heard = any(self._detector.is_heard_by(member, nid, within_s=within_s) for member in members)
        return is_heard or now_s < refused_s + self._detector.deadtime_s

    def refused(self, nid: Nid) -> None:
        """A member that was to shoot it hears it: it is outside, and not silent."""
        self._refused_s[nid] = self._desk.now_s

    def _say(self, nid: Nid) -> None:
        """Say so, where it is decided what comes of it, once it is no matter of a beat on its way."""
        since_s, desk = self._since_s[nid], self._desk
        is_soon = desk.now_s <= since_s + desk.cluster.timers.keepalive_s
        if nid in self._said or is_soon or self._membership.coordinator != desk.me:
            return
        self._said.add(nid)
        name = desk.name(nid)
        hearer = "this node" if self._detector.peers[nid].alive else "another member"
        desk.decide(
            "fence.spared",
            desk.node(nid),
            f"{name} beats but is in no view with this node: it has {self._stopped_s(nid) - since_s:g} s to stop",
            f"{hearer} still hears {name}",
            alarm=True,
        )

    # What it is told, and what it says.

    def told(self) -> tuple[Outsider, ...]:
        """Return whom this node's beats name as outsiders: those that it hears, and what they said last.

        One that rests already, because it found out by itself, is told nothing new, and others hear of it at once.
        """
        late_s = self._desk.now_s - TOLD_AFTER_DEADTIMES * self._detector.deadtime_s
        heard = (nid for nid in sorted(self._since_s) if self._detector.peers[nid].alive)
        words = [self._last_word(nid) for nid in heard if nid not in self._membership.wanted]
        return tuple(
            word for word in words if self._since_s[word.nid] <= late_s or word.rests >= self._membership.view.id
        )

    def is_told(self, nid: Nid) -> bool:
        """Was this node named as an outsider, by this node or another member?"""
        named = (each for member in self._membership.view.nids for each in self._named_by(member))
        return any(each.nid == nid for each in (*self._told, *named))

    def _last_word(self, nid: Nid) -> Outsider:
        peer = self._detector.peers[nid]
        since, holds = self._ledger.last_word(nid, peer.incarnation)
        if peer.beat is None or peer.beat.digest != self._desk.cluster.digest:
            since = ViewId()  # by other files its numbers may mean other groups
        return Outsider(nid, peer.incarnation, since, holds)

    def _named_by(self, member: Nid) -> tuple[Outsider, ...]:
        """Return what another member of this very view says of outsiders."""
        beat = self._detector.peers[member].beat if member != self._desk.me else None
        return beat.outsiders if beat and beat.view == self._membership.view.id else ()

    def _words(self, nid: Nid) -> Iterator[Outsider]:
        """Yield what a node that rests said last, to us and to others. In this view it takes no order any more."""
        named = (each for member in self._membership.view.nids for each in self._named_by(member) if each.nid == nid)
        life = max(self._detector.peers[nid].incarnation, 1)
        for word in (self._last_word(nid), *named):
            if word.rests >= self._membership.view.id and word.incarnation >= life:
                yield word

    def has_let_go(self, nid: Nid, group: int) -> bool:
        """Does a node outside this view say that it rests, and that this group is stopped there?"""
        return self._may_exclude and any(group not in word.holds for word in self._words(nid))

    def holds_nothing(self, nid: Nid) -> bool:
        return self._may_exclude and any(not word.holds for word in self._words(nid))

    # Time.

    def is_spared(self, nid: Nid) -> bool:
        """Does a node that is silent here surely beat elsewhere, and may it go on? A frame that is late there, too, is
        only found silent a moment later."""
        is_heard = nid in self._since_s and self._is_heard_by_others(nid, self._desk.cluster.timers.warntime_s)
        return is_heard and not self.is_overdue(nid)

    def is_overdue(self, nid: Nid) -> bool:
        """Does it hold something although it has had its time to stop?"""
        is_over = nid in self._since_s and self._desk.now_s >= self._stopped_s(nid)
        return is_over and not self.holds_nothing(nid)

    def deadlines_s(self) -> list[float]:
        """Return when each is to be told, and when its time is over."""
        told_s = [since_s + TOLD_AFTER_DEADTIMES * self._detector.deadtime_s for since_s in self._since_s.values()]
        return [at_s for at_s in (*told_s, *map(self._stopped_s, self._since_s)) if at_s > self._desk.now_s]

    def _stopped_s(self, nid: Nid) -> float:
        """Return when an excluded node that beats has had its declared time to stop what it holds."""
        groups = self._desk.cluster.groups
        stop_s = max((sum(r.stop_timeout_s for r in group.resources) for group in groups), default=0.0)
        return self._since_s[nid] + stand_in_s(self._detector.deadtime_s, nid) + stop_s
