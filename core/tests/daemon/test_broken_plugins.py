"""A node on a host with broken plugins of every kind, none of which it is to use, starts and lives as any other."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.tests.daemon.running import RunningNode
from core.tests.daemon.waiting import wait_for
from core.tests.plugin_site import BROKEN, EVERY_KIND, PluginSite

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="a medium that is bound to an interface needs root")


@pytest.fixture
def node(plugin_site: PluginSite, tmp_path: Path) -> Iterator[RunningNode]:
    plugin_site.add_broken(EVERY_KIND)
    made = RunningNode(tmp_path, environment={"PYTHONPATH": str(plugin_site.folder)})
    made.start_and_wait()
    yield made
    made.close()


def test_it_starts_answers_and_begins_a_new_life(plugin_site: PluginSite, node: RunningNode) -> None:
    where = {"HB_RUN_DIR": str(node.places.run), "HB_CONFIG": str(node.places.config)}
    for words in (["status"], ["nodes"], ["links"], ["groups"], ["plugin", "list"], ["plugin", "check"], ["journal"]):
        asked = plugin_site.hb(*words, HB_STATE=str(node.places.state), **where)
        assert (asked.returncode, "Traceback" in asked.stdout + asked.stderr) == (0, False), asked.stderr
    os.kill(node.daemon, signal.SIGKILL)
    wait_for(lambda: node.said("is up, incarnation") == 2, "a new daemon is up")
    node.signal(signal.SIGTERM)
    assert node.ended() == 0
    assert not node.said("Traceback")


def test_the_list_shows_every_one_of_them_with_what_was_found(plugin_site: PluginSite) -> None:
    plugin_site.add_broken(EVERY_KIND)
    listed = json.loads(plugin_site.hb("plugin", "list", "--json").stdout)
    strangers = [it for it in listed if it["distribution"].startswith("vendor-")]
    assert {(it["kind"], it["name"]) for it in strangers} == {
        *((kind, f"bad-{way}") for kind in EVERY_KIND for way in BROKEN),
        *((kind, "twin") for kind in EVERY_KIND),
    }
    assert {it["version"] for it in strangers} == {"1.0"}
