"""Hosts on one network, each a namespace, and the agent on one of them."""

import contextlib
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from heartbeat.plugin import parse_params
from heartbeat.testing.namespace import Namespace, cable, namespaces, why_not
from heartbeat_ra_ip import IPaddr2

V4, V6 = "10.7.0.100", "fd07::100"
each_family = pytest.mark.parametrize("ip", [V4, V6])


@pytest.fixture(scope="module")
def possible() -> None:
    if reason := why_not():
        pytest.skip(reason)


@pytest.fixture
def host(possible: None) -> Iterator[Namespace]:
    """A host with 10.7.0.1/24 and fd07::1/64 on eth0, 10.8.0.1/16 and fd08::1/64 on eth1."""
    with namespaces(2) as (one, other):
        for number in (0, 1):
            cable(one, f"eth{number}", other, f"eth{number}")
        one.ip("address", "add", "10.7.0.1/24", "dev", "eth0")
        one.ip("address", "add", "10.8.0.1/16", "dev", "eth1")
        one.ip("address", "add", "fd07::1/64", "dev", "eth0", "nodad")
        one.ip("address", "add", "fd08::1/64", "dev", "eth1", "nodad")
        yield one


@pytest.fixture
def network(possible: None) -> Iterator[list[Namespace]]:
    """Node, node, client: eth0 of each at one bridge; the client is the third."""
    with namespaces(4) as (*hosts, switch):
        switch.ip("link", "add", "switch", "type", "bridge", "forward_delay", "0", "mcast_snooping", "0")
        switch.ip("link", "set", "switch", "up")
        for number, each in enumerate(hosts, 1):
            cable(each, "eth0", switch, f"port{number}")
            switch.ip("link", "set", f"port{number}", "master", "switch")
            each.ip("address", "add", f"10.7.0.{number}/24", "dev", "eth0")
            each.ip("address", "add", f"fd07::{number}/64", "dev", "eth0", "nodad")
        yield hosts


@contextlib.contextmanager
def agent(host: Namespace, **given: str) -> Iterator[IPaddr2]:
    """Make an agent from texts, and be on its host."""
    params, problems = parse_params(IPaddr2.params, {"arp_count": "1", **given})
    assert not problems
    made = IPaddr2(params)
    with host.entered():
        try:
            yield made
        finally:
            made.close()


def places(host: Namespace, ip: str) -> list[tuple[str, int, str]]:
    """Return interface, prefix length and label of each place where the address is."""
    listed: list[dict[str, Any]] = json.loads(host.ip("-json", "address", "show"))
    return [
        (link["ifname"], one["prefixlen"], one.get("label", ""))
        for link in listed
        for one in link["addr_info"]
        if one.get("local") == ip
    ]


def addresses(host: Namespace, interface: str) -> set[str]:
    (link,) = json.loads(host.ip("-json", "address", "show", "dev", interface))
    return {f"{one['local']}/{one['prefixlen']}" for one in link["addr_info"] if one["scope"] == "global"}


def until(true: Callable[[], bool], limit_s: float = 3.0) -> bool:
    end_s = time.monotonic() + limit_s
    while not true() and time.monotonic() < end_s:
        time.sleep(0.01)
    return true()
