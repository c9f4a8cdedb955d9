"""What must outlive the removal of an IPv4 address: the other addresses of its subnet, and routes that used it.

When the first (primary) address of a subnet goes, the kernel deletes the later (secondary) ones with it, unless the
setting promote_secondaries makes one of them the new primary; and it deletes every route whose preferred source the
address was. When the last address of an interface goes, all routes over it go.
"""

import contextlib
import errno
import ipaddress
import struct
from dataclasses import dataclass
from pathlib import Path

from heartbeat_ra_ip.addresses import Held, listed
from heartbeat_ra_ip.messages import route_message
from heartbeat_ra_ip.netlink import CREATE, EXCLUSIVE, GET_ROUTE, HEADER, NEW_ADDRESS, NEW_ROUTE, Netlink

_INET = 2
_ROUTE_HEAD = struct.Struct("=BBBBBBBBI")
_LOCAL_TABLE, _BY_KERNEL, _PREFERRED_SOURCE, _INTERFACE = 255, 2, 7, 4
_KEPT_FLAGS = 0x2 | 0x4
"""RTNH_F_PERVASIVE and RTNH_F_ONLINK: those that a request may carry."""
_SETTINGS = Path("/proc/sys/net/ipv4/conf")


@dataclass(frozen=True, slots=True)
class Survivors:
    """Taken before the removal, restored after it."""

    addresses: tuple[tuple[bytes, Held], ...]
    routes: tuple[bytes, ...]


def take(netlink: Netlink, going: Held, interface: str) -> Survivors:
    """Look what the removal would take along, and have the kernel promote a secondary address if there is one.

    The setting stays on: taking it back would race with other resources, and it only spares addresses.
    """
    mates = () if going.is_secondary else tuple(_mates(netlink, going))
    alone = bool(mates) and not _promotes(interface)
    return Survivors(mates if alone else (), tuple(_routes(netlink, going, whole_interface=alone)))


def restore(netlink: Netlink, survivors: Survivors) -> None:
    """Put back what is missing. Routes no longer prefer the address that went.

    What cannot be put back is printed, for the journal: the address itself is gone, and that is what was asked.
    """
    for message, _ in survivors.addresses:
        _again(netlink, NEW_ADDRESS, message[HEADER.size :])
    for route in survivors.routes:
        _again(netlink, NEW_ROUTE, route)


def _mates(netlink: Netlink, going: Held) -> list[tuple[bytes, Held]]:
    subnet = ipaddress.ip_network((going.ip, going.prefix), strict=False)
    return [
        (message, one)
        for message, one in listed(netlink, _INET)
        if one.index == going.index
        and one.prefix == going.prefix
        and one.is_secondary
        and ipaddress.ip_address(one.ip) in subnet
    ]


def _promotes(interface: str) -> bool:
    setting = _SETTINGS / interface / "promote_secondaries"
    with contextlib.suppress(OSError):  # read-only, as in some containers: then it is done by hand
        if (_SETTINGS / "all" / setting.name).read_text() != "0\n" or setting.read_text() != "0\n":
            return True
        setting.write_text("1")
        return True
    return False


def _routes(netlink: Netlink, going: Held, *, whole_interface: bool) -> list[bytes]:
    """Return the payloads of routes to make again, those that others need as way to their gateway first."""
    by_source = struct.pack("=HH", 8, _PREFERRED_SOURCE) + ipaddress.ip_address(going.ip).packed
    by_interface = struct.pack("=HHI", 8, _INTERFACE, going.index)

    def worth(payload: bytes) -> bool:
        table, protocol = payload[4], payload[5]
        if table == _LOCAL_TABLE or protocol == _BY_KERNEL:
            return False
        return by_source in payload or (whole_interface and by_interface in payload)

    asking = route_message()()
    asking["family"] = _INET
    found = [_without_source(answer[HEADER.size :], by_source[4:]) for answer in netlink.dump(GET_ROUTE, asking, worth)]
    return sorted(found, key=lambda payload: -payload[6])  # scope: link (253) before universe (0)


def _without_source(payload: bytes, source: bytes) -> bytes:
    """Return a route's description without its preferred source, and without flags that only the kernel sets."""
    *head, flags = _ROUTE_HEAD.unpack_from(payload)
    kept = [_ROUTE_HEAD.pack(*head, flags & _KEPT_FLAGS)]
    at = _ROUTE_HEAD.size
    while at + 4 <= len(payload):
        length, kind = struct.unpack_from("=HH", payload, at)
        if kind != _PREFERRED_SOURCE or payload[at + 4 : at + length] != source:
            kept.append(payload[at : at + ((length + 3) & ~3)])
        at += max((length + 3) & ~3, 4)
    return b"".join(kept)


def _again(netlink: Netlink, request: int, payload: bytes) -> None:
    try:
        netlink.replay(request, CREATE | EXCLUSIVE, payload)
    except OSError as error:
        if error.errno != errno.EEXIST:
            what = "an address" if request == NEW_ADDRESS else "a route"
            print(f"could not put back {what} that went with the service address: {error.strerror}")
