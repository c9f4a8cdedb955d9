"""``bcast IF...`` (old name ``udp``): to everybody on the interface's network."""

import ctypes
import socket
import struct
from collections.abc import Sequence

from heartbeat.plugin import DirectiveLine, LinkPlan, PluginError

from heartbeat_comm_udp.interface import Interface
from heartbeat_comm_udp.medium import INTERFACE, PORT, Address, UdpMedium

EVERYBODY = "255.255.255.255"
"""The limited broadcast address (RFC 919): unlike the subnet's own it does not depend on everybody's netmask, and
binding to it keeps this socket apart from the unicast traffic of other media on the same port."""


class Broadcast(UdpMedium):
    """One network, by broadcast. The simplest medium: nobody's address needs to be known."""

    title = "IPv4 broadcast"
    docs_url = "https://www.rfc-editor.org/rfc/rfc919"
    params = (INTERFACE, PORT)
    positional = ("interface",)
    repeats = "interface"

    @classmethod
    def plan(cls, directive: str, lines: Sequence[DirectiveLine]) -> list[LinkPlan]:
        seen: dict[str, int] = {}
        plans: list[LinkPlan] = []
        for line in lines:
            if not line.words:
                plans.append(LinkPlan(f"{directive}/?", {}, line.number, (f"expected {directive} INTERFACE...",)))
            for word in line.words:
                twice = (f"{word} is listed already in line {seen[word]}",) if word in seen else ()
                seen.setdefault(word, line.number)
                plans.append(LinkPlan(f"{directive}/{word}", {"interface": word}, line.number, twice))
        return plans

    def _bind(self, opened: socket.socket, interface: Interface) -> tuple[Address, ...]:
        if not interface.ipv4:
            raise PluginError(
                f"interface {interface.name}, UDP port {self.port}: the interface has no IPv4 address, which "
                f"broadcasting needs; give it one, such as `ip address add 10.0.0.1/24 dev {interface.name}`"
            )
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        ignore_own_frames(opened)
        opened.bind((EVERYBODY, self.port))
        return ((EVERYBODY, self.port),)


def ignore_own_frames(opened: socket.socket) -> None:
    """Have the kernel drop the copies of our own broadcasts, so that they wake nobody.

    A classic socket filter: load the packet type, drop PACKET_LOOPBACK, keep the rest (linux/filter.h,
    linux/if_packet.h; the kernel marks the copies in dev_loopback_xmit). Other than a comparison of source
    addresses this holds when addresses change.
    """
    program = b"".join(
        struct.pack("=HBBI", *instruction)
        for instruction in (
            (0x28, 0, 0, 0xFFFFF000 + 4),  # ldh [SKF_AD_OFF + SKF_AD_PKTTYPE]
            (0x15, 0, 1, 5),  # jeq PACKET_LOOPBACK: next, else skip one
            (0x06, 0, 0, 0),  # ret 0: drop
            (0x06, 0, 0, 0xFFFFFFFF),  # ret -1: keep whole
        )
    )
    code = ctypes.create_string_buffer(program, len(program))
    opened.setsockopt(
        socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("@HP", len(program) // 8, ctypes.addressof(code))
    )


_SO_ATTACH_FILTER = 26
