"""The kit's tests, with a service that is one process and its script."""

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import pytest
from heartbeat.testing.ra import AgentConformance
from heartbeat_ra_haresource import Script

if TYPE_CHECKING:
    from plugins_ra.haresource.tests.conftest import Service

README = Path(__file__).parents[1] / "README.md"


class TestResourceScript(AgentConformance):
    plugin = Script
    readme = README
    invalid: ClassVar[tuple[dict[str, str], ...]] = (
        {"script": "/nonexistent/service"},
        {"script": str(README)},  # a file, and no program
    )
    service: "Service"

    @pytest.fixture(autouse=True)
    def _service(self, service: "Service") -> None:
        self.service = service

    def given(self) -> dict[str, str]:
        return {"script": str(self.service.path), "arguments": "one two"}

    def is_active(self) -> bool:
        """It runs, and was started with its words."""
        return self.service.is_active() and f"{self.given().get('arguments', '')} start".strip() in self.service.calls()

    def break_it(self) -> None:
        self.service.kill()


class TestInitScript(TestResourceScript):
    @pytest.fixture(autouse=True)
    def _service(self, init_service: "Service") -> None:
        self.service = init_service

    def given(self) -> dict[str, str]:
        return {"script": str(self.service.path)}
