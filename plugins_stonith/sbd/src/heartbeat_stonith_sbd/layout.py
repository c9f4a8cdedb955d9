"""What stands on a disk, byte for byte: format version 1. All numbers are big-endian.

Blocks of 4096 bytes, so that each is whole sectors of any disk; all that counts lies in the first 512, the smallest
sector, which a disk writes whole or not at all, and a checksum tells when it did not.

=====  ===========================================================================================
block  what
=====  ===========================================================================================
0      header: kind 1
1+2n   state of slot n, kind 2: written by the receiver on the slot's node, and by nobody else
2+2n   message to slot n, kind 3: written by whoever fences the slot's node, and by nobody else
=====  ===========================================================================================

Each block begins with 32 bytes: magic ``HBPD`` (4), version (2), kind (2), UUID of the set (16), number of the disk in
its set from 0 (1), disks of the set (1), slot, 65535 in a header (2), zeros (4). Bytes 508 to 511 are the CRC-32 of
the 508 before them (that of zlib, polynomial 0x04C11DB7 reflected). Between them, from byte 32:

header   time-out of the watchdogs, pause between two looks of a receiver, msgwait: milliseconds (4, 4, 4); slots (2)
state    node (64, NUL-padded), boot id of the life (16), phase (1), 1 if the watchdog is weak (1), zeros (2), time-out
         as the watchdog told it, milliseconds (4), count (8), id of the last message answered (16)
message  node (64), boot id that it is for (16), order (1), zeros (7), id (16), who sent it (64), when, milliseconds
         since 1970 by the sender's clock, for a person only (8)
"""

import enum
import struct
import uuid
import zlib
from dataclasses import dataclass
from typing import NamedTuple

from heartbeat.plugin import BadConfig, PluginError

MAGIC, VERSION = b"HBPD", 1
BLOCK = 4096
SECTOR = 512
NAME_MAX = 63
"""Letters of a node's name; the field holds 64 bytes, the last one NUL."""
SLOTS_MAX = 64
NO_SLOT = 0xFFFF
NO_ID = uuid.UUID(int=0)

_PREFIX = struct.Struct(">4sHH16sBBHI")
_HEADER = struct.Struct(">IIIH")
_STATE = struct.Struct(">64s16sBBHIQ16s")
_MESSAGE = struct.Struct(">64s16sB7s16s64sQ")
_CRC = struct.Struct(">I")
_CRC_AT = SECTOR - _CRC.size


class Damaged(PluginError):
    """A block that was torn, or that something else has written over."""


class Phase(enum.IntEnum):
    """What the receiver of a slot says of itself."""

    NEVER = 0
    """No receiver has ever used the slot."""
    ARMED = 1
    """It reads its messages and feeds a watchdog, which does the rest when it stops."""
    LEFT = 2
    """It ended in order and stopped its watchdog: nobody carries out a message."""
    DYING = 3
    """It has read its message and feeds the watchdog no more, whatever happens."""


class Order(enum.IntEnum):
    """What a message wants. There is one order only: any other would have to take the place of one that is obeyed."""

    NONE = 0
    FENCE = 1


class Place(NamedTuple):
    """Which disk of which set a block belongs to; a copy of another disk, or of an old set, is known by it."""

    set_id: uuid.UUID
    disk: int
    disks: int


@dataclass(frozen=True, slots=True)
class Header:
    """Block 0."""

    place: Place
    watchdog_s: float
    interval_s: float
    msgwait_s: float
    slots: int

    @property
    def blocks(self) -> int:
        return 1 + 2 * self.slots


@dataclass(frozen=True, slots=True)
class State:
    """What a receiver last wrote."""

    node: str
    boot_id: uuid.UUID = NO_ID
    phase: Phase = Phase.NEVER
    is_weak: bool = False
    """Its watchdog may stand still together with the machine, as one of a virtual machine does."""
    watchdog_s: float = 0.0
    count: int = 0
    """Grows with each write, over all lives: the newest of several disks is known by it."""
    answered: uuid.UUID = NO_ID


@dataclass(frozen=True, slots=True)
class Message:
    """What somebody last wrote to a node."""

    node: str
    boot_id: uuid.UUID = NO_ID
    """The life that it is for. Another life takes no notice of it."""
    order: Order = Order.NONE
    id: uuid.UUID = NO_ID
    sender: str = ""
    sent_ms: int = 0


class Kind(enum.IntEnum):
    HEADER = 1
    STATE = 2
    MESSAGE = 3


def state_block(slot: int) -> int:
    """Return the number of a slot's state; that of its message follows it."""
    return 1 + 2 * slot


def pack_header(it: Header) -> bytes:
    times = (round(seconds * 1000) for seconds in (it.watchdog_s, it.interval_s, it.msgwait_s))
    return _block(it.place, Kind.HEADER, NO_SLOT, _HEADER.pack(*times, it.slots))


def pack_state(place: Place, slot: int, it: State) -> bytes:
    body = _STATE.pack(
        _name(it.node), it.boot_id.bytes, it.phase, it.is_weak, 0, round(it.watchdog_s * 1000), it.count,
        it.answered.bytes,
    )  # fmt: skip
    return _block(place, Kind.STATE, slot, body)


