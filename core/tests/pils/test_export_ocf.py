"""A plugin as an OCF agent: exact exit codes, parameters from the environment, and what follows a start."""

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from core.tests.plugin_site import PluginSite

Agent = Callable[..., "subprocess.CompletedProcess[str]"]

TOY = '''
import os, pathlib, time
import heartbeat.plugin as door
from heartbeat.plugin import Health, Param, ParamKind, ResourceAgent, occasion

class Toy(ResourceAgent):
    """A service that is a word in a file."""

    api = 1
    title = "a word in a file"
    params = (
        Param("file", ParamKind.PATH, required=True, example="/run/word"),
        Param("count", ParamKind.INT, minimum=1),
        Param("password", ParamKind.SECRET),
        Param("raises", help="The error that everything raises."),
        Param("follow", ParamKind.BOOL, default=False),
    )

    @property
    def word(self):
        print("the agent talks")
        if name := self.settings.text("raises"):
            secret = self.settings.secret("password").reveal() if "password" in self.settings else ""
            raise getattr(door, name, PermissionError)("it went wrong " + secret)
        return pathlib.Path(self.settings.text("file"))

    def start(self):
        self.word.write_text("running")

    def stop(self):
        self.word.write_text("stopped")

    def monitor(self):
        told = self.word.read_text() if self.word.exists() else "stopped"
        pathlib.Path(self.settings.text("file") + ".occasion").write_text(f"{occasion().resource} {occasion().action}")
        return Health(told)

    def validate(self):
        self.word
        raise door.NotInstalled("no such program here")

    def after_start(self):
        if self.settings.flag("follow"):
            pathlib.Path(self.settings.text("file") + ".follows").write_text(str(os.getpid()))
            time.sleep(60)
'''
ROLES = """
    def promote(self):
        self.word.write_text("promoted")

    def demote(self):
        self.word.write_text("running")
"""


