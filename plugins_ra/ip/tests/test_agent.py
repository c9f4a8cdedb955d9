"""The agent on real interfaces of one host."""

import contextlib
import ctypes
import json
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from heartbeat.plugin import Health, PluginError
from heartbeat.testing.namespace import Namespace
from heartbeat_ra_ip import IPaddr2

from plugins_ra.ip.tests.conftest import V4, V6, addresses, agent, each_family, places, until


@each_family
def test_the_address_comes_and_goes_and_each_action_may_be_repeated(host: Namespace, ip: str) -> None:
    with agent(host, ip=ip) as it:
        assert it.monitor() is Health.STOPPED
        it.stop()
        for _ in range(2):
            it.start()
            assert it.monitor() is Health.RUNNING
            assert places(host, ip) == [("eth0", 64 if ":" in ip else 24, "" if ":" in ip else "eth0")]
        before = addresses(host, "eth0") - {f"{ip}/64", f"{ip}/24"}
        for _ in range(2):
            it.stop()
            assert it.monitor() is Health.STOPPED
            assert addresses(host, "eth0") == before


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"ip": "10.8.3.4"}, ("eth1", 16, "eth1")),
        ({"ip": "fd08::4"}, ("eth1", 64, "")),
        ({"ip": "10.8.3.4", "cidr_netmask": "32"}, ("eth1", 32, "eth1")),
        ({"ip": "10.8.3.4", "nic": "eth0", "cidr_netmask": "255.255.255.0"}, ("eth0", 24, "eth0")),
        ({"ip": V4, "iflabel": "web"}, ("eth0", 24, "eth0:web")),
        ({"ip": V4, "nic": "eth0:0"}, ("eth0", 24, "eth0:0")),
        ({"ip": "192.0.2.7"}, ("eth1", 28, "eth1")),
        ({"ip": "10.8.0.130"}, ("eth0", 25, "eth0")),
        ({"ip": "fe80::99", "nic": "eth1"}, ("eth1", 64, "")),
        ({"ip": "127.0.0.9", "nic": "lo", "cidr_netmask": "8"}, ("lo", 8, "lo")),
    ],
)
def test_the_longest_on_link_route_chooses_the_interface(
    host: Namespace, given: dict[str, str], expected: tuple[str, int, str]
) -> None:
    host.ip("route", "add", "192.0.2.0/28", "dev", "eth1")  # a subnet without an address of its own
    host.ip("route", "add", "10.8.0.128/25", "dev", "eth0")  # longer than eth1's own
    host.ip("route", "add", "10.8.0.129/32", "via", "10.7.0.9")  # not on-link
    host.ip("route", "add", "default", "via", "10.7.0.9")
    with agent(host, **given) as it:
        it.validate()
        it.start()
        assert places(host, given["ip"]) == [expected]
        assert it.monitor() is Health.RUNNING
        it.stop()
        assert places(host, given["ip"]) == []


def test_the_broadcast_address_is_set(host: Namespace) -> None:
    with agent(host, ip=V4) as it:
        it.start()
        assert f"inet {V4}/24 brd 10.7.0.255 scope global secondary eth0" in host.ip("address", "show", "dev", "eth0")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"ip": "198.51.100.1"}, "no interface of this node has an on-link route that holds it; give nic"),
        ({"ip": "198.51.100.1", "nic": "eth0"}, "no on-link route on interface eth0 holds it"),
        ({"ip": "198.51.100.1", "nic": "eth9"}, "no interface eth9 on this node"),
    ],
)
def test_an_address_that_belongs_nowhere_is_refused_with_the_mend(
    host: Namespace, given: dict[str, str], said: str
) -> None:
    with agent(host, **given) as it:
        for refuse in (it.start, it.prepare_start, it.validate):
            with pytest.raises(PluginError) as caught:
                refuse()
            assert said in str(caught.value)
        assert it.monitor() is Health.STOPPED
        it.stop()


@pytest.mark.parametrize("given", [{"ip": V4}, {"ip": V4, "nic": "eth0", "cidr_netmask": "24"}])
def test_an_interface_that_is_down_is_refused_with_the_mend(host: Namespace, given: dict[str, str]) -> None:
    host.ip("link", "set", "eth0", "down")
    with agent(host, **given) as it:
        with pytest.raises(PluginError) as caught:
            it.start()
        assert "ip link set eth0 up" in str(caught.value)


@each_family
def test_an_interface_that_loses_its_carrier_fails_the_monitor_and_the_start(host: Namespace, ip: str) -> None:
    with agent(host, ip=ip, nic="eth0", cidr_netmask="64" if ":" in ip else "24") as it:
        it.start()
        lose_carrier(host, "eth0")
        assert it.monitor() is Health.FAILED
        with pytest.raises(PluginError) as caught:
            it.start()
        assert "no carrier" in str(caught.value)
        it.stop()
        assert places(host, ip) == []
    with agent(host, ip=ip, nic="eth0", cidr_netmask="64" if ":" in ip else "24", check_link_status="no") as it:
        it.start()
        assert it.monitor() is Health.RUNNING


