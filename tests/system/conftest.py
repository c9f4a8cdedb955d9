"""System tests run real daemons in namespaces; where none can be made they are skipped, and counted as such."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from heartbeat.lab.control import LabError
from heartbeat.lab.lab import user_namespace

from tests.system.cluster import Cluster, running, write_files

Up = Callable[..., Cluster]

LONG = "HB_LONG"
"""Set by `make test-long`: the counts of a night instead of those of a coffee."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.system)
            if os.environ.get(LONG):
                item.add_marker(pytest.mark.timeout(4 * 3600))


@pytest.fixture(scope="session", autouse=True)
def namespaces() -> None:
    try:
        user_namespace()
    except LabError as impossible:
        pytest.skip(str(impossible))


@pytest.fixture(scope="session")
def rounds() -> Callable[[int, int], range]:
    """Return what counts a test's rounds: ``rounds(short, long)``."""
    is_long = bool(os.environ.get(LONG))
    return lambda short, long: range(long if is_long else short)


@pytest.fixture
def up(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Up]:
    """Return what puts a cluster up: ``up("node1 192.0.2.10\\n", more="...")``; each is judged at the end."""
    with ExitStack() as stack:

        def make(haresources: str, *, daemons: bool = True, **how: Any) -> Cluster:
            files = write_files(tmp_path / "cluster", haresources, **how)
            return stack.enter_context(running(files, f"system-{os.getpid()}", daemons=daemons))

        yield make
