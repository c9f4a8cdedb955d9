"""What a lab looks like, read from the three files: its nodes, its media and who gets which address.

Tolerant on purpose: whether the files are right is for ``hb run`` in each node to say. The lab only needs the
names of nodes, the interfaces that the media use and the subnets of the service addresses.
"""

import ipaddress
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import msgspec

from heartbeat.model.names import node_name
from heartbeat.plugin import DirectiveLine, LinkPlan, Medium, ParamKind, Plugin

CLIENT = "client"
"""Name of the namespace from which the service is watched; no node may have it."""

NODES_MAX = 64
"""Far above any cluster that fits on one machine; keeps interface names within 15 bytes."""

Address = ipaddress.IPv4Interface | ipaddress.IPv6Interface


class BadLab(Exception):
    """The files do not describe a lab; the text says what is missing and where."""


class Media(Protocol):
    """The part of the plugin registry that the lab asks."""

    def names(self, kind: str) -> list[str]: ...

    def load(self, kind: str, name: str) -> type[Plugin]: ...


class MediumPlan(msgspec.Struct, frozen=True):
    """One interface name, and so one bridge, and who has which addresses on it."""

    interface: str
    links: tuple[str, ...]
    """Names of the cluster's links that run over it: ``bcast/eth1``."""
    nodes: tuple[tuple[str, ...], ...]
    """For each node in order, its addresses with prefix: ``10.0.0.1/24``."""
    client: tuple[str, ...]


class Service(msgspec.Struct, frozen=True):
    """A virtual address and the interface on which it is expected."""

    address: str
    interface: str


class LabPlan(msgspec.Struct, frozen=True):
    nodes: tuple[str, ...]
    """In the order of ha.cf."""
    media: tuple[MediumPlan, ...]
    services: tuple[Service, ...]

    def medium(self, name: str) -> int:
        """Return the index of the medium with this interface or link name; raises BadLab."""
        for index, medium in enumerate(self.media):
            if name == medium.interface or name in medium.links:
                return index
        known = ", ".join(word for medium in self.media for word in (medium.interface, *medium.links))
        raise BadLab(f"no link {name!r} in this lab; it has {known}")


def read_plan(directory: Path, registry: Media) -> LabPlan:
    """Return the plan for the three files in a directory. Raises BadLab."""
    lines = list(words_of(directory / "ha.cf"))
    nodes = _nodes(lines, directory / "ha.cf")
    links = _links(lines, registry)
    if not links:
        raise BadLab(f"{directory / 'ha.cf'}: no medium with a network interface; the lab needs one, e.g. 'bcast eth0'")
    services = tuple(_services(directory / "haresources", next(iter(links))))
    for service in services:
        links.setdefault(service.interface, _Use())
    media = tuple(
        _medium(number, name, use, nodes, [s for s in services if s.interface == name])
        for number, (name, use) in enumerate(links.items())
    )
    return LabPlan(nodes, media, tuple(Service(str(s.at.ip), s.interface) for s in services))


class _Use(msgspec.Struct):
    """What the lines of ha.cf say about one interface."""

    links: list[str] = []
    peers: list[str] = []
    v6: bool = False


class _Virtual(msgspec.Struct):
    at: Address
    interface: str


