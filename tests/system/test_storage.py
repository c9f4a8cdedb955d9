"""Disks that are full or stand still: no effect on beats, nor on a takeover that has its proof."""

from collections.abc import Callable

import pytest

from tests.system.cluster import ADDRESS, Cluster

SHARING = "auto_failback off\nacknowledge test-stonith\n"
GROUP = f"node1 {ADDRESS} toy::a\n"
SMALL = "mount -t tmpfs -o size=400k,mode=750 tmpfs /var/lib/heartbeat"
FILL = "dd if=/dev/zero of=/var/lib/heartbeat/ballast bs=1k count=4096 2>/dev/null; true"


@pytest.fixture
def cluster(up: Callable[..., Cluster]) -> Cluster:
    """Both nodes keep state and journal on a file system of their own, too small for much."""
    made = up(GROUP, more=SHARING, daemons=False)
    for node in made.nodes:
        assert made.lab.output(node, ["sh", "-c", SMALL])[0] == 0
    made.lab.start(*made.nodes)
    made.until_members(*made.nodes)
    made.until_runs(ADDRESS, "node1")
    made.until(lambda: "device" in made.said("node2"), "node2 reaches its device")
    return made


def test_a_full_disk_under_the_survivor_does_not_delay_the_takeover(cluster: Cluster) -> None:
    assert cluster.lab.output("node2", ["sh", "-c", FILL])[0] == 0
    cluster.lab.crash("node1")
    cluster.until_runs(ADDRESS, "node2", timeout_s=15.0)
    cluster.were_shot("node1")
    alarms = [alarm.text for alarm in cluster.status("node2").alarms]
    assert any("node2 has no durable role" in text for text in alarms), alarms


def test_a_full_disk_under_the_holder_is_no_death(cluster: Cluster) -> None:
    assert cluster.lab.output("node1", ["sh", "-c", FILL])[0] == 0
    cluster.hb("node2", "standby")  # something to write about
    cluster.stays(lambda: cluster.node("node2", "node1").state == "member", "node1 is a member", 3.0)
    cluster.were_shot()
    assert cluster.started("toy::a") == ["node1"]
