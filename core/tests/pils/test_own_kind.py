"""A vendor's own kind: one contract class and one group, and everything that core's kinds have works for it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.tests.plugin_site import PluginSite

METRONOME = '''
import abc
from typing import ClassVar
from heartbeat.plugin import Kind, Param, ParamKind, Plugin

class Metronome(Plugin, abc.ABC):
    """Beats time."""

    is_steady: ClassVar[bool] = True

    def __init__(self, params):
        self.settings = params

    @abc.abstractmethod
    def beat(self, count: int, loud: bool = False) -> float:
        """Return how long so many beats take, in seconds."""

    @property
    @abc.abstractmethod
    def tempo(self) -> float:
        """Beats in a minute."""

    def rest(self) -> None:
        """May pause."""

METRONOME = Kind("metronome", "heartbeat.metronome", Metronome, "metronome")

class Pendulum(Metronome):
    """A pendulum, which slows down in the heat."""

    api = 1
    title = "pendulum"
    params = (Param("length", ParamKind.INT, required=True, unit="mm", minimum=1, example="994", help="Of the rod."),)

    def beat(self, count, loud=False):
        return count * 1.0

    @property
    def tempo(self):
        return 60.0

    def rest(self):
        pass
'''
BROKEN = """
from acme_kinds import Metronome

class Quartz(Metronome):
    api = 1
    title = "quartz"
    def beat(self):
        return 1.0
"""


@pytest.fixture
def site(plugin_site: PluginSite) -> PluginSite:
    plugin_site.add("acme-kinds", {"kinds:metronome": "METRONOME", "metronome:pendulum": "Pendulum"}, METRONOME)
    plugin_site.add("other-quartz", {"metronome:quartz": "Quartz"}, BROKEN)
    return plugin_site


def test_it_is_listed_by_its_own_word_and_checked(site: PluginSite) -> None:
    listed = json.loads(site.hb("plugin", "list", "metronome", "--json").stdout)
    assert [(it["kind"], it["name"]) for it in listed] == [("metronome", "pendulum"), ("metronome", "quartz")]
    checked = json.loads(site.hb("plugin", "list", "metronome", "--check", "--json").stdout)
    assert [it["state"] for it in checked] == ["ok", "broken"]
    assert "it does not implement tempo" in checked[1]["problem"]
    assert "Did you mean metronome?" in site.hb("plugin", "list", "metronom").stderr


def test_it_is_shown_with_parameters_and_with_what_its_contract_calls_a_capability(site: PluginSite) -> None:
    facts = json.loads(site.hb("plugin", "show", "pendulum", "--json").stdout)
    assert (facts["kind"], facts["capabilities"], facts["refines"]) == ("metronome", {"is_steady": True}, ["rest"])
    page = site.hb("plugin", "show", "metronome:pendulum", "--markdown").stdout
    assert "pendulum: a metronome of `acme-kinds`" in page
    assert "| `length` | number, mm, at least 1 | required | `994` | Of the rod. |" in page


def test_it_is_validated_by_its_own_contract(site: PluginSite) -> None:
    def found(name: str) -> list[str]:
        done = site.hb("plugin", "validate", name, "--json", "--select", "HB3", "--select", "HB4")
        return [f"{it['code']} {it['text']}" for it in json.loads(done.stdout)["findings"]]

    assert found("metronome:pendulum") == []
    assert found("metronome:quartz") == ["HB301 it does not implement tempo"]


def test_the_kit_judges_what_is_installed(site: PluginSite) -> None:
    def judged(name: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--pyargs", "heartbeat.testing"]
        return subprocess.run(
            [*command, "--hb-plugin", f"metronome:{name}"],
            cwd=site.folder,
            env=site.environment(),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    assert " passed" in judged("pendulum").stdout
    assert "it does not implement tempo" in judged("quartz").stdout


def test_its_scaffold_has_the_methods_of_the_contract_and_passes_its_own_tests(
    site: PluginSite, tmp_path: Path
) -> None:
    home = tmp_path / "new"
    made = site.hb("plugin", "new", "metronome", "click-track", "--dir", str(home))
    assert made.returncode == 0, made.stderr
    source = (home / "src" / "heartbeat_metronome_click_track" / "plugin.py").read_text()
    assert "class ClickTrack(Metronome):" in source
    assert "    def beat(self, count, loud=False):\n" in source
    assert "    @property\n    def tempo(self):\n" in source
    assert "def rest" not in source
    pyproject = (home / "pyproject.toml").read_text()
    assert ', "acme-kinds>=1.0"]' in pyproject
    assert '[project.entry-points."heartbeat.metronome"]\nclick-track = ' in pyproject
    paths = os.pathsep.join([str(home / "src"), str(site.folder)])
    command = [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider"]
    tested = subprocess.run(
        command,
        cwd=home,
        env=site.environment(PYTHONPATH=paths),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert tested.returncode == 0, tested.stdout
    judged = site.hb("plugin", "validate", str(home), "--json")
    wrong = [it["text"] for it in json.loads(judged.stdout)["findings"] if it["severity"] != "advice"]
    assert wrong == []


def test_a_kind_that_is_broken_or_announced_twice_is_wrong_use_and_no_traceback(site: PluginSite) -> None:
    site.add("bad-kind", {"kinds:broken": "KIND"}, "KIND = 3\n")
    site.add("rival-kinds", {"kinds:metronome": "METRONOME"}, METRONOME)
    for kind, says in (("broken", "it is not a heartbeat.plugin.Kind"), ("metronome", "by several distributions")):
        made = site.hb("plugin", "new", kind, "thing", "--dir", str(site.folder / "thing"))
        assert (made.returncode, "Traceback" in made.stderr) == (2, False)
        assert says in made.stderr
    assert site.hb("plugin", "list").returncode == 0


PYPROJECT = """
[project]
name = "acme-kinds"
version = "1.0"
description = "A kind of plugin"
requires-python = ">=3.11"
dependencies = ["heartbeat-core>=4.0,<5"]

