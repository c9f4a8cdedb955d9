"""The old commands: their words, their output, their exit codes, on our own devices and daemon."""

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import msgspec
import pytest
from heartbeat.cli.classic_status import held
from heartbeat.model.status import ClusterStatus
from heartbeat.wire import api

from core.tests.plugin_site import PluginSite

if TYPE_CHECKING:
    from core.tests.conftest import FakeDaemon

CLUSTER_GLUE = Path("/usr/sbin/stonith")

SCRIPTS = '''
from heartbeat.plugin import Catalogue, CatalogueEntry

class Scripts(Catalogue):
    """Finds one device."""

    api = 1
    title = "one device"

    def entries(self):
        return [CatalogueEntry("stonith", "external/one", "acme", {{"file": "{switch}"}}, "/etc/one", 10)]

    def find(self, name):
        return next((entry for entry in self.entries() if entry.name == name), None)
'''


class Old:
    """A folder with the old commands, on a site with the acme switch."""

    def __init__(self, site: PluginSite, folder: Path, run_dir: Path) -> None:
        self.site = site
        self.folder = folder
        self.run_dir = run_dir
        folder.mkdir()
        site.add("acme-power", {"stonith:acme": "Good"})
        linked = site.hb("classic", "link", str(folder))
        assert linked.returncode == 0, linked.stderr

    def run(self, name: str, *words: str, stdin: str = "", **more: str) -> "subprocess.CompletedProcess[str]":
        environment = self.site.environment(HB_RUN_DIR=str(self.run_dir), **more)
        return subprocess.run(
            [self.folder / name, *words],
            env=environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def stonith(self, *words: str, **more: str) -> tuple[int, str]:
        done = self.run("stonith", *words, **more)
        assert "Traceback" not in done.stderr
        return done.returncode, done.stdout


@pytest.fixture
def old(plugin_site: PluginSite, tmp_path: Path) -> Old:
    return Old(plugin_site, tmp_path / "bin", tmp_path)


@pytest.fixture
def switch(tmp_path: Path) -> Path:
    file = tmp_path / "off"
    file.write_text("")
    return file


def test_nobodys_command_is_overwritten_and_ours_are_renewed(old: Old) -> None:
    again = old.site.hb("classic", "link", str(old.folder))
    assert again.returncode == 0
    (old.folder / "stonith").write_text("#!/bin/sh\n# cluster-glue's own\n")
    refused = old.site.hb("classic", "link", str(old.folder))
    assert refused.returncode == 1
    assert "stonith belongs to something else" in refused.stderr
    assert (old.folder / "stonith").read_text().startswith("#!/bin/sh")
    assert old.site.hb("classic", "link", str(old.folder), "--only", "meatclient").returncode == 0


def test_types_names_meta_data_and_help(old: Old) -> None:
    code, listed = old.stonith("-L")
    assert (code, {"acme", "null", "ssh"} <= set(listed.split())) == (0, True)
    assert old.stonith("-t", "acme", "-n") == (0, "hostlist  file  password  \n")
    code, text = old.stonith("-t", "acme", "-m")
    tree = ET.fromstring(text)
    assert (code, tree.tag, tree.get("name")) == (0, "resource-agent", "acme")
    needed = {it.get("name"): it.get("required") for it in tree.iter("parameter")}
    assert needed == {"hostlist": "1", "file": "0", "password": "0", "wait": "0", "mood": "0"}
    code, text = old.stonith("-t", "acme", "-h")
    assert (code, "STONITH Device: acme - a switch in a file" in text) == (0, True)


def test_status_and_hosts_in_each_form_of_parameters(old: Old, tmp_path: Path) -> None:
    file = tmp_path / "acme.conf"
    file.write_text("# a comment\n\nnode1,NODE2 /run/off\nnot this line\n")
    for form in (["hostlist=node1 NODE2"], ["-p", "node1,NODE2 /run/off"], ["-F", str(file)]):
        assert old.stonith("-t", "acme", *form, "-lS") == (0, "node1\nnode2\n")
    assert old.stonith("-t", "acme", "-E", "-l", hostlist="node1") == (0, "node1\n")
    assert old.stonith("-t", "acme", "hostlist=node1", "unknown=x", "-l") == (0, "node1\n")


def test_what_a_catalogue_finds_is_a_type_like_any_other(old: Old, switch: Path) -> None:
    old.site.add("scripts", {"catalogue:scripts": "Scripts"}, SCRIPTS.format(switch=switch))
    assert "external/one" in old.stonith("-L")[1].split()
    assert old.stonith("-t", "external/one", "hostlist=node1 node2", "-lS") == (0, "node1\nnode2\n")
    assert old.stonith("-t", "external/one", "hostlist=node1", "-T", "off", "node1") == (0, "")
    assert switch.read_text() == "node1"
    assert old.stonith("-t", "external/two", "hostlist=node1", "-l")[0] == 8


@pytest.mark.skipif(not CLUSTER_GLUE.exists(), reason="cluster-glue's stonith is not installed")
@pytest.mark.parametrize(
    "words",
    [
        "",
        "-x",
        "-l",
        "-t null",
        "-t null node1",
        "-t null -n",
        "-t nothing -n",
        "-t null -p node1,node2 -l",
        "-t null -p node1,node2 -S",
        "-t null -p node1,node2 -lS",
        "-t null -p node1,node2 -s -S",
        "-t null -p node1,node2 node1",
        "-t null -p node1,node2 -T off node1",
        "-t null -p node1,node2 -T on -c 2 node1",
        "-t null -p node1,node2 -T flip node1",
        "-t null -p node1,node2 node1 node2",
        "-t null hostlist=node1 -p node1 -l",
        "-t null hostlist=node1 -l",
        "-t null nothing=1 -l",
        "-t null -F /nowhere -l",
        "-t rps10 -n",
        "-t rps10 -p /dev/nowhere -l",
        "-t apcmaster -n",
        "-t apcmastersnmp -n",
        "-t baytech -n",
        "-t wti_nps -n",
        "-t wti_mpc -n",
        "-t nw_rpc100s -n",
        "-t apcsmart -n",
        "-t meatware -n",
        "-t ssh -n",
    ],
)
def test_it_answers_as_the_one_of_cluster_glue_does(old: Old, words: str) -> None:
    """Exit code, and what goes to stdout; their complaints go to a log, and ours to stderr."""
    theirs = subprocess.run([CLUSTER_GLUE, *words.split()], capture_output=True, text=True, timeout=60, check=False)
    assert old.stonith(*words.split()) == (theirs.returncode, theirs.stdout)


def test_orders_are_read_back(old: Old, switch: Path) -> None:
    device = ["-t", "acme", "-p", f"node1,node2 {switch}"]
    assert old.stonith(*device, "-T", "off", "NODE1") == (0, "")
    assert switch.read_text() == "node1"
    assert old.stonith(*device, "-T", "on", "node1") == (0, "")
    assert old.stonith(*device, "node2") == (0, "")
    assert switch.read_text() == "", "a reset ends with on"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ([], 1),
        (["-t", "nothing", "-n"], 8),
        (["-t", "acme", "-S"], 1),
        (["-t", "acme", "hostlist=a", "-p", "a", "-S"], 1),
        (["-t", "acme", "-F", "/nowhere", "-S"], 1),
        (["-t", "acme", "hostlist=node1", "-T", "frob", "node1"], 1),
        (["-t", "acme", "hostlist=node1"], 1),
        (["-t", "acme", "file=/run/off", "-S"], 3),
        (["-t", "acme", "-p", "", "-S"], 1),
        (["-t", "acme", "hostlist=node1", "mood=ugly", "-S"], 3),
        (["-t", "acme", "hostlist=node10", "file=/run/off", "-T", "off", "node1"], 4),
        (["-t", "lab", "hostlist=node1", "socket=/nowhere/power.sock", "-S"], 2),
        (["-t", "lab", "hostlist=node1", "socket=/nowhere/power.sock", "-l"], 255),
        (["-t", "ssh", "hostlist=127.0.0.9", "port=1", "-T", "on", "127.0.0.9"], 5),
        (["-x"], 1),
    ],
)
def test_exit_codes(old: Old, words: list[str], code: int) -> None:
    assert old.stonith(*words)[0] == code


