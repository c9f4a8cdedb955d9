"""News: what a peer's beat tells each part of this node."""

from heartbeat.kernel.ability import Ability
from heartbeat.kernel.beats import Beats
from heartbeat.kernel.channel import Channel
from heartbeat.kernel.contest import Contest
from heartbeat.kernel.desk import Desk
from heartbeat.kernel.detector import Detector, planned_by
from heartbeat.kernel.director import Director
from heartbeat.kernel.hold import Hold
from heartbeat.kernel.ledger import Ledger
from heartbeat.kernel.membership import Membership
from heartbeat.kernel.messaging.messaging import Messaging
from heartbeat.kernel.rest import Rest
from heartbeat.model.names import Nid
from heartbeat.wire.messages import Beat


class News:
    """Passes beats on, in the order in which the parts need them."""

    def __init__(
        self,
        desk: Desk,
        channel: Channel,
        detector: Detector,
        membership: Membership,
        ledger: Ledger,
        director: Director,
        ability: Ability,
        contest: Contest,
        hold: Hold,
        rest: Rest,
        messaging: Messaging,
        beats: Beats,
    ) -> None:
        self._desk, self._channel, self._detector, self._membership = desk, channel, detector, membership
        self._ledger, self._director, self._ability, self._contest = ledger, director, ability, contest
        self._hold, self._rest, self._messaging, self._beats = hold, rest, messaging, beats
        # The digests of what never changes in one life are made once.
        self._digest, self._nodes_digest = desk.cluster.digest, desk.cluster.nodes_digest

    def is_kin(self, nid: Nid) -> bool:
        """Does the sender list the same nodes? Otherwise its nids mean other nodes, and only its beats are read."""
        beat = self._detector.peers[nid].beat
        return beat is not None and beat.nodes_digest == self._nodes_digest

    def take(self, nid: Nid, sequence: int, beat: Beat) -> None:
        """Take a peer's newest beat."""
        before, was_stalled = self._detector.peers[nid].beat, self._ability.is_stalled(nid)
        has_left = self._ledger.left_in_order(nid, self._detector.peers[nid].incarnation)
        if not has_left and (before is None or not self._detector.hears_me(nid)):
            self._desk.greets = True
        self._detector.beat(nid, beat)
        if beat.nodes_digest != self._nodes_digest:
            if before is None or before.nodes_digest != beat.nodes_digest:
                self._tell_nodes_differ(nid, beat)
            return
        if before is None or planned_by(before) != planned_by(beat) or self._ability.is_stalled(nid) != was_stalled:
            self._ledger.dirty = True
        self._channel.told_high(nid, beat.stream_high)
        self._ledger.told(nid, self._channel.senders[nid].incarnation, sequence, beat.holdings, beat.rests)
        if beat.digest == self._digest:
            self._contest.claimed(nid, beat.view, beat.holdings)
        self._hold.heard(nid, beat)
        if (beat.phase == "leaving") != (nid in self._director.leaving):
            self._director.leaving ^= {nid}
            self._ledger.dirty = True
        self._membership.on_beat_view(nid, beat.view, beat.epoch)
        self._rest.told(nid, beat)
        self._beats.heard()
        self._messaging.heard(nid, beat)
        self._channel.acknowledged(self._detector.least_ack())  # whatever every living peer has

    def take_same(self, nid: Nid, sequence: int, beat: Beat) -> None:
        """Of a beat that a calm cluster expects only the sequence, the stamps and the ages are looked at."""
        self._detector.same_beat(nid, beat)
        self._ledger.told(nid, self._detector.peers[nid].incarnation, sequence, beat.holdings, beat.rests)
        self._hold.heard(nid, beat)
        self._messaging.heard(nid, beat)
        self._beats.heard()

    def _tell_nodes_differ(self, nid: Nid, beat: Beat) -> None:
        self._desk.decide(
            "config.nodes-differ",
            self._desk.node(nid),
            f"{beat.name} lists other nodes in its ha.cf than this node: it cannot be a member",
            "the digests of the node lists differ",
            alarm=True,
        )
