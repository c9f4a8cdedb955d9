"""``mcast IF GROUP PORT TTL LOOP`` and ``mcast6``: to everybody who joined the group."""

import ipaddress
import socket
import struct
from collections.abc import Sequence
from typing import ClassVar

from heartbeat.plugin import BadConfig, DirectiveLine, LinkPlan, Param, ParamKind, Params, PluginError

from heartbeat_comm_udp.interface import Interface
from heartbeat_comm_udp.medium import INTERFACE, PORT, Address, UdpMedium, numbered


def _group(example: str, address_range: str) -> Param:
    return Param(
        "group", ParamKind.ADDRESS, required=True, example=example, help=f"Multicast group, of {address_range}."
    )


_TTL = Param(
    "ttl",
    ParamKind.INT,
    default=1,
    minimum=0,
    maximum=255,
    example="1",
    help="How many routers, less one, a frame may pass: 1 stays on the network.",
)
_LOOP = Param(
    "loop",
    ParamKind.INT,
    default=0,
    minimum=0,
    maximum=1,
    example="0",
    help="1: the kernel hands this node its own frames too; of no use to heartbeat, kept for old files.",
)


class Multicast(UdpMedium):
    """A multicast group, IPv4."""

    title = "IPv4 multicast"
    docs_url = "https://www.rfc-editor.org/rfc/rfc1112"
    address_range: ClassVar[str] = "224.0.0.0 to 239.255.255.255"
    version: ClassVar[int] = 4
    params = (INTERFACE, _group("225.0.0.1", "224.0.0.0 to 239.255.255.255"), PORT, _TTL, _LOOP)
    positional = ("interface", "group", "port", "ttl", "loop")

    @classmethod
    def plan(cls, directive: str, lines: Sequence[DirectiveLine]) -> list[LinkPlan]:
        plans: list[LinkPlan] = []
        taken: dict[str, int] = {}
        for line in lines:
            problems = list(numbered(line.words, 2, 5, f"{directive} INTERFACE GROUP PORT TTL LOOP"))
            if len(line.words) > 1:
                problems += cls._wrong_group(line.words[1])
            name = f"{directive}/{line.words[0] if line.words else '?'}"
            if name in taken and len(line.words) > 1:
                name = f"{name}/{line.words[1]}"
            if name in taken:
                problems.append(f"this group is listed already in line {taken[name]}")
            taken.setdefault(name, line.number)
            given = dict(zip(cls.positional, line.words, strict=False))
            plans.append(LinkPlan(name, given, line.number, tuple(problems)))
        return plans

    @classmethod
    def _wrong_group(cls, word: str) -> list[str]:
        try:
            address = ipaddress.ip_address(word)
        except ValueError:
            return []  # said when the parameter is parsed
        if address.version == cls.version and address.is_multicast:
            return []
        return [f"{word} is no multicast group; expected an address of {cls.address_range}"]

    def __init__(self, params: Params) -> None:
        super().__init__(params)
        self.group = params.text("group")
        self.ttl = int(params.number("ttl"))
        self.loop = int(params.number("loop"))

    async def _prepare(self) -> None:
        for problem in self._wrong_group(self.group):
            raise BadConfig(f"interface {self.interface}, UDP port {self.port}: {problem}")

    def _bind(self, opened: socket.socket, interface: Interface) -> tuple[Address, ...]:
        if not interface.ipv4:
            raise PluginError(
                f"interface {interface.name}, UDP port {self.port}: the interface has no IPv4 address, which "
                f"multicast needs; give it one, such as `ip address add 10.0.0.1/24 dev {interface.name}`"
            )
        # struct ip_mreqn: the interface by index, so that no route is asked.
        membership = struct.pack("=4s4si", socket.inet_aton(self.group), bytes(4), interface.index)
        opened.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, membership)
        opened.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, self.ttl)
        opened.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, self.loop)
        # Only groups that this socket joined, not those of other programs.
        opened.setsockopt(socket.IPPROTO_IP, _IP_MULTICAST_ALL, 0)
        opened.bind((self.group, self.port))
        opened.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
        return ((self.group, self.port),)


class Multicast6(Multicast):
    """A multicast group, IPv6, on the given interface."""

    title = "IPv6 multicast"
    docs_url = "https://www.rfc-editor.org/rfc/rfc4291"
    family = socket.AF_INET6
    header_bytes = 48
    address_range = "ff00::/8, such as ff02::4:694"
    version = 6
    params = (INTERFACE, _group("ff02::4:694", "ff00::/8"), PORT, _TTL, _LOOP)

    def _bind(self, opened: socket.socket, interface: Interface) -> tuple[Address, ...]:
        level = socket.IPPROTO_IPV6
        opened.setsockopt(level, socket.IPV6_MULTICAST_IF, interface.index)
        opened.setsockopt(level, socket.IPV6_MULTICAST_HOPS, self.ttl)
        opened.setsockopt(level, socket.IPV6_MULTICAST_LOOP, self.loop)
        opened.setsockopt(level, _IPV6_MULTICAST_ALL, 0)
        everybody = (self.group, self.port, 0, interface.index)
        opened.bind(everybody)
        joining = struct.pack("=16si", socket.inet_pton(socket.AF_INET6, self.group), interface.index)
        opened.setsockopt(level, socket.IPV6_JOIN_GROUP, joining)
        return (everybody,)


# linux/in.h, linux/in6.h
_IP_MULTICAST_ALL = 49
_IPV6_MULTICAST_ALL = 29
