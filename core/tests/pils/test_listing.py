"""What a listing remembers, and the lines and capabilities that are made from a plugin's declarations."""

from pathlib import Path
from typing import ClassVar

import pytest
from heartbeat.pils.capability import capabilities, refinements
from heartbeat.pils.example import Example, example
from heartbeat.pils.kinds import KINDS
from heartbeat.pils.last_found import Found, LastFound
from heartbeat.pils.listing import State, listed
from heartbeat.pils.registry import PluginRegistry
from heartbeat.pils.selection import Selection
from heartbeat.plugin import Authenticator, Kind, Medium, Param, ParamKind, Plugin, ResourceAgent, StonithDevice

from core.tests.plugin_site import PluginSite

HOSTS = Param("hostlist", ParamKind.HOSTS, required=True, example="node1 node2")
OUTLETS = Param("outlets", ParamKind.HOSTMAP, required=True, example="node1=1, node2=2")
LOGIN = Param("login", example="admin")


class Device(StonithDevice):
    params = (HOSTS, LOGIN)
    positional = ("hostlist", "login")


class Mapped(StonithDevice):
    params = (LOGIN, OUTLETS)
    positional = ("login", "outlets")


class Nameless(StonithDevice):
    params = (HOSTS, Param("file", ParamKind.PATH, required=True, example="/dev/ttyS0"))


class Silent(StonithDevice):
    params = (Param("hostlist", ParamKind.HOSTS, required=True),)
    positional = ("hostlist",)


class Agent(ResourceAgent):
    params = (Param("device", required=True, example="/dev/sda1"), Param("mount", required=True, example="/srv"))
    positional = ("device", "mount")
    start_timeout_s: ClassVar[float] = 90.0

    def promote(self) -> None: ...


class Lines(Medium):
    params = (Param("interface", required=True, example="eth1"),)
    repeats = "interface"


class Keyless(Authenticator):
    needs_key = False


@pytest.mark.parametrize(
    ("kind", "name", "plugin", "wanted"),
    [
        ("stonith", "acme", Device, Example("ha.cf", "stonith_host * acme node1,node2")),
        ("stonith", "acme", Mapped, Example("ha.cf", "stonith_host * acme admin node1=1,node2=2")),
        ("stonith", "acme", Nameless, Example("ha.cf", "stonith_host * acme hostlist=node1,node2 file=/dev/ttyS0")),
        ("stonith", "acme", Silent, None),
        ("ra", "Fs", Agent, Example("haresources", "node1 Fs::/dev/sda1::/srv")),
        ("comm", "line", Lines, Example("ha.cf", "line eth1")),
        ("auth", "sum", Keyless, Example("authkeys", "1 sum")),
        ("hooks", "ear", Plugin, Example("ha.cf", "hook ear")),
        ("detector", "radar", Plugin, None),
    ],
)
def test_the_example_is_as_short_as_the_form_allows(
    kind: str, name: str, plugin: type[Plugin], wanted: Example | None
) -> None:
    assert example(kind, name, plugin) == wanted


def test_capabilities_are_the_constants_that_the_contract_declares() -> None:
    told = {"can_read_power": True, "worst_off_s": 10.0, "serialises": False, "name_max": 0}
    told |= {"itself_only": False, "dies_with_host": False, "resets_itself": False, "gives_power": True}
    assert capabilities(KINDS["stonith"], Device) == told
    assert capabilities(KINDS["ra"], Agent)["start_timeout_s"] == 90.0
    assert capabilities(KINDS["auth"], Keyless)["needs_key"] is False


def test_refinements_are_the_methods_that_could_have_been_left_out() -> None:
    assert refinements(KINDS["ra"], Agent) == ["promote"]
    assert refinements(KINDS["stonith"], Device) == []


def test_a_vendors_own_kind_has_capabilities_too() -> None:
    class Detector(Plugin):
        reach_km: ClassVar[float] = 1.0

        def turn(self) -> None: ...

    class Radar(Detector):
        reach_km: ClassVar[float] = 40.0

        def turn(self) -> None: ...

    kind = Kind("detector", "heartbeat.detector", Detector, "detector")
    assert capabilities(kind, Radar) == {"reach_km": 40.0}
    assert refinements(kind, Radar) == ["turn"]


def test_findings_are_kept_for_the_version_that_was_looked_at(plugin_site: PluginSite, tmp_path: Path) -> None:
    plugin_site.add("acme-power", {"stonith:acme": "Good"})
    registry = PluginRegistry(plugin_site.points(), Selection())
    LastFound(tmp_path).keep([Found("stonith", "acme-power:acme", "1.0", "it is red", "a.py:1", 5.0)])
    LastFound(tmp_path).keep([Found("comm", "other:bus", "1.0", "", "", 6.0)])
    (line,) = listed(registry, "stonith", LastFound(tmp_path))
    assert (line.state, line.problem, line.place, line.found_s) == (State.BROKEN, "it is red", "a.py:1", 5.0)
    LastFound(tmp_path).keep([Found("stonith", "acme-power:acme", "0.9", "it was red", "", 7.0)])
    (line,) = listed(registry, "stonith", LastFound(tmp_path))
    assert line.state is State.INSTALLED
    assert LastFound(tmp_path).path.stat().st_mode & 0o777 == 0o644
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["plugins.json"]


@pytest.mark.parametrize("content", [b"", b"not json", b'[{"kind": 3}]', b"\xff"])
def test_a_record_that_cannot_be_read_counts_as_empty(plugin_site: PluginSite, tmp_path: Path, content: bytes) -> None:
    plugin_site.add("acme-power", {"stonith:acme": "Good"})
    (tmp_path / "plugins.json").write_bytes(content)
    (line,) = listed(PluginRegistry(plugin_site.points(), Selection()), "", LastFound(tmp_path))
    assert line.state is State.INSTALLED
