"""The mouth: talk becomes frames, many things in one, over one link as long as that one brings them.

What was lost on the way shows that the link is not what it seemed: for a while everything goes over all links then.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from heartbeat.kernel.channel import EVERYBODY, Channel
from heartbeat.kernel.desk import Desk
from heartbeat.kernel.detector import Detector
from heartbeat.kernel.messaging.log import Log
from heartbeat.kernel.messaging.streams import Streams
from heartbeat.model.names import Nid
from heartbeat.model.view import ViewId
from heartbeat.wire.talk import Again, Entry, Fill, Lack, Places, Raw, Run, Say, Speech, Talk, Want

ALL_LINKS_S = 1.0
"""After a request for something lost."""
FRAME_OVERHEAD, MEMBER_OVERHEAD, SAY_OVERHEAD = 160, 12, 96
"""Bytes: header, seal and the rest of a Talk; what each member adds to one; a run without its body and group's name."""

T = TypeVar("T")


class Mouth:
    """Sends for the messaging of one node."""

    def __init__(self, desk: Desk, channel: Channel, detector: Detector) -> None:
        self._desk, self._channel, self._detector = desk, channel, detector
        nodes = len(desk.cluster.nodes)
        self._room = desk.birth.frame_bytes - FRAME_OVERHEAD - MEMBER_OVERHEAD * nodes
        self._link = 0
        self._all_links_until_s = float("-inf")
        self._says: list[Say] = []

    @property
    def body_bytes(self) -> int:
        """Longest body of a run: with the past of a causal one and a group's name it fills a frame."""
        return self._room - SAY_OVERHEAD - MEMBER_OVERHEAD * len(self._desk.cluster.nodes) - 256

    @property
    def brought_bytes(self) -> int:
        """How much all that one node brings into a view may have: a SYNC has that of all, beside their states."""
        return self._desk.birth.frame_bytes // (4 * len(self._desk.cluster.nodes))

    def look(self, nids: Sequence[Nid]) -> None:
        """Find the link over which most members are heard."""
        self._link = self._detector.best_link(nids)

    # Small talk, on all links.

    def say(self, message: Want | Lack, to: Nid) -> None:
        if isinstance(message, Want):
            self.loudly()
        self._channel.send(message, to)

    def loudly(self) -> None:
        """Use all links for a while."""
        self._all_links_until_s = self._desk.now_s + ALL_LINKS_S

    # Bulk.

    def add(self, say: Say) -> None:
        """Have it said at the end of this step."""
        self._says.append(say)

    @property
    def has_says(self) -> bool:
        return bool(self._says)

    def clear(self) -> None:
        self._says.clear()

    def tell(self, view: ViewId, streams: Streams, log: Log, *, asks: bool) -> None:
        """Say what was added, and how far this node is."""
        says, self._says = self._says, []
        if asks:
            self.loudly()
        row = streams.row()
        for some in _packed(says, _say_bytes, self._room) if says else [()]:
            self._bulk(Talk(view, streams.sent, some, row, log.held, log.given, asks))

    def shout(self, raw: Raw) -> None:
        self._bulk(raw)

    def repeat(self, nid: Nid, want: Want, says: Iterable[Say]) -> None:
        """Say again what somebody lacks."""
        self.loudly()
        for some in _packed(list(says), _say_bytes, self._room):
            self._bulk(Again(want.view, want.of, some), nid)

    def fill(self, nid: Nid, lack: Lack, entries: Iterable[Entry]) -> None:
        """Give somebody the history that it lacks."""
        first = lack.first
        for some in _packed(list(entries), lambda entry: _run_bytes(entry.run), self._room):
            self._bulk(Fill(lack.ballot, first, some), nid)
            first += len(some)

    def _bulk(self, message: Speech, to: Nid = EVERYBODY) -> None:
        if self._desk.now_s < self._all_links_until_s:
            self._channel.send(message, to)
        else:
            self._channel.send_over(self._link, message, to)


def _say_bytes(say: Say) -> int:
    size = 16 * len(say.what.runs) if isinstance(say.what, Places) else _run_bytes(say.what)
    return size + MEMBER_OVERHEAD * len(say.past)


def _run_bytes(run: Run) -> int:
    return SAY_OVERHEAD + len(run.group) * 4 + len(run.body)


def _packed(items: Sequence[T], size: Callable[[T], int], room: int) -> Iterator[tuple[T, ...]]:
    """Yield the items in order, as many together as fit into a frame."""
    some: list[T] = []
    left = room
    for item in items:
        if some and size(item) > left:
            yield tuple(some)
            some, left = [], room
        some.append(item)
        left -= size(item)
    if some:
        yield tuple(some)
