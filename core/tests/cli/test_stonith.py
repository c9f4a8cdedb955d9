"""``hb stonith`` by hand: the device that is named, in a child, with what it proves; secrets that nobody sees."""

import json
import os
import pty
from pathlib import Path

import pytest
from click.testing import CliRunner
from heartbeat.cli.given_values import given_values, revealed
from heartbeat.plugin import Param, ParamKind, Plugin

from core.tests.plugin_site import HB, PluginSite


@pytest.fixture
def acme(plugin_site: PluginSite) -> PluginSite:
    plugin_site.add("acme-power", {"stonith:acme": "Good"})
    return plugin_site


@pytest.fixture
def switch(tmp_path: Path) -> Path:
    """The file in which the acme switch holds the hosts that are off."""
    file = tmp_path / "off"
    file.write_text("")
    return file


def test_the_list_has_plugins_with_their_distribution(acme: PluginSite) -> None:
    listed = acme.hb("stonith", "list")
    assert ["acme", "acme-power", "1.0"] in [line.split() for line in listed.stdout.splitlines()]
    types = json.loads(acme.hb("stonith", "list", "--json").stdout)
    assert {"type": "acme", "distribution": "acme-power", "version": "1.0", "origin": ""} in types


def test_info_is_what_plugin_show_tells(acme: PluginSite) -> None:
    assert acme.hb("stonith", "info", "acme").stdout == acme.hb("plugin", "show", "stonith:acme").stdout


def test_off_is_told_as_proved_when_it_was_read_back(acme: PluginSite, switch: Path) -> None:
    off = acme.hb("stonith", "off", "--type", "acme", "hostlist=node1,node2", f"file={switch}", "node1")
    assert off.returncode == 0, off.stderr
    assert off.stdout == "node1 off: read back from the device\n"
    assert switch.read_text() == "node1"
    power = acme.hb("stonith", "power", "-t", "acme", "hostlist=node1,node2", f"file={switch}", "node1")
    assert (power.returncode, power.stdout) == (0, "node1 off\n")


def test_the_positional_form_is_that_of_ha_cf(acme: PluginSite, switch: Path) -> None:
    on = acme.hb("stonith", "on", "-t", "acme", "-p", f"node1,node2 {switch}", "node1")
    assert (on.returncode, on.stdout) == (0, "node1 on: node1 reads on\n")


def test_a_device_that_lies_is_no_success(acme: PluginSite, switch: Path) -> None:
    off = acme.hb(
        "stonith", "off", "-t", "acme", "--timeout", "1s", "hostlist=node1", f"file={switch}", "mood=bad", "node1"
    )
    assert (off.returncode, off.stdout) == (1, "")
    assert "node1 is still on" in off.stderr


def test_reset_is_off_then_on(acme: PluginSite, switch: Path) -> None:
    reset = acme.hb("stonith", "reset", "-t", "acme", "hostlist=node1", f"file={switch}", "NODE1")
    assert reset.returncode == 0, reset.stderr
    assert reset.stdout.splitlines() == ["node1 off: read back from the device", "node1 on: node1 reads on"]
    assert switch.read_text() == ""


def test_a_reset_whose_on_half_fails_has_fenced_the_node_and_says_so(acme: PluginSite, switch: Path) -> None:
    module = acme.folder / "acme_power.py"
    module.write_text(module.read_text().replace('if self.settings.text("mood") == "good":', "if power is Power.OFF:"))
    reset = acme.hb("stonith", "reset", "-t", "acme", "--timeout", "1s", "hostlist=node1", f"file={switch}", "node1")
    assert reset.returncode == 0
    assert "node1 off: read back" in reset.stdout
    assert "node1 was off, and is not known to be on again" in reset.stderr


def test_an_order_that_nobody_can_prove_says_that(plugin_site: PluginSite) -> None:
    off = plugin_site.hb("stonith", "off", "-t", "null", "hostlist=node1", "node1")
    assert off.returncode == 0
    assert "nothing proves that the power is off" in off.stdout
    assert plugin_site.hb("stonith", "power", "-t", "null", "hostlist=node1", "node1").returncode == 1


def test_a_host_is_matched_whole(acme: PluginSite, switch: Path) -> None:
    off = acme.hb("stonith", "off", "-t", "acme", "hostlist=node10", f"file={switch}", "node1")
    assert off.returncode == 1
    assert "node1 is not one of this device's hosts (node10)" in off.stderr
    assert switch.read_text() == ""


