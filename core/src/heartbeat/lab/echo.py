"""ICMP echo, version 4 and 6, as bytes: what the poller and the oracle send and understand."""

import struct

ECHO_REQUEST, ECHO_REPLY = 8, 0
"""RFC 792."""
ECHO_REQUEST_6, ECHO_REPLY_6 = 128, 129
"""RFC 4443."""


def checksum(data: bytes) -> int:
    """Return the internet checksum (RFC 1071)."""
    if len(data) % 2:
        data += b"\0"
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


def request(ident: int, number: int) -> bytes:
    """Return an ICMPv4 echo request; ``number`` (64 bits) travels in its data."""
    body = struct.pack("!QQ", number, 0)
    head = struct.pack("!BBHHH", ECHO_REQUEST, 0, 0, ident, number & 0xFFFF)
    return struct.pack("!BBHHH", ECHO_REQUEST, 0, checksum(head + body), ident, number & 0xFFFF) + body


def request_6(ident: int, number: int, pseudo: bytes = b"") -> bytes:
    """Return an ICMPv6 echo request; the kernel fills in the checksum unless the pseudo header is given."""
    body = struct.pack("!QQ", number, 0)
    head = struct.pack("!BBHHH", ECHO_REQUEST_6, 0, 0, ident, number & 0xFFFF)
    total = checksum(pseudo + head + body) if pseudo else 0
    return struct.pack("!BBHHH", ECHO_REQUEST_6, 0, total, ident, number & 0xFFFF) + body


def reply_number(message: bytes, ident: int) -> int | None:
    """Return the number in an echo reply of ours (either version); None for anything else."""
    if len(message) < 16 or message[0] not in (ECHO_REPLY, ECHO_REPLY_6):
        return None
    if int.from_bytes(message[4:6], "big") != ident:
        return None
    return int.from_bytes(message[8:16], "big")
