"""The packet rules of the hold: an address that is not allowed right now neither answers nor speaks.

Per network interface one table with two chains, ingress and egress, and four sets. An address in ``guarded`` is
dropped, asked for or speaking, unless it stands in ``allowed`` too; what stands there goes by itself when its time is
over.
"""

import struct

from heartbeat_ra_ip.hold_batch import (
    GET_TABLE,
    NEW_CHAIN,
    NEW_ELEMENT,
    NEW_RULE,
    NEW_SET,
    NEW_TABLE,
    Change,
    attribute,
    nest,
    number,
    text,
)
from heartbeat_ra_ip.wanted import Address

PREFIX = "heartbeat-"
"""Of the tables' names; the interface's follows."""
INGRESS, EGRESS = "ingress", "egress"

_ARP, _IPV4, _IPV6 = b"\x08\x06", b"\x08\x00", b"\x86\xdd"
_ICMPV6, _SOLICITATION, _ADVERTISEMENT = 58, 135, 136
_PRIORITY = -300
"""Before whatever else may look at packets there; ``raw`` of iptables has the same."""
_TIMES_OUT = 0x10
_REGISTER = 1
_TIMEOUT = struct.Struct("!Q")
"""Milliseconds."""

# Bytes from the start of the network header: RFC 826, 791, 8200; targets of RFC 4861 without extension headers.
_ASKED = ((_ARP, 24, 4), (_IPV4, 16, 4), (_IPV6, 24, 16))
_SPOKEN = ((_ARP, 14, 4), (_IPV4, 12, 4), (_IPV6, 8, 16))
_ND_NEXT_HEADER, _ND_TYPE, _ND_TARGET = 6, 40, 48


def guarded(ip: Address) -> str:
    return f"guarded{ip.version}"


def allowed(ip: Address) -> str:
    return f"allowed{ip.version}"


def table_of(interface: str) -> str:
    return PREFIX + interface


def ask_for_table(table: str) -> Change:
    return Change(GET_TABLE, text(1, table))


def made(table: str, interface: str) -> list[Change]:
    """Return what makes the table with all that is in it. Only where it is not: rules add up."""
    changes = [Change(NEW_TABLE, text(1, table), creates=True)]
    for set_name, version, flags in (
        ("guarded4", 4, 0),
        ("guarded6", 6, 0),
        ("allowed4", 4, _TIMES_OUT),
        ("allowed6", 6, _TIMES_OUT),
    ):
        # The key's type is for those who list the set: ipv4_addr and ipv6_addr of libnftables.
        kind, length = (7, 4) if version == 4 else (8, 16)
        key = (number(4, kind), number(5, length), number(10, len(changes)))
        changes.append(Change(NEW_SET, text(1, table), text(2, set_name), number(3, flags), *key, creates=True))
    for chain, hook in ((INGRESS, 0), (EGRESS, 1)):
        where = nest(4, number(1, hook), number(2, _PRIORITY), text(3, interface))
        changes.append(
            Change(NEW_CHAIN, text(1, table), text(3, chain), where, number(5, 1), text(7, "filter"), creates=True)
        )
    for chain, places, discovery in ((INGRESS, _ASKED, _SOLICITATION), (EGRESS, _SPOKEN, _ADVERTISEMENT)):
        conditions = [(_protocol(kind), at, size) for kind, at, size in places]
        conditions.append((_neighbour_discovery(discovery), _ND_TARGET, 16))
        changes += [_rule(table, chain, condition, at, size) for condition, at, size in conditions]
    return changes


def element(kind: int, table: str, set_name: str, ip: Address, timeout_ms: int = 0) -> Change:
    """Return what adds an address to a set, or takes it out. ``timeout_ms``: 0 is for good."""
    ends = attribute(4, _TIMEOUT.pack(timeout_ms)) if timeout_ms else b""
    one = nest(1, nest(1, attribute(1, ip.packed)), ends)
    return Change(kind, text(1, table), text(2, set_name), nest(3, one), creates=kind == NEW_ELEMENT)


def lasting(added: Change, timeout_ms: int) -> None:
    """Set another time-out in what adds an element with one: it stands last."""
    added.body = added.body[: -_TIMEOUT.size] + _TIMEOUT.pack(timeout_ms)


def _rule(table: str, chain: str, condition: bytes, at: int, size: int) -> Change:
    """Return the rule: where the condition holds, drop what carries a guarded and not allowed address there."""
    version = 4 if size == 4 else 6
    forbidden = _lookup(f"guarded{version}") + _lookup(f"allowed{version}", inverted=True)
    expressions = condition + _load(at, size) + forbidden + _drop()
    return Change(NEW_RULE, text(1, table), text(2, chain), nest(4, expressions), creates=True)


def _expression(name: str, *attributes: bytes) -> bytes:
    return nest(1, text(1, name), nest(2, *attributes))


def _protocol(ethertype: bytes) -> bytes:
    return _expression("meta", number(2, 1), number(1, _REGISTER)) + _equals(ethertype)


def _neighbour_discovery(kind: int) -> bytes:
    conditions = _protocol(_IPV6) + _load(_ND_NEXT_HEADER, 1) + _equals(bytes([_ICMPV6]))
    return conditions + _load(_ND_TYPE, 1) + _equals(bytes([kind]))


def _load(at: int, size: int) -> bytes:
    return _expression("payload", number(1, _REGISTER), number(2, 1), number(3, at), number(4, size))


def _equals(value: bytes) -> bytes:
    return _expression("cmp", number(1, _REGISTER), number(2, 0), nest(3, attribute(1, value)))


def _lookup(set_name: str, *, inverted: bool = False) -> bytes:
    return _expression("lookup", text(1, set_name), number(2, _REGISTER), number(5, 1 if inverted else 0))


def _drop() -> bytes:
    return _expression("immediate", number(1, 0), nest(2, nest(2, number(1, 0))))