def test_all_wrong_parameters_are_told_together(acme: PluginSite) -> None:
    wrong = acme.hb("stonith", "status", "-t", "acme", "wait=99", "mod=good", "mood=ugly")
    assert wrong.returncode == 2
    for text in (
        "hostlist is missing; expected list of hosts, for example node1 node2",
        "wait '99' is not valid: expected at most 60",
        "mod is no parameter of this plugin; did you mean mood?",
        "mood 'ugly' is not valid: expected one of good, bad",
    ):
        assert text in wrong.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["off", "-t", "acme", "hostlist=node1"], "exactly one HOST"),
        (["off", "-t", "acme", "hostlist=node1", "node1", "node2"], "exactly one HOST"),
        (["hosts", "-t", "acme", "hostlist=node1", "node1"], "asks about no host"),
        (["off", "hostlist=node1", "node1"], "Missing option"),
        (["hosts", "-t", "acme", "hostlist=node1", "hostlist=node2"], "given twice"),
        (["hosts", "-t", "acme", "--timeout", "soon", "hostlist=node1"], "is not a duration"),
    ],
)
def test_wrong_use_is_2(acme: PluginSite, words: list[str], says: str) -> None:
    done = acme.hb("stonith", *words)
    assert done.returncode == 2
    assert says in done.stderr


def test_a_type_that_is_not_here_is_1_with_the_mend(acme: PluginSite) -> None:
    acme.add_known("vendor-far", "stonith:far")
    done = acme.hb("stonith", "hosts", "-t", "far", "x=y")
    assert done.returncode == 1
    assert "`pip install vendor-far` brings it" in done.stderr


def test_secrets_come_from_a_file_or_the_environment_and_are_shown_nowhere(acme: PluginSite, tmp_path: Path) -> None:
    """The acme device prints its password; the executor blots it out of whatever leaves the child."""
    file = tmp_path / "password"
    file.write_text("open sesame\n")
    file.chmod(0o600)
    for given in (f"password=file:{file}", "password=env:ACME_PASSWORD"):
        done = acme.hb("stonith", "hosts", "-t", "acme", "hostlist=node1", given, ACME_PASSWORD="open sesame")
        assert (done.returncode, done.stdout) == (0, "node1\n")
        assert done.stderr == "asked with ***\n"


def test_a_secret_in_the_command_line_is_taken_with_a_warning_that_does_not_repeat_it(acme: PluginSite) -> None:
    done = acme.hb("stonith", "hosts", "-t", "acme", "hostlist=node1", "password=open sesame")
    assert done.returncode == 0
    assert "password stands in the command line, where everybody can read it" in done.stderr
    assert "sesame" not in done.stderr


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("password=env:NOWHERE", "the environment has no NOWHERE"),
        ("password=file:/nowhere/at/all", "/nowhere/at/all cannot be read: No such file or directory"),
        ("password=prompt", "nobody is here to type password"),
    ],
)
def test_a_secret_that_cannot_be_had_is_wrong_use(acme: PluginSite, given: str, says: str) -> None:
    done = acme.hb("stonith", "hosts", "-t", "acme", "hostlist=node1", given)
    assert done.returncode == 2
    assert says in done.stderr


class Secretive(Plugin):
    params = (Param("password", ParamKind.SECRET), Param("login"))
    extra_params = True


def test_a_secret_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("sesame")
    file.chmod(0o640)
    with CliRunner().isolation(), pytest.raises(Exception, match=f"chmod 600 {file}") as refused:
        revealed(Secretive, {"password": f"file:{file}"})
    assert "sesame" not in str(refused.value)


def test_undeclared_parameters_that_sound_like_secrets_are_treated_so_and_others_are_not() -> None:
    given = given_values(["login=env:HOME", "api_token=env:HOME"])
    assert revealed(Secretive, given) == {"login": "env:HOME", "api_token": os.environ["HOME"]}


def test_a_prompt_asks_a_person_and_shows_nothing(acme: PluginSite) -> None:
    pid, terminal = pty.fork()
    if pid == 0:
        words = ["stonith", "hosts", "-t", "acme", "hostlist=node1", "password=prompt"]
        os.execve(HB[0], [*HB, *words], acme.environment())
    with os.fdopen(terminal, "r+b", buffering=0) as screen:
        shown = b""
        while b"password:" not in shown:
            shown += screen.read(1024)
        screen.write(b"open sesame\n")
        try:
            while chunk := screen.read(1024):
                shown += chunk
        except OSError:  # the child closed its terminal
            pass
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert b"asked with ***" in shown
    assert b"sesame" not in shown
