"""A person in place of a device: only for an open request, only with the node's name."""

import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest
from click.testing import CliRunner, Result
from heartbeat.cli.confirm import confirm
from heartbeat.model.status import ClusterStatus
from heartbeat.wire import api

if TYPE_CHECKING:
    from core.tests.conftest import FakeDaemon

WAITING = api.OpenConfirmation(5, "node2", 3, 12.5, ("10.0.0.1", "10.0.0.2"))
SAID = api.Done(good=True, text="node2 is confirmed as off by root")


@pytest.fixture
def waiting_daemon(fake_daemon: "FakeDaemon", good_status: ClusterStatus) -> "FakeDaemon":
    fake_daemon.will(api.ConfirmRequests, api.Confirmations((WAITING,)))
    fake_daemon.will(api.GetStatus, api.Status(good_status))
    fake_daemon.will(api.Confirm, SAID)
    return fake_daemon


def ask(run_dir: Path, *args: str) -> Result:
    return CliRunner().invoke(confirm, [*args, "--run-dir", str(run_dir)])


def test_a_script_that_names_the_node_twice_confirms(waiting_daemon: "FakeDaemon", tmp_path: Path) -> None:
    answer = ask(tmp_path, "Node2", "--yes-i-am-sure", "node2")
    assert answer.exit_code == 0, answer.output
    for shown in ("request 5", "life 3", "12.5 s", "10.0.0.1, 10.0.0.2", "confirmed as off by root"):
        assert shown in answer.stdout
    assert waiting_daemon.asked[-1] == api.Confirm("node2", 5)


def test_two_names_that_differ_confirm_nothing(waiting_daemon: "FakeDaemon", tmp_path: Path) -> None:
    answer = ask(tmp_path, "node2", "--yes-i-am-sure", "node1")
    assert answer.exit_code == 2
    assert waiting_daemon.asked == []


def test_without_a_person_the_option_is_needed(waiting_daemon: "FakeDaemon", tmp_path: Path) -> None:
    answer = ask(tmp_path, "node2")
    assert answer.exit_code == 2
    assert "--yes-i-am-sure node2" in answer.stderr
    assert waiting_daemon.asked == [api.ConfirmRequests()]


def test_without_an_open_request_the_answer_is_no(waiting_daemon: "FakeDaemon", tmp_path: Path) -> None:
    waiting_daemon.will(api.ConfirmRequests, api.Confirmations(()))
    answer = ask(tmp_path, "node2", "--yes-i-am-sure", "node2")
    assert answer.exit_code == 1
    assert "nothing waits for a confirmation of node2: it is member, last heard 120 ms ago" in answer.stderr
    assert api.Confirm("node2", 5) not in waiting_daemon.asked


def test_a_node_that_was_heard_since_is_not_confirmed(waiting_daemon: "FakeDaemon", tmp_path: Path) -> None:
    waiting_daemon.will(api.Confirm, api.Done(good=False, text="node2 was heard 20 ms ago"))
    answer = ask(tmp_path, "node2", "--yes-i-am-sure", "node2")
    assert answer.exit_code == 1
    assert "node2 was heard" in answer.stderr


def test_this_node_is_not_off(waiting_daemon: "FakeDaemon", tmp_path: Path) -> None:
    answer = ask(tmp_path, "node1", "--yes-i-am-sure", "node1")
    assert answer.exit_code == 1
    assert "node1 is this node" in answer.stderr


def test_a_stranger_is_told_the_nearest_name(waiting_daemon: "FakeDaemon", tmp_path: Path) -> None:
    answer = ask(tmp_path, "nodd2", "--yes-i-am-sure", "nodd2")
    assert answer.exit_code == 1
    assert "Did you mean node2?" in answer.stderr
    assert "Waiting for a confirmation: node2" in answer.stderr


def test_a_node_that_was_never_heard_is_shown_as_such(waiting_daemon: "FakeDaemon", tmp_path: Path) -> None:
    never = msgspec.structs.replace(WAITING, incarnation=0)
    waiting_daemon.will(api.ConfirmRequests, api.Confirmations((never,)))
    assert "never heard" in ask(tmp_path, "node2", "--yes-i-am-sure", "node2").stdout


@pytest.mark.parametrize(("typed", "status"), [("node2", 0), ("node1", 1), ("yes", 1), ("", 1)])
def test_a_person_types_the_name(waiting_daemon: "FakeDaemon", tmp_path: Path, typed: str, status: int) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-c", "from heartbeat.cli.confirm import confirm; confirm()", "node2"]
    with subprocess.Popen([*command, "--run-dir", str(tmp_path)], stdin=theirs, stdout=subprocess.PIPE) as process:
        os.close(theirs)
        os.write(ours, typed.encode() + b"\n")
        process.communicate(timeout=30)
    os.close(ours)
    assert process.returncode == status
    assert (api.Confirm("node2", 5) in waiting_daemon.asked) == (status == 0)
