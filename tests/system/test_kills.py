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
EVERYTHING = "everything"
VICTIMS = (("daemon",), ("executor",), ("daemon", "executor"))
SPREAD_S = 0.15
"""A planned move takes about a tenth of a second here: kills fall before, into and behind each of its effects."""
KILLS_EACH = 8
"""Of one cluster. Whose process dies more often within a minute is started again ever later, and no node is fenced more
than three times in ten minutes: then the kills would meet a cluster that waits."""


def test_kills_spread_over_a_move_leave_nothing_unguarded(up: Callable[..., Cluster], rounds: Rounds) -> None:
    cluster = up(GROUP, more=SHARING)
    chance = rounds.chance(11)
    for at, _ in enumerate(rounds(KILLS_EACH, 1000)):
        if at and at % KILLS_EACH == 0:
            cluster.renew(*cluster.nodes)
        holder = whole(cluster)
        other = "node2" if holder == "node1" else "node1"
        if chance.random() < 0.8:  # the others are killed in rest
            cluster.lab.ask("spawn", node=holder, argv=["hb", "standby"], log=str(cluster.lab.home / "standby.log"))
        time.sleep(chance.random() * SPREAD_S)  # the moment is what is being swept
        victim = chance.choice((holder, other))
        is_last = at % KILLS_EACH == KILLS_EACH - 1
        for which in (EVERYTHING,) if is_last else chance.choice(VICTIMS):
            kill(cluster, victim, which)
        holder = whole(cluster)
        if is_last:  # longer than any hold: somebody new renews it
            cluster.stays(lambda holder=holder: cluster.oracle.answering(ADDRESS, 0.5) == {holder}, "it answers", 1.5)  # type: ignore[misc]
        cluster.judge()


def kill(cluster: Cluster, node: str, which: str) -> None:
    """Kill it, if it lives at this moment."""
    if which == EVERYTHING:
        cluster.kill_everything(node)
        return
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
