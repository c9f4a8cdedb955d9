"""The door: which frames come in, and of whom. What is kept out, is known or comes from the dead is read no further."""

from collections.abc import Sequence

from heartbeat.kernel.bounds import Bounds
from heartbeat.kernel.channel import SINGLE, Channel
from heartbeat.kernel.desk import Desk
from heartbeat.kernel.detector import Detector
from heartbeat.kernel.events import FrameReceived
from heartbeat.kernel.ghosts import Ghosts
from heartbeat.kernel.ledger import Ledger
from heartbeat.kernel.twins import Twins
from heartbeat.model.names import Nid
from heartbeat.model.view import View
from heartbeat.wire.frame import Header
from heartbeat.wire.messages import State


class Door:
    """Each frame passes it once for every link it comes over."""

    def __init__(
        self, desk: Desk, channel: Channel, detector: Detector, ledger: Ledger, twins: Twins, ghosts: Ghosts
    ) -> None:
        self._desk, self._channel, self._detector, self._ledger = desk, channel, detector, ledger
        self._twins, self._ghosts = twins, ghosts
        self._bounds = Bounds(len(desk.cluster.nodes), len(desk.cluster.groups))
        self._newest: tuple[Nid, Header] | None = None
        """The frame that was let in last, and whose it is."""
        self.is_copy = False
        """The frame seen last came before, over another link most likely."""

    def admit(self, event: FrameReceived) -> Nid | None:
        """Return whose frame is to be read now; None for what is not."""
        header, self.is_copy = event.header, False
        if self._newest is not None and header == self._newest[1]:
            # Half of all frames on two links are such: the questions that it has passed a moment ago are not asked.
            self._channel.counters.duplicate += 1
            self._known(self._newest[0], event)
            return None
        nid = self._sender(event)
        if nid is None:
            return None
        fresh, new_life = self._channel.admit(nid, header)
        sender = self._channel.senders.get(nid)
        if not sender or (sender.incarnation, sender.session) != (header.incarnation, header.session):
            return None
        if not fresh:
            self._known(nid, event)
            return None
        if new_life:
            self._detector.new_life(nid, header.incarnation)
        if self._ghosts.speaks(nid, header.incarnation, event.packet.message):
            return None
        self._heard(nid, event, fresh=True)
        self._newest = (nid, header)
        return nid

    def learn(self, view: View, states: Sequence[State]) -> None:
        """Who is not in the view may have started anew since this node last heard it, and hold something."""
        for life in sorted({life for state in states for life in state.lives}):
            if life.nid == self._desk.me or view.has(life.nid):
                continue
            if self._channel.heard_of(life.nid, life.incarnation) and not self._detector.peers[life.nid].alive:
                self._detector.new_life(life.nid, life.incarnation)
                self._ledger.dirty = True

    def _sender(self, event: FrameReceived) -> Nid | None:
        """Return which node's frame this is; None when it is not to be read."""
        header = event.header
        nid = self._channel.sender(header)
        if nid is None or nid == self._desk.me:
            return None
        if not self._bounds.allow(event.packet):
            self._channel.counters.unsound += 1
            return None
        return None if self._twins.is_second(nid, header, event.packet.message) else nid

    def _known(self, nid: Nid, event: FrameReceived) -> None:
        """A frame that was taken before proves the link that it came over, and nothing else."""
        if not self._ghosts.speaks(nid, event.header.incarnation, None):
            self._heard(nid, event, fresh=False)
            self.is_copy = True

    def _heard(self, nid: Nid, event: FrameReceived, *, fresh: bool) -> None:
        """The last words of one that left are no life: news of it would make everybody beat at every word.

        Nor is bulk: whoever hears it hears beats too, and a recording of it would find nothing to be compared with.
        """
        if event.header.sequence < SINGLE and not self._ledger.left_in_order(nid, event.header.incarnation):
            self._detector.heard(nid, event.link, event.header.sequence, fresh=fresh)
