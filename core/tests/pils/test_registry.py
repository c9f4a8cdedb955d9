"""The registry: found by metadata, loaded one by one, and never one of two silently."""

import importlib
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint

import pytest
from heartbeat.pils.failure import CannotLoad
from heartbeat.pils.registry import Ambiguous, PluginRegistry
from heartbeat.pils.selection import LeftOut, Selection
from heartbeat.plugin import PluginError, StonithDevice

from core.tests.plugin_site import BROKEN, GOOD, PluginSite

CATALOGUE = '''
from heartbeat.plugin import Catalogue, CatalogueEntry

class Scripts(Catalogue):
    """Finds one type."""

    api = 1
    title = "one type"
    RANK = {rank}

    def entries(self):
        return [CatalogueEntry("ra", "thing", "script", {{"script": "/etc/{rank}"}}, "/etc/{rank}", self.RANK)]

    def find(self, name):
        {find}
        return next((entry for entry in self.entries() if entry.name == name), None)
'''

KIND = '''
from heartbeat.plugin import Kind, Plugin

class Detector(Plugin):
    """Hears what others do not."""

class Radar(Detector):
    """Turns."""

    api = 1

KIND = Kind("detector", "heartbeat.{group}", Detector, "detector")
'''


@pytest.fixture(autouse=True)
def importable(plugin_site: PluginSite) -> Iterator[None]:
    """Let this process import from the folder, and forget afterwards what it did."""
    before = set(sys.modules)
    sys.path.insert(0, str(plugin_site.folder))
    yield
    sys.path.remove(str(plugin_site.folder))
    for name in set(sys.modules) - before:
        if getattr(sys.modules[name], "__file__", None) and str(plugin_site.folder) in str(sys.modules[name].__file__):
            del sys.modules[name]


def registry(site: PluginSite, selection: Selection | None = None) -> PluginRegistry:
    return PluginRegistry(site.points(), selection or Selection())


def test_asking_for_names_imports_nothing(plugin_site: PluginSite) -> None:
    plugin_site.add("acme", {"stonith:acme": "Good", "comm:bus": "Bus"}, "raise AssertionError('imported')")
    known = registry(plugin_site)
    assert known.names("stonith") == ["acme"]
    assert known.names("comm") == ["bus"]
    assert known.names("ra") == []
    assert [it.origin for it in known.announced()] == ["acme 1.0", "acme 1.0"]


def test_name_and_version_are_those_of_the_metadata_and_not_of_the_folder(plugin_site: PluginSite) -> None:
    module = plugin_site.add("acme-power", {"stonith:acme": "Good"})
    head = "Metadata-Version: 2.1\nname: Acme.Power\nVERSION: 1.0rc1\nSummary: Name: not this\n\nName: nor this\n"
    (plugin_site.folder / f"{module}-1.0.dist-info" / "METADATA").write_text(head)
    (found,) = registry(plugin_site).announced()
    assert (found.distribution, found.version) == ("Acme.Power", "1.0rc1")


def test_metadata_without_a_name_is_no_reason_to_stop(plugin_site: PluginSite) -> None:
    module = plugin_site.add("acme-power", {"stonith:acme": "Good"})
    (plugin_site.folder / f"{module}-1.0.dist-info" / "METADATA").write_text("")
    (found,) = registry(plugin_site).announced()
    assert found.origin == "an unnamed distribution"
    assert issubclass(registry(plugin_site).load("stonith", "acme"), StonithDevice)


def test_only_the_plugin_that_is_named_is_imported(plugin_site: PluginSite) -> None:
    plugin_site.add_broken()
    plugin_site.add("acme", {"stonith:acme": "Good"})
    known = registry(plugin_site)
    assert known.load("stonith", "acme").title == "a switch in a file"
    assert "vendor_one" not in sys.modules
    assert known.failures == []


def test_a_class_is_imported_once(plugin_site: PluginSite) -> None:
    plugin_site.add("acme", {"stonith:acme": "Good"})
    known = registry(plugin_site)
    assert known.load("stonith", "acme") is known.load("stonith", "acme:acme")


def test_what_nobody_announces_is_a_lookup_error_with_the_known_mend(plugin_site: PluginSite) -> None:
    known = registry(plugin_site)
    with pytest.raises(LookupError, match="stonith:rps10; `pip install heartbeat-stonith-rps10` brings it"):
        known.load("stonith", "rps10")
    with pytest.raises(LookupError, match=r"no installed plugin is called ra:nothing$"):
        known.load("ra", "nothing")


def test_a_doubled_name_is_refused_and_chosen_by_its_distribution(plugin_site: PluginSite) -> None:
    for vendor in ("one", "other"):
        plugin_site.add(f"vendor-{vendor}", {"stonith:twin": "Good"})
    known = registry(plugin_site)
    with pytest.raises(Ambiguous, match=r"vendor-one 1.0 and vendor-other 1.0: write vendor-one:twin"):
        known.load("stonith", "twin")
    assert known.load("stonith", "vendor-other:twin").__module__ == "vendor_other"
    assert all(known.is_shadowed(it) for it in known.announced("stonith"))


def test_hb_plugins_decides_between_two_of_one_name(plugin_site: PluginSite) -> None:
    for vendor in ("one", "other"):
        plugin_site.add(f"vendor-{vendor}", {"stonith:twin": "Good"})
    known = registry(plugin_site, Selection(frozenset({"vendor-other"})))
    assert known.load("stonith", "twin").__module__ == "vendor_other"


