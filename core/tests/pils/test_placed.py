"""Plugins whose places a check has found: imported without a scan, and scanned for when they are not there any more."""

import subprocess
import sys
from pathlib import Path

import pytest
from heartbeat.pils.adapter import adapted_device
from heartbeat.pils.place import load_class, place_of
from heartbeat.pils.placed import PlacedPlugins
from heartbeat.pils.registry import PluginRegistry
from heartbeat.plugin import StonithDevice, v0

NULL = ("stonith", "null")
PLACE = place_of(PluginRegistry().load(*NULL))


def test_a_place_is_where_the_class_is() -> None:
    assert load_class(PLACE) is PluginRegistry().load(*NULL)


def test_what_no_import_gives_has_no_place() -> None:
    class Old(v0.StonithDevice):
        """Written for the previous contract."""

    assert place_of(adapted_device(Old)) == ""
    assert place_of(Old) == ""


def test_what_was_planned_is_imported_without_a_scan() -> None:
    program = (
        "import sys\nfrom heartbeat.pils.placed import PlacedPlugins\n"
        f"print(PlacedPlugins([(*{NULL}, {PLACE!r})]).load(*{NULL}).__name__)\n"
        "print(sorted({'stevedore', 'importlib.metadata', 'heartbeat.pils.registry'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == [load_class(PLACE).__name__, "[]"]


def test_what_was_not_planned_is_scanned_for() -> None:
    assert PlacedPlugins([]).load(*NULL) is load_class(PLACE)


@pytest.mark.parametrize("module", ["", "raise SystemExit(3)", "class Null:\n    pass", "Null = 3"])
def test_what_is_not_at_its_place_any_more_is_scanned_for(
    module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "upgraded_since.py").write_text(module)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "upgraded_since", raising=False)
    found = PlacedPlugins([(*NULL, "upgraded_since:Null")]).load(*NULL)
    assert issubclass(found, StonithDevice)
    assert found is load_class(PLACE)


def test_a_scan_that_finds_nothing_either_says_so() -> None:
    with pytest.raises(LookupError, match="no installed plugin is called stonith:gone"):
        PlacedPlugins([("stonith", "gone", "gone_altogether:Gone")]).load("stonith", "gone")
