"""The bytes of announcements, judged field by field."""

import ipaddress
import struct

from heartbeat_ra_ip.announcement import frames

MAC = bytes.fromhex("020000000a01")
V4 = ipaddress.IPv4Address("10.0.0.5")
V6 = ipaddress.IPv6Address("fd00::5")


def test_an_ipv4_address_is_announced_by_a_request_and_a_reply() -> None:
    request, reply = frames(V4, MAC)
    for frame, operation, target in ((request, 1, bytes(6)), (reply, 2, MAC)):
        assert frame[:14] == b"\xff" * 6 + MAC + b"\x08\x06"
        assert struct.unpack("!HHBBH", frame[14:22]) == (1, 0x0800, 6, 4, operation)
        assert frame[22:42] == MAC + V4.packed + target + V4.packed
        assert len(frame) == 60


def test_an_ipv6_address_is_announced_by_an_overriding_advertisement() -> None:
    (frame,) = frames(V6, MAC)
    assert frame[:14] == bytes.fromhex("333300000001") + MAC + b"\x86\xdd"
    version, length, next_header, hops = struct.unpack("!IHBB", frame[14:22])
    assert (version >> 28, length, next_header, hops) == (6, 32, 58, 255)
    assert frame[22:38] == V6.packed
    assert frame[38:54] == ipaddress.IPv6Address("ff02::1").packed
    kind, code, _, flags = struct.unpack("!BBHI", frame[54:62])
    assert (kind, code, flags) == (136, 0, 0x20000000)
    assert frame[62:78] == V6.packed
    assert frame[78:] == b"\x02\x01" + MAC


def test_a_router_says_that_it_is_one() -> None:
    (frame,) = frames(V6, MAC, is_router=True)
    assert struct.unpack("!I", frame[58:62]) == (0xA0000000,)


def test_the_checksum_sums_up_to_all_ones_with_the_pseudo_header() -> None:
    (frame,) = frames(V6, MAC)
    pseudo = frame[22:54] + struct.pack("!II", 32, 58) + frame[54:]
    total = sum(struct.unpack(f"!{len(pseudo) // 2}H", pseudo))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    assert total == 0xFFFF
