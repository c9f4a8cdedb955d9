"""Frame headers: 44 bytes there and back, and nothing but Garbled for anything else."""

import pytest
from heartbeat.wire.frame import HEADER_BYTES, Garbled, Header, decode_header, short_id
from hypothesis import given
from hypothesis import strategies as st

HEADER = Header(3, short_id("linux-ha"), short_id("node1"), 7, b"session!", 258)

eight = st.binary(min_size=8, max_size=8)
u64 = st.integers(0, 2**64 - 1)
headers = st.builds(Header, st.integers(0, 255), eight, eight, u64, eight, u64)


@given(headers, st.binary(max_size=64))
def test_a_header_comes_back_whatever_follows(header: Header, payload: bytes) -> None:
    assert decode_header(header.encode() + payload) == header


def test_the_layout_is_the_documented_one() -> None:
    raw = HEADER.encode()
    assert len(raw) == HEADER_BYTES == 44
    assert raw[:4] == b"hb\x01\x03"
    assert raw[4:12] == short_id("linux-ha")
    assert raw[12:20] == short_id("node1")
    assert raw[20:28] == (7).to_bytes(8, "big")
    assert raw[28:36] == b"session!"
    assert raw[36:44] == (258).to_bytes(8, "big")


@given(st.binary(max_size=100))
def test_arbitrary_bytes_are_garbled_or_a_header(frame: bytes) -> None:
    try:
        header = decode_header(frame)
    except Garbled:
        return
    assert frame.startswith(header.encode())


@given(headers, st.integers(0, HEADER_BYTES - 1))
def test_a_piece_of_a_header_is_garbled(header: Header, length: int) -> None:
    with pytest.raises(Garbled, match="too short"):
        decode_header(header.encode()[:length])


@pytest.mark.parametrize(
    ("frame", "why"),
    [
        (b"HB" + HEADER.encode()[2:], "no heartbeat frame"),
        (b"hb\x02" + HEADER.encode()[3:], "frame layout 2, this node speaks 1"),
        (b"", "0 bytes are too short"),
        (b"###\nt=status\n" + bytes(60), "no heartbeat frame"),
    ],
)
def test_what_is_wrong_is_said(frame: bytes, why: str) -> None:
    with pytest.raises(Garbled, match=why):
        decode_header(frame)


@given(st.text(), st.text())
def test_a_short_id_has_eight_bytes_and_belongs_to_one_name(one: str, other: str) -> None:
    assert len(short_id(one)) == 8
    assert (short_id(one) == short_id(other)) == (one == other)
