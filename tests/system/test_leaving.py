"""Nodes that leave in order, and groups that are moved on purpose."""

from collections.abc import Callable

import pytest

from tests.system.cluster import ADDRESS, Cluster

GROUPS = f"node1 {ADDRESS} toy::a\nnode2 toy::b\n"
SHARING = "auto_failback off\nacknowledge test-stonith\n"


@pytest.fixture
def cluster(up: Callable[..., Cluster]) -> Cluster:
    """Each group at home."""
    made = up(GROUPS, more=SHARING)
    made.until_runs(ADDRESS, "node1")
    made.until_runs("toy::b", "node2")
    return made


def where(cluster: Cluster, asked: str = "node1") -> dict[str, str]:
    return {group.name: group.node for group in cluster.status(asked).groups}


def test_an_orderly_stop_hands_over_at_once_and_fences_nobody(cluster: Cluster) -> None:
    assert cluster.lab.stop("node1") == 0
    cluster.until_runs(ADDRESS, "node2")
    cluster.were_shot()
    assert cluster.node("node2", "node1").state == "left"
    events = [(event.kind, event.words) for event in cluster.lab.events()]
    assert events.index(("stop", ("toy::a", "node1"))) < events.index(("start", ("toy::a", "node2")))
    cluster.lab.start("node1")
    cluster.until_members("node1", "node2")
    assert where(cluster) == {ADDRESS: "node2", "toy::b": "node2"}


def test_hb_stop_returns_when_the_node_has_left(cluster: Cluster) -> None:
    status, text = cluster.hb("node2", "stop")
    assert status == 0, text
    assert not cluster.oracle.holders("toy::b") & {"node2"}
    cluster.until_runs("toy::b", "node1")
    cluster.were_shot()


def test_all_nodes_that_stop_at_once_leave_nothing_running_and_shoot_nobody(cluster: Cluster) -> None:
    for node in cluster.nodes:
        log = str(cluster.lab.home / f"stop-{node}.log")
        cluster.lab.ask("spawn", node=node, argv=["hb", "stop"], log=log)
    cluster.until(lambda: not any(node.daemon for node in cluster.lab.nodes()), "both have left")
    assert [cluster.oracle.holders(toy) for toy in ("toy::a", "toy::b")] == [set(), set()]
    cluster.until(lambda: cluster.oracle.answering(ADDRESS) == set(), "the address answers nowhere")
    cluster.were_shot()
    cluster.lab.start(*cluster.nodes)
    cluster.until_runs("toy::b", "node2")
    cluster.until_members("node1", "node2")


@pytest.mark.parametrize(
    ("node", "verb", "which", "then"),
    [
        ("node1", "standby", "all", {ADDRESS: "node2", "toy::b": "node2"}),
        ("node1", "standby", "local", {ADDRESS: "node2", "toy::b": "node2"}),
        ("node1", "standby", "foreign", {ADDRESS: "node1", "toy::b": "node2"}),
        ("node2", "takeover", "all", {ADDRESS: "node2", "toy::b": "node2"}),
        ("node2", "takeover", "foreign", {ADDRESS: "node2", "toy::b": "node2"}),
        ("node2", "takeover", "local", {ADDRESS: "node1", "toy::b": "node2"}),
    ],
)
def test_planned_moves(cluster: Cluster, node: str, verb: str, which: str, then: dict[str, str]) -> None:
    """They return when done, with what moved and how long it was away."""
    status, text = cluster.hb(node, verb, which)
    assert status == 0, text
    assert where(cluster) == then
    assert where(cluster, "node2") == then
    moved = then[ADDRESS] == "node2"
    assert ("away for" in text) is moved, text
    cluster.were_shot()


def test_what_was_sent_away_can_be_called_home(cluster: Cluster) -> None:
    assert cluster.hb("node1", "standby")[0] == 0
    status, text = cluster.hb("node1", "takeover", "local")
    assert status == 0, text
    assert where(cluster) == {ADDRESS: "node1", "toy::b": "node2"}
    assert cluster.hb("node2", "standby", "all")[0] == 0
    assert cluster.hb("node1", "standby", "foreign")[0] == 0
    assert where(cluster) == {ADDRESS: "node1", "toy::b": "node2"}


def test_a_second_sigterm_is_still_orderly(cluster: Cluster) -> None:
    """Impatience must not turn a clean stop into a crash: the first one's stop takes a while here."""
    cluster.behave("node1", "a", "stop", "slow")
    for times in (1, 2):
        assert cluster.lab.output("node1", ["pkill", "-TERM", "-o", "-x", "hb"])[0] == 0
        cluster.until(lambda: cluster.status("node1").state == "leaving", f"node1 is leaving after SIGTERM {times}")
    cluster.until_runs(ADDRESS, "node2")
    cluster.until(lambda: not cluster.lab.node("node1").daemon, "node1's daemon ends")
    assert cluster.count("node1", "leave.done") == 1
    cluster.were_shot()


def test_failback_off_stays_on_goes_home_after_a_while_legacy_at_once(up: Callable[..., Cluster]) -> None:
    """Legacy is tested here: the seed's default. `on` waits ten deadtimes of membership first."""
    cluster = up(f"node1 {ADDRESS} toy::a\n", more="auto_failback legacy\nacknowledge test-stonith\n")
    cluster.until_runs(ADDRESS, "node1")
    assert cluster.lab.stop("node1") == 0
    cluster.until_runs(ADDRESS, "node2")
    cluster.lab.start("node1")
    cluster.until_runs(ADDRESS, "node1")
    assert cluster.started("toy::a") == ["node1", "node2", "node1"]


def test_failback_on_waits_for_ten_deadtimes_of_peace(up: Callable[..., Cluster]) -> None:
    cluster = up(f"node1 {ADDRESS} toy::a\n", more="auto_failback on\nacknowledge test-stonith\n")
    cluster.until_runs(ADDRESS, "node1")
    assert cluster.lab.stop("node1") == 0
    cluster.until_runs(ADDRESS, "node2")
    cluster.lab.start("node1")
    cluster.until_members("node1", "node2")
    cluster.until_runs(ADDRESS, "node1")
    joined = cluster.journal("node1", "view.installed")[-1].mono_s  # it leads, and counts from its own
    moved = cluster.journal("node2", "group.stop")[-1].mono_s
    assert moved - joined >= 10.0
