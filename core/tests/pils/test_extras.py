"""A plugin that needs an extra of its distribution: without it, it is not installed, which is not broken."""

import json
from pathlib import Path

import pytest
from heartbeat.pils.last_found import LastFound
from heartbeat.pils.listing import State, checked, listed
from heartbeat.pils.registry import PluginRegistry
from heartbeat.pils.selection import Selection
from heartbeat.plugin import NotInstalled

from core.tests.plugin_site import GOOD, PluginSite


@pytest.fixture
def site(plugin_site: PluginSite) -> PluginSite:
    """One plugin behind an extra that nobody can have, one behind an extra that is here, one behind none at all."""
    source = f"import no_such_library_anywhere\n{GOOD}"
    for name, library in (("absent", "no-such-library-anywhere"), ("present", "click")):
        plugin_site.add(f"vendor-{name}", {f"stonith:{name}": "Good [more]"}, GOOD if name == "present" else source)
        metadata = plugin_site.folder / f"vendor_{name}-1.0.dist-info" / "METADATA"
        head, _, rest = metadata.read_text().partition("\n\n")
        wants = f"Provides-Extra: more\nRequires-Dist: {library}>=1 ; extra == 'more'\nRequires-Dist: msgspec"
        metadata.write_text(f"{head}\n{wants}\n\n{rest}")
    plugin_site.add("vendor-undeclared", {"stonith:undeclared": "Good [never]"})
    return plugin_site


def test_a_listing_says_what_pip_would_bring(site: PluginSite, tmp_path: Path) -> None:
    lines = {it.name: it for it in listed(PluginRegistry(site.points(), Selection()), "", LastFound(tmp_path))}
    assert lines["absent"].state is State.NOT_INSTALLED
    assert "pip install 'vendor-absent[more]'" in lines["absent"].problem
    assert lines["present"].state is State.INSTALLED
    assert lines["undeclared"].state is State.NOT_INSTALLED, "an extra that its distribution does not have"


def test_a_check_does_not_call_it_broken_and_does_not_import_it(site: PluginSite, tmp_path: Path) -> None:
    registry = PluginRegistry([it for it in site.points() if it.name == "absent"], Selection())
    lines, news = checked(registry, "", LastFound(tmp_path))
    assert [it.state for it in lines] == [State.NOT_INSTALLED]
    assert news == []


def test_who_asks_for_it_is_told_what_pip_would_bring(site: PluginSite) -> None:
    with pytest.raises(NotInstalled, match=r"stonith:absent needs more: `pip install 'vendor-absent\[more\]'`"):
        PluginRegistry(site.points(), Selection()).load("stonith", "absent")


def test_the_command_lists_it_so_and_finds_nothing_wrong(site: PluginSite) -> None:
    done = site.hb("plugin", "list", "stonith", "--check", "--json", HB_PLUGINS="absent")
    states = {it["name"]: it["state"] for it in json.loads(done.stdout)}
    assert states["absent"] == "not installed"
    assert done.returncode == 0
