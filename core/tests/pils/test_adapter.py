"""Plugins written for the previous version of a contract: loaded through an adapter, with a notice, and no stronger."""

import json
from pathlib import Path

import pytest
from heartbeat.pils.adapter import adapted_agent, adapted_device
from heartbeat.pils.contract import broken_rules, is_previous
from heartbeat.pils.kinds import KINDS
from heartbeat.pils.registry import PluginRegistry
from heartbeat.plugin import (
    AccessDenied,
    BadConfig,
    BadHost,
    Health,
    OutletOff,
    Params,
    PluginError,
    Power,
    ResetFailed,
    ResourceAgent,
    StonithDevice,
    TimedOut,
    Unsupported,
    parse_params,
    v0,
)

from core.tests.plugin_site import PluginSite

SOURCE = '''
from heartbeat.plugin import Param, ParamKind, v0

class Switch(v0.StonithDevice):
    """A switch of old, in the shape of a stonith2 module."""

    title = "a switch of old"
    params = (
        Param("hostlist", ParamKind.HOSTS, required=True, example="node1 node2", help="What it switches."),
        Param("code", ParamKind.INT, default=0, help="What it answers."),
    )
    positional = ("hostlist",)
    asked = []

    def status(self):
        return int(self.settings.number("code"))

    def get_hostlist(self):
        return list(self.settings.hosts("hostlist"))

    def reset_req(self, request, node):
        self.asked.append((request.name, node))
        return int(self.settings.number("code"))

class Service(v0.ResourceAgent):
    """An agent of old, in the shape of an init script."""

    title = "a service of old"
    params = (Param("code", ParamKind.INT, default=0, help="What it answers."),)
    positional = ("code",)

    def start(self):
        return int(self.settings.number("code"))

    def stop(self):
        return int(self.settings.number("code"))

    def status(self):
        return int(self.settings.number("code"))

class Half(v0.StonithDevice):
    def status(self):
        return 0
'''


@pytest.fixture
def registry(plugin_site: PluginSite, monkeypatch: pytest.MonkeyPatch) -> PluginRegistry:
    monkeypatch.syspath_prepend(str(plugin_site.folder))
    plugin_site.add("old-things", {"stonith:old": "Switch", "ra:Old": "Service", "stonith:half": "Half"}, SOURCE)
    return PluginRegistry(plugin_site.points())


def given(plugin: type[StonithDevice] | type[ResourceAgent], **raw: str) -> Params:
    params, problems = parse_params(plugin.params, raw)
    assert not problems
    return params


def device(registry: PluginRegistry, code: int = 0) -> StonithDevice:
    plugin = registry.load("stonith", "old")
    assert issubclass(plugin, StonithDevice)
    return plugin(given(plugin, hostlist="node1 node2", code=str(code)))


def agent(registry: PluginRegistry, code: int) -> ResourceAgent:
    plugin = registry.load("ra", "Old")
    assert issubclass(plugin, ResourceAgent)
    return plugin(given(plugin, code=str(code)))


def test_it_loads_as_one_of_this_version_and_says_so_once(registry: PluginRegistry) -> None:
    registry.load("stonith", "old")
    plugin = registry.load("stonith", "old")
    assert (plugin.__name__, plugin.title, plugin.api) == ("Switch", "a switch of old", 0)
    (notice,) = registry.notices
    assert notice.startswith("stonith:old of old-things 1.0: written for contract version 0, used through an adapter")
    assert "the next one will refuse it" in notice


def test_a_device_of_old_takes_orders_and_proves_nothing(registry: PluginRegistry) -> None:
    old = device(registry)
    assert not old.can_read_power
    assert old.hosts() == ["node1", "node2"]
    old.switch("node1", Power.OFF)
    old.switch("node1", Power.ON)
    assert type(old).old.asked[-2:] == [("POWEROFF", "node1"), ("POWERON", "node1")]  # type: ignore[attr-defined]
    assert old.power("node1") is Power.UNKNOWN
    assert type(old).configured_hosts(old.settings) == ("node1", "node2")


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (1, BadConfig),
        (2, AccessDenied),
        (3, Unsupported),
        (4, BadHost),
        (5, ResetFailed),
        (6, TimedOut),
        (7, OutletOff),
        (8, PluginError),
        (99, PluginError),
    ],
)
def test_each_number_of_the_old_contract_is_the_error_that_means_it(
    registry: PluginRegistry, code: int, error: type[PluginError]
) -> None:
    old = device(registry, code)
    with pytest.raises(error, match=f"status ended with {code}") as raised:
        old.status()
    assert type(raised.value) is error
    with pytest.raises(error, match=f"POWEROFF of node1 ended with {code}"):
        old.switch("node1", Power.OFF)


