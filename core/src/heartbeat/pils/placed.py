"""The plugins of a checked configuration: the check, in a process thrown away since, found where each of them is.

An executor that imports them from there neither scans what is installed nor carries what a scan imports, which was a
tenth of what a node takes of memory; one that is started again after a crash is there sooner.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from heartbeat.pils.patience import limited
from heartbeat.pils.place import load_class
from heartbeat.plugin.kind import Plugin

if TYPE_CHECKING:
    from heartbeat.pils.registry import PluginRegistry


class PlacedPlugins:
    """Loads what was planned from its place, and everything else, and what is not there any more, by a scan."""

    def __init__(self, planned: Iterable[tuple[str, str, str]], config: Path | None = None) -> None:
        """``planned``: kind, name and place (``module:class``) of each; ``config``: as for PluginRegistry."""
        self._places = {(kind, name): place for kind, name, place in planned}
        self._config = config
        self._scanned: PluginRegistry | None = None

    def load(self, kind: str, name: str) -> type[Plugin]:
        """Import and return one plugin's class; raises what PluginRegistry.load raises."""
        place = self._places.get((kind, name))
        found = _imported(place) if place else None
        return found or self._registry().load(kind, name)

    def _registry(self) -> "PluginRegistry":
        if self._scanned is None:
            from heartbeat.pils.registry import PluginRegistry

            self._scanned = PluginRegistry(config=self._config)
        return self._scanned


def _imported(place: str) -> type[Plugin] | None:
    """Return the plugin at a place; None when there is none, for whatever reason.

    Its package may have been upgraded or removed since: a scan finds where it is now, or says what is wrong with it.
    """
    try:
        with limited():
            found = load_class(place)
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001 - a stranger's module may call sys.exit(), or take for ever
        return None
    return found if issubclass(found, Plugin) else None
