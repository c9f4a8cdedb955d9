"""``hb run`` as a whole, on the loopback interface: deaths, signals, and what an earlier instance left."""

import os
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from heartbeat.executor.process import is_alive, start_ticks

from core.tests.daemon.running import RunningNode
from core.tests.daemon.waiting import wait_for

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="a medium that is bound to an interface needs root")

CAP_SYS_RESOURCE = 1 << 24
_effective = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("CapEff"))
spares = pytest.mark.skipif(
    not int(_effective.split()[1], 16) & CAP_SYS_RESOURCE, reason="lowering oom_score_adj needs CAP_SYS_RESOURCE"
)

Make = Callable[..., RunningNode]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    nodes: list[RunningNode] = []

    def made(ha_cf: str = "", **environment: str) -> RunningNode:
        nodes.append(RunningNode(tmp_path, ha_cf, environment))
        return nodes[-1]

    yield made
    for node in nodes:
        node.close()


@pytest.fixture
def node(make: Make) -> RunningNode:
    """A node that is up."""
    made = make()
    made.start_and_wait()
    return made


def test_a_node_is_ready_when_its_api_answers(make: Make, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(20)
        node = make(NOTIFY_SOCKET=str(tmp_path / "notify"))
        node.start()
        assert systemd.recv(100) == b"READY=1"
        assert node.status() is not None
        assert node.places.pid_file.read_text() == f"{node.supervisor:10d}\n"
        node.signal(signal.SIGTERM)
        assert systemd.recv(100) == b"STOPPING=1"
        assert node.ended() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_order_and_so_does_a_second_one(node: RunningNode, number: int) -> None:
    executor, daemon = node.executor, node.daemon
    for _ in range(3):
        node.signal(number)
    assert node.ended() == 0
    assert node.said("left in order") >= 1
    assert not is_alive(executor)
    assert not is_alive(daemon)
    left = {path.name for path in node.places.run.iterdir()} - {"executor.lock", "operations"}
    assert not left, "no socket and no pid file"


def test_a_daemon_that_died_begins_a_new_life_beside_the_same_executor(node: RunningNode) -> None:
    executor, daemon = node.executor, node.daemon
    os.kill(daemon, signal.SIGKILL)
    wait_for(lambda: node.said("is up, incarnation 2") == 1, "the next life")
    assert node.said("the daemon ended (SIGKILL); it is started again") == 1
    assert node.daemon != daemon
    assert node.executor == executor
    assert is_alive(executor)


def test_an_executor_that_died_is_started_again_beside_the_same_daemon(node: RunningNode) -> None:
    executor, daemon = node.executor, node.daemon
    os.kill(executor, signal.SIGKILL)
    wait_for(lambda: node.executor != executor and is_alive(node.executor), "another executor")
    assert node.said("the executor ended (SIGKILL); it is started again") == 1
    assert node.daemon == daemon


def test_a_log_s_process_that_died_is_started_again_and_nothing_else_is(node: RunningNode) -> None:
    executor, daemon = node.executor, node.daemon
    os.kill(node.log_process, signal.SIGKILL)
    wait_for(lambda: node.said("the process that writes the log ended (SIGKILL); it is started again") == 1, "its word")
    assert (node.executor, node.daemon) == (executor, daemon)


def test_a_log_that_hangs_keeps_no_executor_from_being_started_again(node: RunningNode) -> None:
    executor, hung = node.executor, node.log_process
    os.kill(hung, signal.SIGSTOP)
    os.kill(executor, signal.SIGKILL)
    wait_for(lambda: node.executor not in (0, executor) and is_alive(node.executor), "another executor")
    os.kill(hung, signal.SIGCONT)
    wait_for(lambda: node.said("the executor ended (SIGKILL); it is started again") == 1, "what waited is written")


def test_a_terminals_signals_to_all_of_it_are_one_orderly_end(node: RunningNode) -> None:
    """Ctrl-C goes to the foreground group; neither daemon nor executor is in it."""
    assert os.getsid(node.daemon) == node.daemon
    assert os.getsid(node.executor) == node.executor
    os.kill(node.executor, signal.SIGINT)
    os.kill(node.executor, signal.SIGHUP)
    assert node.status() is not None
    node.signal(signal.SIGINT)
    assert node.ended() == 0


def test_a_daemon_whose_supervisor_was_killed_leaves_in_order(node: RunningNode) -> None:
    daemon = node.daemon
    node.signal(signal.SIGKILL)
    wait_for(lambda: not is_alive(daemon), "the daemon leaves")
    assert node.said("the supervisor is gone") == 1
    assert node.said("left in order") >= 1


def test_what_a_killed_instance_left_is_cleared_and_said(node: RunningNode) -> None:
    executor, daemon, supervisor = node.executor, node.daemon, node.supervisor
    os.kill(supervisor, signal.SIGKILL)
    os.kill(daemon, signal.SIGKILL)
    node.ended()
    wait_for(lambda: start_ticks(daemon) is None or not is_alive(daemon), "it is dead")
    assert is_alive(executor), "it outlives both: what it guards must not be left alone"
    node.start_and_wait()
    said = node.stderr.read_text()
    assert f"an earlier instance (pid {supervisor}) did not end in order" in said
    assert "api.sock was left over" in said
    wait_for(lambda: not is_alive(executor), "the old executor is ended by the new one")
    assert is_alive(node.executor)


def test_keys_are_read_again_at_sighup(node: RunningNode) -> None:
    node.write_keys("auth 2\n1 sha256 first-secret\n2 sha256 second-secret\n")
    node.signal(signal.SIGHUP)
    wait_for(lambda: node.said("keys 1, 2 open frames, key 2 seals") == 1, "the new keys are in use")
    node.write_keys("auth 3\n1 sha256 first-secret\n")
    node.signal(signal.SIGHUP)
    wait_for(lambda: node.said("authkeys was not read again: the keys in use stay") == 1, "a wrong file is refused")
    node.write_keys("auth 1\n1 sha256 first-secret\n")
    node.places.authkeys.chmod(0o644)
    node.signal(signal.SIGHUP)
    wait_for(lambda: node.said("the keys in use stay") == 2, "a file that others can read is refused")
    assert node.status() is not None
    everything = node.log.read_text() + node.stderr.read_text()
    assert "first-secret" not in everything
    assert "second-secret" not in everything


def test_a_new_daemon_gets_the_keys_that_were_read_last(node: RunningNode) -> None:
    node.write_keys("auth 2\n1 sha256 first-secret\n2 sha256 second-secret\n")
    node.signal(signal.SIGHUP)
    wait_for(lambda: node.said("key 2 seals") == 1, "the new keys are in use")
    os.kill(node.daemon, signal.SIGKILL)
    wait_for(lambda: node.said("is up, incarnation 2") == 1, "the next life")
    node.write_keys("auth 2\n2 sha256 second-secret\n")
    node.signal(signal.SIGHUP)
    wait_for(lambda: node.said("keys 2 open frames, key 2 seals") == 1, "it goes on from there")


@pytest.mark.parametrize("place", ["supervisor", "daemon"])
def test_a_second_instance_is_refused_in_one_line(node: RunningNode, tmp_path: Path, place: str) -> None:
    pid = getattr(node, place)
    (tmp_path / "other").mkdir()
    other = RunningNode(tmp_path / "other")
    other.places = node.places
    other.start()
    assert other.ended() == 1
    assert f"heartbeat runs already (pid {node.supervisor}" in other.stderr.read_text()
    assert "Traceback" not in other.stderr.read_text()
    assert is_alive(pid), "and the first one goes on"


def test_a_port_that_another_program_has_is_one_clear_line(make: Make) -> None:
    node = make()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("0.0.0.0", node.port))
        node.start()
        assert node.ended() == 1
    assert [line for line in node.lines() if "ERROR" in line and "is in use by another program" in line]
    assert "Traceback" not in node.stderr.read_text()
    assert not node.places.api_socket.exists()


