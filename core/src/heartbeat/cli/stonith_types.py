"""Device types: those that are plugins, and those that catalogues found on this host."""

from dataclasses import dataclass, field

from heartbeat.cli.table import table
from heartbeat.pils.registry import PluginRegistry
from heartbeat.plugin.catalogue import Catalogue, CatalogueEntry, class_of_type
from heartbeat.plugin.stonith import StonithDevice


@dataclass(frozen=True, slots=True)
class DeviceType:
    """One type, loaded."""

    name: str
    """What an administrator writes: ``apcmaster``, ``fence_apc``."""
    driver: str
    """Entry point that does the work."""
    plugin: type[StonithDevice]
    """Its class; of a catalogue's type with the type's own parameters declared."""
    base: dict[str, str] = field(default_factory=dict)
    """Parameters that tell the driver which type it is."""


def plugin_type(registry: PluginRegistry, name: str) -> DeviceType:
    """Return a type that is a plugin. Raises LookupError or PluginError."""
    plugin = registry.load("stonith", name)
    assert issubclass(plugin, StonithDevice)
    return DeviceType(name, name, plugin)


def found_type(registry: PluginRegistry, catalogue: Catalogue, entry: CatalogueEntry) -> DeviceType:
    """Return a type that a catalogue found; asks it about itself. Raises LookupError or PluginError."""
    plugin = class_of_type(registry.load("stonith", entry.driver), entry, catalogue.about(entry))
    assert issubclass(plugin, StonithDevice)
    return DeviceType(entry.name, entry.driver, plugin, entry.params)


def any_type(registry: PluginRegistry, name: str) -> DeviceType:
    """Return a type by its name, plugins first. Raises LookupError or PluginError."""
    found = None if name in registry.names("stonith") else registry.find_type("stonith", name)
    return found_type(registry, *found) if found else plugin_type(registry, name)


def device_types(registry: PluginRegistry) -> list[dict[str, str]]:
    """Return the types with stable keys; plugins first. What a broken catalogue would list is left out."""
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
