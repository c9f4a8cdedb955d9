"""How configuration asks for plugins without knowing how they are loaded."""

from collections.abc import Sequence
from typing import Protocol

from heartbeat.plugin.catalogue import Catalogue, CatalogueEntry
from heartbeat.plugin.kind import Plugin


class Registry(Protocol):
    """Finds plugins by kind and name. Implemented by ``heartbeat.pils``; a dictionary will do in a test."""

    def names(self, kind: str) -> list[str]:
        """Return the names announced for a kind (``comm``, ``auth``, ``stonith``, ``ra``), sorted. Imports nothing."""

    def load(self, kind: str, name: str) -> type[Plugin]:
        """Import and return one plugin's class.

        Raises LookupError when no installed distribution announces it, and PluginError when it is announced but
        cannot be loaded; the text names the distribution and the cause.
        """

    def package_for(self, kind: str, name: str) -> str | None:
        """Return the distribution that is known to bring a plugin that is not installed: ``heartbeat-comm-serial``."""

    def catalogues(self) -> Sequence[Catalogue]:
        """Return the installed catalogues, made."""

    def find_type(self, kind: str, name: str) -> tuple[Catalogue, CatalogueEntry] | None:
        """Return what the first catalogue, by rank, knows under this name."""