def test_files_with_errors_start_nothing(make: Make) -> None:
    node = make("keepalive never\n")
    node.start()
    assert node.ended() == 1
    said = node.stderr.read_text()
    assert "not started: the configuration has errors" in said
    assert "Traceback" not in said
    assert not node.places.run.exists()


def test_a_run_directory_that_cannot_be_made_is_one_line_with_the_mend(make: Make, tmp_path: Path) -> None:
    node = make()
    (tmp_path / "run").write_text("a file")
    node.start()
    assert node.ended() == 1
    assert node.stderr.read_text().splitlines()[-1].startswith(f"heartbeat: {tmp_path}/run cannot be")
    assert "--run-dir" in node.stderr.read_text()


def test_real_time_is_had_or_its_lack_is_said_in_one_line(node: RunningNode) -> None:
    line = next(line for line in node.lines() if "is up, incarnation" in line)
    if os.sched_getscheduler(node.daemon) & ~os.SCHED_RESET_ON_FORK == os.SCHED_RR:
        assert "real-time priority" in line
        threads = {int(task.name) for task in Path(f"/proc/{node.daemon}/task").iterdir()} - {node.daemon}
        loop = os.sched_getparam(node.daemon).sched_priority
        assert threads, "storage and log have threads of their own"
        assert {os.sched_getparam(thread).sched_priority for thread in threads} <= {loop - 1, 0, loop}
    else:
        assert "ordinary scheduling" in line
        assert "needs root or CAP_SYS_NICE" in line
    assert os.sched_getscheduler(node.executor) == os.SCHED_OTHER
    assert os.sched_getscheduler(node.supervisor) == os.SCHED_OTHER


