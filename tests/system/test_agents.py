"""Agents that fail or hang, in start and in stop."""

from collections.abc import Callable

from tests.system.cluster import ADDRESS, Cluster

SHARING = "auto_failback off\nacknowledge test-stonith\n"
SHORT = SHARING + "timeout toy start 1s\ntimeout toy stop 1s\ntimeout toy monitor 2s\n"
GROUP = f"node1 {ADDRESS} toy::a\n"


def set_up(up: Callable[..., Cluster], moods: dict[tuple[str, str], str], more: str = SHORT) -> Cluster:
    """Put up a cluster in which toy a behaves from the beginning: (node, action) to mood."""
    cluster = up(GROUP, more=more, daemons=False)
    for (node, action), mood in moods.items():
        cluster.behave(node, "a", action, mood)
    cluster.lab.start(*cluster.nodes)
    return cluster


def test_a_group_whose_second_resource_fails_is_tried_on_the_other_node(up: Callable[..., Cluster]) -> None:
    """heartbeat 3 lost it."""
    cluster = set_up(up, {("node1", "start"): "fail"})
    cluster.until_runs(ADDRESS, "node2")
    assert cluster.started("toy::a") == ["node2"]
    assert cluster.count("node1", "group.start-failed") == 1
    cluster.were_shot()


def test_a_group_that_starts_nowhere_is_stopped_with_a_reason(up: Callable[..., Cluster]) -> None:
    cluster = set_up(up, {("node1", "start"): "fail", ("node2", "start"): "fail"})
    cluster.until_decided("node1", "group.start-failed")
    cluster.until_decided("node2", "group.start-failed")
    cluster.until(lambda: cluster.group("node1", ADDRESS).state == "stopped", "the group is stopped")
    assert "toy::a failed" in cluster.group("node1", ADDRESS).why
    cluster.until(lambda: cluster.oracle.answering(ADDRESS) == set(), "the address answers nowhere")
    status, text = cluster.hb("node1", "why", ADDRESS)
    assert "toy::a" in text.splitlines()[0], text
    assert len(text.splitlines()[0]) <= 120
    assert status == 0


def test_a_start_that_hangs_is_ended_and_the_group_goes_elsewhere(up: Callable[..., Cluster]) -> None:
    cluster = set_up(up, {("node1", "start"): "hang"})
    cluster.until_runs(ADDRESS, "node2")
    assert cluster.started("toy::a") == ["node2"]
    cluster.were_shot()
    assert cluster.lab.output("node1", ["pgrep", "-f", "sleep 1000"])[0] == 1  # nothing of it is left


def test_a_failed_stop_has_the_node_fenced_and_the_group_moved_on_proof(up: Callable[..., Cluster]) -> None:
    cluster = set_up(up, {("node1", "stop"): "fail"})
    cluster.until_runs(ADDRESS, "node1")
    cluster.hb("node1", "standby")
    cluster.until_runs(ADDRESS, "node2")
    cluster.were_shot("node1")
    assert cluster.started("toy::a") == ["node1", "node2"]


def test_a_stop_that_hangs_is_unknown_not_stopped(up: Callable[..., Cluster]) -> None:
    cluster = set_up(up, {("node1", "stop"): "hang"})
    cluster.until_runs(ADDRESS, "node1")
    cluster.hb("node1", "standby")
    cluster.until_runs(ADDRESS, "node2")
    cluster.were_shot("node1")


def test_without_a_device_a_failed_stop_blocks_the_group(up: Callable[..., Cluster]) -> None:
    more = SHORT.replace("test-stonith", "no-stonith")
    cluster = up(GROUP, device="", more=more)
    cluster.until_runs(ADDRESS, "node1")
    cluster.behave("node1", "a", "stop", "fail")
    status, text = cluster.hb("node1", "standby")
    assert status == 1, text
    cluster.until(lambda: cluster.group("node2", ADDRESS).state == "blocked", "the group is blocked")
    assert cluster.started("toy::a") == ["node1"]
    status, text = cluster.hb("node1", "stop")
    assert status == 1, text
    assert cluster.lab.node("node1").daemon
    cluster.behave("node1", "a", "stop", "")
    status, text = cluster.hb("node1", "stop")
    assert status == 0, text
    cluster.until_runs(ADDRESS, "node2")


def test_a_stop_that_fails_although_the_resource_is_gone_is_believed_after_a_look(up: Callable[..., Cluster]) -> None:
    cluster = set_up(up, {("node1", "stop"): "fail"})
    cluster.until_runs(ADDRESS, "node1")
    assert cluster.lab.output("node1", ["rm", "/run/toy-a"])[0] == 0
    cluster.lab.ask("note", text="stop toy::a node1")  # the script will not tell
    status, text = cluster.hb("node1", "standby")
    assert status == 0, text
    cluster.until_runs(ADDRESS, "node2")
    cluster.were_shot()
