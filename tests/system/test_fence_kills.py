"""Who shoots dies in the middle of it: at the order, at the reading, at the end."""

import time
from collections.abc import Callable

from tests.system.cluster import ADDRESS, Cluster
from tests.system.counts import Rounds

SHARING = "auto_failback off\nacknowledge test-stonith\n"
GROUP = f"node1 {ADDRESS} toy::a\n"
HASTY = "keepalive 200ms\nwarntime 500ms\ndeadtime 1s\ninitdead 3s\n"
VICTIMS = (("executor",), ("daemon",), ("daemon", "executor"))
SPREAD_S = 0.06
"""From the order to switch off until it is proved, and the group's start begins."""


def test_a_fence_whose_shooter_is_killed_ends_in_a_proof_before_anything_starts(
    up: Callable[..., Cluster], rounds: Rounds
) -> None:
    """The lab's oracle would see a start beside the old holder; the order may reach the device twice.

    A daemon that died in the middle of it has no right to shoot in its next life: then a person switches the node on.
    """
    cluster = up(GROUP, more=SHARING, timers=HASTY)
    chance = rounds.chance(13)
    for number in rounds(3, 60):
        holder = settled(cluster)
        survivor = "node2" if holder == "node1" else "node1"
        cluster.until_decided(survivor, "device.ready")
        before, helpless = len(cluster.shots()), cluster.count(survivor, "fence.no-credit")
        cluster.lab.freeze(holder)
        cluster.until(lambda before=before: len(cluster.shots()) > before, f"{holder} is shot")  # type: ignore[misc]
        time.sleep(chance.random() * SPREAD_S)  # the moment is what is being swept
        for which in VICTIMS[number % len(VICTIMS)]:
            cluster.lab.kill(survivor, which)
        cluster.until(
            lambda holder=holder, survivor=survivor, helpless=helpless: (
                cluster.lab.node(holder).daemon  # type: ignore[misc]
                or cluster.count(survivor, "fence.no-credit") > helpless
            ),
            f"{holder} is on again, or {survivor} says that it needs help",
        )
        cluster.lab.start(holder)
        settled(cluster)


def settled(cluster: Cluster) -> str:
    """Wait until both agree on where the group runs, and it answers there alone; return where."""
    cluster.until_members("node1", "node2")

    def good() -> bool:
        seen = {(group.state, group.node) for node in cluster.nodes for group in [cluster.group(node, ADDRESS)]}
        holders = cluster.oracle.holders("toy::a")
        return len(holders) == 1 and seen == {("running", node) for node in holders}

    cluster.until(good, "the group runs in one place")
    (holder,) = cluster.oracle.holders("toy::a")
    cluster.until(lambda: cluster.oracle.answering(ADDRESS) == {holder}, f"{holder} alone answers")
    return holder
