"""What stands on a disk: the bytes are those of the documents, and none may be wrong unseen."""

import uuid
import zlib

import pytest
from heartbeat.plugin import BadConfig, PluginError
from heartbeat_stonith_sbd.layout import (
    BLOCK,
    NAME_MAX,
    SECTOR,
    Damaged,
    Header,
    Message,
    Order,
    Phase,
    Place,
    State,
    pack_header,
    pack_message,
    pack_state,
    unpack_header,
    unpack_message,
    unpack_state,
)

SET = uuid.UUID("0b5c7f4e-5d1b-4b36-9d8e-1f0a4b7a2c11")
LIFE = uuid.UUID("7d7f0c0e-3a57-4cf4-8e2a-9d1f9a3a1b02")
NUMBER = uuid.UUID("11111111-2222-3333-4444-555555555555")
PLACE = Place(SET, 1, 3)
HEADER = Header(PLACE, 5.0, 1.0, 10.0, 3)
STATE = State("node1", LIFE, Phase.DYING, True, 5.0, 258, NUMBER)
MESSAGE = Message("node1", LIFE, Order.FENCE, NUMBER, "node2", 1_700_000_000_123)


def test_all_that_is_written_is_read() -> None:
    assert unpack_header(pack_header(HEADER)) == HEADER
    assert unpack_state(pack_state(PLACE, 2, STATE), PLACE, 2) == STATE
    assert unpack_message(pack_message(PLACE, 2, MESSAGE), PLACE, 2) == MESSAGE


def _counted(text: str) -> bytes:
    counted = bytes.fromhex(text).ljust(508, b"\0")
    return (counted + zlib.crc32(counted).to_bytes(4, "big")).ljust(4096, b"\0")


def test_the_bytes_are_those_of_the_document() -> None:
    """Written by hand from the description in layout.py: another program reads these disks by it."""
    whose = SET.bytes.hex() + "01 03"
    assert pack_header(HEADER) == _counted(
        "48425044 0001 0001" + whose + "ffff 00000000" + "00001388 000003e8 00002710 0003"
    )
    name = b"node1".ljust(64, b"\0").hex()
    assert pack_state(PLACE, 2, STATE) == _counted(
        "48425044 0001 0002" + whose + "0002 00000000" + name + LIFE.bytes.hex() + "03 01 0000 00001388"
        "0000000000000102" + NUMBER.bytes.hex()
    )  # fmt: skip
    assert pack_message(PLACE, 2, MESSAGE) == _counted(
        "48425044 0001 0003" + whose + "0002 00000000" + name + LIFE.bytes.hex() + "01 00000000000000"
        + NUMBER.bytes.hex() + b"node2".ljust(64, b"\0").hex() + "0000018bcfe5687b"
    )  # fmt: skip


@pytest.mark.parametrize("what", ["header", "state", "message"])
def test_no_byte_may_be_wrong_unseen(what: str) -> None:
    pack = {"header": pack_header(HEADER), "state": pack_state(PLACE, 2, STATE)}.get(
        what, pack_message(PLACE, 2, MESSAGE)
    )
    for at in range(SECTOR):
        wrong = bytearray(pack)
        wrong[at] ^= 0x40
        with pytest.raises(PluginError):
            _unpack(what, bytes(wrong))


@pytest.mark.parametrize("cut", [1, 31, 32, 100, 200, 507, 511])
def test_a_torn_block_is_seen(cut: int) -> None:
    new = pack_message(PLACE, 2, MESSAGE)
    old = pack_message(PLACE, 2, Message("node1"))
    torn = new[:cut] + old[cut:]
    if torn not in (new, old):
        with pytest.raises(Damaged, match="message of slot 2 is torn"):
            unpack_message(torn, PLACE, 2)


def _unpack(what: str, block: bytes) -> object:
    if what == "header":
        return unpack_header(block)
    return unpack_state(block, PLACE, 2) if what == "state" else unpack_message(block, PLACE, 2)


@pytest.mark.parametrize(
    ("place", "slot", "problem"),
    [
        (Place(uuid.UUID(int=9), 1, 3), 2, "is of disk 1 of 3 in set 00000000"),
        (Place(SET, 0, 3), 2, "was one disk copied over another"),
        (PLACE, 1, "not where it belongs: kind 2, slot 1"),
    ],
)
def test_a_block_of_another_set_disk_or_slot_is_not_taken(place: Place, slot: int, problem: str) -> None:
    with pytest.raises(Damaged, match=problem):
        unpack_state(pack_state(place, slot, STATE), PLACE, 2)


def test_a_message_where_a_state_belongs_is_not_taken() -> None:
    with pytest.raises(Damaged, match="the state of slot 2 is not where it belongs"):
        unpack_state(pack_message(PLACE, 2, MESSAGE), PLACE, 2)


def test_a_disk_of_somebody_else_or_of_another_version_says_so() -> None:
    with pytest.raises(BadConfig, match="holds no slots of ours; hb-sbd create makes them"):
        unpack_header(bytes(BLOCK))
    newer = bytearray(pack_header(HEADER))
    newer[5] = 2
    with pytest.raises(BadConfig, match="is of format version 2, and this program knows 1"):
        unpack_header(bytes(newer))


@pytest.mark.parametrize(
    "header",
    [
        Header(Place(SET, 0, 2), 5, 1, 10, 3),
        Header(Place(SET, 3, 3), 5, 1, 10, 3),
        Header(PLACE, 5, 1, 10, 65),
        Header(PLACE, 5, 1, 9.9, 3),
        Header(PLACE, 5, 0, 10, 3),
        Header(PLACE, 0, 1, 10, 3),
    ],
    ids=["two disks", "fourth of three", "65 slots", "short msgwait", "no interval", "no time-out"],
)
def test_a_header_that_cannot_be_is_refused(header: Header) -> None:
    with pytest.raises(Damaged, match="which cannot be"):
        unpack_header(pack_header(header))


@pytest.mark.parametrize(("at", "what"), [(112, "phase"), (112, "orders")])
def test_a_word_of_a_newer_program_is_not_guessed(at: int, what: str) -> None:
    block = pack_state(PLACE, 2, STATE) if what == "phase" else pack_message(PLACE, 2, MESSAGE)
    newer = bytearray(block[:508])
    newer[at] = 77
    whole = (bytes(newer) + zlib.crc32(newer).to_bytes(4, "big")).ljust(BLOCK, b"\0")
    with pytest.raises(Damaged, match=f"{what}.* 77"):
        _unpack("state" if what == "phase" else "message", whole)


def test_a_name_must_fit() -> None:
    longest = "n" * NAME_MAX
    assert unpack_state(pack_state(PLACE, 2, State(longest)), PLACE, 2).node == longest
    with pytest.raises(BadConfig, match=r"at most 63 bytes, and .* has 64"):
        pack_state(PLACE, 2, State(longest + "n"))