def driver(site: PluginSite, source: str, tmp_path: Path) -> Agent:
    site.add("acme-toy", {"ra:toy": "Toy"}, source)
    file = tmp_path / "toy"
    made = site.hb("export", "ocf", "ra:toy", "--out", str(file))
    assert made.returncode == 0, made.stderr

    def call(*actions: str, more: dict[str, str] | None = None, **params: str) -> "subprocess.CompletedProcess[str]":
        given = {"file": str(tmp_path / "word"), **params}
        environment = {
            **{f"OCF_RESKEY_{name}": value for name, value in given.items()},
            "OCF_RESOURCE_INSTANCE": "my-toy",
            "OCF_RESKEY_crm_feature_set": "3.16.2",
            "OCF_RESKEY_CRM_meta_timeout": "20000",
            "HA_RSCTMP": str(tmp_path),
            **(more or {}),
        }
        return subprocess.run(
            [file, *actions],
            env=site.environment(**environment),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return call


@pytest.fixture
def toy(plugin_site: PluginSite, tmp_path: Path) -> Agent:
    return driver(plugin_site, TOY, tmp_path)


def test_the_codes_of_a_life(toy: Agent) -> None:
    life = ["monitor", "start", "start", "monitor", "status", "stop", "stop", "monitor"]
    assert [toy(action).returncode for action in life] == [7, 0, 0, 0, 0, 0, 0, 7]


def test_half_there_is_one(toy: Agent, tmp_path: Path) -> None:
    (tmp_path / "word").write_text("failed")
    assert toy("monitor").returncode == 1


def test_roles_have_their_codes_and_are_unknown_to_an_agent_without(plugin_site: PluginSite, tmp_path: Path) -> None:
    toy = driver(plugin_site, TOY + ROLES, tmp_path)
    life = ["start", "promote", "monitor", "demote", "monitor", "stop"]
    assert [toy(action).returncode for action in life] == [0, 0, 8, 0, 0, 0]


def test_what_it_does_not_have_is_unimplemented(toy: Agent) -> None:
    assert [toy(action).returncode for action in ("promote", "demote", "migrate_to", "reload", "")] == [3] * 5
    assert toy("start", "now").returncode == 2
    assert toy().returncode == 2


@pytest.mark.parametrize(
    ("error", "code"),
    [("PluginError", 1), ("BadConfig", 6), ("NotInstalled", 5), ("AccessDenied", 4), ("Unsupported", 3),
     ("TimedOut", 1), ("PermissionError", 4)],
)  # fmt: skip
def test_an_error_keeps_its_code_and_gives_the_reason_without_the_secret(toy: Agent, error: str, code: int) -> None:
    for action in ("start", "stop", "monitor"):
        done = toy(action, raises=error, password="hunter2")
        assert done.returncode == code
        assert "ocf-exit-reason:" in done.stderr
        assert "it went wrong ***" in done.stderr
        assert "hunter2" not in done.stdout + done.stderr


def test_bad_parameters_are_configuration_and_all_told_together(toy: Agent) -> None:
    for action in ("start", "monitor", "validate-all"):
        done = toy(action, file="here", count="0", fiel="x")
        assert done.returncode == 6
        for name in ("file 'here'", "count '0'", "fiel is no parameter of this plugin; did you mean file?"):
            assert name in done.stderr


def test_a_stop_with_parameters_that_no_start_accepts_has_nothing_to_stop(toy: Agent) -> None:
    assert toy("stop", file="here").returncode == 0
    assert toy("stop", file="").returncode == 0


def test_an_unknown_word_does_not_keep_a_stop_from_stopping(toy: Agent, tmp_path: Path) -> None:
    assert toy("start").returncode == 0
    assert toy("stop", fiel="x").returncode == 0
    assert (tmp_path / "word").read_text() == "stopped"


def test_validate_all_looks_at_this_host_unless_only_the_words_are_meant(toy: Agent) -> None:
    assert toy("validate-all").returncode == 5
    assert toy("validate-all", more={"OCF_CHECK_LEVEL": "10"}).returncode == 5
    assert toy("validate-all", more={"OCF_CHECK_LEVEL": "0"}).returncode == 0


def test_meta_data_needs_no_parameters_and_nothing_but_it_is_on_standard_output(toy: Agent) -> None:
    told = toy("meta-data", file="")
    assert told.returncode == 0
    assert '<resource-agent name="toy" version="1.0">' in told.stdout
    started = toy("start")
    assert (started.stdout, "the agent talks" in started.stderr) == ("", True)


def test_the_agent_knows_a_probe_from_a_monitor(toy: Agent, tmp_path: Path) -> None:
    toy("monitor", more={"OCF_RESKEY_CRM_meta_interval": "0"})
    assert (tmp_path / "word.occasion").read_text() == "my-toy probe"
    toy("monitor", more={"OCF_RESKEY_CRM_meta_interval": "10000"})
    assert (tmp_path / "word.occasion").read_text() == "my-toy monitor"


def test_what_follows_a_start_does_not_hold_the_cluster_up_and_ends_with_the_stop(toy: Agent, tmp_path: Path) -> None:
    assert toy("start", follow="yes").returncode == 0  # the pipes are closed, or this would wait for a minute
    told = tmp_path / "word.follows"
    wait_for(lambda: told.exists() and told.read_text() != "")
    first = int(told.read_text())
    assert is_alive(first)
    told.unlink()
    assert toy("start", follow="yes").returncode == 0
    assert not is_alive(first)
    wait_for(lambda: told.exists() and told.read_text() != "")
    assert toy("stop").returncode == 0
    assert not is_alive(int(told.read_text()))


def test_a_number_left_by_a_follow_up_that_has_ended_hurts_nobody(toy: Agent, tmp_path: Path) -> None:
    (tmp_path / "hb-my-toy.follow-up").write_text(str(os.getpid()))
    assert toy("stop").returncode == 0  # and we live


def wait_for(condition: Callable[[], bool]) -> None:
    until_s = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < until_s
        time.sleep(0.01)


def is_alive(number: int) -> bool:
    """Is it there and no zombie?"""
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