def test_without_real_time_the_node_says_why(make: Make) -> None:
    node = make("realtime off\n")
    node.start_and_wait()
    assert node.said("ordinary scheduling, memory not locked ('realtime off' in ha.cf)") == 1
    assert os.sched_getscheduler(node.daemon) == os.SCHED_OTHER


@spares
def test_daemon_and_executor_are_spared_when_memory_runs_out(node: RunningNode) -> None:
    scores = [int(Path(f"/proc/{pid}/oom_score_adj").read_text()) for pid in (node.daemon, node.executor)]
    assert all(score < -500 for score in scores), scores


def test_the_daemon_drops_root_and_keeps_what_its_media_need(make: Make, tmp_path: Path) -> None:
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_mode & 0o777 == 0o700:  # pytest's own, one more of them in each of several processes
            folder.chmod(0o755)
    node = make("run_as nobody\n")
    node.start_and_wait()
    status = dict(
        line.split(":\t", 1) for line in Path(f"/proc/{node.daemon}/status").read_text().splitlines() if ":\t" in line
    )
    assert status["Uid"].split() == ["65534"] * 4
    assert int(status["CapEff"], 16) == 1 << 10 | 1 << 13 | 1 << 14 | 1 << 23
    assert int(status["CapInh"], 16) == 0
    assert Path(f"/proc/{node.executor}").stat().st_uid == 0, "agents need root"
    os.kill(node.daemon, signal.SIGKILL)
    wait_for(lambda: node.said("is up, incarnation 2") == 1, "the state is the daemon's own, also in the next life")


def test_a_program_is_kept_running_beside_it_and_ended_with_it(make: Make, tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text(f'#!/bin/sh\necho "$$ $HA_CURHOST $HB_RUN_DIR" >> {tmp_path}/lives\nexec sleep 600\n')
    program.chmod(0o755)
    lives = tmp_path / "lives"
    node = make(f"respawn root {program}\n")
    node.start_and_wait()
    wait_for(lambda: lives.exists() and lives.read_text().count("\n") == 1, "it was started")
    pid, host, run = lives.read_text().split()
    assert (host, run) == ("node1", str(node.places.run))
    assert int(Path(f"/proc/{pid}/oom_score_adj").read_text()) > -500, "what is spared is not handed down"
    os.kill(int(pid), signal.SIGKILL)
    wait_for(lambda: lives.read_text().count("\n") == 2, "it was started again")
    pid = lives.read_text().split()[3]
    node.signal(signal.SIGTERM)
    assert node.ended() == 0
    assert not is_alive(int(pid))
