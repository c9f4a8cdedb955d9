"""Self-fencing: a node whose machine is reset unless a quorum backs it is over once we have been that quorum for long.

Its beats carried the promise (``kernel.watchdog``). Whoever is in a view with quorum and without it waits that long
from the view's installation. The wait counts for nothing unless a quorum stayed in the view with us to its end: else
the others might have made a view with that node meanwhile, without us.

The proof lies below a power that reads off, and above a device's bare word. It never comes about in two nodes.
"""

from heartbeat.kernel.backing import Backing
from heartbeat.kernel.channel import Channel
from heartbeat.kernel.desk import Desk
from heartbeat.kernel.detector import Detector
from heartbeat.kernel.ledger import Ledger
from heartbeat.kernel.membership import Membership
from heartbeat.kernel.watchdog import proves
from heartbeat.model.duration import show_duration
from heartbeat.model.names import Nid
from heartbeat.model.proof import Proof, Proved
from heartbeat.model.view import Member, Standing, ViewId
from heartbeat.model.watchdog import wait_s
from heartbeat.wire.messages import FenceReport, State


class SelfFence:
    """What this node waits for of nodes that are away."""

    def __init__(
        self,
        desk: Desk,
        channel: Channel,
        detector: Detector,
        membership: Membership,
        ledger: Ledger,
        backing: Backing,
    ) -> None:
        self._desk, self._channel, self._detector = desk, channel, detector
        self._membership, self._ledger, self._backing = membership, ledger, backing
        self._view = ViewId()
        self._without_s: dict[Nid, float] = {}
        """Since when views with quorum, one out of the other, have done without a node."""
        self._told: set[Member] = set()

    def view_installed(self, states: tuple[State, ...], standing: Standing) -> None:
        """Who is away now? Waiting goes on only if no quorum can have been elsewhere between the last view and this."""
        before, self._view = self._view, self._membership.view.id
        self._backing.view_installed(self._membership.view)
        stayed = tuple(state.member.nid for state in states if state.old == before)
        if standing is not Standing.PRIMARY or not self._backing.is_quorum(stayed):
            self._without_s.clear()
        if standing is Standing.PRIMARY:
            away = (nid for nid in self._desk.others if not self._membership.view.has(nid))
            self._without_s = {nid: self._without_s.get(nid, self._desk.now_s) for nid in away}

    def due_s(self, nid: Nid) -> float:
        """Return from when on this node's life is over for certain; infinite when nothing promises that."""
        peer = self._detector.peers[nid]
        promise_ms = peer.beat.watchdog_ms if peer.beat else 0
        if not promise_ms or nid not in self._without_s or not proves(self._desk.cluster):
            return float("inf")
        return self._without_s[nid] + wait_s(promise_ms / 1000)

    def deadline_s(self) -> float:
        waiting = (self.due_s(nid) for nid in self._without_s if self._waits_for(nid))
        return min((due_s for due_s in waiting if due_s > self._desk.now_s), default=float("inf"))

    def wake(self) -> None:
        """Tell whom we wait for, and take the proof when the wait is over."""
        for nid in [nid for nid in self._without_s if self._waits_for(nid)]:
            due_s = self.due_s(nid)
            self._tell(nid, due_s)
            if self._backing.since_s() >= due_s:
                self._prove(nid)

    def _waits_for(self, nid: Nid) -> bool:
        peer = self._detector.peers[nid]
        is_open = self._ledger.proof(nid, peer.incarnation) < Proof.SELF_FENCED
        is_ghost = self._ledger.is_condemned(nid, peer.incarnation)
        return is_open and not is_ghost and not peer.alive and self.due_s(nid) < float("inf")

    def _tell(self, nid: Nid, due_s: float) -> None:
        desk, peer = self._desk, self._detector.peers[nid]
        member = Member(nid, peer.incarnation)
        if member in self._told:
            return
        self._told.add(member)
        left = show_duration(round(max(due_s - desk.now_s, 0.0), 1))
        text = f"{desk.name(nid)} counts as off in {left}: its watchdog resets it unless a quorum backs it"
        cause = [peer.silent_decision] if peer.silent_decision else []
        desk.decide("fence.self-fencing", desk.node(nid), text, *cause, "its last beats promised it")

    def _prove(self, nid: Nid) -> None:
        desk = self._desk
        member = Member(nid, self._detector.peers[nid].incarnation)
        waited = show_duration(round(desk.now_s - self._without_s[nid], 1))
        how = f"its watchdog has reset it: a view with quorum did without it for {waited}"
        proved = Proved(nid, member.incarnation, Proof.SELF_FENCED, how)
        if self._ledger.prove(proved):
            text = f"{desk.name(nid)} is over: {how}"
            desk.decide("fence.self-fenced", desk.node(nid), text, how)
            if len(self._membership.view.members) > 1:
                self._channel.post(FenceReport(0, member, "proved", proved, how))