def test_an_agent_of_old_answers_by_the_exit_codes_of_init_scripts(registry: PluginRegistry) -> None:
    running = agent(registry, 0)
    running.start()
    running.stop()
    healths = [agent(registry, code).monitor() for code in (0, 1, 2, 3, 4, 150)]
    assert healths == [Health.RUNNING, Health.FAILED, Health.FAILED, Health.STOPPED, Health.FAILED, Health.FAILED]
    for action in (agent(registry, 5).start, agent(registry, 5).stop):
        with pytest.raises(PluginError, match="ended with 5"):
            action()
    assert type(running).shares_data(running.settings) is None


def test_what_breaks_the_old_contract_is_refused_in_its_words(registry: PluginRegistry) -> None:
    with pytest.raises(PluginError, match="it does not implement get_hostlist, reset_req"):
        registry.load("stonith", "half")


def test_only_kinds_with_a_previous_contract_take_one(registry: PluginRegistry) -> None:
    assert {name for name, kind in KINDS.items() if kind.previous is not None} == {"stonith", "ra"}
    assert all((kind.previous is None) == (kind.adapt is None) for kind in KINDS.values())
    assert not is_previous(KINDS["comm"], v0.StonithDevice)
    assert "it is not a Medium" in broken_rules(KINDS["comm"], v0.StonithDevice)[0]
    assert not is_previous(KINDS["stonith"], v0.ResourceAgent)


def test_the_adapters_make_what_this_version_asks_for() -> None:
    class Old(v0.ResourceAgent):
        title = "old"

        def start(self) -> int:
            return 0

        def stop(self) -> int:
            return 0

        def status(self) -> int:
            return 3

    class Switch(v0.StonithDevice):
        def status(self) -> int:
            return 0

        def get_hostlist(self) -> list[str] | None:
            return None

        def reset_req(self, request: v0.Request, node: str) -> int:
            return 0

    assert issubclass(adapted_agent(Old), ResourceAgent)
    adapted = adapted_device(Switch)
    assert issubclass(adapted, StonithDevice)
    with pytest.raises(PluginError, match="cannot tell which hosts"):
        adapted(given(adapted)).hosts()


def test_hb_check_says_which_line_will_not_load_for_ever(plugin_site: PluginSite, tmp_path: Path) -> None:
    plugin_site.add("old-things", {"stonith:old": "Switch"}, SOURCE)
    files = {"ha.cf": "node node1 node2\nbcast lo\nstonith_host * old node1,node2\n", "haresources": ""}
    for name, text in (files | {"authkeys": "auth 1\n1 sha256 0123456789abcdef0123456789abcdef\n"}).items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o600)
    checked = plugin_site.hb("check", str(tmp_path))
    assert "hb: stonith:old of old-things 1.0: written for contract version 0" in checked.stderr, checked.stdout


def test_the_commands_tell_that_it_is_of_old(plugin_site: PluginSite) -> None:
    plugin_site.add("old-things", {"stonith:old": "Switch"}, SOURCE)
    listed = plugin_site.hb("plugin", "list", "stonith", "--check", "--json")
    (line,) = (it for it in json.loads(listed.stdout) if it["name"] == "old")
    assert (line["state"], line["api"]) == ("ok", 0)
    assert "contract version 0, used through an adapter" in line["problem"]
    shown = plugin_site.hb("plugin", "show", "stonith:old")
    assert "contract version 0 (this core speaks 1)" in shown.stdout
    assert "by itself it never protects shared data" in shown.stdout
    judged = json.loads(plugin_site.hb("plugin", "validate", "stonith:old", "--json", "--select", "HB3").stdout)
    assert [it["code"] for it in judged["findings"]] == ["HB303"]
    by_hand = plugin_site.hb("stonith", "hosts", "--type", "old", "hostlist=node1,node2")
    assert by_hand.stdout.split() == ["node1", "node2"], by_hand.stderr
