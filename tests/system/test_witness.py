"""Four real daemons and a witness: of two halves the one goes on that it lets go on; without it neither does."""

import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from heartbeat.lab.control import LabError
from heartbeat.lab.plan import CLIENT

from tests.system.cluster import ADDRESS, Cluster

NODES = ("node1", "node2", "node3", "node4")
HERE, THERE = NODES[:2], NODES[2:]
GROUPS = f"node1 {ADDRESS} toy::a\nnode3 toy::c\n"
WITNESS = "192.0.2.254"
"""The client's address: its machine is no node."""
KEY = "linux-ha a-key-for-tests-only\n"


@contextlib.contextmanager
def witness(cluster: Cluster, folder: Path) -> Iterator[None]:
    """Run ``hb witness`` in the client's network; what it has granted outlives it."""
    argv = [str(Path(sys.executable).parent / "hb"), "witness"]
    argv += ["--keys", str(folder / "witness.key"), "--state", str(folder / "granted")]
    log = folder / "witness.log"
    log.write_text("")
    number = cluster.lab.ask("spawn", node=CLIENT, argv=argv, log=str(log))["id"]
    try:
        cluster.until(lambda: "serves" in log.read_text(), f"the witness serves: {log.read_text()}")
        yield
    finally:
        with contextlib.suppress(LabError):
            cluster.lab.ask("reap", id=number)


@pytest.fixture
def cluster(up: Callable[..., Cluster], tmp_path: Path) -> Cluster:
    """Each group at home; nobody can be switched off."""
    key = tmp_path / "witness.key"
    key.write_text(KEY)
    key.chmod(0o600)
    more = f"auto_failback off\nacknowledge no-stonith\nquorum_server {WITNESS} keyfile={key}\n"
    made = up(GROUPS, nodes=NODES, device="", more=more)
    made.until_members(*NODES)
    made.until_runs(ADDRESS, "node1")
    made.until_runs("toy::c", "node3")
    return made


def standings(cluster: Cluster, nodes: tuple[str, ...]) -> set[str]:
    return {cluster.status(node).standing for node in nodes}


def split(cluster: Cluster) -> None:
    for node in HERE:
        cluster.lab.cut(node, peers=THERE)


def test_one_half_goes_on_and_the_other_one_stops(cluster: Cluster, tmp_path: Path) -> None:
    with witness(cluster, tmp_path):
        split(cluster)
        both = {"primary", "no-quorum"}
        cluster.until(
            lambda: (
                {*standings(cluster, HERE), *standings(cluster, THERE)} == both
                and len(standings(cluster, HERE)) == len(standings(cluster, THERE)) == 1
            ),
            "one half may act, the other one may not",
        )
        kept, left = (ADDRESS, "toy::c") if standings(cluster, HERE) == {"primary"} else ("toy::c", ADDRESS)
        cluster.until(lambda: not cluster.oracle.holders("toy::c" if left == "toy::c" else "toy::a"), f"{left} stops")
        assert cluster.oracle.holders("toy::c" if kept == "toy::c" else "toy::a"), "what may go on never stopped"
        assert len(cluster.started("toy::c")) == len(cluster.started("toy::a")) == 1
        cluster.lab.heal()
        cluster.until_members(*NODES)
    assert (tmp_path / "witness.log").read_text().count("may go on (grant") == 1


def test_without_the_witness_neither_half_goes_on_until_it_is_back(cluster: Cluster, tmp_path: Path) -> None:
    split(cluster)
    cluster.until(lambda: standings(cluster, NODES) == {"no-quorum"}, "nobody lets a half go on")
    cluster.until(lambda: not cluster.oracle.holders("toy::a") and not cluster.oracle.holders("toy::c"), "both stop")
    with witness(cluster, tmp_path):
        cluster.until(lambda: "primary" in standings(cluster, NODES), "it is back and asked again")
    first = HERE if standings(cluster, HERE) == {"primary"} else THERE
    with witness(cluster, tmp_path):
        other = THERE if first == HERE else HERE
        cluster.stays(lambda: standings(cluster, other) == {"no-quorum"}, "it remembers whom it let go on", 12.0)
