"""Talking to programs on all nodes, without a socket: what goes out and what came in, as bytes and events.

Messages are packed: the daemon gets as many at a time as fit into one frame, and looks into none of them. A message
longer than that goes in pieces. In a body each message or piece is 4 bytes big-endian, its length, and that many bytes.
The highest bit of the length says that it is a piece: then its index, their number (2 bytes each) and the message's
number (4 bytes) come before it, so that one whose beginning was lost with a view is not joined with another.
"""

import struct
from collections import deque
from collections.abc import Iterator

import msgspec

from heartbeat.client.errors import Refused
from heartbeat.model.delivery import Delivery
from heartbeat.wire import api
from heartbeat.wire.local import Unpacker, pack

MESSAGE_MAX = 1024 * 1024
"""Longest message, bytes."""
GROUP_MAX, OTHERS_MAX = 64, 255
"""As wire.api has them."""
IN_FLIGHT_MAX = 4
"""Bodies that the daemon has not taken yet; what is said meanwhile goes with the next one: batches grow with load."""
PENDING_MAX = 1024 * 1024
"""Bytes that wait to be handed over; whoever says more has to wait."""
_HEADER = struct.Struct("!I")
_PIECE_HEADER = struct.Struct("!IHHI")
_PIECE = 1 << 31

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(api.Answer).decode


class Sender(msgspec.Struct, frozen=True):
    """A program: its node, and its number in the life of that node's daemon."""

    node: str
    program: int


class Message(msgspec.Struct, frozen=True):
    """Something that was said in a group."""

    group: str
    sender: Sender
    delivery: Delivery
    place: int
    """Of the body that it came in, in the one order of all ordered messages; 0 for those without order."""
    body: bytes


class Company(msgspec.Struct, frozen=True):
    """Who is in a group from here on, at the same place among its ordered messages for everybody."""

    group: str
    view: str
    members: tuple[Sender, ...]
    is_primary: bool
    """False: nothing is ordered here until this part of the cluster is one with the rest again."""
    has_gap: bool
    """Ordered messages may have been missed before this."""


Event = Message | Company
Key = tuple[str, Delivery, int]
"""What messages of one body have in common: group, class, and SAFE's others."""


