"""The hold where an address is no IPv4 address, and where the kernel has no nftables."""

import platform
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.system.claims import listening
from tests.system.cluster import ADDRESS, Cluster
from tests.system.without_nftables import MACHINES

V6 = "fd07::100"
GROUP6 = f"IPaddr2::[{V6}]/64/eth0"
PATIENT = "keepalive 200ms\nwarntime 1s\ndeadtime 2s\ninitdead 10s\n"
"""0.8 of deadtime is the least that leaves a lifetime of a whole second."""
WITHOUT = Path(__file__).with_name("without_nftables.py")


def held(cluster: Cluster, group: str, address: str, how: str) -> None:
    """Wait until node1 alone answers for a group's address, kept single like this."""
    cluster.until_members("node1", "node2")
    cluster.until_runs(group, "node1")
    cluster.until(lambda: cluster.group("node2", group).protected_by == f"hold ({how})", f"held by {how}")
    cluster.until(lambda: cluster.oracle.answering(address) == {"node1"}, "node1 answers")


def taken(cluster: Cluster, group: str, address: str) -> None:
    """Wait until node2 runs the group and alone answers for its address."""
    cluster.until_runs(group, "node2")
    cluster.until(lambda: cluster.oracle.answering(address) == {"node2"}, "node2 alone answers")


def stays_taken(cluster: Cluster, group: str, address: str) -> None:
    """Wait until node1 is back and agrees."""
    cluster.until_members("node1", "node2")
    cluster.until(lambda: {cluster.group(node, group).node for node in cluster.nodes} == {"node2"}, "they agree")
    taken(cluster, group, address)


def test_an_ipv6_address_falls_silent_with_its_node_and_a_woken_one_advertises_nothing(
    up: Callable[..., Cluster],
) -> None:
    cluster = up(f"node1 {GROUP6}\n", device="")
    held(cluster, GROUP6, V6, "nftables")
    with listening(cluster, V6) as claims:
        cluster.lab.freeze("node1")
        taken(cluster, GROUP6, V6)
        woken_s = cluster.lab.thaw("node1")
        stays_taken(cluster, GROUP6, V6)
    claims.nobody_but("node2", woken_s)


def test_without_nftables_the_address_goes_when_its_lifetime_ends(up: Callable[..., Cluster]) -> None:
    if platform.machine() not in MACHINES:
        pytest.skip(f"the number of socket(2) on {platform.machine()} is not known here: nftables cannot be taken away")
    cluster = up(f"node1 {ADDRESS}\n", device="", timers=PATIENT, daemons=False)
    for node in cluster.nodes:
        argv = [sys.executable, str(WITHOUT), "hb", "run"]
        cluster.lab.ask("spawn", node=node, argv=argv, log=str(cluster.lab.disk(node) / "log" / "hb.log"))
    held(cluster, ADDRESS, ADDRESS, "lifetime")
    cluster.lab.freeze("node1")
    taken(cluster, ADDRESS, ADDRESS)
    assert ADDRESS not in addresses(cluster, "node1")  # its kernel removed it, with every process asleep
    cluster.lab.thaw("node1")
    stays_taken(cluster, ADDRESS, ADDRESS)


def addresses(cluster: Cluster, node: str) -> str:
    """Return what is on a node's interface; also of a frozen one: what enters it now is not stopped along."""
    return cluster.lab.output(node, ["ip", "-4", "address", "show", "dev", "eth0"])[1]
