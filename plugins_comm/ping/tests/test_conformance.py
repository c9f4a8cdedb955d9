"""The kit's tests: a ping node that answers, and an address where nobody is."""

from pathlib import Path
from typing import ClassVar

import pytest
from heartbeat.testing.quorum import QuorumConformance
from heartbeat_comm_ping import Ping


@pytest.mark.usefixtures("hosts")
class TestPing(QuorumConformance):
    plugin = Ping
    readme = Path(__file__).parents[1] / "README.md"
    unreachable: ClassVar[dict[str, str] | None] = {"hosts": "10.9.0.99", "timeout": "300ms"}

    def given(self) -> dict[str, str]:
        return {"hosts": "10.9.0.254", "timeout": "2"}
