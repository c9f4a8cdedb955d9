"""conformance.toml: exemptions with their reasons, runs on real devices, and what is wrong with the file."""

import json
from pathlib import Path
from typing import Any

import pytest
from heartbeat.pils.scaffold import Scaffold

from core.tests.plugin_site import PluginSite

EXEMPT = """
[[exempt]]
code = "HB604"
plugin = "stonith:acme"
reason = "the maker's manual is on paper"
date = 2026-03-01
"""
PROVEN = """
[[proven]]
plugin = "stonith:acme"
device = "Acme PDU-8"
firmware = "2.14"
date = 2026-03-02
log = "proof/2026-03-02.log"
"""


class Project:
    """The folder of a new plugin and its conformance.toml."""

    def __init__(self, site: PluginSite, folder: Path) -> None:
        self.site, self.folder = site, folder
        Scaffold("stonith", "acme").write(folder, "4.0.0")
        self.package = folder / "src" / "heartbeat_stonith_acme"

    def verdict(self, text: str, *words: str) -> dict[str, Any]:
        (self.package / "conformance.toml").write_text(text)
        done = self.site.hb("plugin", "validate", str(self.folder), "--json", *words)
        verdict: dict[str, Any] = json.loads(done.stdout)
        return verdict


@pytest.fixture
def project(plugin_site: PluginSite, tmp_path: Path) -> Project:
    return Project(plugin_site, tmp_path / "acme")


def codes(verdict: dict[str, Any]) -> set[str]:
    return {it["code"] for it in verdict["findings"]}


def test_an_exempt_rule_is_no_finding_and_is_told_with_its_reason(project: Project) -> None:
    verdict = project.verdict(EXEMPT, "--select", "HB6")
    assert codes(verdict) == set()
    (told,) = verdict["exempted"]
    assert (told["code"], told["date"]) == ("HB604", "2026-03-01")
    assert told["reason"] == "the maker's manual is on paper"


def test_an_exemption_for_another_plugin_or_rule_covers_nothing(project: Project) -> None:
    assert "HB604" in codes(project.verdict(EXEMPT.replace(":acme", ":other"), "--select", "HB6"))
    assert "HB604" in codes(project.verdict(EXEMPT.replace("HB604", "HB603"), "--select", "HB6"))


def test_an_exemption_that_nothing_needs_is_a_finding_where_its_topic_was_looked_at(project: Project) -> None:
    unneeded = EXEMPT.replace("HB604", "HB104")
    assert "HB111" in codes(project.verdict(unneeded, "--select", "HB1"))
    assert "HB111" not in codes(project.verdict(unneeded, "--select", "HB6"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (EXEMPT.replace("reason", "because"), "lacks its reason"),
        (EXEMPT.replace("date = 2026-03-01", 'date = "soon"'), "lacks its date"),
        ("[[exempted]]\n", "exempted means nothing"),
        ("[[exempt]\n", "cannot be understood"),
        (PROVEN, "the log proof/2026-03-02.log of a proof is not beside it"),
        (PROVEN.replace("firmware", "version"), "lacks its firmware"),
    ],
)
def test_a_file_that_says_too_little_is_an_error(project: Project, text: str, says: str) -> None:
    verdict = project.verdict(text, "--select", "HB1")
    assert any(it["code"] == "HB110" and says in it["text"] for it in verdict["findings"])


def test_a_log_of_a_run_on_the_device_makes_a_conforming_plugin_a_proven_one(project: Project) -> None:
    (project.package / "proof").mkdir()
    (project.package / "proof" / "2026-03-02.log").write_text("off node1: read back off after 3.1 s\n")
    verdict = project.verdict(PROVEN)
    assert verdict["tier"] == "proven"
    assert verdict["proofs"] == [
        {"device": "Acme PDU-8", "firmware": "2.14", "date": "2026-03-02", "log": "proof/2026-03-02.log"}
    ]
    assert project.verdict(PROVEN, "--select", "HB1")["tier"] == ""


def test_fix_mends_what_is_mechanical_and_says_what_it_did(project: Project) -> None:
    (project.package / "py.typed").unlink()
    readme, pyproject = project.folder / "README.md", project.folder / "pyproject.toml"
    whole = readme.read_text()
    readme.write_text(whole.replace("| `port` |", "| `tcp_port` |"))
    pyproject.write_text(pyproject.read_text().replace('requires-python = ">=3.11"\n', ""))
    found = project.verdict("", "--select", "HB1", "--select", "HB6")
    assert {it["code"] for it in found["findings"] if it["fixable"]} == {"HB103", "HB105", "HB603"}
    mended = project.verdict("", "--select", "HB1", "--select", "HB6", "--fix")
    assert len(mended["fixed"]) == 3
    assert not any(it["fixable"] for it in mended["findings"])
    assert readme.read_text() == whole
    assert project.verdict("", "--select", "HB1", "--fix")["fixed"] == []


def test_fix_writes_a_readme_where_there_is_none(project: Project) -> None:
    (project.folder / "README.md").unlink()
    project.verdict("", "--select", "HB6", "--fix")
    assert "<!-- parameters of stonith:acme -->" in (project.folder / "README.md").read_text()


def test_fix_is_for_sources(plugin_site: PluginSite) -> None:
    done = plugin_site.hb("plugin", "validate", "null", "--fix")
    assert (done.returncode, "name their FOLDER" in done.stderr) == (2, True)
