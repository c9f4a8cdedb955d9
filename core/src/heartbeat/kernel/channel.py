"""Frames in and out: sequence numbers, lives, duplicates, and one FIFO stream per sender repaired by NAK.

Each frame has a sequence number of its own; whatever arrives with a number already seen (the same frame over a
second link, or a recording) is a duplicate. Messages that must not be lost carry a stream number besides. The
sender's highest stream number rides in each beat, so a lost tail is noticed too.
"""

import msgspec

from heartbeat.kernel.desk import Desk
from heartbeat.kernel.effects import Halt, Persist, Send
from heartbeat.model.names import Nid
from heartbeat.model.proof import Proved
from heartbeat.model.view import Member
from heartbeat.wire.frame import Header, short_id
from heartbeat.wire.messages import Heard, Message, Nak, Packet, StaleLife

WINDOW = 4096
"""Sequence numbers below the newest by this much count as seen: bounds what is remembered per sender."""
EVERYBODY = Nid(-1)
EARLY_MAX = 1024
"""Stream messages kept while an earlier one is missing."""
STORE_MAX = 1024
"""Own stream messages kept for repair when nobody acknowledges."""
NAK_FIRST_S = 0.002
"""Slack for reordering before the first NAK."""
NAK_LAST_S = 0.100
"""NAKs for the same gap are spaced by doubling from 10 ms up to this."""


SINGLE = 1 << 62
"""Frames that go over one link only are numbered apart, from here, so that no other link seems to have lost them."""


class Numbers:
    """Which frame numbers of a sender were seen."""

    def __init__(self) -> None:
        self.newest = 0
        self.seen: set[int] = set()

    def is_duplicate(self, sequence: int) -> bool:
        """Note the number; True when it was seen before or is too old to tell."""
        if sequence > self.newest:
            self.newest = sequence
        elif sequence <= self.newest - WINDOW or sequence in self.seen:
            return True
        self.seen.add(sequence)
        if len(self.seen) > 2 * WINDOW:
            floor = self.newest - WINDOW
            self.seen = {number for number in self.seen if number > floor}
        return False


class Sender(Numbers):
    """What is remembered of one other node in its present life."""

    def __init__(self, incarnation: int, session: bytes) -> None:
        super().__init__()
        self.incarnation = incarnation
        self.session = session
        self.singles = Numbers()
        self.contiguous = -1
        """Highest stream number delivered in order; -1 until its first frame tells where its stream stands."""
        self.high = 0
        self.early: dict[int, Packet] = {}
        self.nak_at_s: float | None = None
        self.nak_pause_s = 0.010

    def is_duplicate(self, sequence: int) -> bool:
        return self.singles.is_duplicate(sequence) if sequence >= SINGLE else super().is_duplicate(sequence)


class End(msgspec.Struct, frozen=True):
    """The newest frame of a node before it fell silent."""

    incarnation: int
    session: bytes
    sequence: int


class Counters(msgspec.Struct):
    """Frames refused, by cause."""

    duplicate: int = 0
    stale_life: int = 0
    other_session: int = 0
    stranger: int = 0
    foreign: int = 0
    """Of another cluster; the shell's gate counts those that it keeps out."""
    unsound: int = 0
    """Names a node, a group or a number that cannot be."""


