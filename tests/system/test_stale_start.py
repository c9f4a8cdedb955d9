"""A start that stood still between its check and its effect, while the group went elsewhere."""

from collections.abc import Callable

from tests.system.cluster import ADDRESS, Cluster


def test_a_start_that_wakes_after_the_group_was_taken_is_stopped_at_once(up: Callable[..., Cluster]) -> None:
    """No device here, and the group shares no data: the frozen node's start goes on when it is woken."""
    more = "auto_failback off\nshares_data toy no\n"
    cluster = up(f"node1 {ADDRESS} toy::a\n", device="", more=more, daemons=False)
    cluster.stateless = ("toy::a",)
    cluster.behave("node1", "a", "start", "slow")
    cluster.lab.start(*cluster.nodes)
    cluster.until_decided("node1", "group.start")
    cluster.lab.freeze("node1")
    cluster.until_runs(ADDRESS, "node2")
    cluster.lab.thaw("node1")
    cluster.until_members("node1", "node2")
    cluster.until(lambda: len(cluster.oracle.holders("toy::a")) == 1, "one holds it")
    cluster.until(lambda: cluster.group("node1", ADDRESS).state == "running", "and runs it")
    (holder,) = cluster.oracle.holders("toy::a")
    assert cluster.group("node1", ADDRESS).node == cluster.group("node2", ADDRESS).node == holder
    cluster.until(lambda: cluster.oracle.answering(ADDRESS) == {holder}, "it alone answers")
