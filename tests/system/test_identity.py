"""Who is who: a node that lost its memory or got an old one back, two machines with one name, a recording."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator

import pytest

from tests.system.cluster import ADDRESS, Cluster

SHARING = "auto_failback off\nacknowledge test-stonith\n"
GROUP = f"node1 {ADDRESS} toy::a\n"
PATIENT = "keepalive 500ms\nwarntime 2s\ndeadtime 6s\ninitdead 12s\n"
RECORDER = """
import socket, sys, time
interface, number, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
wire.bind((interface, 0))
wire.settimeout(0.1)
kept, end = [], time.monotonic() + seconds
while time.monotonic() < end:
    try:
        frame = wire.recv(65536)
    except TimeoutError:
        continue
    if frame[11] == number and frame[12:14] == b"\\x08\\x00" and frame[23] == 17:
        kept.append(frame)
print("recorded", len(kept), flush=True)
sys.stdin.readline() if len(sys.argv) > 4 else None
played = 0
while True:
    for frame in kept:
        wire.send(frame)
        played += 1
        time.sleep(0.02)
    print("played", played, flush=True)
"""
"""Keeps all UDP of one node (by the last byte of its MAC) for some seconds, then plays it again and again, fast."""


@pytest.fixture
def cluster(up: Callable[..., Cluster]) -> Cluster:
    made = up(GROUP, more=SHARING)
    made.until_runs(ADDRESS, "node1")
    made.until_members("node1", "node2")
    made.until_decided("node2", "device.ready")
    return made


@pytest.fixture
def patient(up: Callable[..., Cluster]) -> Cluster:
    """A daemon that is started anew on a busy machine may take longer than a second; this is not about that."""
    made = up(GROUP, more=SHARING, timers=PATIENT)
    made.until_runs(ADDRESS, "node1")
    made.until_members("node1", "node2")
    return made


@pytest.fixture
def recording(cluster: Cluster) -> Iterator[Callable[[], int]]:
    """Record what node1 says on the first medium, then play it without end; return what tells how often so far."""
    log = cluster.lab.home / "recorder.log"
    argv = ["python3", "-c", RECORDER, cluster.lab.plan.media[0].interface, "1", "3"]
    number = cluster.lab.ask("spawn", node="client", argv=argv, log=str(log))["id"]

    def played() -> int:
        lines = [line.split() for line in log.read_text().splitlines()]
        assert not [words for words in lines if words[0] not in ("recorded", "played")], log.read_text()
        return int(lines[-1][1]) if lines and lines[-1][0] == "played" else 0

    cluster.until(lambda: played() > 0, "node1's frames are played back")
    yield played
    cluster.lab.ask("reap", id=number)


def life(cluster: Cluster, asked: str, about: str) -> int:
    return cluster.node(asked, about).incarnation


def another_life(cluster: Cluster, node: str) -> None:
    """Kill a node's daemon and wait until its next one is a member."""
    before = life(cluster, node, node)
    cluster.lab.kill(node, "daemon")
    cluster.until(lambda: life(cluster, "node2", node) > before, f"{node} starts anew")
    cluster.until_members("node1", "node2")


def switch_off(cluster: Cluster, node: str) -> None:
    """Have a node leave and lose its power, so that its disk can be worked upon."""
    assert cluster.lab.stop(node) == 0
    cluster.lab.crash(node)


@pytest.mark.parametrize("lives", [1, 3])
def test_a_node_that_lost_its_memory_is_told_and_goes_on_above_its_last_life(patient: Cluster, lives: int) -> None:
    for _ in range(lives - 1):
        another_life(patient, "node1")
    last = life(patient, "node2", "node1")
    switch_off(patient, "node1")
    state = patient.lab.disk("node1") / "state"
    for path in state.iterdir():
        path.unlink()
    patient.lab.start("node1")
    patient.until_members("node1", "node2")
    assert life(patient, "node1", "node1") > last
    assert patient.count("node1", "node.stale") == 1
    patient.were_shot()


def test_a_state_that_was_restored_from_an_old_copy_is_overtaken(patient: Cluster) -> None:
    switch_off(patient, "node1")
    state, copy = patient.lab.disk("node1") / "state", patient.lab.home / "copy"
    shutil.copytree(state, copy)
    patient.lab.start("node1")
    patient.until_members("node1", "node2")
    another_life(patient, "node1")
    last = life(patient, "node2", "node1")
    switch_off(patient, "node1")
    shutil.rmtree(state)
    shutil.copytree(copy, state)
    patient.lab.start("node1")
    patient.until_members("node1", "node2")
    assert life(patient, "node1", "node1") > last
    patient.were_shot()


def test_a_recording_does_not_keep_a_dead_node_alive(cluster: Cluster, recording: Callable[[], int]) -> None:
    cluster.lab.crash("node1")
    cluster.lab.cut("node1", peers=["node2"])  # it is switched on again, and must not speak for itself here
    before = recording()
    cluster.until_runs(ADDRESS, "node2")
    cluster.until(lambda: recording() > before, "it was played all the while")
    cluster.were_shot("node1")


def test_a_recording_means_nothing_to_a_receiver_that_was_started_anew(
    cluster: Cluster, recording: Callable[[], int]
) -> None:
    """Nothing is new to a node that has just started, so it has to remember how far the dead one had come.

    It has no credit to shoot a node that outlived its last life, so a person confirms, who may do so for a node that is
    not heard.
    """
    cluster.lab.device("hang")
    cluster.lab.crash("node1")
    cluster.until_decided("node2", "fence.begun")
    heard = cluster.count("node2", "node.heard")
    cluster.lab.kill("node2", "daemon")
    cluster.until_decided("node2", "fence.no-credit")
    before = recording()
    cluster.until(lambda: recording() > before, "it is played to the new daemon")
    status, text = cluster.hb("node2", "stonith", "confirm", "node1", "--yes-i-am-sure", "node1")
    assert status == 0, text
    cluster.until_runs(ADDRESS, "node2")
    assert cluster.count("node2", "node.heard") == heard


def test_a_second_machine_of_the_same_name_takes_nothing_and_is_named(up: Callable[..., Cluster]) -> None:
    """node3 is a clone of node1 by its files and its name: what it does not hold must not count as stopped there."""
    cluster = up(GROUP, nodes=("node1", "node2", "node3"), more=SHARING, daemons=False)
    for node in cluster.nodes:
        file = cluster.lab.disk(node) / "ha.d" / "ha.cf"
        text = file.read_text().replace("node node1 node2 node3", "node node1 node2")
        file.write_text(text.replace("node1,node2,node3", "node1,node2"))
    cluster.lab.start("node1", "node2")
    cluster.until_runs(ADDRESS, "node1")
    cluster.until_members("node1", "node2")
    log = cluster.lab.home / "clone.log"
    cluster.lab.ask("spawn", node="node3", argv=["hb", "run", "--node", "node1"], log=str(log))
    cluster.until_decided("node2", "node.twins")
    cluster.until(lambda: "another machine beats as node1" in cluster.said("node1"), "node1 names it")

    def undisturbed() -> bool:
        found = cluster.group("node2", ADDRESS)
        return (found.state, found.node) == ("running", "node1") and cluster.started("toy::a") == ["node1"]

    cluster.stays(undisturbed, "node1 has its group", 12.0)  # beyond the clone's initdead
    cluster.were_shot()
    assert cluster.count("node1", "node.started") == 1
    with sqlite3.connect(cluster.lab.disk("node3") / "state" / "state.db") as state:
        assert state.execute("select incarnation from life").fetchone()[0] > 1  # it was told that 1 is taken
