"""The kit on the toy service."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest
from heartbeat.testing.ra import AgentConformance
from toy_agent import ToyService, alive


class TestToyService(AgentConformance):
    plugin = ToyService
    invalid: ClassVar[dict[str, str] | None] = {"pidfile": "/nowhere/at/all/toy.pid"}
    file: Path

    @pytest.fixture(autouse=True)
    def _file(self, tmp_path: Path) -> Iterator[None]:
        self.file = tmp_path / "toy.pid"
        self.words = (str(self.file),)  # type: ignore[misc]  # known in the test only
        yield
        if self.file.exists() and alive(int(self.file.read_text())):
            os.kill(int(self.file.read_text()), signal.SIGKILL)

    def given(self) -> dict[str, str]:
        return {"pidfile": str(self.file)}

    def is_active(self) -> bool:
        return self.file.exists() and alive(int(self.file.read_text()))

    def break_it(self) -> None:
        os.kill(int(self.file.read_text()), signal.SIGKILL)
        while self.is_active():
            os.sched_yield()
