"""The node comes back while the off command is under way: as it was, as a new daemon, as a new machine.

An off command that has begun is never taken back. It ends in a reading, and meanwhile its target is given nothing.
"""

from collections.abc import Callable

import pytest

from tests.system.cluster import ADDRESS, Cluster

SHARING = "auto_failback off\nacknowledge test-stonith\n"
GROUP = f"node1 {ADDRESS} toy::a\n"
SLOW_S = 4.0


@pytest.fixture
def cluster(up: Callable[..., Cluster]) -> Cluster:
    """node1 holds the group; both can reach a device that takes its time."""
    made = up(GROUP, more=SHARING)
    made.until_runs(ADDRESS, "node1")
    made.until_members("node1", "node2")
    made.until_decided("node2", "device.ready")
    made.lab.device("slow", SLOW_S)
    return made


def one_holder(cluster: Cluster) -> str:
    """Wait until both nodes agree on where the group runs; return where."""
    cluster.until_members("node1", "node2")
    cluster.until(lambda: len({cluster.group(node, ADDRESS).node for node in cluster.nodes} - {""}) == 1, "they agree")
    cluster.until_runs(ADDRESS, cluster.group("node1", ADDRESS).node)
    return cluster.group("node1", ADDRESS).node


def test_the_same_life_is_heard_again_and_still_switched_off(cluster: Cluster) -> None:
    cluster.lab.cut("node1", way="out")  # only node2 is deaf, so only node2 shoots
    cluster.until_decided("node2", "fence.begun")
    cluster.lab.heal()
    cluster.until(lambda: cluster.node("node2", "node1").state == "fencing", "node1 is shown as being switched off")
    cluster.until_decided("node1", "node.started", 2)
    cluster.were_shot("node1")
    assert one_holder(cluster) == "node2"


def test_a_new_daemon_of_the_same_machine_is_switched_off_with_it(cluster: Cluster) -> None:
    """A new life with the same boot id proves nothing about what the old one left running."""
    cluster.lab.freeze("node1")
    cluster.until_decided("node2", "fence.begun")
    cluster.lab.thaw("node1")
    cluster.lab.kill("node1", "daemon")
    one_holder(cluster)
    assert set(cluster.shots()) == {"node1"}


def test_a_new_machine_is_a_proof_of_its_own(cluster: Cluster) -> None:
    """It booted anew by itself, so what it held is gone; the device acts all the same, and it boots once more."""
    cluster.lab.crash("node1")
    cluster.until_decided("node2", "fence.begun")
    cluster.lab.start("node1")
    one_holder(cluster)
    assert set(cluster.shots()) <= {"node1"}


@pytest.mark.parametrize("mood", ["lie", "fail", "hang"])
def test_a_device_that_does_not_do_it_leaves_a_returned_node_alone(cluster: Cluster, mood: str) -> None:
    cluster.lab.device(mood)
    cluster.lab.cut("node1", way="out")
    cluster.until_decided("node2", "fence.begun")
    cluster.lab.heal()
    cluster.until(lambda: cluster.node("node2", "node1").heard_s is not None, "node1 is heard")
    assert cluster.started("toy::a") == ["node1"]
    cluster.lab.device("ok")
    one_holder(cluster)


@pytest.mark.parametrize(("boot", "mood"), [("same", "lie"), ("same", "fail"), ("new", "hang")])
def test_it_leaves_another_life_alone_too(cluster: Cluster, boot: str, mood: str) -> None:
    """Of the same boot or of another one: it is not shot, and the group runs in one place."""
    cluster.lab.device(mood)
    if boot == "same":
        cluster.lab.freeze("node1")
    else:
        cluster.lab.crash("node1")
    cluster.until_decided("node2", "fence.begun")
    if boot == "same":
        cluster.lab.thaw("node1")
        cluster.lab.kill("node1", "daemon")
    else:
        cluster.lab.start("node1")
    cluster.until(lambda: (cluster.node("node2", "node1").incarnation or 0) > 1, "another life of node1 is heard")
    cluster.lab.device("ok")
    one_holder(cluster)
