"""kill -9 of daemon, executor, both or everything, in rest and in the middle of starts and stops.

Whenever it comes, nothing that shares data is doubled, nothing that runs stays unguarded, and all is well in the end.
"""

import contextlib
import time
from collections.abc import Callable

from heartbeat.lab.control import LabError

from tests.system.cluster import ADDRESS, Cluster
from tests.system.counts import Rounds

SHARING = "auto_failback off\nacknowledge test-stonith\ntimeout toy start 3s\ntimeout toy stop 3s\n"
GROUP = f"node1 {ADDRESS} toy::a\n"
VICTIMS = (("daemon",), ("executor",), ("daemon", "executor"))
SPREAD_S = 0.15
"""A planned move takes about a tenth of a second here: kills fall before, into and behind each of its effects."""


def test_kills_spread_over_a_move_leave_nothing_unguarded(up: Callable[..., Cluster], rounds: Rounds) -> None:
    cluster = up(GROUP, more=SHARING)
    chance = rounds.chance(11)
    for _ in rounds(8, 1000):
        holder = whole(cluster)
        other = "node2" if holder == "node1" else "node1"
        cluster.lab.ask("spawn", node=holder, argv=["hb", "standby"], log=str(cluster.lab.home / "standby.log"))
        time.sleep(chance.random() * SPREAD_S)  # the moment is what is being swept
        victim = chance.choice((holder, other))
        for which in chance.choice(VICTIMS):
            kill(cluster, victim, which)
        whole(cluster)
        cluster.judge()


def kill(cluster: Cluster, node: str, which: str) -> None:
    """Kill it, if it lives at this moment."""
    with contextlib.suppress(LabError):
        cluster.lab.kill(node, which)


def whole(cluster: Cluster) -> str:
    """Wait until the cluster is as it should be, and what runs is what the cluster says; return the holder."""
    cluster.until_members("node1", "node2")

    def good() -> bool:
        seen = {(group.state, group.node) for node in cluster.nodes for group in [cluster.group(node, ADDRESS)]}
        holders = cluster.oracle.holders("toy::a")
        return seen == {("running", node) for node in holders} and len(holders) == 1

    cluster.until(good, "the group runs where the cluster says, and nowhere else")
    (holder,) = cluster.oracle.holders("toy::a")
    cluster.until(lambda: cluster.oracle.answering(ADDRESS) == {holder}, f"{holder} alone answers")
    return holder
