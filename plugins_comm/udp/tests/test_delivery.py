"""Frames between two hosts: each medium, each way, and what happens when the network misbehaves."""

import asyncio
import errno
import os
import socket
import time
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import ClassVar

import pytest
from heartbeat.plugin import BadConfig, Medium, PluginError, parse_params
from heartbeat.testing.namespace import Namespace, cable, namespaces, why_not
from heartbeat_comm_udp import Broadcast, Multicast, Multicast6, Unicast, Unicast6
from heartbeat_comm_udp.medium import FRAMES_PER_WAKE_UP

PORT = 6940
KINDS: dict[str, tuple[type[Medium], dict[str, str]]] = {
    "bcast": (Broadcast, {}),
    "ucast": (Unicast, {"peers": "10.7.0.1 10.7.0.2"}),
    "ucast6": (Unicast6, {"peers": "fd07::1 fd07::2"}),
    "mcast": (Multicast, {"group": "225.0.0.1"}),
    "mcast6": (Multicast6, {"group": "ff02::4:694"}),
}
Hosts = tuple[Namespace, Namespace]
each_kind = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture(scope="module")
def possible() -> None:
    if reason := why_not():
        pytest.skip(reason)


@pytest.fixture
def hosts(possible: None) -> Iterator[Hosts]:
    """Two hosts, joined by a cable from eth0 to eth0."""
    with namespaces(2) as (one, two):
        cable(one, "eth0", two, "eth0")
        give_addresses(one, 1)
        give_addresses(two, 2)
        yield one, two


def give_addresses(host: Namespace, number: int) -> None:
    host.ip("address", "add", f"10.7.0.{number}/24", "dev", "eth0")
    host.ip("address", "add", f"fd07::{number}/64", "dev", "eth0", "nodad")


class Node:
    """A medium on a host, made from texts as the daemon does, and the frames that it delivered."""

    born: ClassVar[list["Node"]] = []

    def __init__(self, host: Namespace, kind: str, **given: str) -> None:
        contract, usual = KINDS[kind]
        params, problems = parse_params(contract.params, {"interface": "eth0", "port": str(PORT), **usual, **given})
        assert not problems
        self.host = host
        self.medium = contract(params)
        self.frames: list[bytes] = []
        self.born.append(self)

    async def open(self) -> "Node":
        with self.host.entered():
            await self.medium.open(self.frames.append)
        return self

    async def refusal(self) -> PluginError:
        """Return the error that opening raises."""
        with pytest.raises(PluginError) as caught:
            await self.open()
        return caught.value

    def send(self, frame: bytes) -> None:
        """Send from inside the host: a medium may have to make a fresh socket there."""
        with self.host.entered():
            self.medium.send(frame)

    async def heard(self, *frames: bytes) -> bool:
        """Wait up to two seconds for exactly these frames."""
        return await until(lambda: self.frames == list(frames))


def tell(story: Coroutine[None, None, None]) -> None:
    """Run a test's story in a loop, and close its media whatever happened."""

    async def told() -> None:
        try:
            await story
        finally:
            for node in Node.born:
                await node.medium.close()
            Node.born.clear()

    asyncio.run(told())


async def until(true: Callable[[], bool], limit_s: float = 2.0) -> bool:
    end_s = time.monotonic() + limit_s
    while not true() and time.monotonic() < end_s:  # noqa: ASYNC110 - the world outside the loop sets no event
        await asyncio.sleep(0.005)
    return true()


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@each_kind
def test_frames_arrive_each_way_and_own_ones_do_not(hosts: Hosts, kind: str) -> None:
    async def story() -> None:
        one, two = [await Node(host, kind).open() for host in hosts]
        one.send(b"from one")
        assert await two.heard(b"from one")
        two.send(b"from two")
        assert await one.heard(b"from two")
        assert two.frames == [b"from one"], "heard itself"
        assert one.medium.dropped == two.medium.dropped == 0
        for node in (one, two):
            await node.medium.close()
            await node.medium.close()

    tell(story())


@each_kind
def test_a_burst_arrives_whole_and_leaves_the_loop_in_pieces(hosts: Hosts, kind: str) -> None:
    async def story() -> None:
        one, two = [await Node(host, kind).open() for host in hosts]
        burst = [number.to_bytes(2, "big") + bytes(1000) for number in range(500)]
        for frame in burst:
            one.send(frame)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert len(two.frames) <= 2 * FRAMES_PER_WAKE_UP
        assert await two.heard(*burst)

    tell(story())


def test_drain_delivers_what_has_arrived_without_the_loop(hosts: Hosts) -> None:
    async def story() -> None:
        one, two = [await Node(host, "bcast").open() for host in hosts]
        for _ in range(100):
            one.send(b"x")
        assert two.medium.drain() is True, "a flood is read in slices"
        assert len(two.frames) == FRAMES_PER_WAKE_UP
        assert not two.medium.drain()
        assert len(two.frames) == 100

    tell(story())


