"""The voters, where they follow the members (last man standing): this node's roll, and what it waits for with it.

Without ``last_man_standing`` in ha.cf this part does nothing. With it a SYNCED waits for the disk when
the roll changes: some window after the last death, never on the way from a death to a takeover. It waits, too, where a
node comes that knows no roll.
"""

import hashlib
from collections import deque
from collections.abc import Sequence

import msgspec

from heartbeat.kernel import quorum
from heartbeat.kernel import roll as rolls
from heartbeat.kernel.desk import Desk
from heartbeat.kernel.detector import Detector
from heartbeat.kernel.effects import Persist
from heartbeat.kernel.membership import Membership
from heartbeat.model.electorate import Roll
from heartbeat.model.names import Nid
from heartbeat.model.view import Standing, View, ViewId
from heartbeat.wire.messages import State, Sync

KEY = "roll"
SEAL_BYTES = 8
"""Before the stored roll, so that damage in any byte of it shows."""


class Voters:
    """Of this node."""

    def __init__(self, desk: Desk, detector: Detector, membership: Membership) -> None:
        self._desk, self._detector = desk, detector
        membership.wants_another, membership.put_off = (lambda: self.is_recount_due), self.put_off
        self.window_s = desk.cluster.electorate.window_s
        self.roll = self._durable = _read(desk.birth.stored.get(KEY, b""))
        self._handed = self.roll
        """The newest that the disk was given, or has."""
        self._writing: deque[Roll] = deque()
        """What the disk has not answered, oldest first; whoever asked for it."""
        self._failed = ViewId()
        """The ballot in which the disk failed: it is not asked again for that one."""
        self._ballot = ViewId()
        self._view = View(ViewId(), ())
        self._due_s = float("inf")

    # What others ask of it.

    @property
    def is_recount_due(self) -> bool:
        """Has the view stood still for the window, and is one to follow that makes its members the voters?"""
        return self._desk.now_s >= self._due_s and not any(map(self._disk_waits, self._view.nids))

    def _disk_waits(self, nid: Nid) -> bool:
        """A member whose disk does not write could not accept the roll, and would sit out the view for it."""
        if nid == self._desk.me:
            return bool(self._writing)
        beat = self._detector.peers[nid].beat
        return beat is not None and beat.persist_age_ms > 0

    def deadline_s(self) -> float:
        """Return when the window is over."""
        return self._due_s if self._due_s > self._desk.now_s else float("inf")

    def is_ready(self, sync: Sync) -> bool:
        """Is what this node needs for the view of this SYNC on its disk?"""
        if not self.window_s or quorum.judge(self._desk.cluster, sync.states)[0] is not Standing.PRIMARY:
            return True
        self._ballot, self.roll = sync.ballot, rolls.brought_on(sync.ballot, sync.states)
        is_bound = rolls.is_recount(sync.ballot, sync.states) or not self._durable.since.epoch
        if self._durable == self.roll or not is_bound:
            return True  # what the others brought binds nobody who learns it late
        if self._handed != self.roll and self._failed != sync.ballot:
            self._write()
        return False

    def installed(self, view: View, states: Sequence[State], standing: Standing, cause: int) -> None:
        """A view is in force, and with it the roll that its members accepted."""
        self._view, self._due_s = view, float("inf")
        if not self.window_s or standing is not Standing.PRIMARY:
            return
        before, self.roll = self.roll.voters, rolls.brought_on(view.id, states)
        if rolls.is_recount(view.id, states):
            self.roll = rolls.in_force(self.roll)
        if self.roll != self._handed:
            self._write()  # nothing waits for it: until it is there the node needs both majorities after a restart
        if self.roll.voters != before:
            names = ", ".join(map(self._desk.name, self.roll.voters))
            self._desk.decide("quorum.voters", "cluster", f"the voters are {names}", cause, "last_man_standing")
        if view.nids != self.roll.voters or self.roll.tried.epoch:
            self._due_s = self._desk.now_s + self.window_s

    def put_off(self) -> None:
        """The view that was to change the voters did not come about: some disk is slow, most likely."""
        self._due_s = self._desk.now_s + self.window_s

    def persisted(self, key: str, error: str) -> None:
        """The shell's word about the oldest roll that was handed over."""
        if key != KEY or not self._writing:
            return
        written = self._writing.popleft()
        if not error:
            self._durable = written
        else:
            self._failed, self._handed = self._ballot, self._durable

    def wake(self) -> None:
        """Note what this step hands to the disk: a roll of this part, or one that failed and is written again."""
        effects = self._desk.effects
        self._writing += [_read(each.value) for each in effects if isinstance(each, Persist) and each.key == KEY]

    def _write(self) -> None:
        self._handed = self.roll
        body = msgspec.msgpack.encode(self.roll)
        self._desk.effects.append(Persist(KEY, _seal(body) + body))


def _seal(body: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=SEAL_BYTES).digest()


def _read(stored: bytes) -> Roll:
    """Return what an earlier life stored; whatever is damaged counts as forgotten."""
    seal, body = stored[:SEAL_BYTES], stored[SEAL_BYTES:]
    if _seal(body) != seal:
        return Roll()
    try:
        return msgspec.msgpack.decode(body, type=Roll)
    except msgspec.MsgspecError:
        return Roll()
