"""``hb status`` and its relatives, asked of a daemon's socket with the protocol on the other side."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest
from click.testing import CliRunner, Result
from heartbeat.cli import hb
from heartbeat.model.status import ClusterStatus, FindingStatus, GroupStatus
from heartbeat.wire import api

if TYPE_CHECKING:
    from core.tests.conftest import FakeDaemon

HANG_UP = b""

Ask = Callable[..., Result]


@pytest.fixture
def ask(tmp_path: Path) -> Ask:
    def run(*args: str, env: dict[str, str] | None = None) -> Result:
        return CliRunner().invoke(hb, [*args], env=env or {"HB_RUN_DIR": str(tmp_path)})

    return run


def test_status_tells_cluster_view_nodes_and_groups(
    fake_daemon: "FakeDaemon", good_status: ClusterStatus, ask: Ask
) -> None:
    fake_daemon.will(api.GetStatus, api.Status(good_status))
    answer = ask("status")
    assert answer.exit_code == 0, answer.output
    assert answer.stdout == (
        "cluster    linux-ha\n"
        "this node  node1     member\n"
        "view       3.0       primary, coordinated by node1\n"
        "           both nodes are members\n"
        "\n"
        "nodes\n"
        "  node1  member  for 1 h 0 min   this node         its view 3.0 was installed\n"
        "  node2  member  for 4 min 10 s  heard 120 ms ago  its view 3.0 was installed\n"
        "\n"
        "groups\n"
        "  10.0.0.1  running  on node1  for 12.5 s  node1 is home\n"
        "\n"
        "devices, as checked\n"
        "  ipmilan #1  good  from node1  10 min 0 s ago  can switch node2\n"
        "\n"
        "fencing rehearsed\n"
        "  node1  never\n"
        "  node2  2026-03-01 02:10 +0000  by ana  with ipmilan #1  read back, and silent\n"
    )


@pytest.mark.parametrize("standing", ["pending", "no-quorum"])
def test_a_view_that_may_not_act_is_no(
    fake_daemon: "FakeDaemon", good_status: ClusterStatus, ask: Ask, standing: str
) -> None:
    fake_daemon.will(api.GetStatus, api.Status(msgspec.structs.replace(good_status, standing=standing)))
    answer = ask("status")
    assert answer.exit_code == 1
    assert answer.stdout.endswith(f"not well: the view is {standing}\n")


@pytest.mark.parametrize("state", ["blocked", "contested", "stopped", "waiting", "unknown"])
def test_a_group_that_is_not_served_is_no(
    fake_daemon: "FakeDaemon", good_status: ClusterStatus, ask: Ask, state: str
) -> None:
    groups = (msgspec.structs.replace(good_status.groups[0], state=state, node=""),)
    fake_daemon.will(api.GetStatus, api.Status(msgspec.structs.replace(good_status, groups=groups)))
    answer = ask("status")
    assert answer.exit_code == 1
    assert f"10.0.0.1  {state}" in answer.stdout
    assert "nowhere" in answer.stdout


@pytest.mark.parametrize("state", ["starting", "stopping"])
def test_a_group_on_its_way_is_no_trouble(
    fake_daemon: "FakeDaemon", good_status: ClusterStatus, ask: Ask, state: str
) -> None:
    groups = (msgspec.structs.replace(good_status.groups[0], state=state),)
    fake_daemon.will(api.GetStatus, api.Status(msgspec.structs.replace(good_status, groups=groups)))
    assert ask("status").exit_code == 0


def test_an_alarm_is_no_and_is_shown(fake_daemon: "FakeDaemon", good_status: ClusterStatus, ask: Ask) -> None:
    alarms = (FindingStatus("fencing node2 failed", 61.0),)
    fake_daemon.will(api.GetStatus, api.Status(msgspec.structs.replace(good_status, alarms=alarms)))
    answer = ask("status")
    assert answer.exit_code == 1
    assert "alarms\n  fencing node2 failed  for 1 min 1 s\n\nnot well: 1 alarm\n" in answer.stdout


def test_the_output_of_an_agent_cannot_drive_the_terminal(
    fake_daemon: "FakeDaemon", good_status: ClusterStatus, ask: Ask
) -> None:
    group = GroupStatus("g", "node1", "running", "node1", 1.0, "broken\x1b[2J\npipe", "proof")
    fake_daemon.will(api.GetStatus, api.Status(msgspec.structs.replace(good_status, groups=(group,))))
    assert "broken?[2J pipe" in ask("status").stdout


def test_json_is_the_status_and_its_parts(fake_daemon: "FakeDaemon", good_status: ClusterStatus, ask: Ask) -> None:
    fake_daemon.will(api.GetStatus, api.Status(good_status))
    whole = ask("status", "--json").stdout
    assert msgspec.json.decode(whole, type=ClusterStatus) == good_status
    data = json.loads(whole)
    assert json.loads(ask("nodes", "--json").stdout) == data["nodes"]
    assert json.loads(ask("groups", "--json").stdout) == data["groups"]
    assert json.loads(ask("links", "--json").stdout)[0] == {
        "node": "node2",
        "name": "bcast/eth1",
        "state": "up",
        "since_s": 3600.0,
        "frames": 18000,
        "lost": 2,
    }


def test_the_listings_say_their_columns(fake_daemon: "FakeDaemon", good_status: ClusterStatus, ask: Ask) -> None:
    fake_daemon.will(api.GetStatus, api.Status(good_status))
    links = ask("links").stdout.splitlines()
    assert links[0].split() == ["NODE", "LINK", "STATE", "SINCE", "FRAMES", "LOST"]
    assert links[1] == "node2  bcast/eth1  up     1 h 0 min  18000   2"
    assert ask("nodes").stdout.splitlines()[0].split() == ["NODE", "STATE", "SINCE", "HEARD", "LIFE", "WHY"]
    groups = ask("groups").stdout
    assert "home node1, kept single by proof" in groups
    assert "10.0.0.1  IPaddr2  running  no data" in groups


def test_watch_shows_each_change_and_ends_with_the_daemon(
    fake_daemon: "FakeDaemon", good_status: ClusterStatus, ask: Ask
) -> None:
    later = msgspec.structs.replace(good_status, view="4.0")
    fake_daemon.will(api.Watch, api.Status(good_status), api.Status(later), HANG_UP)
    answer = ask("status", "--watch", "--json")
    assert [json.loads(line)["view"] for line in answer.stdout.splitlines()] == ["3.0", "4.0"]
    assert answer.exit_code == 3
    assert "hung up" in answer.stderr


@pytest.mark.parametrize("command", ["status", "nodes", "links", "groups", "standby", "takeover", "stop"])
def test_no_daemon_is_three_and_one_line(ask: Ask, tmp_path: Path, command: str) -> None:
    answer = ask(command)
    assert answer.exit_code == 3
    assert answer.stdout == ""
    assert answer.stderr.count("\n") == 1
    assert str(tmp_path / "api.sock") in answer.stderr
    assert "hb run" in answer.stderr


def test_the_option_goes_before_the_environment(
    fake_daemon: "FakeDaemon", good_status: ClusterStatus, ask: Ask, tmp_path: Path
) -> None:
    fake_daemon.will(api.GetStatus, api.Status(good_status))
    elsewhere = {"HB_RUN_DIR": str(tmp_path / "elsewhere")}
    assert ask("status", env=elsewhere).exit_code == 3
    assert ask("status", "--run-dir", str(tmp_path), env=elsewhere).exit_code == 0


def test_wrong_use_is_two(ask: Ask) -> None:
    assert ask("status", "--jason").exit_code == 2
    assert ask("standby", "some").exit_code == 2


def test_asking_for_the_status_imports_no_event_loop_and_nothing_that_draws() -> None:
    slow = "{'asyncio', 'rich', 'sqlite3', 'stevedore', 'pluggy', 'uvloop', 'heartbeat.kernel', 'heartbeat.daemon'}"
    code = f"import sys, heartbeat.cli.status; print(sorted({slow} & set(sys.modules)))"
    shown = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert shown.stdout == "[]\n"