@each_kind
def test_the_mtu_is_the_interfaces_less_the_headers_and_such_a_frame_goes_whole(hosts: Hosts, kind: str) -> None:
    async def story() -> None:
        for host in hosts:
            host.ip("link", "set", "eth0", "mtu", "1400")
        one, two = [await Node(host, kind).open() for host in hosts]
        assert one.medium.mtu == 1400 - (48 if kind.endswith("6") else 28)
        with hosts[1].entered(), socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3)) as wire:
            wire.bind(("eth0", 3))
            one.send(bytes(one.medium.mtu))
            assert await two.heard(bytes(one.medium.mtu))
            wire.settimeout(2.0)
            packets = [len(wire.recv(2000))]
            while packets[-1] < 1000:  # neighbour discovery comes first
                packets.append(len(wire.recv(2000)))
            assert packets[-1] == 1400, "cut up, or not used in full"

    tell(story())


@each_kind
def test_an_interface_that_is_down_costs_frames_and_nothing_else(hosts: Hosts, kind: str) -> None:
    async def story() -> None:
        one, two = [await Node(host, kind).open() for host in hosts]
        hosts[0].ip("link", "set", "eth0", "down")
        one.send(b"lost")
        assert one.medium.dropped == 1
        hosts[0].ip("link", "set", "eth0", "up")
        if kind.endswith("6"):  # IPv6 addresses go with the link
            hosts[0].ip("address", "replace", "fd07::1/64", "dev", "eth0", "nodad")

        def arrived() -> bool:
            one.send(b"back")
            return b"back" in two.frames

        assert await until(arrived)
        assert b"lost" not in two.frames
        two.send(b"heard again")
        assert await until(lambda: b"heard again" in one.frames)

    tell(story())


@each_kind
def test_an_interface_that_vanishes_and_returns_is_taken_again(hosts: Hosts, kind: str) -> None:
    async def story() -> None:
        one, two = [await Node(host, kind).open() for host in hosts]
        hosts[0].ip("link", "delete", "eth0")
        for node in (one, two):
            node.send(b"lost")
            assert node.medium.dropped == 1
        cable(hosts[0], "eth0", hosts[1], "eth0")
        give_addresses(hosts[0], 1)
        give_addresses(hosts[1], 2)

        def both_ways() -> bool:
            one.send(b"one")
            two.send(b"two")
            return bool(one.frames and two.frames)

        assert await until(both_ways)
        assert (set(one.frames), set(two.frames)) == ({b"two"}, {b"one"})

    tell(story())


@each_kind
def test_an_interface_that_is_missing_is_named_and_may_come_later(hosts: Hosts, kind: str) -> None:
    async def story() -> None:
        one = Node(hosts[0], kind, interface="eth9")
        descriptors = open_files()
        refusal = await one.refusal()
        assert "no interface eth9" in str(refusal)
        assert open_files() == descriptors, "left something open"
        one.medium.send(b"nobody")
        assert one.medium.dropped
        hosts[0].ip("link", "set", "eth0", "down")
        hosts[0].ip("link", "set", "eth0", "name", "eth9")
        assert "ip link set eth9 up" in str(await one.refusal())
        hosts[0].ip("link", "set", "eth9", "up")
        hosts[0].ip("address", "replace", "fd07::1/64", "dev", "eth9", "nodad")
        await one.open()
        two = await Node(hosts[1], kind).open()
        one.send(b"late")
        assert await two.heard(b"late")

    tell(story())


@pytest.mark.parametrize("kind", ["bcast", "mcast", "ucast"])
def test_an_interface_without_address_is_refused_with_the_mend(hosts: Hosts, kind: str) -> None:
    async def story() -> None:
        hosts[0].ip("address", "flush", "dev", "eth0")
        text = str(await Node(hosts[0], kind).refusal())
        assert "interface eth0, UDP port 6940" in text
        assert "address" in text

    tell(story())


@each_kind
def test_a_port_in_use_is_refused_with_interface_port_and_mend(hosts: Hosts, kind: str) -> None:
    async def story() -> None:
        family = socket.AF_INET6 if kind.endswith("6") else socket.AF_INET
        with hosts[0].entered(), socket.socket(family, socket.SOCK_DGRAM) as squatter:
            squatter.bind(("", PORT))
            text = str(await Node(hosts[0], kind).refusal())
        assert "interface eth0, UDP port 6940: the port is in use" in text
        assert "udpport" in text
        await Node(hosts[0], kind).open()

    tell(story())


def test_a_second_cluster_on_the_same_unicast_address_and_port_is_refused(hosts: Hosts) -> None:
    async def story() -> None:
        first = await Node(hosts[0], "ucast").open()
        assert "the port is in use" in str(await Node(hosts[0], "ucast").refusal())
        two = await Node(hosts[1], "ucast").open()
        two.send(b"still the first one's")
        assert await first.heard(b"still the first one's")

    tell(story())