def lose_carrier(host: Namespace, interface: str) -> None:
    """Switch the other end of the cable off, from inside: the peer's namespace is known by its number only."""
    (link,) = json.loads(host.ip("-json", "-details", "link", "show", "dev", interface))
    for other in sorted(Path("/run/netns").glob(f"hbtest-{os.getpid()}-*")):
        if other.name == host.name:
            continue
        there = Namespace(other.name)
        for one in json.loads(there.ip("-json", "link")):
            if one["ifname"] == interface and one["ifindex"] == link["link_index"]:
                there.ip("link", "set", interface, "down")
    assert until(lambda: "NO-CARRIER" in host.ip("link", "show", "dev", interface))


@each_family
def test_an_address_on_another_interface_is_failed_and_mended_by_start_and_stop(host: Namespace, ip: str) -> None:
    prefix = "64" if ":" in ip else "24"
    for mend in ("start", "stop"):
        host.ip("address", "add", f"{ip}/{prefix}", "dev", "eth1")
        with agent(host, ip=ip) as it:
            assert it.monitor() is Health.FAILED
            getattr(it, mend)()
            assert [place[0] for place in places(host, ip)] == (["eth0"] if mend == "start" else [])
            it.stop()


@each_family
def test_another_prefix_length_is_corrected_by_start_and_removed_by_stop(host: Namespace, ip: str) -> None:
    right = 64 if ":" in ip else 24
    for mend in ("start", "stop"):
        host.ip("address", "add", f"{ip}/{right + 4}", "dev", "eth0")
        with agent(host, ip=ip, cidr_netmask=str(right)) as it:
            assert it.monitor() is Health.FAILED
            getattr(it, mend)()
            assert [place[1] for place in places(host, ip)] == ([right] if mend == "start" else [])
            it.stop()
    assert {"10.7.0.1/24", "fd07::1/64"} == addresses(host, "eth0")


def test_an_address_in_two_places_is_failed_and_stop_removes_both(host: Namespace) -> None:
    host.ip("address", "add", f"{V4}/24", "dev", "eth0")
    host.ip("address", "add", f"{V4}/32", "dev", "eth1")
    with agent(host, ip=V4) as it:
        assert it.monitor() is Health.FAILED
        it.stop()
        assert it.monitor() is Health.STOPPED


def test_a_copy_on_the_loopback_is_left_alone(host: Namespace) -> None:
    host.ip("address", "add", f"{V4}/32", "dev", "lo")
    with agent(host, ip=V4) as it:
        assert it.monitor() is Health.STOPPED
        it.start()
        assert it.monitor() is Health.RUNNING
        it.stop()
    assert places(host, V4) == [("lo", 32, "lo")]


def test_a_link_local_address_of_another_interface_is_left_alone(host: Namespace) -> None:
    host.ip("address", "add", "fe80::99/64", "dev", "eth0", "nodad")
    with agent(host, ip="fe80::99", nic="eth1") as it:
        assert it.monitor() is Health.STOPPED
        it.start()
        it.stop()
    assert [place[0] for place in places(host, "fe80::99")] == ["eth0"]


def test_a_more_specific_route_that_appears_later_does_not_fail_the_monitor(host: Namespace) -> None:
    with agent(host, ip=V4) as it:
        it.start()
        host.ip("route", "add", "10.7.0.96/28", "dev", "eth1")
        assert it.monitor() is Health.RUNNING


@pytest.mark.parametrize("promotes", [True, False])
def test_secondary_addresses_and_routes_survive_the_removal_of_the_primary(host: Namespace, *, promotes: bool) -> None:
    host.ip("address", "flush", "dev", "eth0")
    with agent(host, ip=V4, nic="eth0", cidr_netmask="24") as it:
        it.start()
        host.ip("address", "add", "10.7.0.1/24", "brd", "+", "dev", "eth0", "label", "eth0:own")
        host.ip("address", "add", "10.7.0.2/24", "dev", "eth0")
        host.ip("route", "add", "192.0.2.9/32", "dev", "eth0")
        host.ip("route", "add", "198.51.100.0/24", "via", "192.0.2.9", "dev", "eth0", "metric", "7")
        host.ip("route", "add", "203.0.113.0/24", "via", "10.7.0.9", "src", V4)
        host.ip("route", "add", "default", "via", "10.7.0.9", "src", V4)
        with contextlib.nullcontext() if promotes else unwritable("/proc/sys/net/ipv4/conf"):
            it.stop()
    assert addresses(host, "eth0") == {"10.7.0.1/24", "10.7.0.2/24"}
    assert "inet 10.7.0.1/24 brd 10.7.0.255 scope global eth0:own" in host.ip("address", "show", "dev", "eth0")
    assert host.sysctl("ipv4/conf/eth0/promote_secondaries") == int(promotes)
    routes = {" ".join(line.split()) for line in host.ip("route", "show", "dev", "eth0").splitlines()}
    assert {
        "default via 10.7.0.9",
        "192.0.2.9 scope link",
        "198.51.100.0/24 via 192.0.2.9 metric 7",
        "203.0.113.0/24 via 10.7.0.9",
    } <= routes


