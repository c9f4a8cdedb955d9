"""`hb plugin lock` and `check`: two nodes with the same plugins are equal, whatever differs is told with its mend."""

import json
import shutil
from pathlib import Path

import pytest
from heartbeat.pils.lock import BadLock, Difference, Locked, differences, lock_text, read_lock

from core.tests.plugin_site import GOOD, PluginSite

ACME = Locked("acme-power", "1.0", "ab" * 32, ("comm:bus", "stonith:acme"))
OTHER = Locked("vendor-other", "2.0", "cd" * 32, ())


@pytest.fixture
def other_node(tmp_path: Path) -> PluginSite:
    folder = tmp_path / "other-node"
    folder.mkdir()
    return PluginSite(folder)


def compared(here: PluginSite, there: PluginSite) -> list[dict[str, str]]:
    """Return what differs between two folders of plugins, as `hb plugin lock` there and `check` here say."""
    lock = there.hb("plugin", "lock")
    assert lock.returncode == 0, lock.stderr
    done = here.hb("plugin", "check", "-", "--json", stdin=lock.stdout)
    found: list[dict[str, str]] = json.loads(done.stdout)
    assert done.returncode == bool(found)
    return found


def test_a_lock_is_read_as_it_was_written() -> None:
    assert read_lock(lock_text([ACME, OTHER])) == [ACME, OTHER]


@pytest.mark.parametrize("line", ["acme-power", "acme-power 1.0", "acme-power 1.0 stonith:acme", "{}"])
def test_what_is_no_lock_is_told_with_its_line(line: str) -> None:
    with pytest.raises(BadLock, match="line 2: expected DISTRIBUTION VERSION"):
        read_lock(f"# a lock\n{line}\n")


def test_every_difference_comes_with_what_would_end_it() -> None:
    newer = Locked("acme-power", "1.1", "ab" * 32, ())
    changed = Locked("acme-power", "1.0", "00" * 32, ())
    assert differences([ACME], [ACME]) == []
    assert differences([ACME], [newer]) == [
        Difference("acme-power", "1.1 is here, 1.0 in the lock", "pip install acme-power==1.0")
    ]
    (difference,) = differences([ACME], [changed])
    assert "its files differ" in difference.text
    missing, extra = differences([ACME], [OTHER])
    assert missing.text == "1.0 is in the lock and not here (comm:bus, stonith:acme)"
    assert extra == Difference(
        "vendor-other", "2.0 is here and not in the lock", "pip uninstall vendor-other, or lock anew"
    )


def test_two_nodes_with_the_same_plugins_are_equal_wherever_they_lie(
    plugin_site: PluginSite, other_node: PluginSite
) -> None:
    for site in (plugin_site, other_node):
        site.add("acme-power", {"stonith:acme": "Good"})
    cache = other_node.folder / "__pycache__"
    cache.mkdir()
    (cache / "acme_power.cpython-311.pyc").write_bytes(b"compiled")
    assert compared(plugin_site, other_node) == []


def test_a_changed_line_of_code_is_a_difference(plugin_site: PluginSite, other_node: PluginSite) -> None:
    plugin_site.add("acme-power", {"stonith:acme": "Good"})
    other_node.add("acme-power", {"stonith:acme": "Good"}, GOOD.replace("Power.ON\n", "Power.OFF\n"))
    (found,) = compared(plugin_site, other_node)
    assert found["distribution"] == "acme-power"
    assert "its files differ" in found["text"]


def test_a_package_installed_in_place_equals_the_same_one_installed(
    plugin_site: PluginSite, other_node: PluginSite, tmp_path: Path
) -> None:
    for site in (plugin_site, other_node):
        module = site.add("acme-power", {"stonith:acme": "Good"})
        package = site.folder / module
        package.mkdir()
        shutil.move(site.folder / f"{module}.py", package / "__init__.py")
        (package / "data.txt").write_text("data")
    source = tmp_path / "source"
    source.mkdir()
    shutil.move(other_node.folder / "acme_power", source / "acme_power")
    lock = other_node.hb("plugin", "lock", PYTHONPATH=f"{other_node.folder}:{source}")
    assert plugin_site.hb("plugin", "check", "-", stdin=lock.stdout).returncode == 0


def test_a_lock_imports_nothing_and_names_core(plugin_site: PluginSite) -> None:
    plugin_site.add("acme-power", {"stonith:acme": "Good"}, "raise AssertionError('imported')\n")
    lines = json.loads(plugin_site.hb("plugin", "lock", "--json").stdout)
    names = [line["distribution"] for line in lines]
    assert {"acme-power", "heartbeat-core"} <= set(names)
    assert names == sorted(names)


def test_a_package_that_is_gone_has_a_digest_of_its_own(plugin_site: PluginSite, other_node: PluginSite) -> None:
    for site in (plugin_site, other_node):
        site.add("acme-power", {"stonith:acme": "Good"})
    (other_node.folder / "acme_power.py").unlink()
    (found,) = compared(plugin_site, other_node)
    assert "its files differ" in found["text"]


@pytest.mark.parametrize("text", ["", "# nothing\n", "hello\n"])
def test_what_is_no_lock_is_wrong_use(plugin_site: PluginSite, text: str) -> None:
    done = plugin_site.hb("plugin", "check", "-", stdin=text)
    assert done.returncode == 2
    assert "is no lock" in done.stderr
