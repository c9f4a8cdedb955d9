"""Links that fail, one or all, both ways or one."""

import time
from collections.abc import Callable

import pytest

from tests.system.cluster import ADDRESS, Cluster
from tests.system.counts import Rounds

SHARING = "auto_failback off\nacknowledge test-stonith\n"
GROUP = f"node1 {ADDRESS} toy::a\n"
DEAD_S = 1.0


def test_one_of_two_links_cut_moves_nothing_and_is_reported(up: Callable[..., Cluster]) -> None:
    cluster = up(GROUP, more=SHARING)
    cluster.until_runs(ADDRESS, "node1")
    cluster.lab.cut("node1", "eth1")

    def down() -> bool:
        return any(link.name == "bcast/eth1" and link.state == "down" for link in cluster.node("node2", "node1").links)

    cluster.until(down, "the link is shown as down")
    cluster.until_decided("node2", "link.down")
    cluster.until_members("node1", "node2")
    assert cluster.started("toy::a") == ["node1"]
    cluster.were_shot()
    cluster.lab.heal()
    cluster.until(lambda: not down(), "the link is up again")


@pytest.mark.parametrize("node", ["node1", "node2"])
def test_a_full_cut_ends_with_one_survivor_that_holds_the_group(up: Callable[..., Cluster], node: str) -> None:
    """Both are alive and both may shoot: one does. The other boots into the cut and shoots nobody."""
    cluster = up(GROUP, more=SHARING)
    cluster.until_runs(ADDRESS, "node1")
    cluster.until_members("node1", "node2")
    cluster.lab.cut(node)
    cluster.until(lambda: len(cluster.shots()) == 1, "one is shot")
    (shot,) = cluster.shots()
    survivor = "node2" if shot == "node1" else "node1"
    cluster.until_runs(ADDRESS, survivor)
    cluster.until_decided(shot, "node.started", 2)
    cluster.stays(lambda: cluster.shots() == [shot], "the survivor is not shot", 13.0)  # beyond initdead
    cluster.lab.heal()
    cluster.until_members("node1", "node2")
    assert cluster.group("node1", ADDRESS).node == survivor
    assert cluster.started("toy::a")[-1] == survivor


def test_links_that_flap_move_nothing(up: Callable[..., Cluster], rounds: Rounds) -> None:
    """One link or the other, one way or both, now and then all for less than half of deadtime."""
    cluster = up(GROUP, more=SHARING)
    cluster.until_runs(ADDRESS, "node1")
    cluster.until_members("node1", "node2")
    chance = rounds.chance(5)
    for _ in rounds(10, 2000):
        link = chance.choice(["eth0", "eth1", "eth0", "eth1", ""])
        cut_s = cluster.lab.cut(chance.choice(cluster.nodes), link, chance.choice(["in", "out", "both"]))
        time.sleep(chance.random() * (1.5 if link else 0.4) * DEAD_S)  # how long it is cut is what is being swept
        was_cut_s = cluster.lab.heal() - cut_s
        if not link and was_cut_s > 0.6 * DEAD_S:
            pytest.skip(f"this machine is too busy: what was to be cut for 0.4 s at most was for {was_cut_s:.1f} s")
        time.sleep((0.3 + 0.3 * chance.random()) * DEAD_S)  # a beat or two
    cluster.until_members("node1", "node2")
    cluster.were_shot()
    assert cluster.started("toy::a") == ["node1"]
    assert cluster.oracle.answering(ADDRESS) == {"node1"}
