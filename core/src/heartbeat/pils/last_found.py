"""What was last found wrong with each plugin, kept in the node's state directory for listings that import nothing."""

import contextlib
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

import msgspec

from heartbeat.pils.announcement import Announcement

FILE = "plugins.json"
"""Beside the journal: it belongs to the node, not to the home folder of whoever looked."""


class Found(msgspec.Struct, frozen=True):
    """What loading one plugin showed, once."""

    kind: str
    full_name: str
    """``distribution:name``"""
    version: str
    """Of the distribution; another version has not been looked at."""
    problem: str
    """Why it cannot be loaded; empty: it loads."""
    place: str
    at_s: float
    """Wall clock, seconds since 1970."""


class LastFound:
    """The record of one node. It only serves to inform: a file that cannot be read counts as empty."""

    def __init__(self, state: Path) -> None:
        self.path = state / FILE
        self._found: dict[tuple[str, str], Found] = {}
        with contextlib.suppress(OSError, msgspec.MsgspecError):
            rows = msgspec.json.decode(self.path.read_bytes(), type=list[Found])
            self._found = {(it.kind, it.full_name): it for it in rows}

    def about(self, announced: Announcement) -> Found | None:
        """Return what was last found about this very version."""
        found = self._found.get((announced.kind, announced.full_name))
        return found if found and found.version == announced.version else None

    def keep(self, news: Iterable[Found]) -> None:
        """Write the news down, beside what is known about others. Raises OSError where we may not write."""
        self._found |= {(it.kind, it.full_name): it for it in news}
        rows = msgspec.json.encode([self._found[key] for key in sorted(self._found)])
        handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=f".{FILE}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(msgspec.json.format(rows, indent=1))
            Path(name).chmod(0o644)
            Path(name).replace(self.path)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise
