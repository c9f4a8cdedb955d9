"""The rules, each shown by a plugin that breaks it; and one that keeps them all."""

import json
from pathlib import Path

import pytest
from heartbeat.pils.registry import PluginRegistry
from heartbeat.pils.scaffold import MAIN, Scaffold
from heartbeat.pils.validation.behaviour import is_tested, kit_folders
from heartbeat.pils.validation.finding import Finding, Severity, tier
from heartbeat.pils.validation.importing import import_findings
from heartbeat.pils.validation.packaging import packaging_findings
from heartbeat.pils.validation.papers import papers_of_project

from core.tests.plugin_site import GOOD, PluginSite


class Project:
    """A new plugin's folder, in which one thing at a time goes wrong."""

    def __init__(self, site: PluginSite, folder: Path) -> None:
        self.site = site
        self.folder = folder
        Scaffold("stonith", "acme").write(folder, "4.0.0")
        self.module = folder / "src" / "heartbeat_stonith_acme"

    def change(self, file: str, old: str, new: str) -> None:
        path = self.folder / file
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    def begin(self, line: str) -> None:
        """Put a line in front of the driver's own, after its docstring."""
        self.change("src/heartbeat_stonith_acme/device.py", "import socket\n", f"import socket\n{line}\n")

    def found(self, topic: str) -> dict[str, str]:
        """Return code and text of what validating the folder finds about one topic."""
        done = self.site.hb("plugin", "validate", str(self.folder), "--json", "--select", topic)
        verdict = json.loads(done.stdout)
        assert done.returncode == int(any(it["severity"] != "advice" for it in verdict["findings"]))
        return {it["code"]: it["text"] for it in verdict["findings"]}

    def packaging(self) -> dict[str, str]:
        found = packaging_findings(papers_of_project(self.folder), PluginRegistry())
        return {it.code: it.text for it in found}

    def importing(self) -> dict[str, str]:
        papers = papers_of_project(self.folder)
        return {it.code: it.text for it in import_findings(papers, papers.points[0])}


@pytest.fixture
def project(plugin_site: PluginSite, tmp_path: Path) -> Project:
    return Project(plugin_site, tmp_path / "acme")


@pytest.mark.parametrize("kind", MAIN)
def test_a_new_plugin_of_each_kind_is_conforming_as_it_comes(
    plugin_site: PluginSite, tmp_path: Path, kind: str
) -> None:
    Scaffold(kind, "acme").write(tmp_path / "acme", "4.0.0")
    done = plugin_site.hb("plugin", "validate", str(tmp_path / "acme"), "--json")
    verdict = json.loads(done.stdout)
    assert [it["text"] for it in verdict["findings"] if it["severity"] != "advice"] == []
    assert {it["code"] for it in verdict["findings"]} == {"HB106", "HB604"}, "the author's to choose and to know"
    assert (done.returncode, verdict["tier"]) == (0, "conforming")


PYPROJECT = "pyproject.toml"


@pytest.mark.parametrize(
    ("old", "new", "code", "says"),
    [
        ('acme = "heartbeat', '"acme 2" = "heartbeat', "HB101", "cannot be written in the files"),
        ('"heartbeat.stonith"', '"heartbeat.stonit"', "HB101", "is no group that this core"),
        ('"heartbeat.stonith"', '"other.stonith"', "HB100", "announces no plugin"),
        ('acme = "heartbeat', 'null = "heartbeat', "HB102", "heartbeat-stonith-null 4.0.0 announces the same name"),
        ('requires-python = ">=3.11"\n', "", "HB103", "which Python"),
        ('"heartbeat-core>=4.0,<5"]\n\n[project.opt', '"pyserial"]\n\n[project.opt', "HB104", "does not depend on"),
        ('core>=4.0,<5"]\n\n[project.opt', 'core>=4.0"]\n\n[project.opt', "HB104", "range of heartbeat-core is open"),
        ('core>=4.0,<5"]\n\n[project.opt', 'core==4.0.0"]\n\n[project.opt', "HB104", "one exact version"),
        ('description = "The STONITH device acme"\n', "", "HB109", "no description"),
    ],
)
def test_packaging(project: Project, old: str, new: str, code: str, says: str) -> None:
    project.change(PYPROJECT, old, new)
    assert says in project.packaging()[code]


