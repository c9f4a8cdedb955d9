"""The packet rules of the hold: an address that is not allowed right now neither answers nor speaks.

Per network interface two chains, ingress and egress; per node four sets. An address in ``guarded`` is dropped, asked
for or speaking, unless it stands in ``allowed`` too; what stands there goes by itself when its time is over.
"""

import struct

from heartbeat_ra_ip.hold_batch import (
    GET_CHAIN,
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

TABLE = "heartbeat"

_ARP, _IPV4, _IPV6 = b"\x08\x06", b"\x08\x00", b"\x86\xdd"
_ICMPV6, _SOLICITATION, _ADVERTISEMENT = 58, 135, 136
_INGRESS, _EGRESS = 0, 1
_PRIORITY = -300
"""Before whatever else may look at packets there; ``raw`` of iptables has the same."""
_TIMES_OUT = 0x10
_REGISTER = 1

# Bytes from the start of the network header: RFC 826, 791, 8200; targets of RFC 4861 without extension headers.
_ASKED = ((_ARP, 24, 4), (_IPV4, 16, 4), (_IPV6, 24, 16))
_SPOKEN = ((_ARP, 14, 4), (_IPV4, 12, 4), (_IPV6, 8, 16))
_ND_NEXT_HEADER, _ND_TYPE, _ND_TARGET = 6, 40, 48


def guarded(ip: Address) -> str:
    return f"guarded{ip.version}"


def allowed(ip: Address) -> str:
    return f"allowed{ip.version}"


def chains(interface: str) -> tuple[str, str]:
    return f"in_{interface}", f"out_{interface}"


def ask_for_table() -> Change:
    return Change(GET_TABLE, text(1, TABLE))


def ask_for_chain(interface: str) -> Change:
    return Change(GET_CHAIN, text(1, TABLE), text(3, chains(interface)[1]))


def table() -> list[Change]:
    """Return what makes the table and its sets; harmless where they are."""
    made = [Change(NEW_TABLE, text(1, TABLE), creates=True)]
    for name, version, flags in (
        ("guarded4", 4, 0),
        ("guarded6", 6, 0),
        ("allowed4", 4, _TIMES_OUT),
        ("allowed6", 6, _TIMES_OUT),
    ):
        # The key's type is for those who list the set: ipv4_addr and ipv6_addr of libnftables.
        kind, length = (7, 4) if version == 4 else (8, 16)
        made.append(
            Change(
                NEW_SET,
                text(1, TABLE),
                text(2, name),
                number(3, flags),
                number(4, kind),
                number(5, length),
                number(10, len(made)),
                creates=True,
            )
        )
    return made


def on_interface(interface: str) -> list[Change]:
    """Return what makes the two chains of an interface and their rules. Only where they are not: rules add up."""
    ingress, egress = chains(interface)
    changes = []
    for chain, hook in ((ingress, _INGRESS), (egress, _EGRESS)):
        where = nest(4, number(1, hook), number(2, _PRIORITY), text(3, interface))
        changes.append(
            Change(NEW_CHAIN, text(1, TABLE), text(3, chain), where, number(5, 1), text(7, "filter"), creates=True)
        )
    changes += [_rule(ingress, _protocol(kind), _load(at, size), size) for kind, at, size in _ASKED]
    changes += [_rule(egress, _protocol(kind), _load(at, size), size) for kind, at, size in _SPOKEN]
    changes += [
        _rule(chain, _neighbour_discovery(kind), _load(_ND_TARGET, 16), 16)
        for chain, kind in ((ingress, _SOLICITATION), (egress, _ADVERTISEMENT))
    ]
    return changes


def element(kind: int, set_name: str, ip: Address, timeout_ms: int = 0) -> Change:
    """Return what adds an address to a set, or takes it out. ``timeout_ms``: 0 is for good."""
    ends = attribute(4, struct.pack("!Q", timeout_ms)) if timeout_ms else b""
    one = nest(1, nest(1, attribute(1, ip.packed)), ends)
    return Change(kind, text(1, TABLE), text(2, set_name), nest(3, one), creates=kind == NEW_ELEMENT)


def _rule(chain: str, condition: bytes, load: bytes, size: int) -> Change:
    version = 4 if size == 4 else 6
    expressions = (
        condition + load + _lookup(f"guarded{version}") + _lookup(f"allowed{version}", inverted=True) + _drop()
    )
    return Change(NEW_RULE, text(1, TABLE), text(2, chain), nest(4, expressions), creates=True)


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
