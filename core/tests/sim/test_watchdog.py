"""A run that makes no progress ends with a violation of its own, and the next seed runs."""

import contextlib
from typing import Any

import pytest
from heartbeat.kernel import events as ev
from heartbeat.model.names import Nid
from heartbeat.sim.run import Run
from heartbeat.sim.schedule import GroupShape, Schedule, Shape
from heartbeat.sim.watchdog import Stalled, within
from heartbeat.sim.world import STORM

SHAPE = Shape(2, (GroupShape(0),), 0.2, 0.5, 1.0, 2.0)


@pytest.fixture
def run() -> Run:
    return Run(Schedule(SHAPE, 1, (0.0, 0.1), (), 3.0))


def test_a_run_in_which_time_does_not_pass_ends_as_a_storm(run: Run) -> None:
    world = run.world

    def again() -> None:
        world.at(1.0 / STORM / 2, again)

    again()
    outcome = run.go()
    assert [text.partition(":")[0] for text in outcome.violations] == ["storm"]
    assert outcome.steps, "what had happened by then is told"


def test_a_step_that_does_not_come_back_ends_as_stalled(run: Run) -> None:
    step = run.world.step

    def endless(nid: Nid, event: ev.Event) -> None:
        step(nid, event)
        while run.world.since_s > 1:
            pass

    run.world.step = endless  # type: ignore[method-assign]
    assert [text.partition(":")[0] for text in run.go(patience_s=0.2).violations] == ["stalled"]


def test_within_its_time_nothing_happens() -> None:
    with within(0.05):
        pass
    assert sum(range(10**6)) > 0, "the timer of an earlier run wakes nobody later"


def test_the_bark_is_no_ordinary_exception() -> None:
    def deaf() -> Any:
        while True:
            with contextlib.suppress(Exception):
                sum(range(1000))

    with pytest.raises(Stalled, match=r"0\.1 s of processor time"), within(0.1):
        deaf()
