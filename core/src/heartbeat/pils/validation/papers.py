"""What a distribution says about itself: read from its metadata when it is installed, else from its pyproject.toml."""

import re
import tomllib
from dataclasses import dataclass
from importlib.metadata import Distribution, EntryPoint
from pathlib import Path
from typing import Any

from heartbeat.pils.kinds import ABOUT_PLUGINS, KINDS_GROUP, PREFIX


@dataclass(frozen=True, slots=True)
class Papers:
    """One distribution, installed or as a folder with its sources."""

    place: str
    """Where it was read, for people."""
    name: str
    version: str
    summary: str
    requires_python: str
    requires: tuple[str, ...]
    """What it needs without any extra, as it is written: ``pyserial>=3.5``."""
    has_licence: bool
    readme: str
    packages: tuple[str, ...]
    """Top-level modules and packages that it brings."""
    is_typed: bool
    points: tuple[EntryPoint, ...]
    """Its plugins."""
    kinds: tuple[EntryPoint, ...] = ()
    """The kinds of plugin that it brings."""
    folder: Path | None = None
    """The sources; None: only what is installed is here."""
    readme_name: str = "README.md"
    """In the sources' folder."""

    def wants(self, distribution: str) -> str | None:
        """Return the bounds of a requirement (``>=4.0,<5``), empty when it has none; None when it is not required."""
        for text in self.requires:
            found = re.match(r"\s*([\w.-]+)\s*(?:\[[^]]*\])?\s*\(?([^);]*)", text)
            if found and normal(found[1]) == normal(distribution):
                return found[2].strip()
        return None


class NoProject(Exception):
    """A folder is not the source of a plugin's distribution; the text says why."""


def normal(name: str) -> str:
    """Return a distribution's name in the form in which two names are compared (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def papers_of_installed(dist: Distribution) -> Papers:
    """Return the papers of an installed distribution."""
    files = [str(file) for file in dist.files or ()]
    packages = {file.split("/")[0].removesuffix(".py") for file in files if file.endswith((".py", "/py.typed"))}
    tops = {name for name in packages if re.fullmatch(r"\w+", name)}
    editable = next((Path(line) for line in _path_lines(dist, files)), None)
    if editable is not None:
        tops |= {path.parent.name for path in editable.glob("*/__init__.py")}
    typed = any(file.endswith("/py.typed") for file in files) or (
        editable is not None and any(editable.glob("*/py.typed"))
    )
    return Papers(
        place=f"{_field(dist, 'Name')} {_field(dist, 'Version')}",
        name=_field(dist, "Name"),
        version=_field(dist, "Version"),
        summary=_field(dist, "Summary"),
        requires_python=_field(dist, "Requires-Python"),
        requires=tuple(text for text in dist.requires or () if "extra ==" not in text),
        has_licence=any(_field(dist, name) for name in ("License-Expression", "License", "License-File")),
        readme=(dist.read_text("METADATA") or "").partition("\n\n")[2] or _field(dist, "Description"),
        packages=tuple(sorted(tops)),
        is_typed=typed,
        points=_plugins(tuple(dist.entry_points)),
        kinds=_kinds(tuple(dist.entry_points)),
    )


def papers_of_project(folder: Path) -> Papers:
    """Return the papers of a folder with a pyproject.toml. Raises NoProject."""
    path = folder / "pyproject.toml"
    try:
        project: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))["project"]
    except OSError as wrong:
        raise NoProject(f"{path}: {wrong.strerror}") from None
    except (ValueError, KeyError) as wrong:
        raise NoProject(f"{path} cannot be understood: {wrong}") from None
    readme = folder / str(project.get("readme") or "README.md")
    groups: dict[str, dict[str, str]] = project.get("entry-points", {})
    points = tuple(EntryPoint(name, value, group) for group in groups for name, value in groups[group].items())
    tops = [it for it in (folder / "src").glob("*") if it.suffix == ".py" or (it / "__init__.py").exists()]
    return Papers(
        place=str(path),
        name=str(project.get("name", "")),
        version=str(project.get("version", "")),
        summary=str(project.get("description", "")),
        requires_python=str(project.get("requires-python", "")),
        requires=tuple(project.get("dependencies", ())),
        has_licence=bool(project.get("license") or project.get("license-files") or any(folder.glob("LICEN[CS]E*"))),
        readme=readme.read_text(encoding="utf-8") if readme.is_file() else "",
        packages=tuple(sorted(it.stem for it in tops)),
        is_typed=any(folder.glob("src/*/py.typed")),
        points=_plugins(points),
        kinds=_kinds(points),
        folder=folder,
        readme_name=str(project.get("readme") or "README.md"),
    )


def _field(dist: Distribution, name: str) -> str:
    return str((dist.metadata.get_all(name) or [""])[0])


def _plugins(points: tuple[EntryPoint, ...]) -> tuple[EntryPoint, ...]:
    return tuple(it for it in points if it.group.startswith(PREFIX) and it.group not in ABOUT_PLUGINS)


def _kinds(points: tuple[EntryPoint, ...]) -> tuple[EntryPoint, ...]:
    return tuple(it for it in points if it.group == KINDS_GROUP)


def _path_lines(dist: Distribution, files: list[str]) -> list[str]:
    """Return what the .pth file of an editable installation adds to the path."""
    base = Path(str(dist.locate_file("")))
    stems = [file for file in files if file.endswith(".pth")] or [f"{str(dist.name).replace('-', '_')}.pth"]
    found = [base / stem for stem in stems if (base / stem).is_file()]
    return [line for path in found for line in path.read_text().splitlines() if line.startswith("/")]