def words_of(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield number and words of each line that says something; a trailing backslash joins lines."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as wrong:
        raise BadLab(f"{path}: {wrong.strerror}; a lab needs ha.cf, haresources and authkeys") from None
    held: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.partition("#")[0].split()
        if words and words[-1].endswith("\\"):
            held += [*words[:-1], *filter(None, [words[-1][:-1]])]
            continue
        if held or words:
            yield number, held + words
        held = []
    if held:
        yield number, held


def _nodes(lines: list[tuple[int, list[str]]], path: Path) -> tuple[str, ...]:
    named: list[str] = []
    for number, words in lines:
        if words[0].lower() == "node":
            try:
                named += [node_name(word) for word in words[1:]]
            except ValueError as wrong:
                raise BadLab(f"{path}:{number}: {wrong}") from None
    nodes = tuple(dict.fromkeys(named))
    if not nodes:
        raise BadLab(f"{path}: no node line; expected for example 'node node1 node2'")
    if CLIENT in nodes or len(nodes) > NODES_MAX:
        raise BadLab(f"{path}: a lab has at most {NODES_MAX} nodes, and none is called {CLIENT!r}")
    return nodes


def _links(lines: list[tuple[int, list[str]]], registry: Media) -> dict[str, _Use]:
    """Return the interfaces that installed media use, in the order of ha.cf."""
    uses: dict[str, _Use] = {}
    announced = registry.names("comm")
    for number, words in lines:
        if words[0] not in announced:
            continue
        medium = registry.load("comm", words[0])
        assert issubclass(medium, Medium)
        named = [param.name for param in medium.params if param.kind is ParamKind.INTERFACE]
        for link in medium.plan(words[0], [DirectiveLine(tuple(words[1:]), number)]):
            for interface in _interfaces(link, named):
                use = uses.setdefault(interface, _Use(links=[], peers=[]))
                if link.name not in use.links:
                    use.links.append(link.name)
                use.peers += [word for word in words[1:] if _is_peer(word)]
                use.v6 = use.v6 or words[0].endswith("6") or any(":" in word for word in words[1:])
    return uses


def _interfaces(link: LinkPlan, named: list[str]) -> list[str]:
    return [link.params[name] for name in named if link.params.get(name)]


def _is_peer(word: str) -> bool:
    try:
        return not ipaddress.ip_address(word.strip("[]")).is_multicast
    except ValueError:
        return False


_AGENTS = frozenset({"", "IPaddr", "IPaddr2", "IPv6addr"})
"""haresources words that put an address up: bare, or the classic names."""


def _services(path: Path, default: str) -> Iterator[_Virtual]:
    """Yield the virtual addresses of haresources with their subnet (/24 and /64 where the word gives none)."""
    for _, words in words_of(path):
        for word in words[1:]:
            found = re.fullmatch(r"(?:(\w+)::)?\[?([0-9a-fA-F.:]+?)\]?(?:/(\d+))?(?:/([^/]+))?(?:/.*)?", word)
            if not found or (found[1] or "") not in _AGENTS:
                continue
            try:
                address = ipaddress.ip_address(found[2])
            except ValueError:
                continue
            bits = found[3] or ("24" if address.version == 4 else "64")
            interface = (found[4] or default).partition(":")[0]
            yield _Virtual(ipaddress.ip_interface(f"{address}/{bits}"), interface)


def _medium(number: int, name: str, use: _Use, nodes: tuple[str, ...], services: list[_Virtual]) -> MediumPlan:
    """Give every node and the client an address in each subnet that this interface needs."""
    peers = [_with_prefix(peer) for peer in dict.fromkeys(use.peers)]
    virtual = {service.at.ip for service in services}
    networks = list(dict.fromkeys([service.at.network for service in services] + [peer.network for peer in peers]))
    if not any(network.version == 4 for network in networks):
        networks.append(ipaddress.ip_network(f"172.31.{number}.0/24"))
    if use.v6 and not any(network.version == 6 for network in networks):
        networks.append(ipaddress.ip_network(f"fd00:1ab:0:{number}::/64"))
    given: list[list[str]] = [[] for _ in nodes]
    client: list[str] = []
    for network in networks:
        named = [peer for peer in peers if peer.network == network][: len(nodes)]
        taken = virtual | {peer.ip for peer in named}
        free = (host for host in network.hosts() if host not in taken)
        for index in range(len(nodes)):
            host = named[index].ip if index < len(named) else next(free, None)
            given[index].append(_inside(host, network, name))
        client.append(
            _inside(_last_free(network, taken | {ipaddress.ip_interface(a[-1]).ip for a in given}), network, name)
        )
    return MediumPlan(name, tuple(use.links), tuple(tuple(addresses) for addresses in given), tuple(client))


Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Host = ipaddress.IPv4Address | ipaddress.IPv6Address


def _with_prefix(peer: str) -> Address:
    address = ipaddress.ip_address(peer.strip("[]"))
    return ipaddress.ip_interface(f"{address}/{24 if address.version == 4 else 64}")


def _last_free(network: Network, taken: set[Host]) -> Host | None:
    """The highest address is customarily the router's, and so the client's: it asks from outside."""
    top = network.broadcast_address - 1
    for step in range(min(network.num_addresses - 2, len(taken) + 1)):
        if top - step not in taken:
            return top - step
    return None


def _inside(host: Host | None, network: Network, interface: str) -> str:
    if host is None:
        raise BadLab(f"{network} on {interface} has no address left for every node and the client; use a wider mask")
    return f"{host}/{network.prefixlen}"
