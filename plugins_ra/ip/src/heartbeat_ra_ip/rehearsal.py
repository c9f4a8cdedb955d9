"""Walking through a start without doing anything, so that a forked child finds everything imported and paged in."""

import ipaddress

from heartbeat_ra_ip import addresses, routes
from heartbeat_ra_ip.announcement import frames
from heartbeat_ra_ip.netlink import Netlink
from heartbeat_ra_ip.wanted import Address

_NOBODYS: tuple[Address, ...] = (ipaddress.IPv4Address("192.0.2.1"), ipaddress.IPv6Address("2001:db8::1"))
"""Kept for documentation (RFC 5737, RFC 3849)."""


def rehearse() -> None:
    """Read tables, build messages and packets for nobody's address. Changes nothing, leaves nothing open."""
    with Netlink() as netlink:
        for ip in _NOBODYS:
            addresses.held(netlink, ip)
            addresses.listed(netlink, 2 if ip.version == 4 else 10)
            routes.on_link(netlink, ip)
            addresses.request(ip, 1, ip.max_prefixlen).encode()
            frames(ip, bytes(6))
