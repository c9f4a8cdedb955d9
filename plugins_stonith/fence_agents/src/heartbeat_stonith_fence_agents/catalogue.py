"""The fence agents of this host, by their names (``fence_apc``) and by those that cluster-glue had (``rhcs/apc``)."""

import os
from collections.abc import Sequence
from pathlib import Path

from heartbeat.plugin import API_CURRENT, Catalogue, CatalogueEntry, Param
from heartbeat.plugin.catalogue import TypeDescription, unfit

from heartbeat_stonith_fence_agents import metadata
from heartbeat_stonith_fence_agents.program import FOLDERS, is_agent_name

RANK = 40
"""Behind scripts of ``external/*`` (35), which have names of their own anyway."""
OLD = "rhcs/"


class FenceAgents(Catalogue):
    """Fence agents, found by looking for ``fence_*`` where they lie. ``HB_FENCE_AGENTS`` names other folders."""

    api = API_CURRENT
    title = "fence agents"
    docs_url = "https://github.com/ClusterLabs/fence-agents"

    @property
    def folders(self) -> tuple[Path, ...]:
        named = os.environ.get("HB_FENCE_AGENTS", "")
        return tuple(map(Path, named.split(":"))) if named else FOLDERS

    def entries(self) -> list[CatalogueEntry]:
        """Return every agent. Runs none of them."""
        names = {path.name for folder in self.folders for path in _files(folder)}
        return [entry for name in sorted(names) if (entry := self.find(name)) is not None]

    def find(self, name: str) -> CatalogueEntry | None:
        """Find ``fence_NAME``, or ``rhcs/NAME``, which means the same."""
        file = f"fence_{name.removeprefix(OLD)}" if name.startswith(OLD) else name
        if not is_agent_name(file):
            return None
        path = next((path for folder in self.folders if not unfit(path := folder / file, "agent")), None)
        if path is None:
            return None
        return CatalogueEntry("stonith", name, "fence_agent", {"agent": str(path)}, str(path), RANK)

    def words(self, entry: CatalogueEntry, words: Sequence[str]) -> dict[str, str]:
        """Return the parameters of words in the order of the meta-data, as ``rhcs/*`` had it."""
        return {**entry.params, **(self.about(entry).given(words) if words else {})}

    def describe(self, entry: CatalogueEntry) -> tuple[Param, ...]:
        return self.about(entry).params

    def about(self, entry: CatalogueEntry) -> TypeDescription:
        """Run the agent's ``metadata``. Raises PluginError."""
        return metadata.ask(Path(entry.params["agent"])).about


def _files(folder: Path) -> list[Path]:
    try:
        return list(folder.glob("fence_*"))
    except OSError:
        return []
