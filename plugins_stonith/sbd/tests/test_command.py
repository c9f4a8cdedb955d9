"""``hb-sbd``: what an operator sees, and a receiver as a real process with a watchdog that another program keeps."""

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from heartbeat.plugin import Power
from heartbeat.testing.contract import checked
from heartbeat_stonith_sbd import Sbd
from heartbeat_stonith_sbd.creation import Plan
from heartbeat_stonith_sbd.simulator import Machine

HB_SBD = [sys.executable, "-c", "from heartbeat_stonith_sbd.command import main; main()"]
PLAN = Plan(["node1", "node2"], 1.0, 2.0, 0.05)


def hb_sbd(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([*HB_SBD, *words], capture_output=True, text=True, timeout=60, check=False)


class Keeper:
    """A program that keeps a node's watchdog, and tells what it heard."""

    def __init__(self, path: Path) -> None:
        self.path, self.heard = path, list[str]()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.bind(str(path))
        self._socket.listen()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        connection, _ = self._socket.accept()
        with connection:
            connection.recv(256)
            connection.send(b"armed 1 keeper")
            while word := connection.recv(256):
                self.heard.append(word.decode())

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def keeper(tmp_path: Path) -> Iterator[Keeper]:
    made = Keeper(tmp_path / "watchdog")
    yield made
    made.close()


@pytest.fixture
def receiver(
    make_disks: Callable[..., list[str]], keeper: Keeper
) -> Iterator["tuple[subprocess.Popen[str], list[str]]"]:
    """A receiver of node1 that has fed its watchdog, and the disks."""
    disks = make_disks(3, plan=PLAN)
    words = [*HB_SBD, "watch", *disks, "--node", "node1", "--device", str(keeper.path)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        until(lambda: "feed" in keeper.heard, process)
        yield process, disks
        process.kill()


def until(is_so: Callable[[], bool], process: "subprocess.Popen[str] | None" = None) -> None:
    deadline_s = time.monotonic() + 20
    while not is_so():
        assert process is None or process.poll() is None, "it ended"
        assert time.monotonic() < deadline_s
        time.sleep(0.01)


def test_a_set_is_made_shown_and_not_overwritten_by_accident(tmp_path: Path) -> None:
    disks = [str(tmp_path / f"disk{number}") for number in range(3)]
    for path in disks:
        Path(path).write_bytes(bytes(1 << 20))
    made = hb_sbd("create", *disks, "--node", "Node1", "--node", "node2")
    assert made.returncode == 0, made.stderr
    assert "2 slots on 3 disks" in made.stdout
    again = hb_sbd("create", *disks, "--node", "node1")
    assert (again.returncode, again.stdout) == (1, "")
    assert (
        again.stderr
        == f"hb-sbd: {disks[0]} holds slots of a set; --overwrite deletes it, and no receiver may run on it then\n"
    )
    shown = json.loads(hb_sbd("list", "--json", *disks).stdout)
    assert (shown["watchdog_s"], shown["msgwait_s"], shown["interval_s"], shown["damaged"]) == (5.0, 10.0, 1.0, [])
    assert [(slot["node"], slot["receiver"]) for slot in shown["slots"]] == [("node1", "never"), ("node2", "never")]


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (["list", "/dev/no-such-disk"], 1, "hb-sbd: /dev/no-such-disk: No such file or directory\n"),
        (["list", "/dev/null"], 1, "hb-sbd: /dev/null is no disk\n"),
        (["list", "/dev/a", "/dev/b"], 1, "one disk or three are expected, not 2"),
        (["create", "/dev/null"], 2, "Missing option '--node'"),
        (["message", "/dev/null", "node1", "reboot"], 2, "'reboot' is not 'fence'"),
    ],
)
def test_what_is_wrong_is_one_line(words: list[str], status: int, told: str) -> None:
    done = hb_sbd(*words)
    assert (done.returncode, done.stdout) == (status, "")
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_a_receiver_feeds_is_seen_and_leaves_in_order(
    receiver: "tuple[subprocess.Popen[str], list[str]]", keeper: Keeper
) -> None:
    process, disks = receiver
    assert [row["receiver"] for row in json.loads(hb_sbd("list", "--json", *disks).stdout)["slots"]] == [
        "alive",
        "never",
    ]
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    until(lambda: "disarm" in keeper.heard)
    assert keeper.heard[-1] == "disarm"
    assert "node1                left" in hb_sbd("list", *disks).stdout


def test_a_receiver_that_is_told_to_end_feeds_no_more_and_does_not_leave(
    receiver: "tuple[subprocess.Popen[str], list[str]]", keeper: Keeper
) -> None:
    process, disks = receiver
    done = hb_sbd("message", *disks, "node1", "fence")
    assert done.returncode == 0, done.stderr
    device = Sbd(checked(Sbd, {"disks": " ".join(disks)}))
    assert device.power("node1") is Power.OFF
    fed = len(keeper.heard)
    process.send_signal(signal.SIGTERM)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.5)
    assert (len(keeper.heard), "disarm" in keeper.heard) == (fed, False)
    shown = hb_sbd("list", *disks).stdout
    assert "node1                dying" in shown
    assert "told to end by" in shown


def test_killed_it_leaves_the_watchdog_running(
    receiver: "tuple[subprocess.Popen[str], list[str]]", keeper: Keeper
) -> None:
    process, _ = receiver
    process.kill()
    process.wait()
    keeper._thread.join(10)
    assert "disarm" not in keeper.heard


def test_nobody_is_told_to_end_where_no_receiver_reads_it(make_disks: Callable[..., list[str]]) -> None:
    done = hb_sbd("message", *make_disks(1), "node1", "fence")
    assert (done.returncode, "no receiver has ever used its slot" in done.stderr) == (1, True)


def test_a_receiver_without_a_watchdog_does_not_begin(make_disks: Callable[..., list[str]], tmp_path: Path) -> None:
    done = hb_sbd("watch", *make_disks(1, plan=PLAN), "--node", "node1", "--device", str(tmp_path / "none"))
    assert done.returncode == 1
    assert "No such file or directory; load the driver of this machine's watchdog" in done.stderr


def test_a_silent_receiver_is_shown_as_such(make_disks: Callable[..., list[str]], boot: Callable[..., Machine]) -> None:
    disks = make_disks(1)
    boot(disks).cut()
    assert "node1                silent" in hb_sbd("list", *disks).stdout
