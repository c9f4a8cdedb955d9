"""Two nodes that lose each other, both alive, both with a finger on the trigger."""

from collections.abc import Callable

from tests.system.cluster import ADDRESS, Cluster
from tests.system.counts import Rounds

SHARING = "auto_failback off\nacknowledge test-stonith\n"
GROUP = f"node1 {ADDRESS} toy::a\n"


def test_a_full_cut_with_a_slow_device_has_exactly_one_survivor(up: Callable[..., Cluster], rounds: Rounds) -> None:
    """The device takes several deadtimes; whoever is shot boots into the cut and shoots nobody."""
    cluster = up(GROUP, more=SHARING)
    cluster.until_members("node1", "node2")
    for number in rounds(2, 50):
        cluster.until(lambda: cluster.group("node1", ADDRESS).state == "running", "the group runs")
        for node in cluster.nodes:
            cluster.until(lambda node=node: ready(cluster, node), f"{node} reaches its device")  # type: ignore[misc]
        before = len(cluster.shots())
        cluster.lab.device("slow", 5.0)
        cluster.lab.cut("node1" if number % 2 else "node2")
        cluster.until(lambda before=before: len(cluster.shots()) > before, "one is shot")  # type: ignore[misc]
        shot = cluster.shots()[before]
        survivor = "node2" if shot == "node1" else "node1"
        cluster.until_runs(ADDRESS, survivor)
        cluster.lab.device("ok")
        cluster.until(lambda shot=shot: cluster.lab.node(shot).daemon, f"{shot} boots into the cut")  # type: ignore[misc]
        cluster.stays(lambda before=before: len(cluster.shots()) == before + 1, "nobody else is shot", 3.0)  # type: ignore[misc]
        cluster.lab.heal()
        cluster.until_members("node1", "node2")
        assert cluster.group("node1", ADDRESS).node == survivor


def ready(cluster: Cluster, node: str) -> bool:
    """Has the newest life of a node heard from its device?"""
    born = cluster.journal(node, "node.started")[-1].id
    return any(entry.id > born for entry in cluster.journal(node, "device.ready"))


def test_a_one_way_cut_has_the_same_loser_each_time(up: Callable[..., Cluster], rounds: Rounds) -> None:
    """Who is not heard is shot; who hears does not shoot, whichever of the two holds the group."""
    cluster = up(GROUP, more=SHARING)
    for number in rounds(2, 20):
        deaf, mute = ("node1", "node2") if number % 2 else ("node2", "node1")
        cluster.until_members("node1", "node2")
        for node in cluster.nodes:
            cluster.until(lambda node=node: ready(cluster, node), f"{node} reaches its device")  # type: ignore[misc]
        before = len(cluster.shots())
        cluster.lab.cut(mute, way="out")
        cluster.until(lambda before=before: len(cluster.shots()) > before, "the mute one is shot")  # type: ignore[misc]
        assert cluster.shots()[before:] == [mute]
        cluster.until_runs(ADDRESS, deaf)
        cluster.lab.heal()


def test_a_one_way_cut_without_a_device_leaves_the_address_with_who_is_heard(
    up: Callable[..., Cluster], rounds: Rounds
) -> None:
    """Who is not heard falls silent by itself, before the other takes the address; who is heard keeps it."""
    cluster = up(f"node1 {ADDRESS}\n", device="")
    cluster.until_runs(ADDRESS, "node1")
    for number in rounds(2, 20):
        mute, heard = ("node1", "node2") if number % 2 == 0 else ("node2", "node1")
        cluster.until_members("node1", "node2")
        cluster.lab.cut(mute, way="out", peers=[heard])
        cluster.until(lambda heard=heard, mute=mute: "silent" in cluster.node(heard, mute).state, "it is not heard")  # type: ignore[misc]
        cluster.until_runs(ADDRESS, heard)
        cluster.until(lambda heard=heard: cluster.oracle.answering(ADDRESS) == {heard}, f"{heard} alone answers")  # type: ignore[misc]
        cluster.lab.heal()
        cluster.until_members("node1", "node2")
        cluster.until_runs(ADDRESS, heard)


def test_cut_and_heal_leaves_one_holder_and_a_client_that_finds_it(up: Callable[..., Cluster], rounds: Rounds) -> None:
    """No device, no shared data: both may have it in the cut. Afterwards one has, and the neighbours know which."""
    cluster = up(f"node1 {ADDRESS}\n", device="")
    cluster.until_runs(ADDRESS, "node1")
    for number in rounds(2, 20):
        cluster.until_members("node1", "node2")
        node = "node1" if number % 2 else "node2"
        cluster.lab.cut(node, peers=["node2" if node == "node1" else "node1"])
        cluster.until(
            lambda: all("silent" in cluster.node(a, b).state for a, b in (("node1", "node2"), ("node2", "node1"))),
            "each thinks the other silent",
        )
        cluster.lab.heal()
        cluster.until_members("node1", "node2")
        cluster.until(lambda: len(cluster.oracle.answering(ADDRESS)) == 1, "one answers")
        cluster.until(lambda: cluster.group("node1", ADDRESS).state == "running", "and it is the one that runs it")
        (holder,) = cluster.oracle.answering(ADDRESS)
        assert cluster.lab.output("client", ["ping", "-c2", "-i0.2", "-W1", ADDRESS])[0] == 0
        entry = cluster.lab.output("client", ["ip", "neigh", "show", ADDRESS])[1]
        mac = cluster.lab.output(holder, ["cat", "/sys/class/net/eth0/address"])[1].strip()
        assert mac in entry
