"""A frame that comes over every link is opened once; the shortcut opens nothing that the keys would not."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from heartbeat.daemon.frames import FrameGate
from heartbeat.daemon.keyring import Keyring, Keys
from heartbeat.wire.frame import Header, short_id
from heartbeat.wire.messages import Nak, Packet

if TYPE_CHECKING:
    from core.tests.daemon.conftest import FakeLog

MakeKeys = Callable[..., Keys]


class Counting(Keyring):
    """Counts how often a frame had to be opened."""

    opened = 0

    def open(self, header: Header, frame: bytes) -> bytes:
        self.opened += 1
        return super().open(header, frame)


@pytest.fixture
def keyring(make_keys: MakeKeys) -> Counting:
    return Counting(make_keys(k1="old"))


@pytest.fixture
def gate(keyring: Counting, log: "FakeLog") -> FrameGate:
    return FrameGate("c", "node1", b"session1", keyring, log)


@pytest.fixture
def frame(make_keys: MakeKeys, log: "FakeLog") -> bytes:
    sender = FrameGate("c", "node2", b"session2", Keyring(make_keys(k1="old")), log)
    header = Header(0, short_id("c"), short_id("node2"), 1, b"session2", 1)
    return sender.seal(header, Packet(Nak(1, 2), stream=3))


def test_the_copy_says_the_same_and_is_not_opened_again(gate: FrameGate, keyring: Counting, frame: bytes) -> None:
    first = gate.open("eth0", frame)
    assert first is not None
    assert gate.open("eth1", bytes(bytearray(frame))) == first
    assert keyring.opened == 1


def test_one_other_bit_is_another_frame(gate: FrameGate, frame: bytes) -> None:
    assert gate.open("eth0", frame) is not None
    assert gate.open("eth1", frame[:-1] + bytes([frame[-1] ^ 1])) is None
    assert gate.refused["not authentic"] == 1


def test_a_key_that_was_taken_away_opens_no_copy_either(
    gate: FrameGate, keyring: Counting, frame: bytes, make_keys: MakeKeys
) -> None:
    assert gate.open("eth0", frame) is not None
    keyring.replace(make_keys(k2="new"))
    assert gate.open("eth1", frame) is None
    assert gate.refused["unknown key"] == 1
