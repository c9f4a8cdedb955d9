"""docs/plugins/ is what the plugins say about themselves, and every first-party plugin keeps the rules it publishes."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from heartbeat.cli import hb
from heartbeat.pils.pages import INDEX, WHERE, pages
from heartbeat.pils.registry import PluginRegistry

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = [ROOT / "core", *sorted(path.parent for path in ROOT.glob("plugins_*/*/pyproject.toml"))]
FAST_TOPICS = ("HB1", "HB2", "HB3", "HB4", "HB6")
"""HB5 runs the folder's own tests, which this very run of pytest does too."""
WHOLE = ("core", "null", "crc")
"""So it is for these alone: two that are quick, and the one with much else besides plugins."""


def test_the_pages_are_what_the_plugins_say_now() -> None:
    wanted = pages(ROOT, PluginRegistry())
    written = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / WHERE).glob("*")}
    stale = sorted(name for name in wanted.keys() | written.keys() if wanted.get(name) != written.get(name))
    assert not stale, f"run python -m heartbeat.pils.pages . for {', '.join(stale)}"


def test_every_plugin_of_the_workspace_has_a_page_and_a_line_in_the_index() -> None:
    registry = PluginRegistry()
    ours = {folder.name for folder in ROOT.glob("plugins_*/*")}
    announced = [it for it in registry.announced() if it.distribution.rpartition("-")[2] in ours]
    assert announced
    index = (ROOT / WHERE / INDEX).read_text(encoding="utf-8")
    for it in announced:
        assert (ROOT / WHERE / f"{it.kind}-{it.name}.md").exists()
        assert f"[{it.name}]({it.kind}-{it.name}.md)" in index


def test_a_page_says_all_that_an_administrator_must_know() -> None:
    page = (ROOT / WHERE / "stonith-ssh.md").read_text(encoding="utf-8")
    assert "**For tests only**: it needs the victim's help" in page
    assert "| `delay` | duration, s, 0 to 60 | `2.0` |" in page
    assert "stonith_host * ssh node1,node2" in page
    assert "by itself it never protects shared data" in page
    assert "(../../plugins_stonith/ssh/README.md)" in page


def test_show_makes_the_page_of_what_is_installed() -> None:
    page = CliRunner().invoke(hb, ["plugin", "show", "stonith:null", "--markdown"])
    assert page.exit_code == 0
    assert page.output.startswith("# stonith:null\n")
    assert page.output.splitlines()[2] in (ROOT / WHERE / "stonith-null.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_first_party_plugin_keeps_the_public_rules(folder: Path) -> None:
    select = [word for topic in FAST_TOPICS for word in ("--select", topic)]
    done = CliRunner().invoke(hb, ["plugin", "validate", str(folder), *select])
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize("folder", [it for it in FOLDERS if it.name in WHOLE], ids=lambda folder: folder.name)
def test_validating_a_first_party_folder_with_its_tests_finds_it_conforming(folder: Path) -> None:
    done = CliRunner().invoke(hb, ["plugin", "validate", str(folder), "--json"])
    verdict = json.loads(done.output)
    assert (done.exit_code, verdict["tier"]) == (0, "conforming"), verdict["findings"]
