"""What is let in: authentic frames of this cluster from others. Everything else is a number and one line."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec
import pytest
from heartbeat.daemon.frames import FrameGate
from heartbeat.daemon.keyring import Keyring, Keys
from heartbeat.wire.frame import Header, short_id
from heartbeat.wire.messages import Nak, Packet

if TYPE_CHECKING:
    from core.tests.daemon.conftest import FakeLog

MakeKeys = Callable[..., Keys]
PACKET = Packet(Nak(1, 2), stream=3)


def gate(keys: Keys, log: "FakeLog", node: str = "node1", cluster: str = "c") -> FrameGate:
    return FrameGate(cluster, node, node.encode().ljust(8), Keyring(keys), log)


def header(node: str, cluster: str = "c", session: bytes = b"") -> Header:
    return Header(0, short_id(cluster), short_id(node), 1, session or node.encode().ljust(8), 1)


def test_a_frame_of_another_node_comes_in_with_the_key_that_it_names(make_keys: MakeKeys, log: "FakeLog") -> None:
    sender = gate(make_keys(k2="new", k1="old"), log, "node2")
    receiver = gate(make_keys(k1="old", k2="new"), log)
    frame = sender.seal(header("node2"), PACKET)
    said = receiver.open("bcast/eth0", frame)
    assert said is not None
    assert said[0].key_number == 2, "the shell filled in the sender's active key"
    assert said[1] == PACKET
    assert not receiver.refused


def test_rotation_loses_no_frame_at_any_moment(make_keys: MakeKeys, log: "FakeLog") -> None:
    """All nodes learn key 2, then each begins to seal with it, one after another."""
    stages = [make_keys(k1="old"), make_keys(k1="old", k2="new"), make_keys(k2="new", k1="old"), make_keys(k2="new")]
    rings = {name: Keyring(stages[0]) for name in ("node1", "node2")}
    gates = {name: FrameGate("c", name, name.encode().ljust(8), ring, log) for name, ring in rings.items()}
    for stage in stages[1:]:
        for name in ("node1", "node2"):
            rings[name].replace(stage)
            for one, other in (("node1", "node2"), ("node2", "node1")):
                assert gates[other].open("l", gates[one].seal(header(one), PACKET)) is not None


def test_keys_that_cannot_be_used_leave_the_old_ones(make_keys: MakeKeys, log: "FakeLog") -> None:
    ring = Keyring(make_keys(k1="old"))
    with pytest.raises(KeyError):
        ring.replace(msgspec.structs.replace(make_keys(k2="new"), active=9))
    assert ring.active == 1
    receiver = FrameGate("c", "node1", b"session1", ring, log)
    assert receiver.open("l", gate(make_keys(k1="old"), log, "node2").seal(header("node2"), PACKET)) is not None


def test_each_cause_is_counted_apart_and_said_once(make_keys: MakeKeys, log: "FakeLog") -> None:
    keys = make_keys(k1="one")
    receiver, peer = gate(keys, log), gate(keys, log, "node2")
    good = peer.seal(header("node2"), PACKET)
    bad = {
        "garbled": b"GET / HTTP/1.1",
        "foreign": peer.seal(header("node2", cluster="other"), PACKET),
        "unknown key": gate(make_keys(k3="three"), log, "node2").seal(header("node2"), PACKET),
        "not authentic": good[:-1] + bytes([good[-1] ^ 1]),
        "twin": peer.seal(header("node1", session=b"another!"), PACKET),
        "unreadable": good[:44] + Keyring(keys).seal(msgspec.structs.replace(header("node2"), key_number=1), b"?")[44:],
    }
    for frame in bad.values():
        for _ in range(3):
            assert receiver.open("bcast/eth0", frame) is None
    assert receiver.refused == dict.fromkeys(bad, 3)
    assert len(log.texts) == len(bad), "three frames, one line each"
    assert all(text.startswith("bcast/eth0: ") for text in log.texts)
    assert "udpport" in next(text for text in log.texts if "another cluster" in text), "the mend is said"


def test_own_frames_heard_back_are_no_news(make_keys: MakeKeys, log: "FakeLog") -> None:
    one = gate(make_keys(k1="one"), log)
    assert one.open("bcast/eth0", one.seal(header("node1"), PACKET)) is None
    assert one.refused == {"own": 1}
    assert log.texts == []


def test_a_changed_header_is_not_authentic(make_keys: MakeKeys, log: "FakeLog") -> None:
    keys = make_keys(k1="one")
    frame = bytearray(gate(keys, log, "node2").seal(header("node2"), PACKET))
    frame[43] ^= 1  # the sequence's last byte
    receiver = gate(keys, log)
    assert receiver.open("l", bytes(frame)) is None
    assert receiver.refused == {"not authentic": 1}


def test_no_repr_shows_a_secret(make_keys: MakeKeys) -> None:
    assert "hidden" not in repr(make_keys(k1="hidden"))
