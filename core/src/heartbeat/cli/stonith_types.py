"""What ``hb stonith list`` tells: device types that are plugins, and those that catalogues found on this host."""

from heartbeat.cli.table import table
from heartbeat.pils.registry import PluginRegistry


def device_types() -> list[dict[str, str]]:
    """Return the types with stable keys; plugins first. What a broken catalogue would list is left out."""
    registry = PluginRegistry()
    plugins = [
        {"type": it.name, "distribution": it.distribution, "version": it.version, "origin": ""}
        for it in registry.announced("stonith")
    ]
    found = [
        {"type": entry.name, "distribution": "", "version": "", "origin": entry.origin}
        for catalogue in registry.catalogues()
        for entry in catalogue.entries()
        if entry.kind == "stonith"
    ]
    return plugins + sorted(found, key=lambda it: it["type"])


def types_page(found: list[dict[str, str]]) -> list[str]:
    """Return a line per type."""
    if not found:
        return ["no device type is installed; `pip install heartbeat-stonith-...` brings one"]
    return table([(it["type"], it["origin"] or f"{it['distribution']} {it['version']}") for it in found])
