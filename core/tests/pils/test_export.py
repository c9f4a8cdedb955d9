"""What is exported: words, metadata and files. How it behaves when run: test_export_fence.py, test_export_ocf.py."""

import stat
import sys
from pathlib import Path
from typing import ClassVar
from xml.etree import ElementTree as ET

import pytest
from heartbeat.pils.export_fence import fence_metadata
from heartbeat.pils.export_file import MARK, SHEBANG_MAX, executable, write_executable
from heartbeat.pils.export_ocf import ocf_metadata
from heartbeat.plugin import Health, Param, ParamKind, Power, ResourceAgent, Secret, StonithDevice

from core.tests.plugin_site import PluginSite

PARAMS = (
    Param("hostlist", ParamKind.HOSTS, required=True, example="a b", help="What it <switches> & more."),
    Param("port", ParamKind.PORT, default=22, help="Of the daemon."),
    Param("wait", ParamKind.SECONDS, default=0.5),
    Param("mood", ParamKind.CHOICE, choices=("good", "bad"), default="good"),
    Param("check", ParamKind.BOOL, default=True),
    Param("password", ParamKind.SECRET, required=True, default=Secret("hunter2"), example="hunter2"),
)


class Switch(StonithDevice):
    """A switch "in words"."""

    api = 1
    title = "a switch"
    test_only = "it is made of words"
    params = PARAMS
    worst_off_s: ClassVar[float] = 30.0

    def hosts(self) -> list[str]:
        return []

    def power(self, host: str) -> Power:
        return Power.UNKNOWN

    def switch(self, host: str, power: Power) -> None:
        pass


class Blind(Switch):
    can_read_power: ClassVar[bool] = False


class Service(ResourceAgent):
    """A service."""

    api = 1
    title = "a service"
    params = PARAMS
    start_timeout_s: ClassVar[float] = 90.0

    def start(self) -> None:
        pass

    def stop(self) -> None:
        pass

    def monitor(self) -> Health:
        return Health.STOPPED


class Promotable(Service):
    def promote(self) -> None:
        pass

    def demote(self) -> None:
        pass


def parameters(text: str) -> dict[str, ET.Element]:
    return {each.get("name", ""): each for each in ET.fromstring(text).iter("parameter")}


def content(entry: ET.Element) -> dict[str, str]:
    found = entry.find("content")
    assert found is not None
    return dict(found.attrib)


def test_a_parameter_whose_name_means_something_else_to_fence_agents_gets_another() -> None:
    found = parameters(fence_metadata(Switch, "fence_words"))
    assert content(found["device_port"]) == {"type": "integer", "default": "22"}
    assert found["port"].get("deprecated") == "1"
    assert found["plug"].get("obsoletes") == "port"


def test_contents_of_a_fence_agent_have_the_types_of_the_convention() -> None:
    found = parameters(fence_metadata(Switch, "fence_words"))
    assert content(found["wait"]) == {"type": "second", "default": "0.5"}
    assert content(found["mood"]) == {"type": "select", "default": "good"}
    assert [option.get("value") for option in found["mood"].iter("option")] == ["good", "bad"]
    assert content(found["check"]) == {"type": "boolean", "default": "true"}
    assert content(found["power_timeout"])["default"] == "60"  # twice the worst that the device declares


def test_a_secret_is_never_shown_and_may_come_from_a_program() -> None:
    for text in (fence_metadata(Switch, "fence_words"), ocf_metadata(Service, "words", "1.0")):
        assert "hunter2" not in text
    found = parameters(fence_metadata(Switch, "fence_words"))
    assert found["password"].get("required") == "0"
    assert "password_script" in found


def test_only_a_device_that_proves_nothing_offers_to_go_without_proof() -> None:
    assert "accept_unproved" in parameters(fence_metadata(Blind, "fence_blind"))
    assert "accept_unproved" not in parameters(fence_metadata(Switch, "fence_words"))


