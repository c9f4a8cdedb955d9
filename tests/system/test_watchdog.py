"""Watchdogs: timers outside the nodes, each of which takes its node's power when it is not fed in time."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.system.cluster import Cluster

NODES = ("node1", "node2", "node3")
TIMEOUT_S = 5
FILES = "auto_failback off\nacknowledge no-stonith\n"


class Keeper:
    """One node's watchdog, kept by the test: its expiry is a power cut."""

    def __init__(self, path: Path, expired: Callable[[], object]) -> None:
        self.path, self._expired = path, expired
        self.said: list[str] = []
        self.fired_s = 0.0
        self._due_s = float("inf")
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._listener.bind(str(path))
        path.chmod(0o666)
        self._listener.listen(4)
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._serve, self._watch)]
        for thread in self._threads:
            thread.start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while not self._ended.is_set():
                connection, _ = self._listener.accept()
                with connection, contextlib.suppress(ConnectionError):
                    while word := connection.recv(256).decode():
                        self._take(connection, word)

    def _take(self, connection: socket.socket, word: str) -> None:
        self.said.append(word)
        self._due_s = float("inf") if word == "disarm" else time.monotonic() + TIMEOUT_S
        if word.startswith("timeout"):
            connection.send(f"armed {TIMEOUT_S} lab watchdog".encode())

    def _watch(self) -> None:
        while not self._ended.wait(0.01):
            if time.monotonic() >= self._due_s:
                self._due_s, self.fired_s = float("inf"), time.monotonic()
                self._expired()

    def end(self) -> None:
        self._ended.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)
        self._listener.close()


@pytest.fixture
def keepers(up: Callable[..., Cluster], tmp_path: Path) -> Iterator[tuple[Cluster, dict[str, Keeper]]]:
    """Three nodes, no STONITH device, a watchdog each; shared data runs on node3."""
    cluster = up("node3 toy::c\n", nodes=NODES, device="", more=FILES, daemons=False)
    made: dict[str, Keeper] = {}
    for node in NODES:
        made[node] = Keeper(tmp_path / f"{node}.dog", lambda node=node: cluster.lab.crash(node))  # type: ignore[misc]
        with (cluster.lab.disk(node) / "ha.d" / "ha.cf").open("a") as file:
            file.write(f"watchdog {made[node].path} {TIMEOUT_S}\n")
    cluster.lab.start(*NODES)
    cluster.until_members(*NODES)
    cluster.until_runs("toy::c", "node3")
    for node in NODES:
        cluster.until_decided(node, "watchdog.armed")
    yield cluster, made
    for keeper in made.values():
        keeper.end()


def until_taken(cluster: Cluster) -> None:
    def taken() -> bool:
        found = cluster.group("node1", "toy::c")
        return found.state == "running" and found.node in ("node1", "node2")

    cluster.until(taken, "toy::c runs on node1 or node2")


def test_a_node_that_stands_still_is_reset_and_its_data_taken_after_the_wait(
    keepers: tuple[Cluster, dict[str, Keeper]],
) -> None:
    cluster, dogs = keepers
    frozen_s = cluster.lab.freeze("node3")
    until_taken(cluster)
    fired_s = dogs["node3"].fired_s
    assert 0 < fired_s - frozen_s < TIMEOUT_S + 1
    (started,) = [e.at_s for e in cluster.lab.events() if e.kind == "start" and e.words[1] != "node3"]
    assert started > fired_s, "the data was taken before the node was reset"
    print(f"reset {fired_s - frozen_s:.2f} s after the freeze, taken {started - frozen_s:.2f} s after it")
    assert dogs["node1"].fired_s == dogs["node2"].fired_s == 0.0


def test_a_node_that_is_cut_off_and_cannot_stop_is_reset(keepers: tuple[Cluster, dict[str, Keeper]]) -> None:
    cluster, dogs = keepers
    cluster.behave("node3", "c", "stop", "fail")
    cluster.lab.cut("node3")
    until_taken(cluster)
    assert dogs["node3"].fired_s > 0
    assert cluster.count("node3", "watchdog.starves") == 1


def test_a_daemon_that_is_killed_goes_on_feeding_and_a_clean_end_stops_the_timer(
    keepers: tuple[Cluster, dict[str, Keeper]],
) -> None:
    cluster, dogs = keepers
    cluster.lab.kill("node3", "daemon")
    cluster.until_members(*NODES)
    cluster.stays(lambda: dogs["node3"].fired_s == 0.0, "node3 is not reset", TIMEOUT_S + 1)
    assert cluster.lab.stop("node3") == 0
    cluster.until(lambda: dogs["node3"].said[-1] == "disarm", "the timer is stopped")
    cluster.stays(lambda: dogs["node3"].fired_s == 0.0, "node3 is not reset", TIMEOUT_S + 1)
    until_taken(cluster)
