"""The hold on real interfaces: an address falls silent by itself, answers again, and leaves nothing behind.

A client asks over the wire: ping for what has a neighbour entry, a fresh ARP request or neighbour solicitation else.
"""

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator

import pytest
from heartbeat.plugin import Health, parse_params
from heartbeat.testing.namespace import Namespace, cable, namespaces, why_not
from heartbeat_ra_ip import IPaddr2
from heartbeat_ra_ip.hold import LIFETIME, NFTABLES, NOTHING, Hold
from heartbeat_ra_ip.hold_kernel import KernelHold

V4, V6 = "10.7.0.100", "fd07::100"
each_family = pytest.mark.parametrize("ip", [V4, V6])


@pytest.fixture
def pair() -> Iterator[tuple[Namespace, Namespace]]:
    """A node and a client on one cable, eth0 at both ends."""
    if reason := why_not():
        pytest.skip(reason)
    with namespaces(2) as (node, client):
        cable(node, "eth0", client, "eth0")
        for number, each in enumerate((node, client), 1):
            each.ip("address", "add", f"10.7.0.{number}/24", "dev", "eth0")
            each.ip("address", "add", f"fd07::{number}/64", "dev", "eth0", "nodad")
        with node.entered():
            try:
                KernelHold(IPaddr2(parse_params(IPaddr2.params, {"ip": V4})[0]).wanted.ip).take("eth0", 0.1)
            except OSError as error:
                pytest.skip(f"no nf_tables with netdev ingress and egress here: {error.strerror}")
        node_table(node, "delete")
        yield node, client


def node_table(node: Namespace, verb: str) -> str:
    """Run ``nft VERB table netdev heartbeat-eth0`` on the node; empty when there is no such table."""
    with node.entered():
        ran = subprocess.run(
            ["nft", verb, "table", "netdev", "heartbeat-eth0"], capture_output=True, text=True, check=False
        )
    return ran.stdout if ran.returncode == 0 else ""


@contextlib.contextmanager
def agent(node: Namespace, **given: str) -> Iterator[IPaddr2]:
    params, problems = parse_params(IPaddr2.params, {"arp_count": "1", "cidr_netmask": "24", "nic": "eth0", **given})
    assert not problems
    made = IPaddr2(params)
    with node.entered():
        try:
            yield made
        finally:
            made.close()


def answers(client: Namespace, ip: str) -> bool:
    """Does the address answer a client that has forgotten where it is?"""
    client.ip("neigh", "flush", "dev", "eth0")
    return pings(client, ip)


def pings(client: Namespace, ip: str) -> bool:
    with client.entered():
        ran = subprocess.run(["ping", "-c1", "-W0.2", "-n", ip], capture_output=True, check=False)
    return ran.returncode == 0


def heard(listening: socket.socket, packed: bytes) -> bool:
    """Is there a frame with these bytes in it among those that came, or come within the socket's time?"""
    with contextlib.suppress(TimeoutError):
        while packed not in listening.recv(200):
            pass
        return True
    return False


def until(true: Callable[[], bool], limit_s: float = 5.0) -> None:
    end_s = time.monotonic() + limit_s
    while not true():
        assert time.monotonic() < end_s, "it did not happen in time"


def family(ip: str) -> dict[str, str]:
    return {"ip": ip, "cidr_netmask": "64" if ":" in ip else "24"}


@each_family
def test_an_address_that_nobody_renews_falls_silent_and_comes_back(pair: tuple[Namespace, Namespace], ip: str) -> None:
    node, client = pair
    with agent(node, **family(ip)) as it:
        it.prepare_start()
        assert it.hold(30.0) == NFTABLES
        it.start()
        assert answers(client, ip)
        it.hold(0.05)
        until(lambda: not pings(client, ip))
        assert not answers(client, ip)
        assert it.monitor() is Health.RUNNING  # it is there, and silent
        it.hold(30.0)
        assert answers(client, ip)


@each_family
def test_muting_silences_at_once_whatever_time_was_left(pair: tuple[Namespace, Namespace], ip: str) -> None:
    node, client = pair
    with agent(node, **family(ip)) as it:
        it.hold(30.0)
        it.start()
        assert answers(client, ip)
        it.mute()
        assert not pings(client, ip)
        assert not answers(client, ip)
        it.mute()
        it.hold(30.0)
        assert answers(client, ip)


@each_family
def test_a_renewal_extends_and_a_shorter_one_shortens(pair: tuple[Namespace, Namespace], ip: str) -> None:
    node, client = pair
    with agent(node, **family(ip)) as it:
        it.hold(0.2)
        it.start()
        it.hold(30.0)
        over_s = time.monotonic() + 0.4
        until(lambda: time.monotonic() > over_s)  # the first hold would be over now, and nobody would answer any more
        until(lambda: pings(client, ip))
        it.hold(0.02)
        until(lambda: not pings(client, ip))


