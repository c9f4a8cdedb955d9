"""The part of the kit that needs no sources: ``pytest --pyargs heartbeat.testing --hb-plugin stonith:acme-pdu``."""

import pytest

from heartbeat.pils import PluginRegistry
from heartbeat.testing.declaration import declaration_findings


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    chosen: list[str] = metafunc.config.getoption("--hb-plugin")
    names = chosen or [f"{it.kind}:{it.full_name}" for it in PluginRegistry().announced()]
    metafunc.parametrize("hb_plugin", names)


def test_the_installed_plugin_loads_and_declares_itself_completely(hb_plugin: str) -> None:
    registry = PluginRegistry()
    kind, _, name = hb_plugin.partition(":")
    findings = declaration_findings(registry.kind(kind), registry.load(kind, name))
    assert not findings, "\n".join(findings)
