"""Which plugin a word on the command line means: a name, ``kind:name``, ``distribution:name``, or a type."""

import difflib
from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from heartbeat.cli.asking import say_no
from heartbeat.plugin.errors import PluginError

if TYPE_CHECKING:
    from heartbeat.pils.announcement import Announcement
    from heartbeat.pils.registry import PluginRegistry
    from heartbeat.plugin.catalogue import Catalogue, CatalogueEntry

TYPED = ["ra", "stonith"]
"""Kinds for which catalogues find types on the host."""


def find_named(registry: "PluginRegistry", word: str) -> "Announcement | tuple[Catalogue, CatalogueEntry]":
    """Return what is meant. Ends the command with 2 when that is not clear, with 1 when it is not there."""
    kind, _, name = word.partition(":")
    if kind not in registry.kinds() or not name:
        kind, name = "", word
    fitting = [it for it in registry.announced(kind) if name in (it.name, it.full_name)]
    kinds = sorted({it.kind for it in fitting})
    if len(kinds) > 1:
        raise click.UsageError(f"{name} is several plugins: {' or '.join(f'{one}:{name}' for one in kinds)}?")
    try:
        found = registry.find(kinds[0], name) if kinds else _type(registry, [kind] if kind else TYPED, name)
    except PluginError as problem:
        say_no(str(problem))
    return found or say_no(_not_there(registry, kind, name))


def _type(registry: "PluginRegistry", kinds: Iterable[str], name: str) -> "tuple[Catalogue, CatalogueEntry] | None":
    return next((found for kind in kinds if (found := registry.find_type(kind, name)) is not None), None)


def _not_there(registry: "PluginRegistry", kind: str, name: str) -> str:
    for one in [kind] if kind else registry.kinds():
        if package := registry.package_for(one, name):
            return f"{one}:{name} is not installed; `pip install {package}` brings it."
    names = sorted({it.name for it in registry.announced(kind)})
    near = difflib.get_close_matches(name, names, 1)
    meant = f"Did you mean {near[0]}?" if near else "`hb plugin list` shows what there is."
    return f"no installed plugin is called {kind + ':' if kind else ''}{name}, and none is known to bring it. {meant}"