def test_cl_status_answers_with_the_old_words(old: Old, fake_daemon: "FakeDaemon", good_status: ClusterStatus) -> None:
    fake_daemon.will(api.GetStatus, api.Status(good_status))
    for words, code, text in (
        (["hbstatus"], 0, "Heartbeat is running on this machine.\n"),
        (["listnodes"], 0, "node1\nnode2\n"),
        (["nodestatus", "Node2"], 0, "active\n"),
        (["nodetype", "node1"], 0, "normal\n"),
        (["listhblinks", "node2"], 0, "\tbcast/eth1\n\tucast/eth2\n"),
        (["hblinkstatus", "node2", "eth1"], 0, "up\n"),
        (["rscstatus"], 0, "local\n"),
        (["nodestatus", "node3"], 11, ""),
        (["hblinkstatus", "node2", "eth9"], 11, ""),
        (["clientstatus", "node1", "ipfail"], 11, ""),
        ([], 11, ""),
    ):
        done = old.run("cl_status", *words)
        assert (done.returncode, done.stdout) == (code, text), words


def test_cl_status_without_a_daemon(old: Old) -> None:
    stopped = old.run("cl_status", "hbstatus")
    assert (stopped.returncode, stopped.stdout) == (1, "Heartbeat is stopped on this machine.\n")
    assert old.run("cl_status", "listnodes").returncode == 13


