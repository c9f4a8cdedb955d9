"""The ``external/*`` scripts of this host."""

import os
from collections.abc import Sequence
from pathlib import Path

from heartbeat.plugin import API_CURRENT, Catalogue, CatalogueEntry, Param
from heartbeat.plugin.catalogue import TypeDescription, unfit

from heartbeat_stonith_external import about
from heartbeat_stonith_external.script import FOLDERS, is_script_name

RANK = 35
PREFIX = "external/"


class ExternalScripts(Catalogue):
    """Scripts, found by looking where cluster-glue keeps them. ``HB_EXTERNAL_STONITH`` names other folders."""

    api = API_CURRENT
    title = "external/* scripts"
    docs_url = "https://github.com/ClusterLabs/cluster-glue"

    @property
    def folders(self) -> tuple[Path, ...]:
        named = os.environ.get("HB_EXTERNAL_STONITH", "")
        return tuple(map(Path, named.split(":"))) if named else FOLDERS

    def entries(self) -> list[CatalogueEntry]:
        """Return every script. Runs none of them."""
        names = {PREFIX + name for folder in self.folders for name in _names(folder)}
        return [entry for name in sorted(names) if (entry := self.find(name)) is not None]

    def find(self, name: str) -> CatalogueEntry | None:
        """Find ``external/NAME``."""
        file = name.removeprefix(PREFIX)
        if not name.startswith(PREFIX) or not is_script_name(file):
            return None
        path = next((path for folder in self.folders if not unfit(path := folder / file, "script")), None)
        if path is None:
            return None
        return CatalogueEntry("stonith", name, "external", {"script": str(path)}, str(path), RANK)

    def words(self, entry: CatalogueEntry, words: Sequence[str]) -> dict[str, str]:
        """Return the parameters of words in the order of ``getconfignames``; the last takes the rest of the line."""
        return {**entry.params, **(self.about(entry).given(words) if words else {})}

    def describe(self, entry: CatalogueEntry) -> tuple[Param, ...]:
        return self.about(entry).params

    def about(self, entry: CatalogueEntry) -> TypeDescription:
        """Ask the script. Raises PluginError."""
        return about.ask(Path(entry.params["script"]))


def _names(folder: Path) -> list[str]:
    try:
        return [path.name for path in folder.iterdir()]
    except OSError:
        return []
