"""The OCF agents of this host, by ``ocf:PROVIDER:TYPE``, and by the bare words that heartbeat 3 had for them."""

import difflib
import os
import re
from collections.abc import Sequence
from pathlib import Path

from heartbeat.plugin import API_CURRENT, Catalogue, CatalogueEntry, Param, PluginError
from heartbeat.plugin.catalogue import TypeDescription

from heartbeat_ra_ocf import metadata, wrappers
from heartbeat_ra_ocf.agent import named
from heartbeat_ra_ocf.kind import ROOT, OcfType, parse_type

RANK = 30
"""Behind resource.d (10) and init.d (20): a script that an administrator put there is meant."""

_NAMED = re.compile(r"[A-Za-z_]\w*=")
_FREE = ("trace_ra", "trace_file", "trace_dir")
"""Parameters of the library that agents share (ocf-shellfuncs); no agent declares them."""


class OcfScripts(Catalogue):
    """OCF resource agents, found by looking into the folders of their providers. ``OCF_ROOT`` names another root."""

    api = API_CURRENT
    title = "OCF resource agents"
    docs_url = "https://github.com/ClusterLabs/OCF-spec/blob/main/ra/1.1/resource-agent-api.md"

    @property
    def root(self) -> Path:
        return Path(os.environ.get("OCF_ROOT") or ROOT)

    def entries(self) -> list[CatalogueEntry]:
        """Return every agent under its full name."""
        found = []
        for provider in _names(self.root / "resource.d"):
            for name in _names(self.root / "resource.d" / provider):
                entry = self._entry(f"ocf:{provider}:{name}", f"ocf:{provider}:{name}")
                if entry is not None:
                    found.append(entry)
        return sorted(found, key=lambda entry: entry.name)

    def find(self, name: str) -> CatalogueEntry | None:
        """Find ``ocf:PROVIDER:TYPE``; or a word for which heartbeat 3 had a wrapper: ``Filesystem``, ``Raid1`` ..."""
        if name in wrappers.ORDER:
            return self._entry(name, f"ocf:{wrappers.PROVIDER}:{name}")
        return self._entry(name, name) if name.startswith("ocf:") else None

    def words(self, entry: CatalogueEntry, words: Sequence[str]) -> dict[str, str]:
        """Return the driver's parameters: ``NAME=VALUE`` words, or of a bare word the old arguments in their order.

        A name that the agent's meta-data does not have is refused: an agent ignores it without a word. Raises
        ValueError with what was expected.
        """
        is_named = entry.name.startswith("ocf:") or all(_NAMED.match(word) for word in words)
        given = named(words) if is_named else wrappers.in_order(entry.name, words)
        self._check_names(entry, given)
        return {**entry.params, **given}

    def describe(self, entry: CatalogueEntry) -> tuple[Param, ...]:
        """Run the agent's ``meta-data`` and return its parameters. Raises PluginError."""
        return self.about(entry).params

    def about(self, entry: CatalogueEntry) -> TypeDescription:
        return metadata.ask(_type_of(entry)).about

    def _entry(self, name: str, word: str) -> CatalogueEntry | None:
        try:
            kind = parse_type(word, self.root)
        except ValueError:
            return None
        if kind.problem:
            return None
        elsewhere = {} if self.root == ROOT else {"ocf_root": str(self.root)}
        return CatalogueEntry("ra", name, "ocf", {"ocf_type": kind.word, **elsewhere}, str(kind.path), RANK)

    def _check_names(self, entry: CatalogueEntry, given: dict[str, str]) -> None:
        try:
            known = metadata.ask(_type_of(entry)).names
        except PluginError:
            return  # it cannot tell; then it is the agent's to judge
        for name in given:
            if name in known or name in _FREE or name.startswith("CRM_meta_"):
                continue
            near = difflib.get_close_matches(name, known, 1)
            hint = f", did you mean {near[0]}?" if near else f"; `hb ra info {entry.name}` lists those that it has"
            raise ValueError(f"{name} is no parameter of {entry.params['ocf_type']}{hint}")


def _type_of(entry: CatalogueEntry) -> OcfType:
    return parse_type(entry.params["ocf_type"], Path(entry.params.get("ocf_root", ROOT)))


def _names(folder: Path) -> list[str]:
    try:
        return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    except OSError:
        return []
