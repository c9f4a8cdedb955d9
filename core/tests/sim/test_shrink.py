"""Shrinking: what is left breaks the same law, and nothing of it can be left out; it lives in a file."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
from heartbeat.sim import schedule
from heartbeat.sim.check import CHECKERS, checker
from heartbeat.sim.observation import Decided, Observation
from heartbeat.sim.schedule import Fault, GroupShape, Schedule, Shape
from heartbeat.sim.shrink import ddmin, laws, shrink
from heartbeat.sim.swarm import draw


class NobodyRestarts(checker.Checker):
    """A law that a restart breaks, so that there is something to shrink."""

    law = "T1"
    says = "no daemon starts a second time"
    sees = (Decided,)

    def see(self, observation: Observation) -> None:
        assert isinstance(observation, Decided)
        if observation.decision.kind == "node.started" and observation.incarnation > 1:
            self.broken(observation, f"life {observation.incarnation}")


SHAPE = Shape(2, (GroupShape(0),), 0.2, 0.5, 1.0, 2.0, links=1)
FAULTS = (
    Fault(2.0, "cut", node=0, for_s=0.3),
    Fault(3.0, "freeze", node=1, for_s=0.2),
    Fault(4.0, "kill", node=1, for_s=0.5),
    Fault(5.0, "ask", node=0, word="standby all"),
    Fault(5.5, "cut", node=1, link=0, for_s=0.2),
)


@pytest.fixture
def one_law(monkeypatch: pytest.MonkeyPatch) -> None:
    """The checkers are a table in a module; a test's own law can stand in it no other way."""
    monkeypatch.setattr("heartbeat.sim.check.CHECKERS", (*CHECKERS, NobodyRestarts))


def test_ddmin_finds_the_pair_that_matters() -> None:
    faults = [Fault(float(n), "kill") for n in range(20)]

    def breaks(some: Sequence[Fault]) -> bool:
        return {3.0, 17.0} <= {fault.at_s for fault in some}

    assert [fault.at_s for fault in ddmin(faults, breaks)] == [3.0, 17.0]


@pytest.mark.usefixtures("one_law")
def test_only_the_fault_that_breaks_the_law_is_left() -> None:
    least = shrink(Schedule(SHAPE, 1, (0.0, 0.1), FAULTS, 7.0, crash=-1), "T1")
    assert [fault.kind for fault in least.faults] == ["kill"]
    assert laws(least) == {"T1"}


def test_a_schedule_reads_back_from_its_file(tmp_path: Path) -> None:
    for seed in range(40):
        drawn = draw(seed)
        (tmp_path / "one.json").write_text(schedule.text(drawn))
        assert schedule.read(tmp_path / "one.json") == drawn


def test_a_file_of_another_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "old.json"
    path.write_text(schedule.text(msgspec.structs.replace(draw(1), format=99)))
    with pytest.raises(ValueError, match="format 99"):
        schedule.read(path)


def test_a_fault_left_out_leaves_the_luck_of_the_others_alone() -> None:
    """Noise draws per lane and frame, so that another fault's absence elsewhere does not reshuffle it."""
    first = Schedule(SHAPE, 7, (0.0, 0.0), (), 3.0)
    assert laws(first) == laws(msgspec.structs.replace(first, faults=(Fault(2.9, "confirm", node=0),))) == set()