def test_a_top_level_package_of_everybodys_name_is_an_error(project: Project) -> None:
    (project.folder / "src" / "tests").mkdir()
    (project.folder / "src" / "tests" / "__init__.py").write_text("")
    (project.module / "py.typed").unlink()
    found = project.packaging()
    assert "top-level package tests" in found["HB108"]
    assert "py.typed" in found["HB105"]


@pytest.mark.parametrize(
    ("line", "code", "says"),
    [
        ("import no_such_library_anywhere", "HB201", "No module named 'no_such_library_anywhere'"),
        ("import sys; sys.exit(3)", "HB201", "it ended the process"),
        ("import time; time.sleep(1.2)", "HB202", "its import takes 1."),
        ("print('hello')", "HB203", "its import prints: 'hello'"),
        (
            "import threading; threading.Thread(target=threading.Event().wait, daemon=True).start()",
            "HB204",
            "starts threads",
        ),
        ("OPEN = open('/etc/hostname')", "HB205", "leaves /etc/hostname open"),
        ("import pytest", "HB206", "imports pytest, which it does not require"),
        ("import heartbeat.kernel.kernel", "HB207", "imports heartbeat.kernel"),
    ],
)
def test_importing(project: Project, line: str, code: str, says: str) -> None:
    project.begin(line)
    assert says in project.importing()[code]


def test_what_is_required_may_be_imported(project: Project) -> None:
    project.begin("import pytest")
    project.change(PYPROJECT, 'core>=4.0,<5"]\n\n[project.opt', 'core>=4.0,<5", "PyTest>=8"]\n\n[project.opt')
    assert project.importing() == {}


@pytest.mark.parametrize(("line", "found"), [("import msgspec", []), ("import typing_extensions", ["HB206"])])
def test_what_a_required_library_takes_along_is_the_library_s_business(
    project: Project, line: str, found: list[str]
) -> None:
    """msgspec, which core brings, takes typing_extensions when it is there, as mypy has brought it here."""
    project.begin(line)
    assert list(project.importing()) == found


DEVICE = "src/heartbeat_stonith_acme/device.py"


@pytest.mark.parametrize(
    ("old", "new", "code", "says"),
    [
        ("    api = 1\n", "", "HB301", "does not state the contract version"),
        ("(StonithDevice)", "", "HB301", "it is not a StonithDevice"),
        ("def switch(self, host: str, power: Power)", "def switch(self, host: str)", "HB302", "cannot be called as"),
        ("import socket\n", "import soccet\n", "HB300", "No module named 'soccet'"),
    ],
)
def test_the_contract(project: Project, old: str, new: str, code: str, says: str) -> None:
    project.change(DEVICE, old, new)
    assert says in project.found("HB3")[code]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('"password", ParamKind.SECRET', '"password", ParamKind.STR', "sounds like a secret"),
        ('help="The switch."', 'help=""', "parameter ipaddr has no help"),
        ('default=2300, example="2300"', 'default=2300, example="0"', "refuses its own example '0'"),
    ],
)
def test_parameters(project: Project, old: str, new: str, says: str) -> None:
    project.change(DEVICE, old, new)
    assert says in project.found("HB4")["HB401"]


def test_behaviour_is_what_the_kit_finds_on_the_simulator(project: Project) -> None:
    project.change(DEVICE, '{"on": Power.ON, "off": Power.OFF}.get(answer, Power.UNKNOWN)', "Power.OFF")
    assert "test_" in project.found("HB5")["HB502"]


