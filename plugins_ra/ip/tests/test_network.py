"""What the network hears of an address: announcements, neighbours' tables, duplicate address detection."""

import contextlib
import itertools
import json
import socket
import threading
import time
from typing import Any, Self

import pytest
from heartbeat.plugin import Health, PluginError
from heartbeat.testing.namespace import Namespace

from plugins_ra.ip.tests.conftest import V4, V6, agent, each_family, places, until


class Sniffer:
    """Hears announcements of one address on a host's eth0, with the time of each."""

    def __init__(self, host: Namespace, ip: str) -> None:
        self.heard: list[tuple[float, bytes]] = []
        self._protocol, self._wanted = (
            (0x86DD, socket.inet_pton(socket.AF_INET6, ip))
            if ":" in ip
            else (
                0x0806,
                socket.inet_aton(ip),
            )
        )
        with host.entered():
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(self._protocol))
            self._socket.bind(("eth0", self._protocol))
        self._socket.settimeout(0.05)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._listen)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *what: object) -> None:
        self._ended.set()
        self._thread.join()
        self._socket.close()

    def _listen(self) -> None:
        while not self._ended.is_set():
            with contextlib.suppress(TimeoutError):
                frame = self._socket.recv(2000)
                is_ours = (
                    frame[28:32] == self._wanted
                    if self._protocol == 0x0806
                    else (frame[54] == 136 and frame[62:78] == self._wanted)
                )
                if is_ours:
                    self.heard.append((time.monotonic(), frame))


def mac(host: Namespace) -> bytes:
    (link,) = json.loads(host.ip("-json", "link", "show", "dev", "eth0"))
    return bytes.fromhex(link["address"].replace(":", ""))


@each_family
def test_the_network_hears_of_it_at_once_and_then_spaced(network: list[Namespace], ip: str) -> None:
    node, _, client = network
    a_round = 1 if ":" in ip else 2
    with Sniffer(client, ip) as sniffer, agent(node, ip=ip, arp_count="4", arp_interval="60") as it:
        it.start()
        assert until(lambda: len(sniffer.heard) == a_round), "not before start returned"
        it.after_start()
        assert until(lambda: len(sniffer.heard) == 4 * a_round)
    assert all(frame[6:12] == mac(node) for _, frame in sniffer.heard)
    at = [when for when, _ in sniffer.heard][::a_round]
    assert all(0.05 < later - earlier < 0.5 for earlier, later in itertools.pairwise(at))
    if a_round == 2:
        assert [frame[21] for _, frame in sniffer.heard] == [1, 2] * 4


def test_announcing_ends_when_the_address_has_gone(network: list[Namespace]) -> None:
    node, _, client = network
    with Sniffer(client, V4) as sniffer, agent(node, ip=V4, arp_count="100", arp_interval="5") as it:
        it.start()
        node.ip("address", "delete", f"{V4}/24", "dev", "eth0")
        it.after_start()
        heard = len(sniffer.heard)
        assert it.announce() is False
    assert heard <= 2


def test_a_running_address_can_be_announced_by_another_process_later(network: list[Namespace]) -> None:
    node, _, client = network
    with agent(node, ip=V4) as it:
        it.start()
    with Sniffer(client, V4) as sniffer, agent(node, ip=V4) as another:
        assert another.announce()
        assert until(lambda: len(sniffer.heard) == 2)


@each_family
def test_a_clients_neighbour_entry_follows_the_address_at_once(network: list[Namespace], ip: str) -> None:
    one, two, client = network

    def entry() -> bytes:
        found: list[dict[str, Any]] = json.loads(client.ip("-json", "neigh", "show", "to", ip, "dev", "eth0"))
        return bytes.fromhex(found[0]["lladdr"].replace(":", "")) if found and "lladdr" in found[0] else b""

    client.sysctl("ipv4/conf/eth0/arp_notify", 0)
    with agent(one, ip=ip) as it:
        it.start()
        reach(client, ip)
        assert until(lambda: entry() == mac(one))
        it.stop()
    with agent(two, ip=ip) as it:
        # A client does not believe a second answer within its locktime, by default 1 s (arp(7)).
        client.sysctl("ipv4/neigh/eth0/locktime", 0)
        it.start()
        assert until(lambda: entry() == mac(two), 0.5)


def reach(client: Namespace, ip: str) -> None:
    """Have the client look up who has the address."""
    family = socket.AF_INET6 if ":" in ip else socket.AF_INET
    with client.entered(), socket.socket(family, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"x", (ip, 9))


def test_ipv6_answers_at_once_without_detection_and_later_with_it(network: list[Namespace]) -> None:
    node = network[0]
    node.sysctl("ipv6/conf/all/accept_dad", 1)
    node.sysctl("ipv6/conf/eth0/accept_dad", 1)
    with agent(node, ip=V6) as it:
        began_s = time.monotonic()
        it.start()
        assert time.monotonic() - began_s < 0.2
        assert it.monitor() is Health.RUNNING
        assert "tentative" not in node.ip("address", "show", "dev", "eth0")
        it.stop()
    with agent(node, ip=V6, nodad="no") as it:
        began_s = time.monotonic()
        it.start()
        assert time.monotonic() - began_s > 0.5
        assert "tentative" not in node.ip("address", "show", "dev", "eth0")
        it.stop()


def test_a_duplicate_ipv6_address_fails_the_start_and_is_removed(network: list[Namespace]) -> None:
    node, other, _ = network
    node.sysctl("ipv6/conf/all/accept_dad", 1)
    node.sysctl("ipv6/conf/eth0/accept_dad", 1)
    other.ip("address", "add", f"{V6}/64", "dev", "eth0", "nodad")
    with agent(node, ip=V6, nodad="no") as it:
        with pytest.raises(PluginError) as caught:
            it.start()
        assert "another host has it" in str(caught.value)
        assert places(node, V6) == []


def test_an_address_refused_by_detection_fails_the_monitor_and_start_mends_it(network: list[Namespace]) -> None:
    node, other, _ = network
    node.sysctl("ipv6/conf/all/accept_dad", 1)
    node.sysctl("ipv6/conf/eth0/accept_dad", 1)
    other.ip("address", "add", f"{V6}/64", "dev", "eth0", "nodad")
    node.ip("address", "add", f"{V6}/64", "dev", "eth0")
    assert until(lambda: "dadfailed" in node.ip("address", "show", "dev", "eth0"))
    with agent(node, ip=V6) as it:
        assert it.monitor() is Health.FAILED
        other.ip("address", "delete", f"{V6}/64", "dev", "eth0")
        it.start()
        assert it.monitor() is Health.RUNNING