def test_what_is_held_is_one_word(good_status: ClusterStatus) -> None:
    group = good_status.groups[0]
    foreign = msgspec.structs.replace(group, home="node2")
    moving = msgspec.structs.replace(group, state="stopping")
    for groups, word in (
        ((), "none"),
        ((group,), "local"),
        ((foreign,), "foreign"),
        ((group, foreign), "all"),
        ((group, moving), "transition"),
        ((msgspec.structs.replace(group, node="node2"),), "none"),
    ):
        assert held(msgspec.structs.replace(good_status, groups=groups)) == word


def test_standby_and_takeover_return_when_it_is_done(old: Old, fake_daemon: "FakeDaemon") -> None:
    fake_daemon.will(api.Standby, api.Done(good=True, text="done"))
    fake_daemon.will(api.Takeover, api.Done(good=False, text="node2 keeps what it has"))
    given = old.run("hb_standby", "failback")
    assert (given.returncode, given.stdout) == (0, "Going standby [failback].\n")
    taken = old.run("hb_takeover")
    assert (taken.returncode, taken.stdout) == (1, "")
    assert "node2 keeps what it has" in taken.stderr
    assert [(type(one), getattr(one, "which", "")) for one in fake_daemon.asked] == [
        (api.Standby, "foreign"),
        (api.Takeover, "all"),
    ]
    assert old.run("hb_standby", "everything").returncode == 1


WAITING = api.OpenConfirmation(5, "node2", 3, 12.5, ("10.0.0.1",))


def test_meatclient_asks_and_confirms_the_open_request(old: Old, fake_daemon: "FakeDaemon") -> None:
    fake_daemon.will(api.ConfirmRequests, api.Confirmations((WAITING,)))
    fake_daemon.will(api.Confirm, api.Done(good=True, text="confirmed"))
    refused = old.run("meatclient", "-c", "node2", stdin="\n")
    assert (refused.returncode, "PROCEED? [yN]" in refused.stdout) == (1, True)
    assert not [one for one in fake_daemon.asked if isinstance(one, api.Confirm)]
    done = old.run("meatclient", "-c", "Node2", stdin="y\n")
    assert (done.returncode, "reset confirmed" in done.stdout) == (0, True)
    assert fake_daemon.asked[-1] == api.Confirm("node2", 5)


def test_meatclient_without_a_request_or_a_node(old: Old, fake_daemon: "FakeDaemon") -> None:
    fake_daemon.will(api.ConfirmRequests, api.Confirmations(()))
    assert old.run("meatclient", "-c", "node2").returncode == 4
    assert old.run("meatclient").returncode == 3
    assert os.access(old.folder / "meatclient", os.X_OK)
