"""HB_PLUGINS: what it lets load, in all the ways in which a plugin can be named."""

from importlib.metadata import EntryPoint, PathDistribution
from pathlib import Path

import pytest
from heartbeat.pils.announcement import Announcement
from heartbeat.pils.selection import Selection, selection_of

from core.tests.plugin_site import PluginSite


@pytest.fixture
def acme(plugin_site: PluginSite) -> Announcement:
    plugin_site.add("acme-power", {"stonith:acme": "Good"})
    (point,) = plugin_site.points()
    return Announcement("stonith", "acme", point)


def test_nothing_said_lets_everything_load(acme: Announcement) -> None:
    assert selection_of({}) == Selection()
    assert selection_of({}).allows(acme)
    assert selection_of({"HB_PLUGINS": ""}).allows(acme)


@pytest.mark.parametrize("word", ["acme", "stonith:acme", "acme-power", "acme-power:acme"])
def test_each_way_to_name_it_lets_it_load(acme: Announcement, word: str) -> None:
    assert selection_of({"HB_PLUGINS": f"udp, {word}"}).allows(acme)


@pytest.mark.parametrize("word", ["Acme", "acm", "comm:acme", "acme-powers", "stonith"])
def test_anything_else_leaves_it_out(acme: Announcement, word: str) -> None:
    assert not selection_of({"HB_PLUGINS": word}).allows(acme)


@pytest.mark.parametrize(("text", "strict"), [("", False), ("0", False), ("1", True), ("yes", True)])
def test_strict_is_anything_but_empty_and_0(text: str, *, strict: bool) -> None:
    assert selection_of({"HB_PLUGINS_STRICT": text}).strict is strict


def test_an_entry_point_of_nobody_can_be_named_by_its_name(tmp_path: Path) -> None:
    point = EntryPoint("acme", "acme:Good", "heartbeat.stonith")
    assert selection_of({"HB_PLUGINS": "acme"}).allows(Announcement("stonith", "acme", point))
    assert PathDistribution(tmp_path).read_text("METADATA") is None
