"""Three nodes: a majority acts, a minority keeps its hands off, and a plan survives the one who made it."""

from collections.abc import Callable

import pytest

from tests.system.cluster import ADDRESS, Cluster

NODES = ("node1", "node2", "node3")
SHARING = "auto_failback off\nacknowledge test-stonith\n"
GROUPS = f"node1 {ADDRESS} toy::a\nnode2 toy::b\nnode3 toy::c\n"


@pytest.fixture
def cluster(up: Callable[..., Cluster]) -> Cluster:
    """Each group at home."""
    made = up(GROUPS, nodes=NODES, more=SHARING)
    made.until_members(*NODES)
    for group, node in ((ADDRESS, "node1"), ("toy::b", "node2"), ("toy::c", "node3")):
        made.until_runs(group, node)
    for node in NODES:
        made.until_decided(node, "device.ready")
    return made


def until_taken(cluster: Cluster, group: str, *nodes: str) -> None:
    """Wait until one of these nodes runs a group, by the word of the first."""

    def taken() -> bool:
        found = cluster.group(nodes[0], group)
        return found.state == "running" and found.node in nodes

    cluster.until(taken, f"{group} runs on {' or '.join(nodes)}")


def test_the_majority_takes_over_and_the_minority_shoots_nobody(cluster: Cluster) -> None:
    cluster.lab.cut("node3")
    until_taken(cluster, "toy::c", "node1", "node2")
    cluster.were_shot("node3")
    cluster.lab.heal()
    cluster.until_members(*NODES)


def test_a_minority_stops_what_it_holds_when_nobody_shoots_it(up: Callable[..., Cluster]) -> None:
    """Without a device the majority must not touch shared data; the minority lets go of it by itself."""
    more = SHARING.replace("test-stonith", "no-stonith")
    cluster = up(GROUPS, nodes=NODES, device="", more=more)
    cluster.until_members(*NODES)
    cluster.until_runs("toy::c", "node3")
    cluster.lab.cut("node3")
    cluster.until(lambda: cluster.oracle.holders("toy::c") == set(), "node3 has stopped toy::c")
    cluster.stays(lambda: cluster.started("toy::c") == ["node3"], "nobody takes it without a proof", 2.0)
    assert cluster.status("node3").standing == "no-quorum"


@pytest.mark.parametrize("way", ["both", "in"])
@pytest.mark.parametrize(("one", "loser", "group"), [("node1", "node2", "toy::b"), ("node2", "node3", "toy::c")])
def test_of_two_that_do_not_hear_each_other_the_higher_name_is_told_and_stops(
    cluster: Cluster, one: str, loser: str, group: str, way: str
) -> None:
    """The third hears both, and goes with the other one: nobody waits for ever, nobody is shot."""
    cluster.lab.cut(loser, way=way, peers=[one])
    winners = [node for node in NODES if node != loser]
    cluster.until(lambda: cluster.status(loser).standing == "no-quorum", f"{loser} finds out that it is out")
    until_taken(cluster, group, *winners)
    cluster.were_shot()
    cluster.lab.heal()
    cluster.until_members(*NODES)
    assert cluster.group(loser, group).node in winners


def test_who_is_told_and_cannot_stop_is_shot_though_it_is_heard(cluster: Cluster) -> None:
    cluster.behave("node3", "c", "stop", "fail")
    cluster.lab.cut("node3", peers=["node2"])
    until_taken(cluster, "toy::c", "node1", "node2")
    cluster.were_shot("node3")


def test_two_that_die_at_once_leave_one_that_does_nothing(cluster: Cluster) -> None:
    """One of three is no majority: it stops what it holds rather than guess."""
    cluster.lab.device("fail")  # nobody comes back by himself
    cluster.lab.crash("node1")
    cluster.lab.crash("node2")
    cluster.until(lambda: cluster.status("node3").standing == "no-quorum", "node3 has no quorum")
    cluster.until(lambda: cluster.oracle.holders("toy::c") == set(), "it stops what it holds")
    cluster.were_shot()
    cluster.lab.device("ok")
    cluster.lab.start("node1", "node2")
    cluster.until_members(*NODES)
    for group in (ADDRESS, "toy::b", "toy::c"):
        cluster.until(lambda group=group: cluster.group("node1", group).state == "running", group)  # type: ignore[misc]


def test_the_coordinator_dies_in_the_middle_of_its_plan(cluster: Cluster) -> None:
    """node1 coordinates; it is killed while it moves its own group away. Whoever leads next finishes it."""
    cluster.behave("node1", "a", "stop", "slow")
    with cluster.client("node1") as client:
        before = client.status().view
    assert before
    cluster.lab.ask("spawn", node="node1", argv=["hb", "standby"], log=str(cluster.lab.home / "standby.log"))
    cluster.until_decided("node1", "group.stop")
    cluster.lab.crash("node1")
    until_taken(cluster, ADDRESS, "node2", "node3")
    cluster.were_shot("node1")


def test_daemons_that_die_in_the_middle_of_a_plan_or_two_at_once_come_back_to_whole_groups(cluster: Cluster) -> None:
    """node1 coordinates and moves its own group; then it and another die at once, and are started again."""
    cluster.behave("node1", "a", "stop", "slow")
    cluster.lab.ask("spawn", node="node1", argv=["hb", "standby"], log=str(cluster.lab.home / "standby.log"))
    cluster.until_decided("node1", "group.stop")
    cluster.lab.kill("node1", "daemon")
    whole(cluster)
    cluster.lab.kill("node1", "daemon")
    cluster.lab.kill("node2", "daemon")
    whole(cluster)
    for node in NODES[1:]:
        cluster.lab.kill(node, "executor")
    whole(cluster)


def test_the_coordinator_stands_still_in_the_middle_of_its_plan(cluster: Cluster) -> None:
    cluster.behave("node1", "a", "stop", "slow")
    cluster.lab.ask("spawn", node="node1", argv=["hb", "standby"], log=str(cluster.lab.home / "standby.log"))
    cluster.until_decided("node1", "group.stop")
    cluster.lab.freeze("node1")
    until_taken(cluster, ADDRESS, "node2", "node3")
    cluster.were_shot("node1")
    whole(cluster)


def whole(cluster: Cluster) -> None:
    """Wait until all are members, and every group runs in one place by the word of each node and of its own script."""
    cluster.until_members(*NODES)
    for group, toy in ((ADDRESS, "toy::a"), ("toy::b", "toy::b"), ("toy::c", "toy::c")):
        cluster.until(lambda group=group, toy=toy: in_one_place(cluster, group, toy), f"{group} runs in one place")  # type: ignore[misc]
    cluster.until(lambda: cluster.oracle.answering(ADDRESS) == cluster.oracle.holders("toy::a"), "and answers there")


def in_one_place(cluster: Cluster, group: str, toy: str) -> bool:
    seen = {(found.state, found.node) for node in NODES for found in [cluster.group(node, group)]}
    holders = cluster.oracle.holders(toy)
    return len(holders) == 1 and seen == {("running", node) for node in holders}


def test_a_frozen_node_of_three_is_shot_and_its_group_taken(cluster: Cluster) -> None:
    cluster.lab.freeze("node2")
    until_taken(cluster, "toy::b", "node1", "node3")
    cluster.were_shot("node2")
