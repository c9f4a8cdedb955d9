"""A cluster that starts where something runs already: half of a group, all of it, here, there, on both nodes."""

from collections.abc import Callable, Sequence

import pytest

from tests.system.cluster import ADDRESS, Cluster

SHARING = "auto_failback off\nacknowledge test-stonith\n"
GROUP = "node1 toy::a toy::b\n"


@pytest.fixture
def cold(up: Callable[..., Cluster]) -> Cluster:
    """Two machines that are on, and no daemon yet."""
    return up(GROUP, more=SHARING, daemons=False)


def left_running(cluster: Cluster, node: str, toys: Sequence[str]) -> None:
    """Start resources past the cluster, as a person, a crash or another cluster manager leaves them."""
    for toy in toys:
        assert cluster.lab.output(node, ["sh", "-c", f"/etc/ha.d/resource.d/toy {toy} start"])[0] == 0


def settled(cluster: Cluster) -> str:
    """Wait until both agree on where the group runs, and all of it is there and nowhere else; return where."""

    def good() -> bool:
        seen = {(group.state, group.node) for node in cluster.nodes for group in [cluster.group(node, "toy::a")]}
        holders = [cluster.oracle.holders(toy) for toy in ("toy::a", "toy::b")]
        return len(holders[0]) == 1 and holders[0] == holders[1] and seen == {("running", *holders[0])}

    cluster.until_members("node1", "node2")
    cluster.until(good, "the group runs in one place, whole")
    return cluster.group("node1", "toy::a").node


@pytest.mark.parametrize("node", ["node1", "node2"])
def test_a_whole_group_is_adopted_where_it_is(cold: Cluster, node: str) -> None:
    left_running(cold, node, ["a", "b"])
    cold.lab.start("node1", "node2")
    assert settled(cold) == node
    assert cold.started("toy::a") == [node]
    assert cold.count(node, "group.adopted") == 1


@pytest.mark.parametrize(("node", "toy"), [("node1", "a"), ("node1", "b"), ("node2", "a"), ("node2", "b")])
def test_half_a_group_is_stopped_before_it_is_started(cold: Cluster, node: str, toy: str) -> None:
    left_running(cold, node, [toy])
    cold.lab.start("node1", "node2")
    assert settled(cold) == "node1"
    assert cold.count(node, "group.partial") == 1
    stops = [event for event in cold.lab.events() if event.kind == "stop" and event.words == (f"toy::{toy}", node)]
    assert len(stops) == 1


def test_what_was_running_when_everything_was_killed_is_found_whole_half_or_gone(up: Callable[..., Cluster]) -> None:
    """On both nodes no process of heartbeat is left; what it started goes on, or ends behind its back."""
    cluster = up(GROUP, more=SHARING)
    where = settled(cluster)
    for gone in ([], ["b"], ["a"], ["a", "b"]):
        adopted = cluster.count(where, "group.adopted")
        for node in cluster.nodes:
            cluster.kill_everything(node)
            cluster.until(lambda node=node: not cluster.lab.node(node).daemon, f"all of {node} is gone")  # type: ignore[misc]
        for toy in gone:
            assert cluster.lab.output(where, ["rm", f"/run/toy-{toy}"])[0] == 0
            cluster.lab.ask("note", text=f"stop toy::{toy} {where}")
        cluster.lab.start(*cluster.nodes)
        where = settled(cluster)
        assert gone or cluster.count(where, "group.adopted") == adopted + 1


def test_half_on_each_node_comes_together(cold: Cluster) -> None:
    left_running(cold, "node1", ["a"])
    left_running(cold, "node2", ["b"])
    cold.lab.start("node1", "node2")
    assert settled(cold) == "node1"


def test_shared_data_found_on_both_nodes_is_stopped_on_both_before_one_starts_it(cold: Cluster) -> None:
    """Whoever started it twice broke the promise; the cluster must not go on with either copy."""
    cold.stateless = ("toy::a", "toy::b")  # the double was made by the test; what follows is judged below
    left_running(cold, "node1", ["a", "b"])
    left_running(cold, "node2", ["a", "b"])
    cold.lab.start("node1", "node2")
    settled(cold)
    events = [(event.kind, *event.words) for event in cold.lab.events() if event.kind in ("start", "stop")]
    for toy in ("toy::a", "toy::b"):
        stops = [events.index(("stop", toy, node)) for node in ("node1", "node2")]
        starts = [at for at, event in enumerate(events) if event[:2] == ("start", toy)]
        assert len(starts) == 3
        assert max(stops) < starts[2]


def test_an_address_found_on_both_nodes_is_kept_on_one(up: Callable[..., Cluster]) -> None:
    """It shares no data: the loser falls silent and stops, and the other one goes on without a gap of its own."""
    cluster = up(f"node1 {ADDRESS}\n", device="", daemons=False)
    cluster.lab.ask("note", text="cut node1 all both all")  # what the test made double is excused until ...
    for node in cluster.nodes:
        assert cluster.lab.output(node, ["ip", "address", "add", f"{ADDRESS}/24", "dev", "eth0"])[0] == 0
    cluster.lab.start("node1", "node2")
    cluster.until_members("node1", "node2")
    cluster.until(lambda: len(cluster.oracle.answering(ADDRESS)) == 1, "one answers")
    cluster.lab.ask("note", text="heal")  # ... now
    (holder,) = cluster.oracle.answering(ADDRESS)
    cluster.until_runs(ADDRESS, holder)
    cluster.until(lambda: cluster.oracle.answering(ADDRESS) == {holder}, f"{holder} alone answers")
