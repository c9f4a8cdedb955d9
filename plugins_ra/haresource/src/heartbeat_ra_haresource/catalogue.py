"""The scripts of this host: resource.d of the configuration, then /etc/init.d."""

import stat
from collections.abc import Sequence
from pathlib import Path

from heartbeat.plugin import API_CURRENT, Catalogue, CatalogueEntry
from heartbeat.plugin.catalogue import TypeDescription

RESOURCE_D_RANK, INIT_D_RANK = 10, 20

_SHORT, _LONG = "# short-description:", "# description:"
_HEADER_BYTES = 4096
"""Within so much of the beginning of an init script stands the block of comments that describes it (LSB)."""


class Scripts(Catalogue):
    """Classic resource scripts and init scripts, found by looking into two folders. Nothing is run."""

    api = API_CURRENT
    title = "Scripts of resource.d and init.d"
    docs_url = "https://refspecs.linuxfoundation.org/LSB_5.0.0/LSB-Core-generic/LSB-Core-generic/iniscrptact.html"
    init_d: Path = Path("/etc/init.d")

    def entries(self) -> list[CatalogueEntry]:
        """Return every executable of both folders; one of init.d that has the name of one in resource.d is hidden."""
        found: dict[str, CatalogueEntry] = {}
        for folder, convention, rank in self._folders():
            try:
                names = [path.name for path in folder.iterdir()]
            except OSError:
                continue
            for name in names:
                entry = _entry(folder, name, convention, rank)
                if entry is not None and not name.startswith("."):
                    found.setdefault(name, entry)
        return sorted(found.values(), key=lambda entry: entry.name)

    def find(self, name: str) -> CatalogueEntry | None:
        if not name or "/" in name or name in (".", ".."):
            return None
        found = (_entry(folder, name, convention, rank) for folder, convention, rank in self._folders())
        return next((entry for entry in found if entry is not None), None)

    def words(self, entry: CatalogueEntry, words: Sequence[str]) -> dict[str, str]:
        """Return what the driver needs for ``script::word::word``. Empty words vanish, as in heartbeat 3."""
        arguments = " ".join(word for word in words if word)
        return {**entry.params, **({"arguments": arguments} if arguments else {})}

    def about(self, entry: CatalogueEntry) -> TypeDescription:
        """Return what the comments at the beginning of an init script say (LSB), without running it."""
        try:
            with Path(entry.origin).open("rb") as file:
                lines = file.read(_HEADER_BYTES).decode("utf-8", "replace").splitlines()
        except OSError:
            lines = []
        title = next((line[len(_SHORT) :].strip() for line in lines if line.lower().startswith(_SHORT)), "")
        return TypeDescription(title, _long_description(lines))

    def _folders(self) -> tuple[tuple[Path, str, int], ...]:
        return (
            (self.config / "resource.d", "resource.d", RESOURCE_D_RANK),
            (self.init_d, "init.d", INIT_D_RANK),
        )


def _entry(folder: Path, name: str, convention: str, rank: int) -> CatalogueEntry | None:
    """Return the entry of a regular, executable file, through links; None of anything else."""
    path = folder / name
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return None
    if not stat.S_ISREG(mode) or not mode & 0o111:
        return None
    params = {"script": str(path), "convention": convention}
    return CatalogueEntry("ra", name, "haresource", params, str(path), rank)


def _long_description(lines: Sequence[str]) -> str:
    """Return the LSB description: its line, and the lines after it that begin with ``#`` and two blanks or a tab."""
    text: list[str] = []
    for line in lines:
        if text and not line.startswith(("#  ", "#\t")):
            break
        if text:
            text.append(line[1:].strip())
        elif line.lower().startswith(_LONG):
            text.append(line[len(_LONG) :].strip())
    return " ".join(text).strip()
