"""What a word of the configuration means on this host: a plugin's own name, or a type that a catalogue found."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from heartbeat.config.codes import Code
from heartbeat.config.finding import Place
from heartbeat.config.reading import Reading
from heartbeat.plugin.catalogue import class_of_type
from heartbeat.plugin.errors import NotInstalled, PluginError
from heartbeat.plugin.kind import Plugin
from heartbeat.plugin.registry import Registry

SCRIPT_RANK = 20
"""Catalogues up to this rank (resource.d 10, init.d 20) hold what the old heartbeat ran by the same word."""

MEND_PLUGIN = "install it anew or take another; its author can mend it"


@dataclass(frozen=True, slots=True)
class Known:
    """A word that means something."""

    plugin: type[Plugin]
    driver: str
    """Name of the entry point that does the work."""
    origin: str
    """Where it was found, for people."""
    from_words: Callable[[Sequence[str]], dict[str, str]] | None = None
    """Of a catalogue's type: how its arguments become the driver's parameters."""
    base: tuple[tuple[str, str], ...] = ()
    """Parameters that tell the driver which type it is."""
    shadows: str = ""
    """A script of the same name that is not run because the plugin comes first."""
    as_type: Callable[[], type[Plugin]] | None = None
    """Of a catalogue's type: asks it about itself, and returns the driver's class with its parameters declared."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """A word that means nothing here."""

    package: str = ""
    """The distribution that would bring it."""
    nearest: str = ""
    broken: str = ""
    """It is installed, and this is why it cannot be used."""
    unasked: str = ""
    """Why a catalogue, which might know it, could not be asked."""


def load_named(reading: Reading, kind: str, name: str, what: str, code: Code, place: Place) -> type[Plugin] | None:
    """Return a plugin that a line names and no catalogue can know; a finding and None when it cannot be had.

    ``what`` it is to the reader ("the hook"), ``code`` of the finding.
    """
    found, registry = reading.found, reading.registry
    try:
        return registry.load(kind, name)
    except LookupError:
        package = registry.package_for(kind, name)
        near = "" if package else found.nearest(name, lambda: registry.names(kind))
        mend = f"pip install {package}" if package else f"write {near}" if near else f"see hb plugin list {kind}"
        found.add(code, place, f"no installed plugin is {what} {name!r}", nearest=near, mend=mend)
    except PluginError as broken:
        text = broken.args[0] if broken.args else broken
        mend = "run that, or delete the line" if isinstance(broken, NotInstalled) else MEND_PLUGIN
        found.add(code, place, f"{what} {name} cannot be used: {text}", mend=mend)
    return None


def look_up(reading: Reading, kind: str, word: str, contract: type[Plugin]) -> Known | Unknown:
    """Find a word: entry point first, then the catalogues by their rank (resource.d, init.d, OCF)."""
    registry = reading.registry
    try:
        entry_point = _entry_point(registry, kind, word)
        if entry_point is not None:
            script = registry.find_type(kind, word)
            shadows = script[1].origin if script and script[1].rank <= SCRIPT_RANK else ""
            plugin = _checked(entry_point, contract, word)
            return Known(plugin, word, f"entry point {word}", shadows=shadows)
        listed = registry.find_type(kind, word)
        if listed is None:
            package = registry.package_for(kind, word) or _catalogue_of(registry, word)
            nearest = reading.found.nearest(word, lambda: _all_words(registry, kind))
            return Unknown(package, nearest, unasked="" if package else _unasked(registry))
        catalogue, entry = listed
        plugin = _checked(registry.load(kind, entry.driver), contract, entry.driver)
        return Known(
            plugin,
            entry.driver,
            entry.origin,
            lambda words: catalogue.words(entry, words),
            tuple(entry.params.items()),
            as_type=lambda: class_of_type(plugin, entry, catalogue.about(entry)),
        )
    except Exception as broken:  # noqa: BLE001 - whatever a catalogue does wrong becomes a finding
        return Unknown(broken=_told(broken))


def described(known: Known | Unknown) -> Known | Unknown:
    """Return a type of a catalogue with what it says about itself: a program of it may run. Others come back as is."""
    if not isinstance(known, Known) or known.as_type is None:
        return known
    try:
        return replace(known, plugin=known.as_type())
    except Exception as broken:  # noqa: BLE001 - whatever a catalogue does wrong becomes a finding
        return Unknown(broken=_told(broken))


def _told(broken: Exception) -> str:
    if isinstance(broken, LookupError | PluginError):
        return str(broken.args[0] if broken.args else broken)
    return f"{type(broken).__name__}: {broken}"


def _entry_point(registry: Registry, kind: str, word: str) -> type[Plugin] | None:
    """Return the class that a word names, alone or as ``distribution:name``; None when it names none."""
    if word in registry.names(kind):
        return registry.load(kind, word)
    if word.partition(":")[2] in registry.names(kind):
        try:
            return registry.load(kind, word)
        except LookupError:  # ocf:heartbeat:IPaddr2 is for the catalogues
            return None
    return None


def _catalogue_of(registry: Registry, word: str) -> str:
    """Return the distribution whose catalogue lists such words (``ocf:...``), when it is not installed."""
    catalogue, colon, _ = word.partition(":")
    if not colon or catalogue in registry.names("catalogue"):
        return ""
    return registry.package_for("catalogue", catalogue) or ""


def _unasked(registry: Registry) -> str:
    """Return what is wrong with the first catalogue that cannot be loaded; empty when all can."""
    for name in registry.names("catalogue"):
        try:
            registry.load("catalogue", name)
        except PluginError as broken:
            return str(broken)
        except LookupError:  # it was taken away just now
            continue
    return ""


def _checked(plugin: type[Plugin], contract: type[Plugin], name: str) -> type[Plugin]:
    if not issubclass(plugin, contract):
        raise PluginError(f"{name} is no {contract.__name__}")
    return plugin


def _all_words(registry: Registry, kind: str) -> set[str]:
    listed = (entry for catalogue in registry.catalogues() for entry in catalogue.entries() if entry.kind == kind)
    return {*registry.names(kind), *(entry.name for entry in listed)}
