"""A new plugin's distribution: a folder that passes its tests as it comes, to be filled with the real thing."""

import keyword
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from heartbeat.pils.stub import OwnKind

TEMPLATES = Path(__file__).with_name("templates")

MAIN = {
    "stonith": "device",
    "ra": "agent",
    "comm": "medium",
    "auth": "method",
    "hooks": "listener",
    "quorum": "witness",
    "catalogue": "catalogue",
}
"""Kinds with a template, and what the module with the class is called."""

WHAT = {
    "stonith": "STONITH device",
    "ra": "resource agent",
    "comm": "medium",
    "auth": "authentication method",
    "hooks": "hook",
    "quorum": "tie-breaker",
    "catalogue": "catalogue",
}

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[-_][A-Za-z0-9]+)*")


class CannotScaffold(Exception):
    """The name cannot be one, or the folder is taken; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Scaffold:
    """What everything in the new distribution is called."""

    kind: str
    name: str
    """The word that an administrator writes."""
    own: OwnKind | None = None
    """The kind, when it is a vendor's."""

    def __post_init__(self) -> None:
        if self.kind not in MAIN and self.own is None:
            raise CannotScaffold(f"there is no scaffold for the kind {self.kind}; there is one for {', '.join(MAIN)}")
        if not _NAME.fullmatch(self.name):
            raise CannotScaffold(f"{self.name!r} cannot be a plugin's name: letters, digits, - and _, a letter first")

    @property
    def distribution(self) -> str:
        return f"heartbeat-{self.kind}-{re.sub(r'_', '-', self.name).lower()}"

    @property
    def module(self) -> str:
        return self.distribution.replace("-", "_")

    @property
    def class_name(self) -> str:
        """``acme-pdu8`` is ``AcmePdu8``; a name that has capitals keeps them."""
        words = re.split(r"[-_]", self.name)
        name = "".join(word[0].upper() + word[1:] for word in words)
        return f"{name}Plugin" if keyword.iskeyword(name) else name

    def write(self, folder: Path, core_version: str) -> list[Path]:
        """Write the distribution into a folder that is not there yet, or is empty; return its files.

        ``core_version``: of this core (``4.0.0``); the new plugin asks for this minor version or a later one, and
        for no other major. Raises CannotScaffold or OSError.
        """
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise CannotScaffold(f"{folder} is there already and not empty; choose another with --dir")
        written = []
        for path, text in self._files(core_version):
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
            target.chmod(0o755 if path.endswith(".sh") else 0o644)
            written.append(target)
        return written

    def _files(self, core_version: str) -> Iterator[tuple[str, str]]:
        source, main = f"src/{self.module}", MAIN.get(self.kind, "plugin")
        templates = self.kind if self.own is None else "own"
        places = {
            "pyproject.toml": "shared/pyproject.toml",
            "ci.sh": "shared/ci.sh",
            "README.md": f"{templates}/README.md",
            f"{source}/__init__.py": f"{templates}/init.py",
            f"{source}/{main}.py": f"{templates}/{main}.py",
            f"tests/test_{self.module.removeprefix('heartbeat_')}.py": f"{templates}/test.py",
        }
        if self.own is None and (TEMPLATES / self.kind / "simulator.py.txt").exists():
            places[f"{source}/simulator.py"] = f"{self.kind}/simulator.py"
        for path, template in places.items():
            yield path, self._filled(template, core_version)
        yield f"{source}/py.typed", ""

    def _filled(self, template: str, core_version: str) -> str:
        text = (TEMPLATES / f"{template}.txt").read_text(encoding="utf-8")
        major, minor, *_ = core_version.split(".")
        words = {
            "NEXT": (TEMPLATES / "shared" / "next.txt").read_text(encoding="utf-8").rstrip("\n"),
            **(self.own.words() if self.own else {}),
            "REQUIRES": f', "{self.own.requirement}"' if self.own and self.own.requirement else "",
            "TITLE": f"The {self.own.kind.title if self.own else WHAT[self.kind]} {self.name}",
            "DISTRIBUTION": self.distribution,
            "MODULE": self.module,
            "CLASS": self.class_name,
            "KIND": self.kind,
            "NAME": self.name,
            "CORE": f">={major}.{minor},<{int(major) + 1}",
        }
        for word, value in words.items():  # NEXT first: it holds some of the others
            text = text.replace(f"@{word}@", value)
        return text
