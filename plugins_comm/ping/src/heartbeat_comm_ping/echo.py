"""Echo requests and their answers: ICMP (RFC 792) and ICMPv6 (RFC 4443), over raw sockets, which root may open.

Each request carries 16 bytes of chance. An answer without them is to somebody else's request, an old one or made up.
"""

import contextlib
import ipaddress
import os
import selectors
import socket
import struct
import time
from collections.abc import Sequence
from typing import Self

AGAIN_S = 0.2
"""From one request to the next: a lost packet or a name that ARP has not resolved yet costs no more than this."""
TOKEN_BYTES = 16
ECHO_REQUEST, ECHO_REPLY = 8, 0
"""Types of ICMP, RFC 792."""
ECHO_REQUEST_6, ECHO_REPLY_6 = 128, 129
"""Types of ICMPv6, RFC 4443 section 4."""
_HEAD = struct.Struct(">BBHHH")
"""Type, code, checksum, identifier, sequence number."""


def request(token: bytes, *, is_ipv6: bool) -> bytes:
    """Return an echo request. The kernel fills in the checksum of ICMPv6 (RFC 3542 section 3.1); ours is for ICMP."""
    kind = ECHO_REQUEST_6 if is_ipv6 else ECHO_REQUEST
    blank = _HEAD.pack(kind, 0, 0, os.getpid() & 0xFFFF, 1) + token
    return blank if is_ipv6 else _HEAD.pack(kind, 0, checksum(blank), os.getpid() & 0xFFFF, 1) + token


def answers(packet: bytes, token: bytes, *, is_ipv6: bool) -> bool:
    """Is this packet, as a raw socket hands it over, the answer to the request with this token?"""
    if not is_ipv6:  # with the IP header before it, whose length is in its lowest four bits, in words (RFC 791)
        packet = packet[4 * (packet[0] & 0x0F) :] if packet else b""
    if len(packet) < _HEAD.size:
        return False
    return packet[0] == (ECHO_REPLY_6 if is_ipv6 else ECHO_REPLY) and packet[_HEAD.size :] == token


def checksum(data: bytes) -> int:
    """Return the internet checksum of RFC 1071."""
    words: tuple[int, ...] = struct.unpack(f">{len(data) // 2}H", data[: len(data) & ~1])
    total = sum(words) + (data[-1] << 8 if len(data) % 2 else 0)
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF


class Pings:
    """Addresses that are asked at once, for as long as the block. Raises OSError when raw sockets are not permitted."""

    def __init__(self, addresses: Sequence[str]) -> None:
        self._token = os.urandom(TOKEN_BYTES)
        self._lines: dict[socket.socket, str] = {}
        self.lost: dict[str, str] = {}
        """Addresses to which nothing can be sent now, and why; those of this node itself among them."""
        try:
            for address in addresses:
                self._open(address)
        except OSError:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        for line in self._lines:
            line.close()

    def first_answer(self, until_s: float) -> str:
        """Return who answers first; empty when nobody has by ``until_s``, monotonic seconds."""
        with selectors.DefaultSelector() as selector:
            for line in self._lines:
                selector.register(line, selectors.EVENT_READ)
            while self._lines and (now_s := time.monotonic()) < until_s:
                self._send()
                again_s = min(now_s + AGAIN_S, until_s)
                while (left_s := again_s - time.monotonic()) > 0:
                    for key, _ in selector.select(left_s):
                        heard = key.fileobj
                        assert isinstance(heard, socket.socket)
                        if self._is_answered(heard):
                            return self._lines[heard]
        return ""

    def _open(self, address: str) -> None:
        """Connected, a raw socket gets only what comes from there."""
        is_ipv6 = ipaddress.ip_address(address).version == 6
        family, protocol = (
            (socket.AF_INET6, socket.IPPROTO_ICMPV6) if is_ipv6 else (socket.AF_INET, socket.IPPROTO_ICMP)
        )
        line = socket.socket(family, socket.SOCK_RAW | socket.SOCK_NONBLOCK, protocol)
        self._lines[line] = address
        try:
            line.connect((address, 0))
        except OSError as wrong:
            self._lose(line, wrong.strerror or type(wrong).__name__)
            return
        if line.getsockname()[0] == address:
            self._lose(line, "an address of this node itself, which says nothing about the network")

    def _lose(self, line: socket.socket, why: str) -> None:
        self.lost[self._lines.pop(line)] = why
        line.close()

    def _send(self) -> None:
        for line, address in self._lines.items():
            try:
                line.send(request(self._token, is_ipv6=line.family == socket.AF_INET6))
            except OSError as wrong:  # the interface is down: it may come back until the next one
                self.lost[address] = wrong.strerror or type(wrong).__name__

    def _is_answered(self, line: socket.socket) -> bool:
        with contextlib.suppress(OSError):  # "host unreachable" from a router, also to an earlier request
            return answers(line.recv(2048), self._token, is_ipv6=line.family == socket.AF_INET6)
        return False