class Channel:
    """One node's mouth and ears."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._cluster_id = short_id(desk.cluster.name)
        self._my_id = short_id(desk.cluster.nodes[desk.me])
        self._nids = {short_id(name): Nid(nid) for nid, name in enumerate(desk.cluster.nodes)}
        self.sequence = self._single = 0
        self.stream_high = 0
        self._store: dict[int, Packet] = {}
        self.senders: dict[Nid, Sender] = {}
        self.counters = Counters()
        self._lives = _lives(desk.birth.stored.get("lives", b""))
        """Newest life ever heard of each other node, over restarts of this one."""
        self._ends = _ends(desk.birth.stored.get("ends", b""))
        """How far each other node had come when it fell silent, over restarts of this one."""
        self._stale_told_s: dict[Nid, float] = {}

    # Out.

    def send(self, message: Message, to: Nid = EVERYBODY) -> None:
        """Send a message that stands alone: lost is lost."""
        self._emit(Packet(message, 0, to))

    def send_over(self, link: int, message: Message, to: Nid = EVERYBODY) -> None:
        """Send bulk over one link. It is no sign of life: beats are."""
        self._single += 1
        self._desk.effects.append(Send(self._header(SINGLE + self._single), Packet(message, 0, to), link))

    def post(self, message: Message, to: Nid = EVERYBODY) -> None:
        """Send a message in the stream: whoever hears us gets it once and in order."""
        self.stream_high += 1
        packet = Packet(message, self.stream_high, to)
        self._store[self.stream_high] = packet
        if len(self._store) > STORE_MAX:
            del self._store[min(self._store)]
        self._emit(packet)
        self._desk.urgent = True

    def _emit(self, packet: Packet) -> None:
        self.sequence += 1
        self._desk.effects.append(Send(self._header(self.sequence), packet))

    def _header(self, sequence: int) -> Header:
        birth = self._desk.birth
        return Header(0, self._cluster_id, self._my_id, birth.incarnation, birth.session, sequence)

    def repeat(self, nak: Nak) -> None:
        """Send again what a receiver misses, under new sequence numbers."""
        for number in range(max(nak.first, 1), min(nak.last, nak.first + 63, self.stream_high) + 1):
            packet = self._store.get(number)
            if packet is not None:
                self._emit(packet)

    def acknowledged(self, up_to: int) -> None:
        """Forget own stream messages that every member has."""
        for number in [number for number in self._store if number <= up_to]:
            del self._store[number]

    # In.

    def sender(self, header: Header) -> Nid | None:
        """Return who sent it; None for another cluster and for a stranger to our node list."""
        if header.cluster != self._cluster_id:
            self.counters.foreign += 1
            return None
        nid = self._nids.get(header.sender)
        if nid is None:
            self.counters.stranger += 1
        return nid

    def admit(self, nid: Nid, header: Header) -> tuple[bool, bool]:
        """Return (is it fresh, is it the first frame of a new life)."""
        sender = self.senders.get(nid)
        if header.incarnation < self._lives.get(nid, 0):
            self.counters.stale_life += 1
            self._tell_stale(nid, header)
            return False, False
        new_life = sender is None or header.incarnation > sender.incarnation
        if new_life and (header.sequence >= SINGLE or not self._goes_beyond_its_end(nid, header)):
            return False, False
        if new_life:
            self.senders[nid] = sender = Sender(header.incarnation, header.session)
            self._remember(nid, header.incarnation)
        assert sender is not None
        if header.session != sender.session:
            self.counters.other_session += 1
            self._tell_stale(nid, header)
            return False, False
        if sender.is_duplicate(header.sequence):
            self.counters.duplicate += 1
            return False, False
        return True, new_life

    def _goes_beyond_its_end(self, nid: Nid, header: Header) -> bool:
        """To a node that was started anew all frames look new: one that was sent before its sender fell silent, by
        what an earlier life of this node wrote down, is a recording."""
        end = self._ends.get(nid)
        if end is None or header.incarnation != end.incarnation:
            return True
        if header.session != end.session:
            self.counters.other_session += 1
            self._tell_stale(nid, header)
            return False
        if header.sequence <= end.sequence:
            self.counters.duplicate += 1
            return False
        return True

    def fell_silent(self, nid: Nid) -> None:
        """Write down how far a node came; once for each silence, and nothing waits for it."""
        sender = self.senders.get(nid)
        if sender is None:
            return
        self._ends[nid] = End(sender.incarnation, sender.session, sender.newest)
        self._desk.effects.append(Persist("ends", msgspec.json.encode(self._ends)))

    def lives(self) -> tuple[Member, ...]:
        """Return the newest life ever heard of each other node."""
        return tuple(Member(nid, life) for nid, life in sorted(self._lives.items()))

    def heard_of(self, nid: Nid, incarnation: int) -> bool:
        """Another node has heard this life; return whether it is news. Frames of earlier ones are refused from now."""
        is_news = incarnation > self._lives.get(nid, 0)
        if is_news:
            self._remember(nid, incarnation)
        return is_news

    def is_about_newest(self, proved: Proved) -> bool:
        """Is this proof about the newest life ever heard of a node? One about an earlier life says nothing of it,
        least of all to a member that has not heard that node since its own start."""
        return proved.incarnation >= self._lives.get(proved.nid, 0)

    def _remember(self, nid: Nid, incarnation: int) -> None:
        if incarnation != self._lives.get(nid, 0):
            self._lives[nid] = incarnation
            lives = ",".join(f"{each}:{life}" for each, life in sorted(self._lives.items()))
            self._desk.effects.append(Persist("lives", lives.encode()))

    def _tell_stale(self, nid: Nid, header: Header) -> None:
        """A node that lost its own memory counts its lives anew: tell it, instead of ignoring it for ever."""
        if self._desk.now_s >= self._stale_told_s.get(nid, float("-inf")) + self._desk.cluster.timers.keepalive_s:
            self._stale_told_s[nid] = self._desk.now_s
            self.send(StaleLife(Member(nid, self._lives[nid]), header.session), to=nid)

    def is_stale(self, told: StaleLife) -> bool:
        """Does this tell me, in this very life, that my number was used before?"""
        birth = self._desk.birth
        is_mine = (told.member.nid, told.session) == (birth.me, birth.session)
        return is_mine and told.member.incarnation >= birth.incarnation

    def told_stale(self, nid: Nid, told: StaleLife) -> None:
        """This node lost its memory: it goes on above the newest life that others remember."""
        if not self.is_stale(told):
            return
        desk, newest = self._desk, told.member.incarnation
        desk.decide(
            "node.stale",
            desk.node(desk.me),
            f"this node's state was lost: it starts anew as life {newest + 1}",
            f"{desk.name(nid)} has heard life {newest} of it",
            alarm=True,
        )
        desk.effects.append(Persist("incarnation", str(newest).encode()))
        desk.effects.append(Halt("its state was lost", clean=False))

    def in_order(self, nid: Nid, packet: Packet) -> list[Packet]:
        """Take a stream packet; return what can be delivered now, in order."""
        sender = self.senders[nid]
        if sender.contiguous < 0:
            sender.contiguous = packet.stream - 1
        if packet.stream <= sender.contiguous or packet.stream in sender.early:
            return []
        if len(sender.early) < EARLY_MAX:
            sender.early[packet.stream] = packet
        sender.high = max(sender.high, packet.stream)
        return self._release(sender)

    def _release(self, sender: Sender) -> list[Packet]:
        ready: list[Packet] = []
        while sender.contiguous + 1 in sender.early:
            sender.contiguous += 1
            ready.append(sender.early.pop(sender.contiguous))
        if sender.contiguous >= sender.high:
            sender.nak_at_s = None
            sender.nak_pause_s = 0.010
        elif sender.nak_at_s is None:
            sender.nak_at_s = self._desk.now_s + NAK_FIRST_S
        return ready

    def told_high(self, nid: Nid, high: int) -> None:
        """A beat tells the sender's highest stream number; a first beat tells where to begin."""
        sender = self.senders[nid]
        if sender.contiguous < 0:
            sender.contiguous = high
        if high > sender.high:
            sender.high = high
            self._release(sender)

    def covered(self, nid: Nid, high: int) -> list[Packet]:
        """A state transfer stands for everything up to ``high``: skip what is still missing of it."""
        sender = self.senders.get(nid)
        if sender is None or sender.contiguous >= high:
            return []
        for number in [number for number in sender.early if number <= high]:
            del sender.early[number]
        sender.contiguous = high
        sender.high = max(sender.high, high)
        return self._release(sender)

    def row(self, nid: Nid, age_s: float, echo_ms: int = 0) -> Heard:
        """Return my beat's entry about one other node; ``echo_ms``: the send time in its newest beat."""
        sender = self.senders.get(nid)
        if sender is None:
            return Heard(nid, 0, 0, -1)
        return Heard(nid, sender.incarnation, int(age_s * 1000), sender.contiguous, echo_ms)

    # Time.

    def deadline_s(self) -> float:
        return min((s.nak_at_s for s in self.senders.values() if s.nak_at_s is not None), default=float("inf"))

    def wake(self) -> None:
        """Ask again for what is missing."""
        for nid in sorted(self.senders):
            sender = self.senders[nid]
            if sender.nak_at_s is None or sender.nak_at_s > self._desk.now_s:
                continue
            last = min(sender.early) - 1 if sender.early else sender.high
            self.send(Nak(sender.contiguous + 1, last), to=nid)
            sender.nak_at_s = self._desk.now_s + sender.nak_pause_s
            sender.nak_pause_s = min(2 * sender.nak_pause_s, NAK_LAST_S)


def _lives(text: bytes) -> dict[Nid, int]:
    pairs = (word.split(b":") for word in text.split(b",") if word)
    return {Nid(int(nid)): int(life) for nid, life in pairs}


def _ends(text: bytes) -> dict[Nid, End]:
    try:
        return msgspec.json.decode(text, type=dict[Nid, End])
    except msgspec.DecodeError:  # never written, or by a version that wrote it otherwise
        return {}
