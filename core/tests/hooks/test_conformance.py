"""notify and metrics pass the kit that a vendor's hook passes."""

import socket
from pathlib import Path

import pytest
from heartbeat.hooks.metrics import Metrics
from heartbeat.hooks.notify import Notify
from heartbeat.testing.hooks import HooksConformance


class TestNotify(HooksConformance):
    plugin = Notify
    folder: Path

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path
        command = tmp_path / "command"
        command.write_text(f"#!/bin/sh\necho $HB_FACT >> {tmp_path / 'log'}\n")
        command.chmod(0o755)

    def given(self) -> dict[str, str]:
        return {"command": str(self.folder / "command"), "about": "all", "limit": "1000"}

    def heard(self) -> int | None:
        log = self.folder / "log"
        return len(log.read_text().splitlines()) if log.exists() else 0


class TestMetrics(HooksConformance):
    plugin = Metrics
    port: int

    @pytest.fixture(autouse=True)
    def _port(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            self.port = int(server.getsockname()[1])

    def given(self) -> dict[str, str]:
        return {"port": str(self.port)}