@each_family
def test_what_is_not_allowed_announces_nothing_either(pair: tuple[Namespace, Namespace], ip: str) -> None:
    node, client = pair
    with client.entered():
        listening = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x86DD if ":" in ip else 0x0806))
    with listening, agent(node, **family(ip)) as it:
        listening.bind(("eth0", 0))
        listening.settimeout(0.2)
        it.prepare_start()
        it.mute()
        it.start()
        assert it.announce()
        packed = socket.inet_pton(socket.AF_INET6 if ":" in ip else socket.AF_INET, ip)
        assert not heard(listening, packed)
        it.hold(30.0)
        it.announce()
        assert heard(listening, packed)


def test_other_addresses_of_the_interface_are_left_alone(pair: tuple[Namespace, Namespace]) -> None:
    node, client = pair
    with agent(node, ip=V4) as it:
        it.hold(30.0)
        it.start()
        it.mute()
        assert answers(client, "10.7.0.1")
        assert answers(client, "fd07::1")


def test_it_holds_with_every_process_of_ours_killed_and_the_next_one_takes_over(
    pair: tuple[Namespace, Namespace],
) -> None:
    node, client = pair
    pid = os.fork()
    if pid == 0:
        with contextlib.suppress(BaseException), agent(node, ip=V4) as it:
            it.hold(1.0)
            it.start()
            signal.pause()
        os._exit(1)
    until(lambda: pings(client, V4))
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    until(lambda: not pings(client, V4))
    assert not answers(client, V4)
    with agent(node, ip=V4) as it:
        assert it.monitor() is Health.RUNNING
        it.hold(30.0)
        assert answers(client, V4)
        it.stop()
    assert node_table(node, "list") == ""


def test_stop_clears_the_hold_and_the_table_goes_with_the_last(pair: tuple[Namespace, Namespace]) -> None:
    node, client = pair
    with agent(node, ip=V4) as it, agent(node, **family(V6)) as other:
        for each in (it, other):
            each.hold(30.0)
            each.start()
        it.stop()
        assert "elements" in node_table(node, "list")
        assert V4 not in node_table(node, "list")
        assert answers(client, V6)
        other.stop()
        assert node_table(node, "list") == ""
        node.ip("address", "add", f"{V4}/24", "dev", "eth0")
        assert answers(client, V4)  # by hand, without a hold: nothing of ours is in the way


def test_an_address_started_by_hand_is_not_held(pair: tuple[Namespace, Namespace]) -> None:
    node, client = pair
    with agent(node, ip=V4) as it:
        it.start()
        assert answers(client, V4)
        assert node_table(node, "list") == ""


def test_a_firewall_that_flushes_everything_is_survived(pair: tuple[Namespace, Namespace]) -> None:
    node, client = pair
    with agent(node, ip=V4) as it:
        it.hold(30.0)
        it.start()
        node_table(node, "delete")
        it.hold(0.02)
        until(lambda: not pings(client, V4))


def test_the_loopback_is_never_held(pair: tuple[Namespace, Namespace]) -> None:
    node, _ = pair
    with agent(node, ip="127.0.0.9", nic="lo", cidr_netmask="8") as it:
        assert it.hold(30.0) == NOTHING
        it.start()
        it.mute()
        assert it.monitor() is Health.RUNNING
        assert node_table(node, "list") == ""


# Without nf_tables.


@each_family
def test_without_nftables_the_address_has_a_lifetime(pair: tuple[Namespace, Namespace], ip: str) -> None:
    node, client = pair
    with agent(node, **family(ip)) as it:
        it._hold = Hold(it.wanted, nftables=False)
        it.prepare_start()
        assert it.hold(1.6) == LIFETIME
        it.start()
        it.hold(1.6)
        assert answers(client, ip)
        until(lambda: not pings(client, ip))
        assert it.monitor() is Health.STOPPED
        assert it.hold(1.6) == LIFETIME  # the guard is allowed again: it comes back where it was
        until(lambda: pings(client, ip))
        it.stop()
        assert it.monitor() is Health.STOPPED


@each_family
def test_with_neither_only_the_guard_can_mute(pair: tuple[Namespace, Namespace], ip: str) -> None:
    node, client = pair
    with agent(node, **family(ip)) as it:
        it._hold = Hold(it.wanted, nftables=False)
        it.prepare_start()
        assert it.hold(0.4) == NOTHING
        it.start()
        assert answers(client, ip)
        it.mute()
        assert not pings(client, ip)
        it.mute()
        assert it.hold(0.4) == NOTHING
        assert answers(client, ip)