def test_tests_without_the_kit_prove_nothing(project: Project) -> None:
    test = project.folder / "tests" / "test_stonith_acme.py"
    test.write_text("def test_nothing() -> None:\n    assert True\n")
    assert "no class in tests/ gives Acme to the conformance kit" in project.found("HB5")["HB501"]


def test_each_plugin_of_a_distribution_needs_a_class_of_its_own_in_the_tests(project: Project) -> None:
    """Two names of one class need one; two classes need two."""
    twice = 'acme = "heartbeat_stonith_acme:Acme"\nacme2 = "heartbeat_stonith_acme:Acme"\n'
    project.change(PYPROJECT, 'acme = "heartbeat_stonith_acme:Acme"\n', twice)
    papers = papers_of_project(project.folder)
    assert [is_tested(papers, point) for point in papers.points] == [True, True]
    project.change(PYPROJECT, 'acme2 = "heartbeat_stonith_acme:Acme"', 'acme2 = "heartbeat_stonith_acme.device:Other"')
    papers = papers_of_project(project.folder)
    assert [is_tested(papers, point) for point in papers.points] == [True, False]
    test = project.folder / "tests" / "test_stonith_acme.py"
    test.write_text(test.read_text() + "\nclass TestOther(TestAcme):\n    plugin: type = device.Other\n")
    assert all(is_tested(papers, point) for point in papers.points)


def test_of_a_distribution_that_is_much_else_only_the_tests_around_its_plugins_are_run(project: Project) -> None:
    papers = papers_of_project(project.folder)
    assert kit_folders(papers) == ["tests"]
    tests, apart = project.folder / "tests", project.folder / "tests" / "devices"
    (apart / "more").mkdir(parents=True)
    for file in list(tests.glob("*.py")):
        file.rename(apart / file.name)
    (apart / "more" / "test_more.py").write_text((apart / "test_stonith_acme.py").read_text())
    (tests / "test_else.py").write_text("import heartbeat.testing\n\nclass TestToy:\n    plugin = Toy\n")
    assert kit_folders(papers) == ["tests/devices"]


def test_documents(project: Project) -> None:
    project.change("README.md", "| `port` |", "| `tcp_port` |")
    found = project.found("HB6")
    assert "README lacks the table" in found["HB603"]
    assert "docs_url" in found["HB604"]
    (project.folder / "README.md").unlink()
    assert "it has no README" in project.found("HB6")["HB602"]


def test_an_installed_plugin_is_judged_without_sources_and_says_what_was_not_looked_at(plugin_site: PluginSite) -> None:
    plugin_site.add("acme-power", {"stonith:acme": "Good"}, GOOD)
    done = plugin_site.hb("plugin", "validate", "acme")
    assert done.returncode == 1
    assert "HB104: it does not depend on heartbeat-core" in done.stdout
    assert "HB5 was not looked at: its tests are with the sources" in done.stdout
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        (["far"], 1, "`pip install vendor-far` brings it"),
        (["/proc"], 2, "/proc/pyproject.toml: No such file or directory"),
        (["null", "--select", "HB9"], 2, "'HB9' is none of HB1"),
    ],
)
def test_what_cannot_be_judged(plugin_site: PluginSite, words: list[str], status: int, says: str) -> None:
    plugin_site.add_known("vendor-far", "stonith:far")
    done = plugin_site.hb("plugin", "validate", *words)
    assert (done.returncode, says in done.stderr) == (status, True)


def test_a_tier_needs_all_its_topics_looked_at_and_free_of_errors() -> None:
    everything = {"HB1", "HB2", "HB3", "HB4", "HB5", "HB6"}
    assert tier([], everything) == "conforming"
    assert tier([], everything, proven=True) == "proven"
    assert tier([], everything - {"HB5"}, proven=True) == "listed"
    assert tier([Finding("HB401", Severity.WARNING, "", "")], everything) == "conforming"
    assert tier([Finding("HB401", Severity.ERROR, "", "")], everything) == "listed"
    assert tier([Finding("HB201", Severity.ERROR, "", "")], everything) == ""
