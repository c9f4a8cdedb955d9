"""Why a plugin is not there: each cause made for real, and told with its mend."""

import json
import os
from pathlib import Path

import pytest
from heartbeat.pils.doctor import satisfies
from heartbeat.pils.scaffold import Scaffold

from core.tests.plugin_site import PluginSite


def told(site: PluginSite, *words: str, **environment: str) -> list[tuple[str, str, str]]:
    """Return what the doctor says: subject, cause and mend of each."""
    done = site.hb("plugin", "doctor", *words, "--json", "--timeout", "1s", **environment)
    found = json.loads(done.stdout)["found"]
    assert done.returncode == bool(found), done.stderr
    return [(it["subject"], it["cause"], it["mend"]) for it in found]


def test_one_that_is_well_is_well(plugin_site: PluginSite) -> None:
    plugin_site.add("acme-power", {"stonith:acme": "Good"})
    assert told(plugin_site, "acme") == told(plugin_site, "stonith:acme-power:acme") == []
    assert "acme is well" in plugin_site.hb("plugin", "doctor", "acme").stdout


def test_a_library_that_is_missing_is_named(plugin_site: PluginSite) -> None:
    plugin_site.add("acme-power", {"stonith:acme": "Good"}, "import acme_serial.tty\n")
    ((subject, cause, mend),) = told(plugin_site, "acme")
    assert subject == "stonith:acme of acme-power 1.0"
    assert "No module named 'acme_serial'" in cause
    assert mend == "it lacks a library: pip install acme-power anew, or the distribution that has acme_serial"


def test_files_that_are_gone_are_told_apart_from_a_missing_library(plugin_site: PluginSite) -> None:
    module = plugin_site.add("acme-power", {"stonith:acme": "Good"})
    (plugin_site.folder / f"{module}.py").unlink()
    assert "its files are gone" in told(plugin_site, "acme")[0][2]


def test_an_entry_point_that_names_nothing_is_the_authors_to_mend(plugin_site: PluginSite) -> None:
    plugin_site.add("acme-power", {"stonith:acme": "Better"})
    assert "its entry point acme_power:Better names what is not there" in told(plugin_site, "acme")[0][2]


def test_one_that_never_ends_is_told_in_time(plugin_site: PluginSite) -> None:
    plugin_site.add("acme-power", {"stonith:acme": "Good"}, "while True:\n    pass\n")
    assert told(plugin_site, "acme")[0][1] == "loading it did not end within 1 s"


def test_hb_plugins_that_leaves_it_out(plugin_site: PluginSite) -> None:
    plugin_site.add("acme-power", {"stonith:acme": "Good"})
    ((_, cause, mend),) = told(plugin_site, "acme", HB_PLUGINS="null")
    assert (cause, mend) == ("HB_PLUGINS does not name it, so it is left out", "add acme to HB_PLUGINS")


def test_two_of_one_name(plugin_site: PluginSite) -> None:
    for vendor in ("one", "other"):
        plugin_site.add(f"vendor-{vendor}", {"stonith:twin": "Good"})
    causes = told(plugin_site, "twin")
    assert len(causes) == 2
    assert "vendor-other 1.0 announces the same name" in causes[0][1]
    assert "write vendor-one:twin" in causes[0][2]


def test_a_group_that_nobody_reads(plugin_site: PluginSite) -> None:
    module = plugin_site.add("acme-power", {"stonit:acme": "Good"})
    ((subject, cause, mend),) = told(plugin_site)
    assert subject == "acme of acme-power 1.0"
    assert "in the group heartbeat.stonit, which nobody reads" in cause
    assert "heartbeat.stonith" in mend
    points = plugin_site.folder / f"{module}-1.0.dist-info" / "entry_points.txt"
    points.write_text("[heartbeat_stonith]\nacme = acme_power:Good\n")
    assert "in the group heartbeat_stonith, which nobody reads" in told(plugin_site, "stonith:acme")[0][1]


