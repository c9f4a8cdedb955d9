"""Addresses as the kernel holds them: find, add, delete."""

import errno
from dataclasses import dataclass
from typing import Any

from heartbeat_ra_ip.messages import address_message
from heartbeat_ra_ip.netlink import (
    CREATE,
    DELETE_ADDRESS,
    EXCLUSIVE,
    GET_ADDRESS,
    NEW_ADDRESS,
    REPLACE,
    Netlink,
)
from heartbeat_ra_ip.wanted import Address, Wanted

# linux/if_addr.h
SECONDARY, NODAD, DADFAILED, TENTATIVE = 0x1, 0x2, 0x8, 0x40
_OPTIMISTIC, _NOPREFIXROUTE = 0x4, 0x200
FOREVER_S = 0xFFFFFFFF
_SCOPE_HOST = 254


@dataclass(frozen=True, slots=True)
class Held:
    """One address on one interface."""

    ip: str
    index: int
    prefix: int
    label: str
    flags: int

    @property
    def is_secondary(self) -> bool:
        return bool(self.flags & SECONDARY)

    @property
    def is_refused(self) -> bool:
        """Somebody else has it, says duplicate address detection."""
        return bool(self.flags & DADFAILED)

    @property
    def is_tentative(self) -> bool:
        """Does not answer yet: detection of duplicates is under way."""
        return bool(self.flags & TENTATIVE) and not self.flags & (_OPTIMISTIC | DADFAILED)


def held(netlink: Netlink, ip: Address) -> list[Held]:
    """Return every place where this address is, on whatever interface and with whatever prefix length."""
    return [one for _, one in listed(netlink, 2 if ip.version == 4 else 10, ip.packed) if one.ip == str(ip)]


def listed(netlink: Netlink, family: int, containing: bytes = b"") -> list[tuple[bytes, Held]]:
    """Return addresses of a family with the messages that described them; only messages with these bytes in them."""
    asking = address_message()()
    asking["family"] = family
    answers = netlink.dump(GET_ADDRESS, asking, lambda payload: containing in payload)
    return [(answer, _decoded(answer)) for answer in answers]


def add(
    netlink: Netlink, wanted: Wanted, index: int, interface: str, prefix: int, lifetime_s: int | None = None
) -> bool:
    """Set the address; return whether it was new. Raises OSError for what the kernel refuses.

    ``lifetime_s``: the kernel removes it after so many seconds; set again, it begins anew. None: it stays.
    """
    message = request(wanted.ip, index, prefix)
    attributes = message["attrs"]
    if broadcast := wanted.broadcast_for(prefix):
        attributes.append(("IFA_BROADCAST", broadcast))
    if label := wanted.label_on(interface):
        attributes.append(("IFA_LABEL", label))
    flags = (_NOPREFIXROUTE if wanted.noprefixroute else 0) | (NODAD if wanted.nodad and wanted.ip.version == 6 else 0)
    attributes.append(("IFA_FLAGS", flags))
    valid_s = FOREVER_S if lifetime_s is None else lifetime_s
    preferred_s = wanted.preferred_s if wanted.preferred_s is not None and wanted.ip.version == 6 else FOREVER_S
    if min(preferred_s, valid_s) != FOREVER_S:
        lifetimes = {"ifa_preferred": min(preferred_s, valid_s), "ifa_valid": valid_s}
        attributes.append(("IFA_CACHEINFO", lifetimes))
    try:
        netlink.change(NEW_ADDRESS, CREATE | (EXCLUSIVE if lifetime_s is None else REPLACE), message)
    except OSError as error:
        if error.errno == errno.EEXIST:
            return False
        raise
    return True


def delete(netlink: Netlink, ip: Address, where: Held) -> None:
    """Remove exactly this address from exactly this place; gone already is fine."""
    try:
        netlink.change(DELETE_ADDRESS, 0, request(ip, where.index, where.prefix))
    except OSError as error:
        if error.errno not in (errno.EADDRNOTAVAIL, errno.ENODEV):
            raise


def request(ip: Address, index: int, prefix: int) -> Any:
    """Return a message about an address; the netlink header is still to be filled in."""
    message = address_message()()
    message["family"] = 2 if ip.version == 4 else 10
    message["prefixlen"] = prefix
    message["index"] = index
    # IPv4 refuses an address whose scope differs from its neighbours' in the subnet; IPv6 knows by itself.
    message["scope"] = _SCOPE_HOST if ip.is_loopback else 0
    # IPv4 tells its own and the other end's address apart; IPv6 has the one.
    message["attrs"] = [("IFA_LOCAL", str(ip)), ("IFA_ADDRESS", str(ip))]
    return message


def _decoded(answer: bytes) -> Held:
    message = address_message()(answer)
    message.decode()
    return Held(
        ip=message.get_attr("IFA_LOCAL") or message.get_attr("IFA_ADDRESS") or "",
        index=message["index"],
        prefix=message["prefixlen"],
        label=message.get_attr("IFA_LABEL") or "",
        flags=message.get_attr("IFA_FLAGS") or message["flags"],
    )
