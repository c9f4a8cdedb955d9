"""The part of the kit that needs no sources: ``pytest --pyargs heartbeat.testing --hb-plugin stonith:acme-pdu``.

What runs depends on the kind: an authentication method and a catalogue need nothing and are judged whole; of others,
which need a device, a service or a link, what can be known from declarations, made with their own examples.
"""

import pytest

from heartbeat.pils.registry import PluginRegistry
from heartbeat.plugin import Kind, Plugin
from heartbeat.testing.declaration import declaration_findings
from heartbeat.testing.installed import checks_for, run


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "hb_plugin" not in metafunc.fixturenames:
        return
    registry = PluginRegistry()
    chosen: list[str] = metafunc.config.getoption("--hb-plugin")
    names = chosen or [f"{it.kind}:{it.full_name}" for it in registry.announced()]
    if "hb_check" not in metafunc.fixturenames:
        metafunc.parametrize("hb_plugin", names)
        return
    pairs = [(name, check) for name in names for check in checks_for(registry, name.partition(":")[0])]
    metafunc.parametrize(("hb_plugin", "hb_check"), pairs)


def loaded(hb_plugin: str) -> tuple[Kind, type[Plugin]]:
    registry = PluginRegistry()
    kind, _, name = hb_plugin.partition(":")
    return registry.kind(kind), registry.load(kind, name)


def test_the_installed_plugin_loads_and_declares_itself_completely(hb_plugin: str) -> None:
    findings = declaration_findings(*loaded(hb_plugin))
    assert not findings, "\n".join(findings)


def test_the_installed_plugin_keeps_what_its_kind_promises(
    hb_plugin: str, hb_check: str, request: pytest.FixtureRequest
) -> None:
    run(*loaded(hb_plugin), hb_check, request)
