"""Orders that reach an executor late, when the group has long been taken elsewhere: they start nothing."""

import socket
from collections.abc import Callable

import msgspec
import pytest
from heartbeat.model.operation import Action, Outcome, Result
from heartbeat.wire.executor import Finished, Report, Run
from heartbeat.wire.local import Unpacker, pack

from tests.system.cluster import ADDRESS, PATIENCE_S, Cluster

TOY = {"script": "/etc/ha.d/resource.d/toy", "arguments": "a"}
FORMER = 1 << 50
"""The number of an operation that no daemon of this test ever gives."""


@pytest.fixture
def cluster(up: Callable[..., Cluster]) -> Cluster:
    """node1 holds a group that shares no data, and no device is there: silence is enough to take it."""
    made = up(f"node1 {ADDRESS} toy::a\n", device="", more="auto_failback off\nshares_data toy no\n")
    made.until_runs(ADDRESS, "node1")
    made.until_members("node1", "node2")
    return made


def signal(cluster: Cluster, node: str, name: str, process: str) -> None:
    assert cluster.lab.output(node, ["pkill", f"-{name}", "-x", process])[0] == 0


def seen(cluster: Cluster, node: str) -> int:
    """Return the highest token of the group that a node's executor has seen."""
    kept = msgspec.json.decode((cluster.lab.root(node) / "run/heartbeat/tokens").read_bytes())
    return int(kept["tokens"][ADDRESS])


def ordered(cluster: Cluster, node: str, action: Action, token: int) -> Result:
    """Order something of a node's executor as a daemon would that stood still until now; return what came of it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as daemon:
        daemon.settimeout(PATIENCE_S)
        daemon.connect(str(cluster.lab.root(node) / "run/heartbeat/executor.sock"))
        order = Run(FORMER, "ra", "haresource", "toy::a", TOY, action, 8.0, group=ADDRESS, token=token)
        daemon.sendall(pack(msgspec.msgpack.encode(order)))
        unpacker = Unpacker()
        while chunk := daemon.recv(65536):
            for report in (msgspec.msgpack.decode(message, type=Report) for message in unpacker.feed(chunk)):
                if isinstance(report, Finished) and report.id == FORMER:
                    return report.result
    raise EOFError("the executor took another daemon before it answered")


def is_refused(result: Result) -> None:
    assert result.outcome is Outcome.CANCELLED, result
    assert "it comes too late" in result.detail


def test_the_order_of_a_daemon_that_stood_still_is_refused_after_the_group_was_taken(cluster: Cluster) -> None:
    """It comes back over a connection of its own, as the one to which the group was once given."""
    token = seen(cluster, "node1")
    status, text = cluster.hb("node1", "standby")
    assert status == 0, text
    cluster.until_runs(ADDRESS, "node2")
    signal(cluster, "node1", "STOP", "hb-daemon")  # it would take its executor back at once
    is_refused(ordered(cluster, "node1", Action.START, token))
    cluster.lab.kill("node1", "executor")
    is_refused(ordered(cluster, "node1", Action.START, token))  # the next one knows it, too
    signal(cluster, "node1", "CONT", "hb-daemon")
    cluster.until_members("node1", "node2")
    assert cluster.started("toy::a") == ["node1", "node2"]
    assert cluster.oracle.holders("toy::a") == {"node2"}


def test_an_order_that_waits_for_an_executor_to_go_on_is_void_when_the_group_was_taken_meanwhile(
    cluster: Cluster,
) -> None:
    """The order lies in the executor's socket, then its daemon dies, node2 takes the group, and a new daemon comes.

    With the parent stopped nobody kills the executor for standing still, and nobody starts the daemon anew at once.
    """
    status, text = cluster.hb("node1", "standby")
    assert status == 0, text
    cluster.until_runs(ADDRESS, "node2")
    signal(cluster, "node1", "STOP", "hb")
    signal(cluster, "node1", "STOP", "hb-executor")
    cluster.lab.ask("spawn", node="node1", argv=["hb", "takeover"], log=str(cluster.lab.home / "takeover.log"))
    cluster.until_decided("node1", "group.start", 2)
    assert cluster.oracle.holders("toy::a") == set()
    cluster.lab.kill("node1", "daemon")
    cluster.until_runs(ADDRESS, "node2")
    signal(cluster, "node1", "CONT", "hb")
    cluster.until_members("node1", "node2")
    signal(cluster, "node1", "CONT", "hb-executor")
    looks = ("group.clear", "group.partial", "group.adopted")
    cluster.until(lambda: sum(cluster.count("node1", kind) for kind in looks) == 2, "both lives of node1 have looked")
    assert cluster.count("node1", "group.clear") == 2, cluster.story()
    assert cluster.started("toy::a") == ["node1", "node2", "node2"]
    assert cluster.oracle.holders("toy::a") == {"node2"}
    cluster.until(lambda: cluster.oracle.answering(ADDRESS) == {"node2"}, "it alone answers")


def test_new_daemons_on_all_nodes_go_on_above_what_the_executors_have_seen(cluster: Cluster) -> None:
    for node in ("node1", "node2"):
        assert cluster.hb(node, "standby")[0] == 0
    before = max(seen(cluster, node) for node in cluster.nodes)
    for node in cluster.nodes:
        cluster.lab.kill(node, "daemon")
    for node in cluster.nodes:
        cluster.until_decided(node, "node.started", 2)
    cluster.until_members("node1", "node2")
    cluster.until_runs(ADDRESS, "node1")
    status, text = cluster.hb("node1", "standby")
    assert status == 0, text
    cluster.until_runs(ADDRESS, "node2")
    assert seen(cluster, "node2") > before
    assert [cluster.count(node, "group.start-failed") for node in cluster.nodes] == [0, 0]


def test_an_executor_that_cannot_read_what_was_kept_says_so_and_works_on(cluster: Cluster) -> None:
    """A restart of the executor moves nothing; what it had seen, its daemon knows."""
    token = seen(cluster, "node1")
    (cluster.lab.root("node1") / "run/heartbeat/tokens").write_bytes(b"\x00" * 40)
    cluster.lab.kill("node1", "executor")
    cluster.until_decided("node1", "executor.forgot")
    (forgot,) = cluster.journal("node1", "executor.forgot")
    assert forgot.alarm
    assert "/run/heartbeat/tokens cannot be read" in cluster.said("node1")
    assert seen(cluster, "node1") == token
    cluster.until_runs(ADDRESS, "node1")
    for node in ("node1", "node2"):
        status, text = cluster.hb(node, "standby")
        assert status == 0, text
    cluster.until_runs(ADDRESS, "node1")
    assert cluster.started("toy::a") == ["node1", "node2", "node1"]
