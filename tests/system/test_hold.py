"""Nobody speaks for the holder any more, and nothing can switch it off: its address falls silent before it is taken.

Every test has two nodes without a device; the cluster's fixture judges at the end that no address answered from two,
by what the client saw on the wire. What leaves a woken node is caught in the node itself.
"""

from collections.abc import Callable

import pytest

from tests.system.claims import listening
from tests.system.cluster import ADDRESS, Cluster

GROUP = f"node1 {ADDRESS}\n"
DEAD_S = 1.0


@pytest.fixture
def cluster(up: Callable[..., Cluster]) -> Cluster:
    """Two nodes, no device, the address on node1, held by its kernel."""
    made = up(GROUP, device="")
    made.until_members("node1", "node2")
    made.until_runs(ADDRESS, "node1")
    made.until(lambda: made.group("node2", ADDRESS).protected_by == "hold (nftables)", "the kernel holds the address")
    made.until(lambda: made.oracle.answering(ADDRESS) == {"node1"}, "node1 answers")
    return made


def signal(cluster: Cluster, node: str, name: str, *processes: str) -> None:
    cluster.lab.ask("note", text=f"signal {node} {name} {' '.join(processes)}")
    for process in processes:
        assert cluster.lab.output(node, ["pkill", f"-{name}", "-x", process])[0] == 0


def taken(cluster: Cluster, node: str) -> None:
    cluster.until_runs(ADDRESS, node)
    cluster.until(lambda: cluster.oracle.answering(ADDRESS) == {node}, f"{node} alone answers")


def settles(cluster: Cluster) -> str:
    """Wait until both agree that one node has the address, and it alone answers; return which."""

    def settled() -> bool:
        views = [cluster.group(node, ADDRESS) for node in cluster.nodes]
        where = {view.node for view in views}
        running = all(view.state == "running" for view in views)
        return running and len(where) == 1 and cluster.oracle.answering(ADDRESS) == where

    cluster.until_members(*cluster.nodes)
    cluster.until(settled, "the address runs in one place")
    return cluster.group("node1", ADDRESS).node


@pytest.mark.parametrize("frozen", [("hb-daemon",), ("hb-executor", "hb-daemon")])
def test_a_frozen_daemon_is_taken_over_from_a_silent_address(cluster: Cluster, frozen: tuple[str, ...]) -> None:
    with listening(cluster, ADDRESS) as claims:
        signal(cluster, "node1", "STOP", *frozen)
        taken(cluster, "node2")
        woken_s = cluster.oracle.answers()[-1].at_s
        signal(cluster, "node1", "CONT", *frozen)
        assert settles(cluster) == "node2"
    claims.nobody_but("node2", woken_s)


def test_a_frozen_executor_changes_nothing_while_its_daemon_beats(cluster: Cluster) -> None:
    """Its guard is a process of its own, which the daemon speaks to directly."""
    signal(cluster, "node1", "STOP", "hb-executor")
    cluster.stays(lambda: cluster.oracle.answering(ADDRESS) == {"node1"}, "node1 answers", 2 * DEAD_S)
    signal(cluster, "node1", "CONT", "hb-executor")
    assert settles(cluster) == "node1"


@pytest.mark.parametrize("victims", [("hb-daemon",), ("hb-executor",), ("hb-daemon", "hb-executor"), ("hb-guard",)])
def test_killed_processes_are_started_again_and_nothing_is_doubled(cluster: Cluster, victims: tuple[str, ...]) -> None:
    signal(cluster, "node1", "KILL", *victims)
    where = settles(cluster)
    # Longer than any hold: whoever ended the old guard has to have one of its own.
    cluster.stays(lambda: cluster.oracle.answering(ADDRESS, 0.5) == {where}, f"{where} goes on answering", 2 * DEAD_S)


def test_a_guard_that_stands_still_is_found_out_and_replaced(cluster: Cluster) -> None:
    """The kernel ends the answers meanwhile; nothing else would ever have noticed."""

    def guards() -> str:
        return cluster.lab.output("node1", ["pgrep", "-x", "hb-guard"])[1]

    before = guards()
    signal(cluster, "node1", "STOP", "hb-guard")
    cluster.until(lambda: guards() not in ("", before), "another guard is there")
    cluster.until(lambda: cluster.oracle.answering(ADDRESS) == {"node1"}, "node1 answers again")
    cluster.stays(lambda: cluster.oracle.answering(ADDRESS, 0.5) == {"node1"}, "node1 goes on answering", 2 * DEAD_S)
    assert settles(cluster) == "node1"


def test_everything_killed_at_once_leaves_the_kernel_to_end_the_answers(cluster: Cluster) -> None:
    """Stopped first, so that nobody sees another die and starts it again or leaves in order."""
    for name in ("STOP", "KILL"):
        signal(cluster, "node1", name, "hb|hb-daemon|hb-executor|hb-guard")
    taken(cluster, "node2")
    assert ADDRESS in cluster.lab.output("node1", ["ip", "-4", "address", "show", "dev", "eth0"])[1]


@pytest.mark.parametrize("deads", [0.5, 1.5, 5.0])
def test_a_node_frozen_as_a_whole_never_answers_beside_the_taker(cluster: Cluster, deads: float) -> None:
    """Its kernel goes on answering for the rest of the hold and no longer; woken, it announces nothing."""
    with listening(cluster, ADDRESS) as claims:
        at_s = cluster.lab.freeze("node1")
        if deads > 1:
            taken(cluster, "node2")
        cluster.until(lambda: cluster.oracle.answers()[-1].at_s >= at_s + deads * DEAD_S, "time passes", 10.0)
        woken_s = cluster.lab.thaw("node1")
        assert settles(cluster) == ("node1" if deads < 1 else "node2")
    if deads > 1:
        assert cluster.count("node1", "self.resync") == 1
        claims.nobody_but("node2", woken_s)


def test_a_node_that_is_no_longer_heard_falls_silent_before_it_is_taken_over_from(cluster: Cluster) -> None:
    cluster.lab.cut("node1", way="out", peers=["node2"])
    taken(cluster, "node2")
    assert cluster.count("node1", "self.unheard") == 1
    cluster.lab.heal()
    assert settles(cluster) == "node2"


def test_after_a_cut_that_nothing_could_decide_one_falls_silent_and_the_client_finds_the_other(
    cluster: Cluster,
) -> None:
    cluster.lab.cut("node1", peers=["node2"])
    cluster.until_runs(ADDRESS, "node2")
    cluster.lab.heal()
    assert settles(cluster) == "node1"
    assert sum(cluster.count(node, "group.contested") for node in cluster.nodes) >= 1
    assert cluster.lab.output("client", ["ping", "-c3", "-i0.2", "-W1", ADDRESS])[0] == 0
