"""Mutants: each can be put into the kernel of today and taken out again; some are caught here, all in a night."""

import json
from collections import Counter

import pytest
from click.testing import CliRunner
from heartbeat.cli.sim import sim
from heartbeat.kernel import quorum
from heartbeat.model.cluster import Cluster, Timers
from heartbeat.model.electorate import NOBODY
from heartbeat.model.names import Nid, NodeName
from heartbeat.model.view import Standing
from heartbeat.sim.check import CHECKERS
from heartbeat.sim.mutants import ALL, AWAITED
from heartbeat.sim.mutants.hunt import hunt
from heartbeat.sim.mutants.mutant import Edit, Mutant, Stale, applied
from heartbeat.sim.run import Run
from heartbeat.sim.swarm import draw

QUICK = ("minority-acts", "epoch-not-persisted", "one-link-is-the-node", "silent-early", "lost-memory-is-ignored")
WITHIN = 25
"""Seeds; each of these needs five at most today."""


THREE = Cluster("three", tuple(map(NodeName, ("a", "b", "c"))), Timers(), ())


def stands(members: int) -> Standing:
    """Return what so many of three nodes may do."""
    return quorum.standing(THREE, tuple(Nid(n) for n in range(members)), lambda _: False)[0]


def named(name: str) -> Mutant:
    return next(one for one in ALL if one.name == name)


@pytest.mark.parametrize("one", ALL, ids=lambda one: one.name)
def test_no_mutant_is_stale(one: Mutant) -> None:
    with applied(one):
        pass


def test_there_are_at_least_thirty_each_with_a_name_of_its_own() -> None:
    assert len(ALL) >= 30
    assert max(Counter([*(one.name for one in ALL), *AWAITED]).values()) == 1
    assert all(edit.right != edit.wrong for one in ALL for edit in one.edits)


def test_a_mistake_is_in_the_kernel_for_as_long_as_it_is_wanted() -> None:
    assert stands(1) is Standing.NO_QUORUM
    with applied(named("minority-acts")):
        assert stands(1) is Standing.PRIMARY
    assert stands(1) is Standing.NO_QUORUM


def test_a_mistake_is_taken_out_again_when_a_run_raises() -> None:
    with pytest.raises(ZeroDivisionError), applied(named("minority-acts")):
        _ = 1 // 0
    assert stands(1) is Standing.NO_QUORUM


@pytest.mark.parametrize(
    ("where", "right", "told"),
    [
        ("quorum:_by_majority", "no such text", "0 times"),
        ("quorum:_by_majority", "members", "not once"),
        ("quorum:nothing", "members", "no function"),
    ],
)
def test_a_mutant_that_the_kernel_has_outgrown_says_so_and_changes_nothing(where: str, right: str, told: str) -> None:
    good = Edit("quorum:_by_majority", "2 * ours > total", "True")
    old = Mutant("old", "is of the past", (good, Edit(where, right, "")))
    with pytest.raises(Stale, match=told), applied(old):
        pass
    assert stands(1) is Standing.NO_QUORUM
    assert "old" not in hunt(old, 0, 1).violation
    assert told in hunt(old, 0, 1).problem


@pytest.mark.parametrize("name", QUICK)
def test_a_mistake_is_caught_by_a_law(name: str) -> None:
    found = hunt(named(name), 0, WITHIN)
    assert found.law in {kind.law for kind in CHECKERS}, found.violation
    assert found.seed is not None
    assert Run(draw(found.seed)).go().violations == [], "without the mistake that seed is clean"


def test_hb_sim_tells_who_was_caught_how_and_exits_1_for_who_was_not() -> None:
    caught = CliRunner().invoke(sim, ["--mutants", "--mutant", "minority-acts", "--processes", "1"])
    assert caught.exit_code == 0, caught.output
    assert "1 of 1 mutants caught" in caught.output
    assert draw(0).shape.electorate.tie_breaker == NOBODY, "so that this mistake cannot be seen in one seed"
    alive = CliRunner().invoke(sim, ["--mutant", "both-halves-have-the-tie-breaker", "--seeds", "1", "--json"])
    assert alive.exit_code == 1
    told = json.loads(alive.stdout)["mutants"]["both-halves-have-the-tie-breaker"]
    assert (told["caught"], told["seeds"], told["seed"], told["law"]) == (False, 1, None, "")


def test_one_seed_is_run_again_with_a_mistake_and_the_next_one_without() -> None:
    seed = hunt(named("minority-acts"), 0, WITHIN).seed
    wrong = CliRunner().invoke(sim, ["--mutant", "minority-acts", "--seed", str(seed)])
    right = CliRunner().invoke(sim, ["--seed", str(seed)])
    assert (wrong.exit_code, right.exit_code) == (1, 0)


def test_a_name_that_no_mutant_has_is_wrong_use() -> None:
    result = CliRunner().invoke(sim, ["--mutant", "nobody"])
    assert result.exit_code == 2
    assert "there is no mutant nobody" in result.output
