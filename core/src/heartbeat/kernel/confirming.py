"""Confirmation by a person: the last proof, when no device can give one.

A request is open while a silent, unproved node keeps a group from starting. It is closed by the node itself when
it returns, so a late confirmation cannot free what is alive.
"""

from heartbeat.kernel.channel import Channel
from heartbeat.kernel.desk import Desk
from heartbeat.kernel.detector import Detector
from heartbeat.kernel.director import Director
from heartbeat.kernel.effects import Answer
from heartbeat.kernel.ledger import Ledger
from heartbeat.kernel.membership import Membership
from heartbeat.model.names import Nid
from heartbeat.model.proof import Proof, Proved
from heartbeat.model.view import Member
from heartbeat.wire.api import Confirm, Confirmations, Done, OpenConfirmation
from heartbeat.wire.messages import FenceReport, Local


class Confirming:
    """Which nodes wait for a person, and what the person said."""

    def __init__(
        self,
        desk: Desk,
        channel: Channel,
        detector: Detector,
        membership: Membership,
        ledger: Ledger,
        director: Director,
    ) -> None:
        self._desk, self._channel, self._detector = desk, channel, detector
        self._membership, self._ledger, self._director = membership, ledger, director
        self._open: dict[Nid, tuple[int, Member]] = {}
        self._number = desk.birth.incarnation * 100

    def wake(self) -> None:
        """Open and close requests as nodes fall silent, return or are proved off."""
        unproved = [nid for nid in self._desk.others if self._is_unproved(nid)]
        keeps_back = bool(unproved and self._would_start())
        for nid in self._desk.others:
            wanted = keeps_back and nid in unproved
            member = Member(nid, self._detector.peers[nid].incarnation)
            if nid in self._open and (not wanted or self._open[nid][1] != member):
                del self._open[nid]
            if wanted and nid not in self._open:
                self._number += 1
                self._open[nid] = (self._number, member)

    def _is_unproved(self, nid: Nid) -> bool:
        peer, view = self._detector.peers[nid], self._membership.view
        if peer.alive or self._ledger.is_haunted(nid, peer.incarnation) or not view.members or view.has(nid):
            return False
        if not self._director.standing.may_act:
            return False  # a minority starts nothing, whatever a person says of the others
        return self._ledger.proof(nid, peer.incarnation) < Proof.SELF_FENCED

    def _would_start(self) -> tuple[str, ...]:
        """Groups of this view that run on none of its members."""
        groups = enumerate(self._desk.cluster.groups)
        nids = self._membership.view.nids
        return tuple(g.name for i, g in groups if all(self._ledger.state(nid, i) is Local.STOPPED for nid in nids))

    def list(self, ticket: int) -> None:
        starts = self._would_start()
        requests = tuple(
            OpenConfirmation(number, self._desk.name(nid), member.incarnation, self._silent_s(nid), starts)
            for nid, (number, member) in sorted(self._open.items())
        )
        self._desk.effects.append(Answer(ticket, Confirmations(requests)))

    def _silent_s(self, nid: Nid) -> float:
        peer = self._detector.peers[nid]
        return self._desk.now_s - (peer.heard_s if peer.incarnation else self._desk.born_s)

    def asked(self, ticket: int, who: str, request: Confirm) -> None:
        """Take a person's word, if there is still a question it answers."""
        good, text = self._judge(who, request)
        self._desk.effects.append(Answer(ticket, Done(good, text)))

    def _judge(self, who: str, request: Confirm) -> tuple[bool, str]:
        name = request.node.lower()
        if name not in self._desk.cluster.nodes:
            return False, f"{request.node} is no node of this cluster"
        nid = Nid(self._desk.cluster.nodes.index(name))
        if nid == self._desk.me:
            return False, f"{name} is this node, and it is running"
        if self._detector.peers[nid].alive:
            return False, f"{name} was heard {self._detector.age_s(nid):.3f} s ago: it is not off"
        if self._open.get(nid, (0, None))[0] != request.request:
            return False, f"request {request.request} about {name} is not open (any more); look again"
        _, member = self._open.pop(nid)
        proved = Proved(nid, member.incarnation, Proof.CONFIRMED, f"confirmed as off by {who}")
        self._ledger.prove(proved)
        self._director.cause = self._desk.decide(
            "fence.confirmed",
            self._desk.node(nid),
            f"{name} is off: {who} confirmed it",
            f"{who} answered request {request.request}",
        )
        if len(self._membership.view.members) > 1:
            self._channel.post(FenceReport(0, member, "proved", proved, proved.how))
        return True, f"{name} counts as off"
