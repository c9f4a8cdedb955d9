"""Situations: what a mistake needs is drawn by some seeds, and only those are carried out."""

import pytest
from heartbeat.sim.mutants import ALL
from heartbeat.sim.mutants.hunt import hunt
from heartbeat.sim.mutants.mutant import Mutant, mutant
from heartbeat.sim.mutants.situations import Situation, anything, two_nodes
from heartbeat.sim.swarm import draw

DRAWN = [draw(seed) for seed in range(2000)]
NEEDED = sorted({one.needs for one in ALL} - {anything}, key=lambda each: each.__name__)


@pytest.mark.parametrize("needed", NEEDED, ids=lambda each: each.__name__)
def test_a_situation_is_drawn_often_enough_to_be_met_and_is_not_everywhere(needed: Situation) -> None:
    met = sum(map(needed, DRAWN))
    assert len(DRAWN) / 200 <= met < len(DRAWN)
    assert needed.__doc__, "the table of mutants says it"


def harmless(needs: Situation) -> Mutant:
    """Return a mistake that is none."""
    return mutant("harmless", "nothing is wrong", "quorum:_by_majority", "2 * ours > total", "ours > total - ours",
                  needs=needs)  # fmt: skip


def test_seeds_without_what_a_mistake_needs_count_and_are_not_run() -> None:
    seeds = 6
    found = hunt(harmless(two_nodes), 0, seeds)
    assert (found.seeds, found.runs) == (seeds, sum(map(two_nodes, DRAWN[:seeds])))
    assert not found.violation


def test_a_hunt_ends_after_so_many_runs() -> None:
    first = next(seed for seed, schedule in enumerate(DRAWN) if two_nodes(schedule))
    found = hunt(harmless(two_nodes), 0, 1000, 1)
    assert (found.seeds, found.runs) == (first + 1, 1)


def test_a_mistake_that_needs_nothing_is_tried_in_every_seed() -> None:
    assert hunt(harmless(anything), 0, 2).runs == 2
