"""A catalogue of the programs in ``toy.d``."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

from heartbeat.plugin import Catalogue, CatalogueEntry

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


class ToyPrograms(Catalogue):
    """Finds what can be run in the directory ``toy.d`` of the configuration."""

    api = 1
    title = "programs in toy.d"

    def entries(self) -> list[CatalogueEntry]:
        try:
            names = sorted(path.name for path in self._folder.iterdir())
        except OSError:
            return []
        return [entry for name in names if (entry := self.find(name)) is not None]

    def find(self, name: str) -> CatalogueEntry | None:
        if not _NAME.fullmatch(name):
            return None
        path = self._folder / name
        if not (path.is_file() and os.access(path, os.X_OK)):
            return None
        return CatalogueEntry("ra", name, "haresource", {"script": str(path)}, str(path), rank=15)

    def words(self, entry: CatalogueEntry, words: Sequence[str]) -> dict[str, str]:
        return {**entry.params, "arguments": " ".join(words)} if words else dict(entry.params)

    @property
    def _folder(self) -> Path:
        return self.config / "toy.d"
