"""The kit's tests on a real interface, in a namespace."""

import json
from collections.abc import Iterator
from typing import ClassVar

import pytest
from heartbeat.testing.namespace import Namespace, cable, namespaces, why_not
from heartbeat.testing.ra import AgentConformance
from heartbeat_ra_ip import IPaddr, IPaddr2


class TestIPaddr2(AgentConformance):
    plugin = IPaddr2
    ip: ClassVar[str] = "10.7.0.100"
    prefix: ClassVar[str] = "24"
    words: ClassVar[tuple[str, ...] | None] = ("10.7.0.100/24/eth0",)
    invalid: ClassVar[dict[str, str] | None] = {"ip": "198.51.100.1", "arp_count": "1"}
    host: Namespace

    @pytest.fixture(autouse=True)
    def _host(self) -> Iterator[None]:
        if reason := why_not():
            pytest.skip(reason)
        with namespaces(2) as (host, other):
            cable(host, "eth0", other, "eth0")
            host.ip("address", "add", "10.7.0.1/24", "dev", "eth0")
            host.ip("address", "add", "fd07::1/64", "dev", "eth0", "nodad")
            self.host = host
            with host.entered():
                yield

    def given(self) -> dict[str, str]:
        return {"ip": self.ip, "cidr_netmask": self.prefix, "nic": "eth0"}

    def is_active(self) -> bool:
        (link,) = json.loads(self.host.ip("-json", "address", "show", "dev", "eth0"))
        return self.ip in [one.get("local") for one in link["addr_info"]]

    def break_it(self) -> None:
        """Leave the address with a prefix that nobody asked for."""
        self.host.ip("address", "delete", f"{self.ip}/{self.prefix}", "dev", "eth0")
        self.host.ip("address", "add", f"{self.ip}/28" if "." in self.ip else f"{self.ip}/72", "dev", "eth0")


class TestIPaddr2OfIPv6(TestIPaddr2):
    ip = "fd07::100"
    prefix = "64"
    words: ClassVar[tuple[str, ...] | None] = ("fd07::100/64/eth0",)
    invalid: ClassVar[dict[str, str] | None] = {"ip": "2001:db8::1"}


class TestIPaddr(TestIPaddr2):
    plugin = IPaddr