@pytest.mark.parametrize("kind", ["bcast", "mcast", "mcast6"])
def test_two_clusters_share_a_group_port_and_both_hear_everything(hosts: Hosts, kind: str) -> None:
    async def story() -> None:
        first, second = await Node(hosts[0], kind).open(), await Node(hosts[0], kind).open()
        (await Node(hosts[1], kind).open()).send(b"to all")
        assert await first.heard(b"to all")
        assert await second.heard(b"to all")

    tell(story())


def test_all_media_on_one_interface_and_port_hear_their_own_traffic_only(hosts: Hosts) -> None:
    async def story() -> None:
        here = {kind: await Node(hosts[0], kind).open() for kind in KINDS}
        there = {kind: await Node(hosts[1], kind).open() for kind in KINDS}
        for kind, node in here.items():
            node.send(kind.encode())
        for kind, node in there.items():
            assert await node.heard(kind.encode())
        assert not any(node.frames for node in here.values())

    tell(story())


def test_frames_of_another_group_on_the_same_port_are_not_delivered(hosts: Hosts) -> None:
    async def story() -> None:
        one, other = await Node(hosts[0], "mcast").open(), await Node(hosts[0], "mcast", group="225.0.0.2").open()
        (await Node(hosts[1], "mcast", group="225.0.0.2").open()).send(b"second group")
        assert await other.heard(b"second group")
        assert one.frames == []

    tell(story())


def test_link_local_peers_are_those_of_the_interface(hosts: Hosts) -> None:
    async def story() -> None:
        for number, host in enumerate(hosts, 1):
            host.ip("address", "add", f"fe80::{number}/64", "dev", "eth0", "nodad")
        one, two = [await Node(host, "ucast6", peers="fe80::1 fe80::2%eth0").open() for host in hosts]
        one.send(b"near")
        assert await two.heard(b"near")

    tell(story())


def test_unicast_works_when_only_the_peer_is_listed_and_beside_a_service_address(hosts: Hosts) -> None:
    async def story() -> None:
        hosts[0].ip("address", "add", "10.7.0.100/24", "dev", "eth0")
        hosts[0].sysctl("ipv4/ip_nonlocal_bind", 1)
        one = await Node(hosts[0], "ucast", peers="10.7.0.2").open()
        two = await Node(hosts[1], "ucast", peers="10.7.0.1").open()
        one.send(b"a")
        assert await two.heard(b"a")
        two.send(b"b")
        assert await one.heard(b"b")

    tell(story())


@pytest.mark.parametrize(
    ("kind", "given", "said"),
    [
        ("ucast", {"peers": "10.7.0.1"}, "are addresses of this node"),
        ("ucast", {"peers": "fd07::2"}, "write ucast6"),
        ("ucast6", {"peers": "10.7.0.2"}, "write ucast for it"),
        ("ucast6", {"peers": "2001:db8::1"}, "no way to 2001:db8::1"),
        ("ucast", {"peers": "no-such-host.invalid"}, "no-such-host.invalid cannot be resolved"),
    ],
)
def test_peers_that_cannot_work_are_refused_with_the_mend(
    hosts: Hosts, kind: str, given: dict[str, str], said: str
) -> None:
    async def story() -> None:
        assert said in str(await Node(hosts[0], kind, **given).refusal())

    tell(story())


def test_a_bad_group_is_a_configuration_error(hosts: Hosts) -> None:
    async def story() -> None:
        refusal = await Node(hosts[0], "mcast", group="10.7.0.9").refusal()
        assert isinstance(refusal, BadConfig)
        assert "10.7.0.9 is no multicast group" in str(refusal)

    tell(story())


def test_foreign_bytes_are_delivered_for_core_to_judge_and_hurt_nobody(hosts: Hosts) -> None:
    async def story() -> None:
        one, two = [await Node(host, "bcast").open() for host in hosts]
        with hosts[0].entered(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            for garbage in (b"", b"\0" * 9000):
                stranger.sendto(garbage, ("10.7.0.255", PORT))  # the subnet's own broadcast: not our address
                stranger.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth0")
                stranger.sendto(garbage, ("255.255.255.255", PORT))
        one.send(b"good")
        assert await two.heard(b"", b"\0" * 9000, b"good")

    tell(story())


def test_a_full_queue_drops_and_counts_and_never_waits(hosts: Hosts) -> None:
    async def story() -> None:
        one = await Node(hosts[0], "bcast").open()
        hosts[0].ip("link", "set", "eth0", "txqueuelen", "1000")
        sender = one.medium._socket  # type: ignore[attr-defined]
        sender.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
        began_s = time.monotonic()
        with pytest.raises(OSError, match=os.strerror(errno.EMSGSIZE)):
            sender.sendto(bytes(65508), ("255.255.255.255", PORT))
        one.send(bytes(60000))
        assert one.medium.dropped == 1
        assert time.monotonic() - began_s < 0.5

    tell(story())
