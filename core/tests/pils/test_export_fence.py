"""A plugin as a fence agent, driven as pacemaker-fenced drives one: lines on standard input, an exit status."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from core.tests.plugin_site import GOOD, PluginSite

Agent = Callable[..., "subprocess.CompletedProcess[str]"]

HANGING = GOOD.replace(
    "    def switch(self, host, power):\n",
    "    def switch(self, host, power):\n        open(self.settings.text('file') + '.asked', 'w').close()\n"
    "        import time; time.sleep(60)\n",
)
BLIND = GOOD.replace('    api = 1\n', '    api = 1\n    can_read_power = False\n')  # fmt: skip
STUCK_OFF = GOOD.replace('if self.settings.text("mood") == "good":', "if power is Power.OFF:")
FORGETFUL = GOOD  # its file holds one host: switching another off switches the first on


def exported(site: PluginSite, source: str) -> Path:
    site.add("acme-power", {"stonith:acme": "Good"}, source)
    file = site.folder / "fence_acme"
    made = site.hb("export", "fence-agent", "stonith:acme", "--out", str(file))
    assert made.returncode == 0, made.stderr
    return file


def driver(site: PluginSite, source: str, off: Path) -> Agent:
    """Return what calls the agent with words as lines, or with options."""
    file = exported(site, source)
    off.write_text("")

    def call(*options: str, **words: str) -> "subprocess.CompletedProcess[str]":
        lines = {"hostlist": "node1 node2", "file": str(off), **words}
        return subprocess.run(
            [file, *options],
            input="# of the cluster\n" + "".join(f"{name}={value}\n" for name, value in lines.items()),
            env=site.environment(),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return call


@pytest.fixture
def off(tmp_path: Path) -> Path:
    return tmp_path / "off"


@pytest.fixture
def acme(plugin_site: PluginSite, off: Path) -> Agent:
    return driver(plugin_site, GOOD, off)


def test_off_is_told_when_the_device_reads_off(acme: Agent, off: Path) -> None:
    done = acme(action="off", plug="node1", nodename="node1")
    assert (done.returncode, done.stdout) == (0, "Success: Powered OFF\n"), done.stderr
    assert off.read_text() == "node1"


def test_a_device_that_lies_is_no_success(acme: Agent) -> None:
    done = acme(action="off", plug="node1", mood="bad", power_timeout="1")
    assert (done.returncode, done.stdout) == (1, "")
    assert "node1 is still on" in done.stderr


def test_status_is_zero_for_on_two_for_off_and_one_for_unknown(acme: Agent, off: Path) -> None:
    on = acme(action="status", plug="NODE1")
    off.write_text("node1")
    assert (on.returncode, on.stdout) == (0, "Status: ON\n")
    gone = acme(action="status", plug="node1")
    assert (gone.returncode, gone.stdout) == (2, "Status: OFF\n")
    off.unlink()
    assert acme(action="status", plug="node1").returncode == 1


def test_list_and_list_status_name_every_plug(acme: Agent, off: Path) -> None:
    off.write_text("node2")
    assert acme(action="list").stdout == "node1,\nnode2,\n"
    assert acme(action="list-status").stdout == "node1,,ON\nnode2,,OFF\n"


def test_without_a_word_it_is_a_reboot(acme: Agent, off: Path) -> None:
    done = acme(port='"node1"')
    assert (done.returncode, done.stdout) == (0, "Success: Rebooted\n"), done.stderr
    assert off.read_text() == ""


def test_a_reboot_whose_on_half_fails_has_fenced_the_node(plugin_site: PluginSite, off: Path) -> None:
    done = driver(plugin_site, STUCK_OFF, off)(action="reboot", plug="node1", power_timeout="1")
    assert done.returncode == 0
    assert "is not known to be on again" in done.stderr
    assert off.read_text() == "node1"


def test_two_plugs_must_be_off_at_the_same_time(plugin_site: PluginSite, off: Path) -> None:
    done = driver(plugin_site, FORGETFUL, off)(action="off", plug="node1,node2")
    assert (done.returncode, done.stdout) == (1, "")
    assert "node1 did not stay off" in done.stderr


def test_a_device_that_proves_nothing_refuses_before_it_gives_an_order(plugin_site: PluginSite, off: Path) -> None:
    blind = driver(plugin_site, BLIND, off)
    for action in ("off", "reboot", "monitor", "validate-all"):
        refused = blind(action=action, plug="node1")
        assert (refused.returncode, refused.stdout) == (1, "")
        assert "nothing would prove that a host is off" in refused.stderr
    assert off.read_text() == ""
    assert blind(action="off", plug="node1", accept_unproved="1").returncode == 0
    assert off.read_text() == "node1"


def test_a_host_is_matched_whole_and_must_be_named(acme: Agent, off: Path) -> None:
    assert acme(action="off", plug="node10").returncode == 1
    assert acme(action="off", plug="node").returncode == 1
    nobody = acme(action="off")
    assert (nobody.returncode, "needs plug" in nobody.stderr) == (1, True)
    assert off.read_text() == ""


def test_plug_is_what_the_cluster_mapped_to_and_nodename_only_stands_in_for_it(acme: Agent, off: Path) -> None:
    assert acme(action="off", plug="node2", nodename="node1").returncode == 0
    assert off.read_text() == "node2"
    assert acme(action="off", nodename="node1").returncode == 0
    assert off.read_text() == "node1"


def test_monitor_and_validate_all(acme: Agent) -> None:
    assert acme(action="monitor").returncode == 0
    assert acme(action="validate-all").returncode == 0
    wrong = acme(action="validate-all", wait="never", mood="odd")
    assert wrong.returncode == 1
    assert "wait 'never' is not valid" in wrong.stderr
    assert "mood 'odd' is not valid" in wrong.stderr


def test_options_say_the_same_as_lines(acme: Agent, off: Path) -> None:
    done = acme("-o", "off", "--plug=node1", "--hostlist=node1", f"--file={off}", "--power-timeout=5")
    assert (done.returncode, done.stdout) == (0, "Success: Powered OFF\n"), done.stderr
    assert acme("off").returncode == 1
    assert acme("-o", "metadata").stdout == acme(action="metadata").stdout


def test_a_secret_comes_from_a_program_and_shows_nowhere(acme: Agent, tmp_path: Path) -> None:
    program = tmp_path / "password"
    program.write_text("#!/bin/sh\necho hunter2\n")
    program.chmod(0o700)
    asked = acme(action="list", password_script=str(program))
    assert asked.returncode == 0, asked.stderr
    assert "asked with ***" in asked.stderr
    assert "hunter2" not in asked.stdout + asked.stderr
    absent = acme(action="list", password_script="/no/such/program")
    assert (absent.returncode, "password_script" in absent.stderr) == (1, True)


def test_unknown_words_are_told_and_ignored(acme: Agent) -> None:
    done = acme(action="monitor", hostlst="node1")
    assert done.returncode == 0
    assert "unknown parameter hostlst is ignored" in done.stderr


def test_no_user_ever_sees_a_traceback(acme: Agent) -> None:
    for words in ({"action": "dance"}, {"action": "off", "plug": "node1", "hostlist": ""}, {"delay": "x"}):
        done = acme(**words)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith("Failed: ")
        assert "Traceback" not in done.stderr


def test_an_order_that_the_cluster_gives_up_is_ended_and_no_success(plugin_site: PluginSite, off: Path) -> None:
    file = exported(plugin_site, HANGING)
    off.write_text("")
    with subprocess.Popen(
        [file, "-o", "off", "-n", "node1", "--hostlist=node1", f"--file={off}"],
        env=plugin_site.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as agent:
        asked, until_s = Path(f"{off}.asked"), time.monotonic() + 30
        while not asked.exists():
            assert time.monotonic() < until_s, "the device was never asked"
            time.sleep(0.01)
        os.kill(agent.pid, signal.SIGTERM)
        out, err = agent.communicate(timeout=30)
    assert (agent.returncode, out) == (1, "")
    assert "ended from outside" in err
