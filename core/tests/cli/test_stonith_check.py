"""``hb stonith check``: of the whole cluster where a daemon runs, of this node where none does, and what it prints."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result
from heartbeat.cli.stonith_check import check
from heartbeat.model.inspection import FenceFinding, Inspection, Look, Seen, Trouble
from heartbeat.wire import api

from core.tests.plugin_site import PluginSite

if TYPE_CHECKING:
    from core.tests.conftest import FakeDaemon

FINDING = FenceFinding(
    "HB-F001", "error", "ipmi #1", "", ("node2",), "10.0.0.7 port 623: no route", "see that it has power"
)
ADVICE = FenceFinding("HB-F023", "advice", "ipmi #1", "", ("node1",), "it is slow", "leave it")
SEEN = (
    Seen("node1", "ipmi #1", Inspection((Look("node2", "on", 0.4),))),
    Seen("node2", "ipmi #1", Inspection(trouble=Trouble.UNREACHABLE, detail="no route")),
)


def ask(folder: Path, *args: str) -> Result:
    return CliRunner().invoke(check, [*args, "--run-dir", str(folder), "--config", str(folder)])


def test_the_daemon_has_all_nodes_look_and_the_page_tells_both(fake_daemon: "FakeDaemon", tmp_path: Path) -> None:
    fake_daemon.will(api.CheckDevices, api.Progress("node1 looks"), api.Checked(SEEN, (FINDING, ADVICE)))
    answer = ask(tmp_path)
    assert answer.exit_code == 1
    lines = answer.stdout.splitlines()
    assert [line.split() for line in lines[1:3]] == [
        ["ipmi", "#1", "from", "node1", "node2", "on", "0.40", "s"],
        ["ipmi", "#1", "from", "node2", "-", "no", "answer"],
    ]
    assert lines[4:7] == [
        "error HB-F001 ipmi #1 seen from node2",
        "    10.0.0.7 port 623: no route",
        "    mend: see that it has power",
    ]
    assert lines[-1] == "result: 1 error, 0 warnings, 1 advice"


def test_advice_alone_is_good(fake_daemon: "FakeDaemon", tmp_path: Path) -> None:
    fake_daemon.will(api.CheckDevices, api.Checked(SEEN[:1], (ADVICE,)))
    assert ask(tmp_path).exit_code == 0


def test_the_json_has_stable_keys(fake_daemon: "FakeDaemon", tmp_path: Path) -> None:
    fake_daemon.will(api.CheckDevices, api.Checked(SEEN, (FINDING,)))
    told = json.loads(ask(tmp_path, "--json").stdout)
    assert told["ok"] is False
    assert told["findings"] == [
        {
            "code": "HB-F001",
            "severity": "error",
            "device": "ipmi #1",
            "host": "",
            "seen_from": ["node2"],
            "message": FINDING.message,
            "mend": FINDING.mend,
        }
    ]
    assert told["seen"][0] == {
        "node": "node1",
        "device": "ipmi #1",
        "place": "",
        "trouble": "",
        "looks": [{"host": "node2", "power": "on", "took_s": 0.4}],
    }


def test_a_refusal_is_the_answer_no(fake_daemon: "FakeDaemon", tmp_path: Path) -> None:
    fake_daemon.will(api.CheckDevices, api.Done(False, "not looked at: node2 is to be switched off"))
    answer = ask(tmp_path)
    assert (answer.exit_code, answer.stderr) == (1, "hb: not looked at: node2 is to be switched off\n")


@pytest.fixture
def cluster(tmp_path: Path, plugin_site: PluginSite) -> Path:
    plugin_site.add("acme-power", {"stonith:acme": "Good"})
    (tmp_path / "off").write_text("")
    (tmp_path / "nodeinfo").write_text("node1\n")
    return tmp_path


def alone(site: PluginSite, folder: Path, *device_lines: str) -> tuple[int, dict[str, list[str]], str]:
    """Return the exit status, codes by the node that they are about, and all that was printed."""
    lines = ["node node1 node2", "bcast lo", "deadtime 30s", *device_lines]
    (folder / "ha.cf").write_text("\n".join(lines) + "\n")
    done = site.hb("stonith", "check", "--alone", "--json", "--config", str(folder))
    found: dict[str, list[str]] = {}
    for it in json.loads(done.stdout)["findings"]:
        found.setdefault(it["host"], []).append(it["code"])
    return done.returncode, found, done.stdout + done.stderr


def test_alone_it_asks_the_devices_of_this_node_and_orders_nothing(plugin_site: PluginSite, cluster: Path) -> None:
    good = f"stonith_host * acme node1,node2 {cluster}/off hunter2-hunter2"
    status, found, printed = alone(plugin_site, cluster, good, "stonith_host node2 acme node1 /nowhere")
    assert (status, found) == (0, {}), printed
    assert (cluster / "off").read_text() == ""
    assert "hunter2" not in printed


def test_alone_a_node_that_runs_cannot_be_off(plugin_site: PluginSite, cluster: Path) -> None:
    (cluster / "off").write_text("node1 node2")
    status, found, _ = alone(plugin_site, cluster, f"stonith_host * acme node1,node2 {cluster}/off")
    assert (status, found) == (1, {"node1": ["HB-F013"]}), "node2 may well be off"


def test_alone_a_line_that_makes_no_sense_is_found_with_its_place(plugin_site: PluginSite, cluster: Path) -> None:
    status, found, printed = alone(plugin_site, cluster, "stonith_host * acmee node1")
    assert status == 1
    assert found[""] == ["HB-F005"]
    assert "ha.cf:4:16: HB-C060" in printed


def test_without_a_daemon_it_says_that_it_asked_alone(plugin_site: PluginSite, cluster: Path) -> None:
    (cluster / "ha.cf").write_text(f"node node1 node2\nbcast lo\nstonith_host * acme node1,node2 {cluster}/off\n")
    done = plugin_site.hb("stonith", "check", "--config", str(cluster), "--run-dir", str(cluster))
    assert done.returncode == 0, done.stdout
    assert "no daemon runs here" in done.stderr
