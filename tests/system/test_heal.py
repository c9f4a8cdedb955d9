"""After a cut in which both had an address: the loser is silent at once, even if it cannot stop what it holds."""

import time
from collections.abc import Callable

from tests.system.cluster import ADDRESS, Cluster

MORE = "auto_failback off\nshares_data toy no\ntimeout toy stop 3s\n"


def test_a_loser_whose_stop_hangs_is_silent_from_the_first_beat_on(up: Callable[..., Cluster]) -> None:
    """toy::a is stopped before the address, and does not let itself be: muting must not wait for it."""
    cluster = up(f"node1 {ADDRESS} toy::a\n", device="", more=MORE)
    cluster.stateless = ("toy::a",)
    cluster.until_members("node1", "node2")
    cluster.until_runs(ADDRESS, "node1")
    cluster.until(lambda: cluster.oracle.answering(ADDRESS) == {"node1"}, "node1 answers")
    cluster.behave("node2", "a", "stop", "hang")
    cluster.lab.cut("node1", peers=["node2"])
    cluster.until_runs(ADDRESS, "node2")
    cluster.until(lambda: "node2" in cluster.oracle.answering(ADDRESS), "node2 answers, too")
    heals_s = time.monotonic()  # one link after the other: the first beat may come before all are healed
    cluster.lab.heal()
    cluster.until(lambda: cluster.oracle.answering(ADDRESS) == {"node1"}, "node1 alone answers")
    cluster.until_decided("node2", "group.stop-failed")
    cluster.stays(lambda: cluster.oracle.answering(ADDRESS) == {"node1"}, "node1 alone answers", 2.0)
    heard_s = min(e.mono_s for e in cluster.journal("node2", "node.heard") if e.mono_s >= heals_s)
    last_s = max((a.at_s for a in cluster.oracle.answers() if a.node == "node2"), default=0.0)
    print(f"silent {1000 * (last_s - heard_s):.0f} ms after the first beat that it heard, whose keepalive is 200 ms")
    knows_who(cluster, "node1")


def knows_who(cluster: Cluster, holder: str) -> None:
    """Hold that the client's own entry for the address leads to the holder, and that it gets an answer."""
    assert cluster.lab.output("client", ["ping", "-c2", "-i0.2", "-W1", ADDRESS])[0] == 0
    mac = cluster.lab.output(holder, ["cat", "/sys/class/net/eth0/address"])[1].strip()
    entry = cluster.lab.output("client", ["ip", "neigh", "show", ADDRESS])[1]
    assert mac in entry, entry
