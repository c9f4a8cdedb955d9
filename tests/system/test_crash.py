"""A node dies: what must move, what must not, and what has to be proved first."""

from collections.abc import Callable

from tests.system.cluster import ADDRESS, Cluster

GROUPS = f"node1 {ADDRESS} toy::a toy::b\nnode2 toy::c\n"
SHARING = "auto_failback off\nacknowledge test-stonith\n"


def test_the_holders_group_is_taken_after_the_holder_was_fenced(up: Callable[..., Cluster]) -> None:
    """Silence, off and read back, then left to right on the survivor."""
    cluster = up(GROUPS, more=SHARING)
    cluster.until_runs(ADDRESS, "node1")
    cluster.until_runs("toy::c", "node2")
    cluster.lab.crash("node1")
    cluster.until_runs(ADDRESS, "node2")
    kinds = [entry.kind for entry in cluster.journal("node2")]
    taken = len(kinds) - 1 - kinds[::-1].index("group.start")
    order = [kinds.index(kind) for kind in ("node.silent", "fence.begun", "fence.proved")]
    assert order == sorted(order)
    assert order[-1] < taken
    cluster.were_shot("node1")
    assert [cluster.started(f"toy::{name}")[-1] for name in "abc"] == ["node2"] * 3
    events = [(event.kind, event.words) for event in cluster.lab.events()]
    assert events.index(("start", ("toy::a", "node2"))) < events.index(("start", ("toy::b", "node2")))
    assert events.index(("off", ("node1",))) < events.index(("start", ("toy::a", "node2")))


def test_a_shot_node_comes_back_and_takes_nothing(up: Callable[..., Cluster]) -> None:
    cluster = up(GROUPS, more=SHARING)
    cluster.until_runs(ADDRESS, "node1")
    cluster.lab.crash("node1")
    cluster.until_runs(ADDRESS, "node2")
    cluster.until_members("node1", "node2")  # the device switched it on again
    assert cluster.group("node1", ADDRESS).node == "node2"
    assert cluster.started("toy::a") == ["node1", "node2"]


def test_the_death_of_an_idle_node_moves_nothing(up: Callable[..., Cluster]) -> None:
    cluster = up(f"node1 {ADDRESS} toy::a\n", more=SHARING)
    cluster.until_runs(ADDRESS, "node1")
    cluster.until_members("node1", "node2")
    before = cluster.count("node1", "group.stop")
    cluster.lab.crash("node2")
    cluster.until_decided("node1", "fence.proved")
    assert cluster.started("toy::a") == ["node1"]
    assert cluster.count("node1", "group.stop") == before
    cluster.until_members("node1", "node2")
    assert cluster.started("toy::a") == ["node1"]


def test_both_nodes_crash_and_boot_together(up: Callable[..., Cluster]) -> None:
    """After a power cut of the whole room nobody waits for anybody who is there."""
    cluster = up(f"node1 {ADDRESS} toy::a\n", more=SHARING)
    cluster.until_runs(ADDRESS, "node1")
    cluster.lab.crash("node1")
    cluster.lab.crash("node2")
    cluster.lab.start("node1", "node2")
    cluster.until_members("node1", "node2")
    cluster.until(lambda: cluster.group("node1", ADDRESS).state == "running", "the group runs again")


def test_three_nodes_one_survivor_takes_over_not_two(up: Callable[..., Cluster]) -> None:
    """The planner's rule: the survivor with the fewest groups, then the one named first."""
    nodes = ("node1", "node2", "node3")
    cluster = up(f"node1 {ADDRESS} toy::a\nnode2 toy::b\n", nodes=nodes, more=SHARING)
    cluster.until_runs(ADDRESS, "node1")
    cluster.until_runs("toy::b", "node2")
    cluster.until_members(*nodes)
    cluster.lab.crash("node1")
    cluster.until_runs(ADDRESS, "node3")
    assert cluster.started("toy::a") == ["node1", "node3"]
    cluster.were_shot("node1")
