"""The kit's tests: each medium between two hosts, each a namespace."""

from collections.abc import Iterator
from typing import ClassVar

import pytest
from heartbeat.plugin import Deliver, Medium, Plugin
from heartbeat.testing.comm import CommConformance
from heartbeat.testing.namespace import Namespace, cable, namespaces, why_not
from heartbeat_comm_udp import Broadcast, Multicast, Multicast6, Unicast, Unicast6

PORT = "6941"


class Inside(Medium):
    """A medium whose sockets are made on its host."""

    def __init__(self, medium: Medium, host: Namespace) -> None:
        self.medium, self.host = medium, host

    @property
    def dropped(self) -> int:  # type: ignore[override]  # the inner one counts
        return self.medium.dropped

    async def open(self, deliver: Deliver) -> None:
        with self.host.entered():
            await self.medium.open(deliver)

    def send(self, frame: bytes) -> None:
        with self.host.entered():
            self.medium.send(frame)

    async def close(self) -> None:
        await self.medium.close()

    @property
    def mtu(self) -> int:
        return self.medium.mtu

    @property
    def largest(self) -> int:
        return self.medium.largest

    def drain(self) -> bool | None:
        return self.medium.drain()


class TestBroadcast(CommConformance):
    plugin: ClassVar[type[Plugin]] = Broadcast
    directive = "bcast"
    line = "eth0 eth1"
    broken: ClassVar[dict[str, str] | None] = {"interface": "nowhere0", "port": PORT}
    more: ClassVar[dict[str, str]] = {}
    hosts: tuple[Namespace, Namespace]

    @pytest.fixture(autouse=True)
    def _hosts(self) -> Iterator[None]:
        if reason := why_not():
            pytest.skip(reason)
        with namespaces(2) as (one, other):
            cable(one, "eth0", other, "eth0")
            for number, host in enumerate((one, other), 1):
                host.ip("address", "add", f"10.7.0.{number}/24", "dev", "eth0")
                host.ip("address", "add", f"fd07::{number}/64", "dev", "eth0", "nodad")
            self.hosts = (one, other)
            self.turn = 0
            yield

    def ends(self) -> tuple[dict[str, str], dict[str, str]]:
        self.turn = 0
        return ({"interface": "eth0", "port": PORT, **self.more},) * 2

    def made(self, raw: dict[str, str]) -> Medium:
        """Make the first end on the one host, the second on the other."""
        self.turn += 1
        return Inside(super().made(raw), self.hosts[(self.turn - 1) % 2])

    def unplug(self) -> None:
        self.hosts[0].ip("link", "set", "eth0", "down")

    def plug(self) -> None:
        """IPv6 forgets its addresses while an interface is down."""
        self.hosts[0].ip("link", "set", "eth0", "up")
        self.hosts[0].ip("address", "replace", "fd07::1/64", "dev", "eth0", "nodad")

    def cut_up(self) -> int:
        return self.hosts[0].fragmented()


class TestUnicast(TestBroadcast):
    plugin = Unicast
    directive = "ucast"
    line = "eth0 10.7.0.2"
    broken: ClassVar[dict[str, str] | None] = {"interface": "nowhere0", "port": PORT, "peers": "10.7.0.2"}
    more: ClassVar[dict[str, str]] = {"peers": "10.7.0.1 10.7.0.2"}


class TestUnicast6(TestBroadcast):
    plugin = Unicast6
    directive = "ucast6"
    line = "eth0 fd07::2"
    broken: ClassVar[dict[str, str] | None] = {"interface": "nowhere0", "port": PORT, "peers": "fd07::2"}
    more: ClassVar[dict[str, str]] = {"peers": "fd07::1 fd07::2"}


class TestMulticast(TestBroadcast):
    plugin = Multicast
    directive = "mcast"
    line = "eth0 225.0.0.1 694 1 0"
    broken: ClassVar[dict[str, str] | None] = {"interface": "nowhere0", "port": PORT, "group": "225.0.0.1"}
    more: ClassVar[dict[str, str]] = {"group": "225.0.0.1"}


class TestMulticast6(TestBroadcast):
    plugin = Multicast6
    directive = "mcast6"
    line = "eth0 ff02::4:694 694 1 0"
    broken: ClassVar[dict[str, str] | None] = {"interface": "nowhere0", "port": PORT, "group": "ff02::4:694"}
    more: ClassVar[dict[str, str]] = {"group": "ff02::4:694"}
