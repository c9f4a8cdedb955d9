"""Twins: two machines with one name, because a disk was cloned or a file was copied without a look at it.

What the second one says of itself is true of another machine, and nothing in it tells of what the first one holds:
taken for a new life, its empty hands would be taken for a proof. So whoever is heard keeps the name, and the other
one is not listened to until the first one has fallen silent. A daemon that was started anew is known by its boot id.
Frames under this node's own name never come here: the daemon's gate counts and names them.
"""

from heartbeat.kernel.channel import Channel
from heartbeat.kernel.desk import Desk
from heartbeat.kernel.detector import Detector
from heartbeat.model.names import Nid
from heartbeat.wire.frame import Header
from heartbeat.wire.messages import Beat, Message


class Twins:
    """Stands at the door, before anything of a frame is taken."""

    def __init__(self, desk: Desk, channel: Channel, detector: Detector) -> None:
        self._desk, self._channel, self._detector = desk, channel, detector
        self._suspects: dict[Nid, tuple[bytes, float]] = {}
        """By node: the second one's session, and when it spoke first. It may be the first one, quickly booted."""
        self._told: set[tuple[Nid, bytes]] = set()

    def is_second(self, nid: Nid, header: Header, message: Message) -> bool:
        """Does this frame come from a machine whose name another one, which is still heard, bears already?"""
        known, peer = self._channel.senders.get(nid), self._detector.peers[nid]
        if known is None or not peer.alive or not peer.boot_id or header.incarnation <= known.incarnation:
            return False
        if isinstance(message, Beat) and message.boot_id == peer.boot_id:
            return False
        # A machine that booted anew within deadtime is let in just before its silence would be judged.
        patience_s = self._detector.dead_after_s(peer) - self._desk.cluster.timers.keepalive_s
        if self._desk.now_s >= peer.heard_s + patience_s:
            return False
        session, since_s = self._suspects.get(nid, (b"", 0.0))
        if session != header.session:
            self._suspects[nid] = (header.session, self._desk.now_s)
        elif peer.heard_s > since_s + self._desk.cluster.timers.keepalive_s:
            self._tell(
                nid,
                header.session,
                f"life {known.incarnation} is heard, and another machine as its life {header.incarnation}",
            )
        return True

    def _tell(self, nid: Nid, session: bytes, why: str) -> None:
        if (nid, session) in self._told:
            return
        self._told = {*sorted(self._told)[-15:], (nid, session)}
        name = self._desk.name(nid)
        self._desk.decide(
            "node.twins",
            self._desk.node(nid),
            f"two machines call themselves {name}: the second one is not listened to; give it a name of its own",
            why,
            alarm=True,
        )
