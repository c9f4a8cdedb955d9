"""The framing of local sockets: messages survive any chopping, and a stray client cannot fill memory."""

import pytest
from heartbeat.wire.local import LENGTH_BYTES, MESSAGE_MAX, Malformed, Unpacker, pack
from hypothesis import given
from hypothesis import strategies as st


def chopped(data: bytes, sizes: list[int]) -> list[bytes]:
    chunks = []
    for size in sizes:
        chunks.append(data[:size])
        data = data[size:]
    return [*chunks, data]


@given(st.lists(st.binary(max_size=40)), st.lists(st.integers(0, 25)))
def test_messages_come_out_whole_and_in_order_however_they_arrive(messages: list[bytes], sizes: list[int]) -> None:
    unpacker = Unpacker()
    stream = b"".join(map(pack, messages))
    assert [whole for chunk in chopped(stream, sizes) for whole in unpacker.feed(chunk)] == messages


@given(st.lists(st.binary(max_size=64), max_size=20))
def test_arbitrary_bytes_are_messages_or_malformed(chunks: list[bytes]) -> None:
    unpacker, out = Unpacker(), 0
    try:
        for chunk in chunks:
            out += sum(LENGTH_BYTES + len(message) for message in unpacker.feed(chunk))
    except Malformed:
        return
    assert out <= sum(map(len, chunks))


def test_a_message_that_is_not_whole_is_kept_for_later() -> None:
    unpacker = Unpacker()
    assert list(unpacker.feed(pack(b"hello")[:-1])) == []
    assert list(unpacker.feed(b"o")) == [b"hello"]


def test_an_impossible_length_is_malformed_before_anything_is_waited_for() -> None:
    with pytest.raises(Malformed, match=str(MESSAGE_MAX)):
        list(Unpacker().feed((MESSAGE_MAX + 1).to_bytes(4, "big")))


def test_the_longest_message_passes() -> None:
    (message,) = Unpacker().feed(pack(bytes(MESSAGE_MAX)))
    assert len(message) == MESSAGE_MAX
