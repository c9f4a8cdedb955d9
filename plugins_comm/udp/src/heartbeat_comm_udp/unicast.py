"""``ucast IF PEER`` and ``ucast6 IF PEER``: to each peer by its address, across routers too.

Several lines with the same interface make one link with many peers. The same ha.cf on all nodes may list the
addresses of all nodes: the own one is found and not sent to.
"""

import contextlib
import ipaddress
import socket
from collections.abc import Sequence
from typing import ClassVar

from heartbeat.plugin import DirectiveLine, LinkPlan, Param, ParamKind, Params, PluginError

from heartbeat_comm_udp.interface import Interface
from heartbeat_comm_udp.medium import INTERFACE, PORT, Address, UdpMedium, numbered


class Unicast(UdpMedium):
    """Peers one by one, IPv4."""

    title = "IPv4 unicast"
    docs_url = "https://www.rfc-editor.org/rfc/rfc768"
    params = (
        INTERFACE,
        Param(
            "peers",
            ParamKind.HOSTS,
            required=True,
            example="10.0.0.2",
            help="Addresses of the other nodes on this network; the own address among them is skipped.",
        ),
        PORT,
    )
    positional = ("interface", "peers")
    shares_port = False
    any_address: ClassVar[str] = "0.0.0.0"  # noqa: S104 - only compared with, never bound to

    @classmethod
    def plan(cls, directive: str, lines: Sequence[DirectiveLine]) -> list[LinkPlan]:
        peers: dict[str, list[str]] = {}
        first_line: dict[str, int] = {}
        broken: list[LinkPlan] = []
        for line in lines:
            wrong = numbered(line.words, 2, 2, f"{directive} INTERFACE PEER")
            if wrong:
                name = line.words[0] if line.words else "?"
                broken.append(LinkPlan(f"{directive}/{name}", {}, line.number, wrong))
                continue
            interface, peer = line.words
            first_line.setdefault(interface, line.number)
            if peer not in peers.setdefault(interface, []):
                peers[interface].append(peer)
        return [
            LinkPlan(
                f"{directive}/{interface}", {"interface": interface, "peers": " ".join(found)}, first_line[interface]
            )
            for interface, found in peers.items()
        ] + broken

    def __init__(self, params: Params) -> None:
        super().__init__(params)
        self.peers = params.hosts("peers")
        self._addresses: tuple[str, ...] = ()

    async def _prepare(self) -> None:
        """Look up the peers that are written as names; here, not in ``send``, as it may take seconds."""
        self._addresses = tuple([await self._address(peer) for peer in self.peers])

    async def _address(self, peer: str) -> str:
        with contextlib.suppress(ValueError):
            address = ipaddress.ip_address(peer.strip("[]").partition("%")[0])
            if address.version != (6 if self.family == socket.AF_INET6 else 4):
                raise PluginError(
                    f"interface {self.interface}: peer {peer} is an IPv{address.version} address; "
                    f"write {'ucast6' if address.version == 6 else 'ucast'} for it"
                )
            return str(address)
        assert self._loop is not None
        try:
            found = await self._loop.getaddrinfo(peer, self.port, family=self.family, type=socket.SOCK_DGRAM)
        except OSError as error:
            raise PluginError(
                f"interface {self.interface}: the name {peer} cannot be resolved ({error.strerror or error}); "
                "write its address, or add it to /etc/hosts"
            ) from None
        return str(found[0][4][0]).partition("%")[0]

    def _bind(self, opened: socket.socket, interface: Interface) -> tuple[Address, ...]:
        targets = {peer: self._target(peer, interface) for peer in self._addresses}
        own = [peer for peer, target in targets.items() if self._source(target, "") == peer]
        others = tuple(target for peer, target in targets.items() if peer not in own)
        if not others:
            raise PluginError(
                f"interface {interface.name}, UDP port {self.port}: all peers ({' '.join(self.peers)}) are addresses "
                "of this node; add a line with the address of another one"
            )
        local = own[0] if own else next(filter(None, (self._source(one, interface.name) for one in others)), "")
        if not local:
            raise PluginError(
                f"interface {interface.name}, UDP port {self.port}: no way to {others[0][0]} over this interface "
                f"(no address on it, or no route); `ip route get {others[0][0]} oif {interface.name}` should find one"
            )
        opened.bind(self._target(local, interface))
        return others

    def _target(self, address: str, interface: Interface) -> Address:
        return (address, self.port)

    def _source(self, target: Address, interface: str) -> str:
        """Return the address from which the kernel would send; the target itself when it is our own.

        Asked by connecting, which sends nothing; other than a trial bind it is right under ip_nonlocal_bind.
        """
        with socket.socket(self.family, socket.SOCK_DGRAM) as asker:
            try:
                if interface:
                    asker.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
                asker.connect(target)
            except PermissionError:
                raise
            except OSError:
                return ""
            source = str(asker.getsockname()[0]).partition("%")[0]
            return "" if source == self.any_address else source


class Unicast6(Unicast):
    """Peers one by one, IPv6; link-local addresses are those of the interface."""

    title = "IPv6 unicast"
    docs_url = "https://www.rfc-editor.org/rfc/rfc768"
    family = socket.AF_INET6
    header_bytes = 48
    any_address = "::"

    def _target(self, address: str, interface: Interface) -> Address:
        scope = interface.index if ipaddress.IPv6Address(address).is_link_local else 0
        return (address, self.port, 0, scope)