class Talk:
    """One program's side of a connection."""

    def __init__(self) -> None:
        self._unpacker = Unpacker()
        self._requests: list[bytes] = []
        self._pending: deque[tuple[Key, bytes]] = deque()
        """Pieces with their headers."""
        self._pending_bytes = 0
        self._in_flight = 0
        self._body_bytes = 0
        """0 until the daemon said how much goes at once."""
        self._cut = 0
        """Messages that went in pieces."""
        self._parts: dict[tuple[str, Sender, int], tuple[int, list[bytes]]] = {}
        """Of messages that are not whole yet: number and pieces, by group, sender and class."""
        self.me: Sender | None = None
        """Known after the first join was answered."""

    # Out.

    def join(self, group: str) -> None:
        """Raises ValueError when that cannot be a group's name."""
        if not 0 < len(group) <= GROUP_MAX:
            raise ValueError(f"a group's name has 1 to {GROUP_MAX} characters, this one {len(group)}")
        self._requests.append(pack(_encode(api.Join(group))))

    def leave(self, group: str) -> None:
        self._requests.append(pack(_encode(api.Leave(group))))

    def say(self, group: str, body: bytes, delivery: Delivery, others: int) -> None:
        """Raises ValueError when it is too long, for an impossible group, or before the first join was answered."""
        if not (0 < len(group) <= GROUP_MAX and 0 <= others <= OTHERS_MAX):
            raise ValueError(f"a group's name has 1 to {GROUP_MAX} characters, and others are 0 to {OTHERS_MAX}")
        if not self._body_bytes:
            raise ValueError("join a group first: until then nobody knows who says this")
        if len(body) > MESSAGE_MAX:
            raise ValueError(f"a message of {len(body)} bytes; at most {MESSAGE_MAX} are possible")
        key = (group, delivery, others)
        if _HEADER.size + len(body) <= self._body_bytes:
            self._put(key, _HEADER.pack(len(body)) + body)
            return
        room = self._body_bytes - _PIECE_HEADER.size
        count, self._cut = -(-len(body) // room), self._cut + 1
        for index in range(count):
            piece = body[index * room : (index + 1) * room]
            self._put(key, _PIECE_HEADER.pack(_PIECE | len(piece), index, count, self._cut) + piece)

    def _put(self, key: Key, piece: bytes) -> None:
        self._pending.append((key, piece))
        self._pending_bytes += len(piece)

    @property
    def is_full(self) -> bool:
        """So much waits that the next message should not be said yet."""
        return self._pending_bytes >= PENDING_MAX

    @property
    def is_idle(self) -> bool:
        """Everything was handed over, and the daemon has taken it."""
        return not (self._requests or self._pending or self._in_flight)

    def to_send(self) -> bytes:
        """Return what is to be sent now."""
        out, self._requests = self._requests, []
        while self._pending and self._in_flight < IN_FLIGHT_MAX:
            (group, delivery, others), body = self._body()
            out.append(pack(_encode(api.Say(group, delivery, body, others))))
            self._in_flight += 1
        return b"".join(out)

    def _body(self) -> tuple[Key, bytes]:
        """Take as much as fits into one body."""
        pending, room = self._pending, self._body_bytes
        key, first = pending.popleft()
        pieces, room = [first], room - len(first)
        while pending and pending[0][0] == key and len(pending[0][1]) <= room:
            piece = pending.popleft()[1]
            room -= len(piece)
            pieces.append(piece)
        body = b"".join(pieces)
        self._pending_bytes -= len(body)
        return key, body

    # In.

    def feed(self, chunk: bytes) -> list[Event]:
        """Return what came of it. Raises Malformed or ValueError for what no daemon says, and Refused."""
        events: list[Event] = []
        for whole in self._unpacker.feed(chunk):
            answer = _decode(whole)
            match answer:
                case api.Heard():
                    events.extend(self._heard(answer))
                case api.Taken():
                    self._in_flight -= answer.count
                case api.Welcome():
                    self.me, self._body_bytes = Sender(answer.node, answer.program), answer.body_bytes
                case api.Company():
                    events.append(self._company(answer))
                case api.Refused():
                    raise Refused(answer.text)
                case _:
                    raise ValueError(f"{type(answer).__name__} was not asked for")
        return events

    def _heard(self, heard: api.Heard) -> Iterator[Message]:
        sender, delivery, body = Sender(heard.node, heard.program), heard.delivery, heard.body
        group, place, at, end = heard.group, heard.place, 0, len(heard.body)
        while at < end:
            (length,) = _HEADER.unpack_from(body, at)
            if length & _PIECE:
                _, index, count, number = _PIECE_HEADER.unpack_from(body, at)
                at += _PIECE_HEADER.size
                length &= ~_PIECE
                whole = self._joined((group, sender, int(delivery)), index, count, number, body[at : at + length])
                if whole is not None:
                    yield Message(group, sender, delivery, place, whole)
            else:
                at += 4
                yield Message(group, sender, delivery, place, body[at : at + length])
            at += length

    def _joined(self, key: tuple[str, Sender, int], index: int, count: int, number: int, piece: bytes) -> bytes | None:
        """Return the whole message with its last piece, when no other one is missing."""
        known, parts = self._parts.pop(key, (number, []))
        if known != number or index != len(parts):
            known, parts = number, []
            if index:
                return None
        parts.append(piece)
        if len(parts) == count:
            return b"".join(parts)
        self._parts[key] = (known, parts)
        return None

    def _company(self, told: api.Company) -> Company:
        members = tuple(Sender(node, program) for node, program in told.members)
        for key in [key for key in self._parts if key[0] == told.group and key[1] not in members]:
            del self._parts[key]  # its sender is gone, the rest will never come
        return Company(told.group, told.view, members, told.is_primary, told.has_gap)
