"""A node that beats while its executor stands still: it looks healthy, and could stop and start nothing."""

from collections.abc import Callable

import pytest

from tests.system.cluster import ADDRESS, Cluster

SHARING = "auto_failback off\nacknowledge test-stonith\n"
GROUP = f"node1 {ADDRESS} toy::a\n"


@pytest.fixture
def cluster(up: Callable[..., Cluster]) -> Cluster:
    made = up(GROUP, more=SHARING)
    made.until_runs(ADDRESS, "node1")
    made.until_members("node1", "node2")
    return made


def hang(cluster: Cluster, node: str, times: int) -> None:
    """Stop a node's executor, and wait until it was found out and killed, and another one has taken its place."""
    assert cluster.lab.output(node, ["pkill", "-STOP", "-x", "hb-executor"])[0] == 0
    cluster.until_decided(node, "executor.hung", times)
    cluster.until_decided(node, "executor.lost", times)
    cluster.until(lambda: "executor" not in cluster.group(node, ADDRESS).why, "the new executor is ready")


def test_an_executor_that_stands_still_is_started_anew_and_nothing_moves(cluster: Cluster) -> None:
    hang(cluster, "node1", 1)
    cluster.until_runs(ADDRESS, "node1")
    assert cluster.started("toy::a") == ["node1"]
    status, text = cluster.hb("node1", "standby")  # it can act again
    assert status == 0, text
    cluster.until_runs(ADDRESS, "node2")
    cluster.were_shot()


def test_one_that_does_it_again_is_relieved_of_its_groups(cluster: Cluster) -> None:
    hang(cluster, "node1", 1)
    cluster.until_runs(ADDRESS, "node1")
    hang(cluster, "node1", 2)
    cluster.until_runs(ADDRESS, "node2")
    cluster.were_shot()
    assert cluster.count("node1", "self.unable") == 1
    assert any("node1 cannot act reliably" in alarm.text for alarm in cluster.status("node2").alarms)
    assert cluster.hb("node1", "takeover")[0] == 1  # it is given nothing for now
