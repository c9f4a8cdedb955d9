"""Packets: every message there and back, and arbitrary bytes raise ValueError or nothing."""

import contextlib
from typing import get_args

import msgspec
import pytest
from heartbeat.model.names import Nid
from heartbeat.wire.messages import Message, Nak, Packet, decode_packet, encode_packet
from hypothesis import given
from hypothesis import strategies as st

KINDS = get_args(Message)

# Structs are built from their annotations, so that a new message or field is covered the day it appears. Integers
# stay within what msgpack can carry, and texts within what UTF-8 can.
st.register_type_strategy(int, st.integers(-(2**63), 2**64 - 1))
st.register_type_strategy(float, st.floats(allow_nan=False))
st.register_type_strategy(str, st.text(st.characters(codec="utf-8"), max_size=20))
messages = st.one_of([st.from_type(kind) for kind in KINDS])


@given(messages, st.integers(0, 2**32), st.integers(-1, 100))
def test_a_packet_comes_back(message: Message, stream: int, to: int) -> None:
    packet = Packet(message, stream, Nid(to))
    assert decode_packet(encode_packet(packet)) == packet


def test_no_two_messages_share_a_tag() -> None:
    tags = [kind.__struct_config__.tag for kind in KINDS]
    assert len(set(tags)) == len(tags)


@given(st.binary(max_size=200))
def test_arbitrary_bytes_raise_value_error_or_nothing(payload: bytes) -> None:
    with contextlib.suppress(ValueError):
        assert isinstance(decode_packet(payload), Packet)


@given(messages, st.data())
def test_a_changed_packet_raises_value_error_or_nothing(message: Message, data: st.DataObject) -> None:
    payload = bytearray(encode_packet(Packet(message)))
    at = data.draw(st.integers(0, len(payload) - 1))
    payload[at] = data.draw(st.integers(0, 255))
    with contextlib.suppress(ValueError):
        assert isinstance(decode_packet(bytes(payload)), Packet)


@given(messages, st.data())
def test_a_piece_of_a_packet_is_no_packet(message: Message, data: st.DataObject) -> None:
    payload = encode_packet(Packet(message))
    with pytest.raises(ValueError, match="truncated"):
        decode_packet(payload[: data.draw(st.integers(0, len(payload) - 1))])


@pytest.mark.parametrize("depth", [10, 100_000])
def test_what_a_later_version_adds_is_passed_over_unless_it_is_meant_to_hurt(depth: int) -> None:
    """A field behind those we know is skipped; skipping walks into it, and must not run out of stack."""
    nak = encode_packet(Packet(Nak(1, 2)))
    longer = bytes([nak[0] + 1]) + nak[1:] + b"\x91" * depth + b"\x90"
    if depth < 100:
        assert decode_packet(longer) == Packet(Nak(1, 2))
    else:
        with pytest.raises(ValueError, match="nested too deeply"):
            decode_packet(longer)


@given(st.recursive(st.none() | st.integers() | st.text(max_size=5), st.lists, max_leaves=20))
def test_well_formed_msgpack_of_another_shape_is_a_value_error(value: object) -> None:
    try:
        payload = msgspec.msgpack.encode(value)
    except OverflowError:
        return
    with contextlib.suppress(ValueError):
        assert isinstance(decode_packet(payload), Packet)