def test_what_hb_plugins_leaves_out_is_not_loaded_and_told_apart_from_missing(plugin_site: PluginSite) -> None:
    plugin_site.add("acme", {"stonith:acme": "Good"})
    with pytest.raises(LeftOut, match="is installed, but HB_PLUGINS does not name it"):
        registry(plugin_site, Selection(frozenset({"ssh"}))).load("stonith", "acme")


@pytest.mark.parametrize("way", [way for way in BROKEN if way != "loop"])
def test_each_way_to_be_broken_is_an_error_with_a_record_and_never_the_end_of_us(
    plugin_site: PluginSite, way: str
) -> None:
    source, reason = BROKEN[way]
    plugin_site.add(f"vendor-{way}", {"stonith:bad": "Thing"}, source)
    known = registry(plugin_site)
    for _ in range(2):
        with pytest.raises(CannotLoad, match=f"stonith:bad of vendor-{way} 1.0 cannot be loaded") as refused:
            known.load("stonith", "bad")
        assert reason in str(refused.value)
    assert len(known.failures) == 1, "one record, however often it was tried"


def test_an_endless_loop_is_interrupted_and_not_tried_again(plugin_site: PluginSite) -> None:
    """Five seconds of this test are the limit itself."""
    counting = f"with open({str(plugin_site.folder / 'imports')!r}, 'a') as file:\n    file.write('x')\n"
    plugin_site.add("vendor-loop", {"stonith:bad": "Thing"}, counting + BROKEN["loop"][0])
    known = registry(plugin_site)
    for _ in range(3):
        with pytest.raises(CannotLoad, match="did not end within 5 s"):
            known.load("stonith", "bad")
    assert (plugin_site.folder / "imports").read_text() == "x"


def test_one_that_was_mended_loads_without_a_new_process(plugin_site: PluginSite) -> None:
    plugin_site.add("acme", {"stonith:acme": "Good"}, "import acme_library\n" + GOOD)
    known = registry(plugin_site)
    with pytest.raises(CannotLoad, match="No module named 'acme_library'"):
        known.load("stonith", "acme")
    (plugin_site.folder / "acme_library.py").write_text("")
    importlib.invalidate_caches()
    assert known.load("stonith", "acme").title == "a switch in a file"


def test_a_vendors_kind_is_loaded_and_its_plugins_are_judged_by_its_contract(plugin_site: PluginSite) -> None:
    plugin_site.add("acme-kinds", {"kinds:detector": "KIND", "detector:radar": "Radar"}, KIND.format(group="detector"))
    plugin_site.add("acme-power", {"detector:none": "Good"})
    known = registry(plugin_site)
    assert known.kinds()[-1] == "detector"
    assert known.load("detector", "radar").__name__ == "Radar"
    with pytest.raises(CannotLoad, match="it is not a Detector"):
        known.load("detector", "none")


def test_a_kind_that_calls_itself_otherwise_is_refused(plugin_site: PluginSite) -> None:
    plugin_site.add("acme-kinds", {"kinds:detector": "KIND"}, KIND.format(group="stonith"))
    with pytest.raises(CannotLoad, match=r"must be named so and have the group heartbeat\.detector"):
        registry(plugin_site).kind("detector")
    with pytest.raises(LookupError, match="the kind of plugin sonar is not installed"):
        registry(plugin_site).kind("sonar")


def test_the_catalogue_of_the_lowest_rank_is_asked_first(plugin_site: PluginSite) -> None:
    for rank in (30, 10, 20):
        plugin_site.add(f"scripts-{rank}", {f"catalogue:c{rank}": "Scripts"}, CATALOGUE.format(rank=rank, find=""))
    found = registry(plugin_site).find_type("ra", "thing")
    assert found is not None
    assert found[1].origin == "/etc/10"
    assert registry(plugin_site).find_type("stonith", "thing") is None


def test_a_broken_catalogue_is_recorded_and_the_others_serve(plugin_site: PluginSite) -> None:
    plugin_site.add("scripts-good", {"catalogue:good": "Scripts"}, CATALOGUE.format(rank=10, find=""))
    plugin_site.add("scripts-bad", {"catalogue:bad": "Scripts"}, "raise OSError('no such folder')\n")
    plugin_site.add("scripts-worse", {"catalogue:worse": "Scripts"}, CATALOGUE.format(rank=1, find="1 / 0"))
    known = registry(plugin_site)
    found = known.find_type("ra", "thing")
    assert found is not None
    assert found[1].rank == 10
    assert {(it.name, it.cause.partition(":")[0]) for it in known.failures} == {
        ("bad", "OSError"),
        ("worse", "ZeroDivisionError"),
    }


def test_strict_turns_a_broken_catalogue_into_an_error(plugin_site: PluginSite) -> None:
    plugin_site.add("scripts-bad", {"catalogue:bad": "Scripts"}, "raise OSError('no such folder')\n")
    with pytest.raises(PluginError, match="no such folder"):
        registry(plugin_site, Selection(strict=True)).catalogues()


def test_an_entry_point_without_a_distribution_has_no_origin_and_loads() -> None:
    point = EntryPoint("odd", "core.tests.pils.odd_device:Odd", "heartbeat.stonith")
    known = PluginRegistry([point], Selection())
    assert [it.origin for it in known.announced()] == ["an unnamed distribution"]
    with pytest.raises(CannotLoad, match="of an unnamed distribution cannot be loaded: ModuleNotFoundError"):
        known.load("stonith", "odd")
