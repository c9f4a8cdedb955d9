"""Which interface an address belongs to: the one whose on-link route holds it, the longest first."""

import ipaddress
import struct
from dataclasses import dataclass

from heartbeat.plugin import PluginError

from heartbeat_ra_ip.addresses import listed
from heartbeat_ra_ip.interface import Interface, by_index, by_name, find
from heartbeat_ra_ip.messages import route_message
from heartbeat_ra_ip.netlink import GET_ROUTE, Netlink
from heartbeat_ra_ip.wanted import Address, Wanted

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# linux/rtnetlink.h
_BY_KERNEL = 2
_MAIN = 254
_UNICAST = 1
_SCOPE_LINK = 253
_DEAD, _LINKDOWN = 0x1, 0x10
_HEAD = struct.Struct("=BBBBBBBBI")
"""rtmsg: family, dst_len, src_len, tos, table, protocol, scope, type, flags."""


@dataclass(frozen=True, slots=True)
class Route:
    """An on-link route that holds the address."""

    index: int
    prefix: int
    metric: int
    is_dead: bool
    network: Network
    is_connected: bool
    """Made by the kernel for an address on the interface."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the address goes."""

    interface: Interface
    prefix: int


def place(netlink: Netlink, wanted: Wanted) -> Place:
    """Return where the address belongs. Raises PluginError when nothing says so, with the mend."""
    nic = by_name(wanted.nic) if wanted.nic else None
    if nic is not None and wanted.prefix is not None:
        return Place(nic, wanted.prefix)
    routes = [one for one in on_link(netlink, wanted.ip) if nic is None or one.index == nic.index]
    if not routes:
        raise PluginError(_nowhere(netlink, wanted))
    best = min(routes, key=lambda one: (-one.prefix, one.is_dead, one.metric))
    return Place(nic or by_index(best.index), best.prefix if wanted.prefix is None else wanted.prefix)


def on_link(netlink: Netlink, ip: Address) -> list[Route]:
    """Return the on-link routes of the main table that hold the address, except those that it made itself."""
    asking = route_message()()
    asking["family"] = 2 if ip.version == 4 else 10
    asking["table"] = _MAIN
    found = netlink.dump(GET_ROUTE, asking, _may_be_on_link)
    routes = [route for answer in found if (route := _decoded(answer, ip)) is not None]
    return _without_own(netlink, ip, routes) if ip.version == 6 else routes


def _without_own(netlink: Netlink, ip: Address, routes: list[Route]) -> list[Route]:
    """Leave out connected IPv6 routes that only the address itself accounts for; IPv4's name their source instead."""
    others = [(one.index, ipaddress.ip_address(one.ip)) for _, one in listed(netlink, 10) if one.ip != str(ip)]
    return [
        route
        for route in routes
        if not route.is_connected or any(index == route.index and other in route.network for index, other in others)
    ]


def _may_be_on_link(payload: bytes) -> bool:
    """Sort out by the fixed head alone: a router's table can hold a million routes."""
    family, length, _, _, table, _, scope, kind, _ = _HEAD.unpack_from(payload)
    return bool(length and table == _MAIN and kind == _UNICAST and (family == 10 or scope == _SCOPE_LINK))


def _decoded(answer: bytes, ip: Address) -> Route | None:
    message = route_message()(answer)
    message.decode()
    index, network = message.get_attr("RTA_OIF"), message.get_attr("RTA_DST")
    if index is None or network is None or message.get_attr("RTA_GATEWAY") or message.get_attr("RTA_VIA"):
        return None
    subnet = ipaddress.ip_network((network, message["dst_len"]), strict=False)
    if message.get_attr("RTA_PREFSRC") == str(ip) or ip not in subnet:
        return None
    metric = message.get_attr("RTA_PRIORITY") or 0
    is_dead = bool(message["flags"] & (_DEAD | _LINKDOWN))
    return Route(index, message["dst_len"], metric, is_dead, subnet, message["proto"] == _BY_KERNEL)


def _nowhere(netlink: Netlink, wanted: Wanted) -> str:
    """Say why no interface was found; often the right one is just down, which takes its routes away."""
    for _, one in listed(netlink, wanted.family):
        if wanted.ip in ipaddress.ip_network((one.ip, one.prefix), strict=False) and one.ip != str(wanted.ip):
            interface = find(one.index)
            if interface is not None and (problem := interface.problem(carrier=False)):
                return f"{wanted.ip} belongs beside {one.ip}/{one.prefix}, but {problem}"
    if wanted.nic:
        return (
            f"{wanted.ip}: no on-link route on interface {wanted.nic} holds it, so its prefix length is not known; "
            "give cidr_netmask"
        )
    return (
        f"{wanted.ip}: no interface of this node has an on-link route that holds it; give nic and cidr_netmask, or "
        "an interface an address of the same subnet"
    )
