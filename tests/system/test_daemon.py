"""What the daemon meets on a real machine: keys, ports, interfaces, neighbours, logs. Never more than a clear line."""

import os
from collections.abc import Callable

import pytest
from heartbeat.client import NoDaemon

from tests.system.cluster import ADDRESS, Cluster

GROUP = f"node1 {ADDRESS}\n"


def lines(cluster: Cluster, node: str, *words: str) -> list[str]:
    """Return the lines of a node's log that hold all of these words."""
    return [line for line in cluster.said(node).splitlines() if all(word in line for word in words)]


def reload_keys(cluster: Cluster, text: str) -> None:
    """Give every node new keys, one node after the other, and wait until each has taken them over."""
    for node in cluster.nodes:
        before = len(lines(cluster, node, "authkeys was read again"))
        (cluster.lab.disk(node) / "ha.d" / "authkeys").write_text(text)
        assert cluster.lab.output(node, ["pkill", "-HUP", "-o", "-x", "hb"])[0] == 0
        cluster.until(
            lambda node=node, before=before: len(lines(cluster, node, "authkeys was read again")) > before,  # type: ignore[misc]
            f"{node} reads authkeys again",
        )


def test_keys_change_without_losing_a_beat(up: Callable[..., Cluster]) -> None:
    cluster = up(GROUP)
    cluster.until_members("node1", "node2")
    cluster.until_runs(ADDRESS, "node1")
    reload_keys(cluster, "auth 1\n1 sha256 a-key-for-tests-only\n2 sha512 the-next-key\n")
    reload_keys(cluster, "auth 2\n1 sha256 a-key-for-tests-only\n2 sha512 the-next-key\n")
    reload_keys(cluster, "auth 2\n2 sha512 the-next-key\n")
    cluster.stays(lambda: cluster.node("node1", "node2").state == "member", "node2 is a member", 1.5)
    for node in cluster.nodes:
        assert cluster.count(node, "node.late") == 0
        assert cluster.count(node, "view.installed") == 1
        assert not lines(cluster, node, "a frame")
    assert all(link.lost == 0 for link in cluster.node("node1", "node2").links)


def test_a_key_that_is_wrong_keeps_a_node_out_and_says_why(up: Callable[..., Cluster]) -> None:
    cluster = up(GROUP, daemons=False)
    (cluster.lab.disk("node2") / "ha.d" / "authkeys").write_text("auth 1\n1 sha256 another-secret\n")
    cluster.lab.start("node1", "node2")
    cluster.until(lambda: len(lines(cluster, "node1", "does not match key 1")) > 0, "node1 says why")
    assert cluster.node("node1", "node2").state == "unknown"
    assert not any("another-secret" in cluster.said(node) for node in cluster.nodes)


def test_a_second_cluster_on_the_same_port_is_counted_and_named(up: Callable[..., Cluster]) -> None:
    cluster = up(GROUP, nodes=("node1", "node2", "node3"), device="", daemons=False)
    common = "bcast eth0\nbcast eth1\nkeepalive 200ms\ndeadtime 1s\ninitdead 10s\nauto_failback off\n"
    for node, names, name in (("node1", "node1 node2", "a"), ("node2", "node1 node2", "a"), ("node3", "node3", "b")):
        place = cluster.lab.disk(node) / "ha.d"
        (place / "ha.cf").write_text(f"node {names}\ncluster {name}\n{common}")
        (place / "haresources").write_text(GROUP if name == "a" else "")
    cluster.lab.start(*cluster.nodes)
    cluster.until_members("node1", "node2")
    cluster.until_runs(ADDRESS, "node1")
    cluster.until(lambda: len(lines(cluster, "node1", "another cluster", "udpport")) > 0, "node1 names it")
    assert len(lines(cluster, "node1", "another cluster")) <= 2  # one line a link, not one a frame


def test_a_port_that_another_program_has_is_one_clear_line(up: Callable[..., Cluster]) -> None:
    cluster = up(GROUP, daemons=False)
    grab = "import socket, time; s = socket.socket(type=socket.SOCK_DGRAM); s.bind(('', 694)); print(flush=True)"
    grab += "; time.sleep(1000)"
    log = cluster.lab.home / "grab.log"
    grabbed = cluster.lab.ask("spawn", node="node1", argv=["python3", "-c", grab], log=str(log))["id"]
    cluster.until(lambda: log.read_text() == "\n", "the port is taken")
    cluster.lab.start("node1")
    cluster.until(lambda: not cluster.lab.node("node1").daemon, "the daemon refuses")
    said = lines(cluster, "node1", "694", "not started")
    assert len(said) == 1, cluster.said("node1")
    cluster.lab.ask("reap", id=grabbed)
    cluster.lab.start("node1", "node2")
    cluster.until_members("node1", "node2")


def test_an_interface_that_comes_late_is_waited_for(up: Callable[..., Cluster]) -> None:
    cluster = up(GROUP, daemons=False)
    assert cluster.lab.output("node1", ["ip", "link", "set", "eth1", "name", "later"])[0] == 0
    cluster.lab.start("node1", "node2")
    cluster.until_members("node1", "node2")
    cluster.until_runs(ADDRESS, "node1")
    assert len(cluster.journal("node1", "link.closed")) == 1
    assert "eth1" in cluster.journal("node1", "link.closed")[0].text
    rename = [
        "sh",
        "-c",
        "ip link set later down && ip link set later name eth1 && ip link set eth1 up",
    ]
    assert cluster.lab.output("node1", rename)[0] == 0

    def both_up() -> bool:
        return all(link.state == "up" for link in cluster.node("node2", "node1").links)

    cluster.until(both_up, "both links are up")


def test_a_log_that_nobody_reads_holds_up_no_beat(up: Callable[..., Cluster]) -> None:
    """A FIFO whose reader sleeps is the slowest disk there is."""
    cluster = up(GROUP, more="auto_failback off\nlogfile /var/log/ha-log\n", daemons=False)
    fifo = cluster.lab.disk("node1") / "log" / "ha-log"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDWR)
    try:
        cluster.lab.start("node1", "node2")
        cluster.until_members("node1", "node2")
        cluster.until_runs(ADDRESS, "node1")
        for _ in range(3):
            assert cluster.hb("node1", "standby")[0] == 0
            assert cluster.hb("node2", "standby")[0] == 0
        assert cluster.count("node2", "node.late") == 0
    finally:
        os.close(reader)


def test_a_command_without_a_daemon_says_so_and_exits_with_3(up: Callable[..., Cluster]) -> None:
    cluster = up(GROUP, daemons=False)
    for words in (["status"], ["groups"], ["standby"], ["stop"]):
        status, text = cluster.hb("node1", *words)
        assert status == 3, text
        assert "hb run" in text
        assert len(text.splitlines()) == 1
    with pytest.raises(NoDaemon):
        cluster.status("node1")


def test_a_second_daemon_of_one_node_is_refused(up: Callable[..., Cluster]) -> None:
    cluster = up(GROUP)
    cluster.until_members("node1", "node2")
    status, text = cluster.hb("node1", "run")
    assert status == 1
    assert "already" in text
    assert cluster.status("node1").state == "member"
