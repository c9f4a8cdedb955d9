"""Everything that ``hb plugin show`` tells of one plugin, with the stable keys of its ``--json``."""

import inspect
from typing import TYPE_CHECKING, Any

from heartbeat.cli.asking import say_no
from heartbeat.pils.capability import capabilities, refinements
from heartbeat.pils.contract import api_notice
from heartbeat.pils.example import example
from heartbeat.pils.failure import show_traceback
from heartbeat.pils.probe import probe
from heartbeat.plugin.errors import PluginError
from heartbeat.plugin.kind import Plugin
from heartbeat.plugin.param import Param, ParamKind
from heartbeat.plugin.secret import Secret

if TYPE_CHECKING:
    from heartbeat.pils.announcement import Announcement
    from heartbeat.pils.registry import PluginRegistry
    from heartbeat.plugin.catalogue import Catalogue, CatalogueEntry

Facts = dict[str, Any]


def facts_of(registry: "PluginRegistry", announced: "Announcement") -> Facts:
    """Return the facts of an installed plugin. Ends the command with 1 when it cannot be loaded."""
    loaded = load_checked(registry, announced)
    kind = registry.kind(announced.kind)
    asked = example(announced.kind, announced.name, loaded)
    return {
        "kind": announced.kind,
        "name": announced.name,
        "distribution": announced.distribution,
        "version": announced.version,
        "title": loaded.title,
        "description": inspect.getdoc(loaded) or "",
        "api": loaded.api,
        "core_api": kind.api,
        "notice": api_notice(loaded.api, kind.api),
        "test_only": loaded.test_only,
        "docs_url": loaded.docs_url or _project_page(announced),
        "params": [about_param(param) for param in loaded.params],
        "extra_params": loaded.extra_params,
        "positional": _form(loaded),
        "capabilities": {name: _plain(value) for name, value in capabilities(kind, loaded).items()},
        "refines": refinements(kind, loaded),
        "example": {"file": asked.file, "line": asked.line} if asked else None,
    }


def load_checked(registry: "PluginRegistry", announced: "Announcement") -> type[Plugin]:
    """Return the class, imported in a child first: one that crashes must not take ``hb`` along."""
    (tried,) = probe([(announced.kind, announced.full_name)], registry)
    what = f"{announced.kind}:{announced.name} of {announced.origin}"
    if tried.problem:
        place = f" ({tried.place})" if tried.place else ""
        say_no(f"{what} cannot be loaded: {tried.problem}{place}")
    try:
        return registry.load_announced(announced)
    except (LookupError, PluginError) as problem:
        say_no(str(problem))


def facts_of_type(catalogue: "Catalogue", entry: "CatalogueEntry") -> Facts:
    """Return the facts of a type that a catalogue found on this host. Ends the command with 1 when it cannot tell."""
    try:
        params = catalogue.describe(entry)
    except Exception as problem:  # noqa: BLE001 - whatever a catalogue or the type does wrong is the answer
        show_traceback(problem)
        say_no(f"{entry.kind}:{entry.name} ({entry.origin}) cannot describe itself: {problem}")
    return {
        "kind": entry.kind,
        "name": entry.name,
        "origin": entry.origin,
        "driver": entry.driver,
        "driver_params": entry.params,
        "params": [about_param(param) for param in params],
    }


def _form(plugin: type[Plugin]) -> list[str]:
    repeats = getattr(plugin, "repeats", "")
    return [f"{repeats}..."] if repeats else list(plugin.positional)


def about_param(param: Param) -> Facts:
    """Return one parameter with the stable keys of ``--json``; a secret's default is not shown."""
    return {
        "name": param.name,
        "aliases": list(param.aliases),
        "kind": param.kind.name.lower(),
        "what": param.kind.value,
        "required": param.required,
        "default": None if param.secret else _plain(param.default),
        "minimum": param.minimum,
        "maximum": param.maximum,
        "choices": list(param.choices),
        "unit": "s" if param.kind is ParamKind.SECONDS else param.unit,
        "example": param.example,
        "help": param.help,
        "secret": param.secret,
        "setting": param.setting,
    }


def _plain(value: object) -> object:
    """Return what JSON has a form for."""
    if isinstance(value, Secret):
        return str(value)
    if isinstance(value, str | int | float | bool | None):
        return value
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, tuple | list | set | frozenset):
        return [_plain(one) for one in value]
    return str(value)


def _project_page(announced: "Announcement") -> str:
    """Return where the distribution's own metadata says that its papers are; empty when it says nothing."""
    dist = announced.entry_point.dist
    if dist is None:
        return ""
    labelled = [str(text).partition(", ") for text in dist.metadata.get_all("Project-URL") or ()]
    wanted = {label.lower(): url for label, _, url in labelled}
    home = dist.metadata.get_all("Home-page") or [""]
    return wanted.get("documentation") or wanted.get("homepage") or str(home[0])
