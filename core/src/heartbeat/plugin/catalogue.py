"""The contract of a catalogue: it finds types on this host as if each were a plugin."""

import abc
from collections.abc import Sequence
from dataclasses import dataclass

from heartbeat.plugin.kind import Plugin
from heartbeat.plugin.param import Param


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """One type found on this host."""

    kind: str
    """Kind of plugin it stands for: ``ra``, ``stonith``."""
    name: str
    """The word an administrator writes: ``apache``, ``ocf:heartbeat:Filesystem``."""
    driver: str
    """Entry point of that kind which runs it: ``haresource``, ``ocf``."""
    params: dict[str, str]
    """What the driver needs to know which type it is, unparsed: ``{"script": "/etc/init.d/apache2"}``."""
    origin: str
    """Where it was found, for people: a path."""
    rank: int = 100
    """Order of search among catalogues: resource.d is 10, init.d 20, OCF 30."""


class Catalogue(Plugin, abc.ABC):
    """Lists and finds types on this host. Reads directories; never runs what it finds unless asked to describe."""

    @abc.abstractmethod
    def entries(self) -> list[CatalogueEntry]:
        """Return everything found, sorted by name."""

    @abc.abstractmethod
    def find(self, name: str) -> CatalogueEntry | None:
        """Return the entry for a word of the configuration, without reading whole directories where possible."""

    def words(self, entry: CatalogueEntry, words: Sequence[str]) -> dict[str, str]:
        """Return the driver's unparsed parameters for ``name::word::word``."""
        return dict(entry.params)

    def describe(self, entry: CatalogueEntry) -> tuple[Param, ...]:
        """Return the parameters of the type itself, when it can tell (OCF meta-data)."""
        return ()
