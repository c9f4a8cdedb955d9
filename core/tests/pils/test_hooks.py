"""Hooks: each listener hears what it asked for, in its own guard; a broken one harms nobody."""

import importlib
import sys
from pathlib import Path

import pytest
from heartbeat.pils.failure import CannotLoad
from heartbeat.pils.hooks import HOOKS, Listeners
from heartbeat.pils.registry import PluginRegistry
from heartbeat.pils.selection import Selection
from heartbeat.plugin import BadConfig

from core.tests.plugin_site import PluginSite

EAR = '''
from heartbeat.plugin import Listener, Param, ParamKind

HEARD = []

class Ear(Listener):
    """Remembers."""

    api = 1
    params = (Param("loud", ParamKind.BOOL, default=False),)

    def node_fenced(self, node, proof):
        HEARD.append((node, proof))

    def view_installed(self, members):
        HEARD.append(tuple(members))
'''

RAISES = EAR.replace("HEARD.append((node, proof))", "raise RuntimeError(f'no ear for {node}')")
ASTRAY = EAR.replace("def node_fenced(self, node, proof)", "def node_fenced(self, nose, proof)").replace(
    "(node,", "(nose,"
)
DIES = EAR.replace(
    "HEARD = []", "HEARD = []\n\nclass Mixin:\n    def __init__(self, params):\n        raise SystemExit(3)"
)
DIES = DIES.replace("class Ear(Listener)", "class Ear(Mixin, Listener)")


class Ears:
    """Listeners of a site, and what was reported about them."""

    def __init__(self, site: PluginSite) -> None:
        self.reported: list[tuple[str, str]] = []
        self.listeners = Listeners(PluginRegistry(site.points(), Selection()), self.report)

    def report(self, name: str, problem: BaseException) -> None:
        self.reported.append((name, str(problem)))

    def heard(self, module: str) -> list[object]:
        found: list[object] = sys.modules[module].HEARD
        return found


@pytest.fixture
def ears(plugin_site: PluginSite, monkeypatch: pytest.MonkeyPatch) -> Ears:
    monkeypatch.syspath_prepend(str(plugin_site.folder))
    importlib.invalidate_caches()
    for name in ("ear_good", "ear_raises", "ear_astray", "ear_dies"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    plugin_site.add("ear-good", {"hooks:good": "Ear"}, EAR)
    return Ears(plugin_site)


def fenced(ears: Ears) -> None:
    ears.listeners.tell("node_fenced", node="node1", device="acme", proof="read back")


def test_a_listener_gets_the_arguments_that_it_names_and_no_others(ears: Ears) -> None:
    ears.listeners.add("good", {})
    fenced(ears)
    ears.listeners.tell("view_installed", epoch=1, members=["node1"], left=[], joined=[])
    ears.listeners.tell("link_changed", node="node1", link="bcast/eth1", state="down")
    assert ears.heard("ear_good") == [("node1", "read back"), ("node1",)]


def test_one_that_raises_is_reported_by_name_and_the_others_hear_all_the_same(
    ears: Ears, plugin_site: PluginSite
) -> None:
    plugin_site.add("ear-raises", {"hooks:raises": "Ear"}, RAISES)
    both = Ears(plugin_site)
    both.listeners.add("good", {})
    both.listeners.add("raises", {})
    fenced(both)
    fenced(both)
    assert both.heard("ear_good") == [("node1", "read back")] * 2
    assert both.reported == [("raises", "no ear for node1")] * 2


def test_one_that_asks_for_what_the_fact_does_not_tell_is_refused_and_hears_nothing(
    ears: Ears, plugin_site: PluginSite
) -> None:
    plugin_site.add("ear-astray", {"hooks:astray": "Ear"}, ASTRAY)
    both = Ears(plugin_site)
    both.listeners.add("good", {})
    with pytest.raises(CannotLoad, match="nose"):
        both.listeners.add("astray", {})
    fenced(both)
    assert both.heard("ear_good") == [("node1", "read back")]
    assert both.heard("ear_astray") == []


def test_one_that_ends_the_process_when_it_is_made_does_not(ears: Ears, plugin_site: PluginSite) -> None:
    plugin_site.add("ear-dies", {"hooks:dies": "Ear"}, DIES)
    with pytest.raises(CannotLoad, match=r"sys\.exit\(3\)"):
        Ears(plugin_site).listeners.add("dies", {})


def test_wrong_parameters_are_told_with_the_hooks_name(ears: Ears) -> None:
    with pytest.raises(BadConfig, match=r"hook good: loud 'very' is not valid.*; volume is no parameter"):
        ears.listeners.add("good", {"loud": "very", "volume": "11"})


def test_a_fact_is_told_completely_or_not_at_all(ears: Ears) -> None:
    with pytest.raises(AssertionError, match="node_fenced is told with"):
        ears.listeners.tell("node_fenced", node="node1")


def test_every_fact_of_the_contract_is_a_hook() -> None:
    assert set(HOOKS) >= {"view_installed", "node_fenced", "group_moved", "link_changed", "decision_taken"}


def test_pluggy_is_not_imported_before_somebody_listens() -> None:
    import subprocess

    code = "import sys, heartbeat.pils.hooks; sys.exit('pluggy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=Path("/")).returncode == 0