def pack_message(place: Place, slot: int, it: Message) -> bytes:
    sender = it.sender.encode()[:NAME_MAX]
    body = _MESSAGE.pack(_name(it.node), it.boot_id.bytes, it.order, b"", it.id.bytes, sender, it.sent_ms)
    return _block(place, Kind.MESSAGE, slot, body)


def unpack_header(block: bytes) -> Header:
    """Raises Damaged, or BadConfig for what is no such disk or of a version that is not ours."""
    magic, version, *_ = _PREFIX.unpack_from(block)
    if magic != MAGIC:
        raise BadConfig("holds no slots of ours; hb-sbd create makes them, and deletes what is on the disk")
    if version != VERSION:
        raise BadConfig(f"is of format version {version}, and this program knows {VERSION}")
    place, body = _opened(block, Kind.HEADER, NO_SLOT)
    watchdog_ms, interval_ms, msgwait_ms, slots = _HEADER.unpack_from(body)
    if not (place.disks in (1, 3) and place.disk < place.disks and 0 < slots <= SLOTS_MAX):
        raise Damaged(f"tells of disk {place.disk} of {place.disks} and {slots} slots, which cannot be")
    if not 0 < 2 * watchdog_ms <= msgwait_ms or not interval_ms:
        raise Damaged(f"tells of a msgwait of {msgwait_ms} ms for watchdogs of {watchdog_ms} ms, which cannot be")
    return Header(place, watchdog_ms / 1000, interval_ms / 1000, msgwait_ms / 1000, slots)


def unpack_state(block: bytes, place: Place, slot: int) -> State:
    """Raises Damaged, also for a block of another disk, set or slot."""
    body = _ours(block, Kind.STATE, place, slot)
    name, boot_id, phase, weak, _, watchdog_ms, count, answered = _STATE.unpack_from(body)
    ids = uuid.UUID(bytes=boot_id), uuid.UUID(bytes=answered)
    return State(_text(name), ids[0], _phase(phase, slot), bool(weak), watchdog_ms / 1000, count, ids[1])


def unpack_message(block: bytes, place: Place, slot: int) -> Message:
    """Raises Damaged, also for a block of another disk, set or slot."""
    body = _ours(block, Kind.MESSAGE, place, slot)
    name, boot_id, order, _, number, sender, sent_ms = _MESSAGE.unpack_from(body)
    ids = uuid.UUID(bytes=boot_id), uuid.UUID(bytes=number)
    return Message(_text(name), ids[0], _order(order, slot), ids[1], _text(sender), sent_ms)


def _block(place: Place, kind: Kind, slot: int, body: bytes) -> bytes:
    prefix = _PREFIX.pack(MAGIC, VERSION, kind, place.set_id.bytes, place.disk, place.disks, slot, 0)
    counted = (prefix + body).ljust(_CRC_AT, b"\0")
    return (counted + _CRC.pack(zlib.crc32(counted))).ljust(BLOCK, b"\0")


def _opened(block: bytes, kind: Kind, slot: int) -> tuple[Place, bytes]:
    magic, version, its_kind, set_id, disk, disks, its_slot, _ = _PREFIX.unpack_from(block)
    if _CRC.unpack_from(block, _CRC_AT)[0] != zlib.crc32(block[:_CRC_AT]):
        raise Damaged(f"{_what(kind, slot)} is torn or was written over: its checksum is wrong")
    if (magic, version, its_kind, its_slot) != (MAGIC, VERSION, kind, slot):
        raise Damaged(f"{_what(kind, slot)} is not where it belongs: kind {its_kind}, slot {its_slot} is there")
    return Place(uuid.UUID(bytes=set_id), disk, disks), block[_PREFIX.size : _CRC_AT]


def _ours(block: bytes, kind: Kind, place: Place, slot: int) -> bytes:
    found, body = _opened(block, kind, slot)
    if found != place:
        whose = f"disk {found.disk} of {found.disks} in set {found.set_id}"
        raise Damaged(f"{_what(kind, slot)} is of {whose}: was one disk copied over another?")
    return body


def _what(kind: Kind, slot: int) -> str:
    return "the header" if kind is Kind.HEADER else f"the {kind.name.lower()} of slot {slot}"


def _phase(number: int, slot: int) -> Phase:
    try:
        return Phase(number)
    except ValueError:
        raise Damaged(f"the state of slot {slot} is in phase {number}, which this program does not know") from None


def _order(number: int, slot: int) -> Order:
    try:
        return Order(number)
    except ValueError:
        raise Damaged(f"the message of slot {slot} orders {number}, which this program does not know") from None


def _name(node: str) -> bytes:
    name = node.encode()
    if len(name) > NAME_MAX or b"\0" in name:
        raise BadConfig(f"a slot's name has at most {NAME_MAX} bytes, and {node!r} has {len(name)}")
    return name


def _text(field: bytes) -> str:
    return field.partition(b"\0")[0].decode(errors="replace")
