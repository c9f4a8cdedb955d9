"""System tests run real daemons in namespaces; where none can be made they are skipped, and counted as such."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from heartbeat.lab.control import LabError
from heartbeat.lab.lab import user_namespace

from tests.system.cluster import Cluster, running, write_files
from tests.system.counts import LONG, Rounds, wanted
from tests.system.figures import Figures, table

Up = Callable[..., Cluster]

FIGURES = "figures"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that counts its rounds once for each part of a night, or once with few."""
    if "rounds" in metafunc.fixturenames:
        try:
            chosen = wanted()
        except ValueError as wrong:
            raise pytest.UsageError(str(wrong)) from None
        names = ["few" if part is None else f"part{part}" for part in chosen]
        metafunc.parametrize("rounds", [Rounds(part) for part in chosen], ids=names)


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


@pytest.fixture
def up(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Up]:
    """Return what puts a cluster up: ``up("node1 192.0.2.10\\n", more="...")``; each is judged at the end."""
    clusters: list[Cluster] = []
    try:
        with ExitStack() as stack:

            def make(
                haresources: str,
                *,
                daemons: bool = True,
                run: Sequence[str] = (),
                fence: Sequence[str] = (),
                **how: Any,
            ) -> Cluster:
                files = write_files(tmp_path / "cluster", haresources, **how)
                name = f"system-{os.getpid()}"
                cluster = stack.enter_context(running(files, name, daemons=daemons, run=run, fence=fence))
                clusters.append(cluster)
                return cluster

            yield make
    finally:
        request.node.user_properties += [(FIGURES, cluster.figures._asdict()) for cluster in clusters]


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """With HB_FIGURES naming a file, write there what all tests together showed on the wire, as a table."""
    place = os.environ.get("HB_FIGURES")
    if not place:
        return
    # The figures are known at a test's teardown, which is where the promises are judged, too.
    ended = [report for reports in terminalreporter.stats.values() for report in reports if hasattr(report, "when")]
    bad = {report.nodeid for report in ended if report.failed}
    rows: dict[str, list[tuple[bool, Figures]]] = {}
    for report in ended:
        name = report.nodeid.partition("[")[0].rpartition("/")[2].replace(".py::test_", ": ").removeprefix("test_")
        for key, figures in report.user_properties:
            if key == FIGURES and report.when == "teardown":
                rows.setdefault(name, []).append((report.nodeid not in bad, Figures(**figures)))
    Path(place).write_text(table(rows) + "\n")
    terminalreporter.write_line(f"figures: {place}")
