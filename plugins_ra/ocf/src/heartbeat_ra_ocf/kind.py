"""A type of OCF agent: provider and name, and the file that is it."""

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

ROOT = Path("/usr/lib/ocf")
"""Where everybody keeps OCF agents; the standard's own text (1.0) says /usr/ocf."""

_WORD = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*")
"""No dot in front: such files are libraries (``.ocf-shellfuncs``) and not for us."""


@dataclass(frozen=True, slots=True)
class OcfType:
    """One type of agent."""

    provider: str
    name: str
    root: Path = ROOT

    @property
    def word(self) -> str:
        """Return what an administrator writes: ``ocf:heartbeat:Filesystem``."""
        return f"ocf:{self.provider}:{self.name}"

    @property
    def path(self) -> Path:
        return self.root / "resource.d" / self.provider / self.name

    @property
    def problem(self) -> str:
        """Return why it cannot be run here; empty when it can."""
        try:
            mode = self.path.stat().st_mode
        except OSError as wrong:
            return f"there is no agent {self.path} ({wrong.strerror})"
        if not stat.S_ISREG(mode):
            return f"{self.path} is no file"
        return "" if os.access(self.path, os.X_OK) else f"{self.path} is not executable"


def parse_type(word: str, root: Path = ROOT) -> OcfType:
    """Return the type that ``ocf:PROVIDER:TYPE`` or ``PROVIDER:TYPE`` names. Raises ValueError with the form."""
    parts = word.removeprefix("ocf:").split(":")
    if len(parts) != 2 or not all(_WORD.fullmatch(part) for part in parts):
        raise ValueError("expected ocf:PROVIDER:TYPE, for example ocf:heartbeat:Filesystem")
    return OcfType(parts[0], parts[1], root)