def test_what_must_not_protect_data_says_so_to_whoever_reads_the_metadata() -> None:
    told = ET.fromstring(fence_metadata(Switch, "fence_words")).findtext("longdesc")
    assert told == 'A switch "in words".\n\nFor tests only: it is made of words.'


def actions(text: str) -> list[tuple[str | None, str | None, str | None]]:
    found = ET.fromstring(text).iter("action")
    return [(each.get("name"), each.get("timeout"), each.get("role")) for each in found]


def test_an_ocf_agent_lists_what_its_plugin_can_do_with_its_limits() -> None:
    plain = actions(ocf_metadata(Service, "words", "1.0"))
    assert plain[:3] == [("start", "90s", None), ("stop", "60s", None), ("monitor", "20s", None)]
    assert {name for name, *_ in plain} == {"start", "stop", "monitor", "meta-data", "validate-all"}


def test_roles_are_listed_only_when_the_plugin_has_them() -> None:
    found = actions(ocf_metadata(Promotable, "words", "1.0"))
    assert {name for name, *_ in found} >= {"promote", "demote"}
    assert [role for name, _, role in found if name == "monitor"] == ["Unpromoted", "Promoted"]


def test_a_title_cannot_break_out_of_the_file() -> None:
    text = executable("module", "dist:name", 'a """ title\n \\', "ocf ra:name")
    compile(text, "exported", "exec")
    assert text.splitlines()[0] == f"#!{sys.executable} -Ps"


def test_a_python_that_a_first_line_cannot_name_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for path in ("/opt/my python/bin/python", "/" + "x" * SHEBANG_MAX):
        monkeypatch.setattr(sys, "executable", path)
        with pytest.raises(ValueError, match="for the first line of a file"):
            executable("module", "dist:name", "title", "ocf ra:name")


def test_a_file_is_replaced_only_when_it_is_ours(tmp_path: Path) -> None:
    file = tmp_path / "fence_apc"
    file.write_text("#!/usr/bin/python3\nDebian's own\n")
    with pytest.raises(FileExistsError, match="not of this command's making"):
        write_executable(file, "new")
    assert "Debian's own" in file.read_text()
    file.write_text(f"{MARK} before`")
    write_executable(file, "new")
    assert (file.read_text(), stat.S_IMODE(file.stat().st_mode)) == ("new", 0o755)
    assert list(tmp_path.iterdir()) == [file]


def test_the_command_writes_to_a_folder_a_file_or_the_screen(plugin_site: PluginSite, tmp_path: Path) -> None:
    plugin_site.add("acme-power", {"stonith:acme": "Good"})
    shown = plugin_site.hb("export", "fence-agent", "stonith:acme")
    assert shown.returncode == 0, shown.stderr
    assert "main('acme-power:acme')" in shown.stdout.replace('"', "'")
    assert len(shown.stdout.splitlines()) < 10
    for out in (tmp_path, tmp_path / "fence_other"):
        assert plugin_site.hb("export", "fence-agent", "acme", "--out", str(out)).returncode == 0
    assert (tmp_path / "fence_acme").read_text() == (tmp_path / "fence_other").read_text() == shown.stdout


def test_what_cannot_be_exported_is_told_in_a_line(plugin_site: PluginSite, tmp_path: Path) -> None:
    plugin_site.add("acme-power", {"stonith:acme": "Good"})
    other = plugin_site.hb("export", "ocf", "stonith:acme")
    assert (other.returncode, "stonith:acme is no ra plugin" in other.stderr) == (2, True)
    absent = plugin_site.hb("export", "fence-agent", "stonith:acne")
    assert (absent.returncode, "Did you mean acme?" in absent.stderr) == (1, True)
    nowhere = plugin_site.hb("export", "fence-agent", "acme", "--out", str(tmp_path / "no" / "file"))
    assert (nowhere.returncode, nowhere.stderr.count("\n")) == (1, 1)
