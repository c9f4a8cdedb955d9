"""Planned moves on the command line: what moved, how long it was away, and no for an answer."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result
from heartbeat.cli import hb
from heartbeat.wire import api

if TYPE_CHECKING:
    from core.tests.conftest import FakeDaemon

MOVED = api.Moved("10.0.0.1", "node1", "node2", 0.0124)


def ask(run_dir: Path, *args: str) -> Result:
    return CliRunner().invoke(hb, [*args, "--run-dir", str(run_dir)])


@pytest.mark.parametrize("verb", ["standby", "takeover"])
def test_a_move_tells_what_moved_and_for_how_long_it_was_away(
    fake_daemon: "FakeDaemon", tmp_path: Path, verb: str
) -> None:
    done = api.Done(good=True, text="1 group moved", moved=(MOVED,))
    fake_daemon.will(api.Standby, api.Progress("stopping 10.0.0.1"), done)
    fake_daemon.will(api.Takeover, api.Progress("starting 10.0.0.1"), done)
    answer = ask(tmp_path, verb, "local", "--timeout", "2min")
    assert answer.exit_code == 0
    assert answer.stdout == "10.0.0.1: node1 -> node2, away for 12 ms\n1 group moved\n"
    assert answer.stderr == "", "progress is for a person at a terminal"
    asked = fake_daemon.asked[0]
    assert isinstance(asked, api.Standby | api.Takeover)
    assert (asked.which, asked.timeout_s) == ("local", 120.0)


def test_everything_is_meant_unless_said_otherwise(fake_daemon: "FakeDaemon", tmp_path: Path) -> None:
    fake_daemon.will(api.Standby, api.Done(good=True, text="nothing to move"))
    assert ask(tmp_path, "standby").stdout == "nothing to move\n"
    assert fake_daemon.asked == [api.Standby("all", 120.0)]


@pytest.mark.parametrize(
    ("moved", "line"),
    [
        (api.Moved("g", "node1", "", 0.5), "g: stopped on node1"),
        (api.Moved("g", "", "node2", None), "g: started on node2"),
        (api.Moved("g", "node1", "node2", None), "g: node1 -> node2"),
    ],
)
def test_what_is_unknown_is_not_told(fake_daemon: "FakeDaemon", tmp_path: Path, moved: api.Moved, line: str) -> None:
    fake_daemon.will(api.Standby, api.Done(good=True, text="done", moved=(moved,)))
    assert ask(tmp_path, "standby").stdout == f"{line}\ndone\n"


def test_json_has_stable_keys(fake_daemon: "FakeDaemon", tmp_path: Path) -> None:
    fake_daemon.will(api.Takeover, api.Done(good=False, text="no", moved=(MOVED,)))
    answer = ask(tmp_path, "takeover", "--json")
    assert answer.exit_code == 1
    moved = [{"group": "10.0.0.1", "source": "node1", "target": "node2", "away_s": 0.0124}]
    assert json.loads(answer.stdout) == {"good": False, "text": "no", "moved": moved}


def test_a_stop_that_failed_is_no_and_says_why(fake_daemon: "FakeDaemon", tmp_path: Path) -> None:
    fake_daemon.will(api.Stop, api.Done(good=False, text="10.0.0.1 could not be stopped: the daemon stays"))
    answer = ask(tmp_path, "stop")
    assert answer.exit_code == 1
    assert answer.stderr == "hb: 10.0.0.1 could not be stopped: the daemon stays\n"


def test_a_daemon_that_dies_while_stopping_did_not_say_that_it_left(fake_daemon: "FakeDaemon", tmp_path: Path) -> None:
    fake_daemon.will(api.Stop, b"")
    answer = ask(tmp_path, "stop")
    assert answer.exit_code == 1
    assert "not known to have left in order" in answer.stderr


def test_no_permission_is_no(fake_daemon: "FakeDaemon", tmp_path: Path) -> None:
    fake_daemon.will(api.Stop, api.Refused("uid 1000 may only look"))
    answer = ask(tmp_path, "stop")
    assert answer.exit_code == 1
    assert answer.stderr == "hb: refused: uid 1000 may only look\n"


def test_a_time_that_is_none_is_wrong_use(tmp_path: Path) -> None:
    answer = ask(tmp_path, "stop", "--timeout", "soon")
    assert answer.exit_code == 2
    assert "not a duration" in answer.stderr
