"""A daemon that dies again and again is started again ever later: longer than deadtime, while its guard lives on."""

from collections.abc import Callable

from tests.system.cluster import ADDRESS, Cluster
from tests.system.counts import Rounds


def test_an_address_that_was_taken_meanwhile_stays_silent_when_the_daemon_is_back(
    up: Callable[..., Cluster], rounds: Rounds
) -> None:
    """The guard would let it answer, and the new daemon has not looked yet; the first late one comes just then."""
    cluster = up(f"node1 {ADDRESS}\n", device="")
    for _ in rounds(1, 20):
        cluster.until_members("node1", "node2")
        cluster.until_runs(ADDRESS, "node1")
        dies_until_taken(cluster)
        cluster.until_members("node1", "node2")
        cluster.until(lambda: cluster.group("node1", ADDRESS).node == "node2", "node1 knows that it was taken")
        cluster.until(lambda: cluster.oracle.answering(ADDRESS) == {"node2"}, "node2 alone answers")


def dies_until_taken(cluster: Cluster) -> None:
    """Kill node1's daemon in each of its lives, until one is so late that node2 takes the address."""
    lives = cluster.count("node1", "node.started")
    while not is_taken(cluster):
        cluster.until_members("node1", "node2")
        cluster.lab.kill("node1", "daemon")
        lives += 1
        cluster.until(
            lambda lives=lives: cluster.count("node1", "node.started") >= lives or is_taken(cluster),  # type: ignore[misc]
            "node1's daemon is started again, or late",
        )


def is_taken(cluster: Cluster) -> bool:
    return cluster.group("node2", ADDRESS).node == "node2"