def test_another_kind_and_other_letters(plugin_site: PluginSite) -> None:
    plugin_site.add("acme-power", {"stonith:acme": "Good"})
    assert "announces acme as stonith, not as comm" in told(plugin_site, "comm:acme")[0][1]
    assert told(plugin_site, "Acme")[0][1:] == ("it is called acme: case matters", "write acme")


def test_what_was_installed_in_place_before_it_announced_the_plugin(plugin_site: PluginSite, tmp_path: Path) -> None:
    Scaffold("stonith", "acme").write(tmp_path / "acme source", "4.0.0")
    module = plugin_site.add("heartbeat-stonith-acme", {})
    origin = {"url": f"file://{tmp_path}/acme%20source", "dir_info": {"editable": True}}
    (plugin_site.folder / f"{module}-1.0.dist-info" / "direct_url.json").write_text(json.dumps(origin))
    ((subject, cause, mend),) = told(plugin_site, "acme")
    assert subject == "heartbeat-stonith-acme 1.0"
    assert "announces it by now, but did not when it was installed" in cause
    assert mend == f"pip install -e '{tmp_path}/acme source' once more"


def test_a_distribution_that_announces_nothing(plugin_site: PluginSite) -> None:
    plugin_site.add("heartbeat-stonith-acme", {})
    ((subject, cause, _),) = told(plugin_site)
    assert (subject, cause) == ("heartbeat-stonith-acme 1.0", "it is called like a plugin and announces none")


def test_another_environment_of_the_machine(plugin_site: PluginSite, tmp_path: Path) -> None:
    other = tmp_path / "other"
    folder = other / "lib" / "python3.11" / "site-packages"
    folder.mkdir(parents=True)
    (other / "bin").mkdir()
    PluginSite(folder).add("acme-power", {"stonith:acme": "Good"})
    ((subject, cause, mend),) = told(plugin_site, "acme", PATH=f"{other / 'bin'}:{os.environ['PATH']}")
    assert subject == "acme-power 1.0"
    assert f"it is installed in {folder}" in cause
    assert mend.endswith("/bin/pip install acme-power")


def test_a_core_that_is_too_old_for_it(plugin_site: PluginSite) -> None:
    module = plugin_site.add("acme-power", {"stonith:acme": "Good"})
    metadata = plugin_site.folder / f"{module}-1.0.dist-info" / "METADATA"
    metadata.write_text(metadata.read_text().replace("\n\n", "\nRequires-Dist: heartbeat-core>=99\n\n", 1))
    ((_, cause, mend),) = told(plugin_site, "acme")
    assert cause.startswith("it asks for heartbeat-core>=99, and this is ")
    assert mend == "pip install --upgrade acme-power heartbeat-core"


def test_what_is_known_elsewhere_and_what_nobody_knows(plugin_site: PluginSite) -> None:
    plugin_site.add_known("vendor-far", "stonith:far")
    assert told(plugin_site, "far") == [("far", "it is not installed", "pip install vendor-far")]
    ((_, cause, _),) = told(plugin_site, "no-such-plugin-anywhere")
    assert "nor in any other environment" in cause


def test_everything_that_is_wrong_comes_together(plugin_site: PluginSite) -> None:
    plugin_site.add_broken()
    causes = told(plugin_site)
    assert len(causes) == 8, "six broken ones and two twins"


@pytest.mark.parametrize(
    ("have", "bounds", "kept"),
    [
        ("4.0.0", ">=4.0,<5", True),
        ("4.0.0", ">=4.1", False),
        ("5.0", ">=4.0,<5", False),
        ("4.0.0", "==4.0", True),
        ("4.0.1", "==4.0", False),
        ("4.0.0rc1", ">=4.0", True),
        ("4.10", ">4.9", True),
        ("4", "!=4.0", False),
        ("4", "<=4.0.0", True),
        ("4.0.0", "~=4.0", True),
        ("4.0.0", "", True),
    ],
)
def test_bounds(have: str, bounds: str, *, kept: bool) -> None:
    assert satisfies(have, bounds) is kept
