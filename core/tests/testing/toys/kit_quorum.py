"""The kit on the toy referee."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

import pytest
from heartbeat.testing.quorum import QuorumConformance
from toy_quorum import ToyReferee


class TestToyReferee(QuorumConformance):
    plugin = ToyReferee
    other_cluster = "elsewhere"
    unreachable: ClassVar[dict[str, str] | None] = {"folder": "/nowhere/referee"}
    folder: Path

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    def given(self) -> dict[str, str]:
        return {"folder": str(self.folder)}

    def restart(self) -> None:
        """The server loses what is not in files with a name: its locks, and what was never moved to its place."""
        for path in (self.folder / "lock", *self.folder.glob("*.new")):
            path.unlink(missing_ok=True)

    @contextmanager
    def stalled(self) -> Iterator[None]:
        """Somebody has the lock and does not give it back."""
        with (self.folder / "lock").open("w") as other:
            fcntl.flock(other, fcntl.LOCK_EX)
            yield
