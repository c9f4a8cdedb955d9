"""Planned moves that lose something on the way: a message, the target, the will to stop."""

from collections.abc import Callable

import pytest

from tests.system.cluster import ADDRESS, Cluster

SHARING = "auto_failback off\nacknowledge test-stonith\ntimeout toy start 4s\ntimeout toy stop 4s\n"
GROUP = f"node1 {ADDRESS} toy::a\n"
PATIENT = "keepalive 200ms\nwarntime 3s\ndeadtime 10s\ninitdead 20s\n"


@pytest.fixture
def cluster(up: Callable[..., Cluster]) -> Cluster:
    made = up(GROUP, more=SHARING)
    made.until_runs(ADDRESS, "node1")
    made.until_members("node1", "node2")
    for node in made.nodes:
        made.until_decided(node, "device.ready")
    return made


def background(cluster: Cluster, node: str, *words: str) -> None:
    """Start a command of ``hb`` in a node and leave it to itself."""
    cluster.lab.ask("spawn", node=node, argv=["hb", *words], log=str(cluster.lab.home / "background.log"))


def test_the_target_dies_between_released_and_started_and_the_source_takes_back(cluster: Cluster) -> None:
    cluster.behave("node2", "a", "start", "slow")
    background(cluster, "node1", "standby")
    cluster.until_decided("node2", "group.start")
    cluster.lab.crash("node2")
    cluster.until_runs(ADDRESS, "node1")
    cluster.were_shot("node2")


def test_the_source_dies_while_it_stops(cluster: Cluster) -> None:
    """No `released`, a silent source: the path of a failure, with its proof."""
    cluster.behave("node1", "a", "stop", "slow")
    background(cluster, "node1", "standby")
    cluster.until_decided("node1", "group.stop")
    cluster.lab.crash("node1")
    cluster.until_runs(ADDRESS, "node2")
    cluster.were_shot("node1")


def test_the_links_are_cut_while_the_group_is_on_its_way(cluster: Cluster) -> None:
    """`released` never arrives. Whoever survives the cut has the group, and has it alone."""
    cluster.behave("node1", "a", "stop", "slow")
    background(cluster, "node1", "standby")
    cluster.until_decided("node1", "group.stop")
    cluster.lab.cut("node1")
    cluster.until(lambda: len(cluster.shots()) == 1, "one is shot")
    survivor = "node2" if cluster.shots() == ["node1"] else "node1"
    cluster.until_runs(ADDRESS, survivor)
    cluster.lab.heal()
    cluster.until_members("node1", "node2")


def test_a_release_that_is_lost_is_told_again_and_nothing_starts_before(up: Callable[..., Cluster]) -> None:
    """Deadtime is long here: the links are cut before the release and whole again before anybody is silent."""
    cluster = up(GROUP, device="", more=SHARING.replace("test-stonith", "no-stonith"), timers=PATIENT)
    cluster.until_members("node1", "node2")
    cluster.until_runs(ADDRESS, "node1")
    cluster.behave("node1", "a", "stop", "slow")
    background(cluster, "node1", "standby")
    cluster.until_decided("node1", "group.stop")
    cluster.lab.cut("node1", peers=["node2"])
    cluster.until_decided("node1", "group.stopped")
    cluster.stays(lambda: cluster.started("toy::a") == ["node1"], "node2 waits for the word", 1.0)
    assert cluster.oracle.answering(ADDRESS) == set()
    cluster.lab.heal()
    cluster.until_runs(ADDRESS, "node2")
    assert cluster.count("node2", "node.silent") == 0


@pytest.mark.parametrize("victims", [("daemon",), ("executor",), ("daemon", "executor")])
def test_the_targets_processes_die_between_released_and_started(cluster: Cluster, victims: tuple[str, ...]) -> None:
    """Its machine lives on: what the start left there is looked at first, and the group ends up whole on one node."""
    cluster.behave("node2", "a", "start", "slow")
    background(cluster, "node1", "standby")
    cluster.until_decided("node2", "group.start")
    for which in victims:
        cluster.lab.kill("node2", which)
    cluster.until_members("node1", "node2")

    def in_one_place() -> bool:
        seen = {(group.state, group.node) for node in cluster.nodes for group in [cluster.group(node, ADDRESS)]}
        holders = cluster.oracle.holders("toy::a")
        return len(holders) == 1 and seen == {("running", node) for node in holders}

    cluster.until(in_one_place, "the group runs in one place")
    cluster.until(lambda: cluster.oracle.answering(ADDRESS) == cluster.oracle.holders("toy::a"), "and answers there")


def test_a_move_to_a_node_on_which_it_fails_ends_where_it_can_run(cluster: Cluster) -> None:
    cluster.behave("node2", "a", "start", "fail")
    status, text = cluster.hb("node1", "standby")
    assert status == 1, text
    cluster.until_runs(ADDRESS, "node1")
    cluster.were_shot()


def test_a_stop_that_hangs_during_hb_stop_is_told_and_the_node_is_fenced(cluster: Cluster) -> None:
    cluster.behave("node1", "a", "stop", "hang")
    background(cluster, "node1", "stop")
    cluster.until_runs(ADDRESS, "node2")
    cluster.were_shot("node1")


def test_a_confirmation_for_itself_or_for_one_that_is_heard_is_refused(cluster: Cluster) -> None:
    for node, about in (("node1", "node1"), ("node1", "node2"), ("node2", "node1")):
        status, text = cluster.hb(node, "stonith", "confirm", about, "--yes-i-am-sure", about)
        assert status == 1, text
    cluster.were_shot()