[project.entry-points."heartbeat.kinds"]
metronome = "acme_kinds:METRONOME"

[project.entry-points."heartbeat.conformance"]
metronome = "acme_kinds.kit:MetronomeConformance"
"""


def judged_folder(site: PluginSite, folder: Path, source: str, papers: str = PYPROJECT) -> dict[str, str]:
    """Return code and text of all findings about a folder that announces a kind, but for those about papers."""
    package = folder / "src" / "acme_kinds"
    package.mkdir(parents=True, exist_ok=True)
    (folder / "pyproject.toml").write_text(papers)
    (package / "__init__.py").write_text(source)
    (package / "py.typed").touch()
    done = site.hb("plugin", "validate", str(folder), "--json")
    return {it["code"]: it["text"] for it in json.loads(done.stdout)["findings"] if it["code"] != "HB106"}


def test_a_distribution_that_only_announces_a_kind_is_one(plugin_site: PluginSite, tmp_path: Path) -> None:
    assert judged_folder(plugin_site, tmp_path, METRONOME) == {}


def test_its_own_plugins_are_judged_by_the_kind_in_the_same_folder(plugin_site: PluginSite, tmp_path: Path) -> None:
    with_plugin = f'{PYPROJECT}[project.entry-points."heartbeat.metronome"]\npendulum = "acme_kinds:Pendulum"\n'
    found = judged_folder(plugin_site, tmp_path, METRONOME, with_plugin)
    assert found.keys() == {"HB501", "HB602", "HB604"}
    assert "no class in tests/ gives Pendulum to the conformance kit" in found["HB501"]


def test_what_is_announced_and_is_no_kind_is_told(plugin_site: PluginSite, tmp_path: Path) -> None:
    assert "it is not a heartbeat.plugin.Kind" in judged_folder(plugin_site, tmp_path, "METRONOME = 3\n")["HB304"]
    cores = PYPROJECT.replace("metronome =", "stonith =")
    assert "core has a kind stonith" in judged_folder(plugin_site, tmp_path, METRONOME, cores)["HB304"]


def test_its_conformance_class_is_nobodys_strange_group_and_no_plugin(plugin_site: PluginSite) -> None:
    plugin_site.add("acme-kinds", {"kinds:metronome": "METRONOME", "conformance:metronome": "Kit"}, METRONOME)
    told = plugin_site.hb("plugin", "doctor").stdout
    assert "which nobody reads" not in told
    assert "conformance:metronome" not in plugin_site.hb("plugin", "lock").stdout
