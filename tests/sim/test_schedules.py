"""Schedules that once broke a law, and a range of seeds: none does any more."""

import os
from pathlib import Path

import pytest
from heartbeat.sim import schedule
from heartbeat.sim.many import Tally, run_many
from heartbeat.sim.run import Run

SCHEDULES = sorted((Path(__file__).parent / "schedules").glob("*.json"))
SEEDS = 500
"""HB_SIM_SEEDS asks for more."""
PIECES = 20
"""So that they spread over the workers of pytest, and none takes long."""


def test_there_are_schedules() -> None:
    assert SCHEDULES


@pytest.mark.parametrize("path", SCHEDULES, ids=lambda path: path.stem)
def test_a_schedule_breaks_no_law_any_more(path: Path) -> None:
    once = schedule.read(path)
    assert once.why, "a schedule tells what it once showed"
    assert Run(once).go().violations == []


@pytest.mark.parametrize("piece", range(PIECES))
def test_a_range_of_seeds_breaks_no_law(piece: int) -> None:
    each = int(os.environ.get("HB_SIM_SEEDS", SEEDS)) // PIECES
    tally = Tally()
    for seed, outcome, core_s in run_many(piece * each, each):
        tally.add(seed, outcome, core_s)
    assert tally.violations == {}
    assert tally.seeds == each