@contextlib.contextmanager
def unwritable(path: str) -> Iterator[None]:
    """Do what follows with a part of /proc read-only, as containers have it, in a mount namespace of its own."""
    libc = ctypes.CDLL(None, use_errno=True)
    with Path("/proc/thread-self/ns/mnt").open("rb") as before:
        assert not libc.unshare(0x00020000 | 0x00000200)  # CLONE_NEWNS | CLONE_FS
        try:
            assert not libc.mount(b"none", b"/", None, 0x44000, None)  # MS_REC | MS_PRIVATE
            assert not libc.mount(path.encode(), path.encode(), None, 0x1000, None)  # MS_BIND
            assert not libc.mount(b"none", path.encode(), None, 0x1000 | 0x20 | 0x1, None)  # remount read-only
            yield
        finally:
            assert not libc.setns(before.fileno(), 0x00020000)


def test_promotion_of_secondaries_is_switched_on_only_when_needed(host: Namespace) -> None:
    with agent(host, ip=V4) as it:
        it.start()
        it.stop()
    assert host.sysctl("ipv4/conf/eth0/promote_secondaries") == 0


def test_an_ipv6_address_can_be_kept_from_becoming_a_source(host: Namespace) -> None:
    with agent(host, ip=V6, preferred_lft="0") as it:
        it.start()
        assert "deprecated" in host.ip("address", "show", "dev", "eth0", "to", V6)


@each_family
def test_a_prepared_start_notices_that_the_world_moved_on(host: Namespace, ip: str) -> None:
    prefix = "64" if ":" in ip else "24"
    with agent(host, ip=ip) as it:
        it.prepare_start()
        assert places(host, ip) == []
        host.ip("address", "add", f"{ip}/{int(prefix) + 4}", "dev", "eth0")
        it.start()
        assert [place[1] for place in places(host, ip)] == [int(prefix)]


def test_a_prepared_start_follows_an_interface_that_was_made_anew(host: Namespace) -> None:
    with agent(host, ip=V4) as it:
        it.prepare_start()
        host.ip("link", "delete", "eth0")
        host.ip("link", "add", "eth0", "type", "veth", "peer", "name", "eth9")
        for name in ("eth0", "eth9"):
            host.ip("link", "set", name, "up")
        host.ip("address", "add", "10.7.0.1/24", "dev", "eth0")
        it.start()
        assert it.monitor() is Health.RUNNING


@each_family
def test_what_is_prepared_starts_in_a_few_milliseconds_in_a_forked_child(
    host: Namespace, ip: str, capsys: pytest.CaptureFixture[str]
) -> None:
    IPaddr2.warm()
    figures: list[tuple[float, float]] = []
    for _ in range(5):
        with agent(host, ip=ip) as it:
            figures.append(in_a_child(it))
            it.stop()
    prepare_ms, start_ms = min(figures, key=lambda figure: figure[1])
    with capsys.disabled():
        print(f"\n  {ip}: prepare {prepare_ms:.1f} ms, start {start_ms:.1f} ms in a forked child")
    assert start_ms < 20


def in_a_child(it: IPaddr2) -> tuple[float, float]:
    """Prepare and start in a forked child; return the milliseconds of each."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        with contextlib.suppress(BaseException):
            began_s = time.perf_counter()
            it.prepare_start()
            prepared_s = time.perf_counter()
            it.start()
            started_s = time.perf_counter()
            os.write(writing, f"{(prepared_s - began_s) * 1000} {(started_s - prepared_s) * 1000}".encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        prepare_ms, start_ms = answer.read().split()
    os.waitpid(child, 0)
    return float(prepare_ms), float(start_ms)


OCF = Path("/usr/lib/ocf/resource.d/heartbeat/IPaddr2")


@pytest.mark.skipif(not OCF.exists(), reason="resource-agents is not installed")
@each_family
def test_ours_and_the_ocf_agent_see_each_others_address(host: Namespace, ip: str, tmp_path: Path) -> None:
    prefix = "64" if ":" in ip else "24"

    def theirs(action: str) -> int:
        environment = {
            "PATH": os.environ["PATH"],
            "OCF_ROOT": "/usr/lib/ocf",
            "HA_RSCTMP": str(tmp_path),
            "OCF_RESOURCE_INSTANCE": "address",
            "OCF_RESKEY_ip": ip,
            "OCF_RESKEY_cidr_netmask": prefix,
            "OCF_RESKEY_arp_count": "1",
            "OCF_RESKEY_nodad": "true",
        }
        with host.entered():
            return subprocess.run([OCF, action], env=environment, capture_output=True, check=False).returncode

    with agent(host, ip=ip) as it:
        assert theirs("monitor") == 7
        it.start()
        assert theirs("monitor") == 0
        assert theirs("stop") == 0
        assert it.monitor() is Health.STOPPED
        assert theirs("start") == 0
        assert it.monitor() is Health.RUNNING
        it.start()
        it.stop()
        assert theirs("monitor") == 7
