"""The kit on the toy hook."""

from pathlib import Path

import pytest
from heartbeat.testing.hooks import HooksConformance
from toy_hook import ToyLog


class TestToyLog(HooksConformance):
    plugin = ToyLog
    file: Path

    @pytest.fixture(autouse=True)
    def _file(self, tmp_path: Path) -> None:
        self.file = tmp_path / "log"

    def given(self) -> dict[str, str]:
        return {"file": str(self.file), "token": "hunter2-hunter2"}

    def heard(self) -> int | None:
        return len(self.file.read_text().splitlines()) if self.file.exists() else 0
