"""Ties: of two halves the one goes on that a tie-breaker outside lets go on; whoever gets no yes in time stops."""

from collections.abc import Callable
from typing import Any

import pytest
from heartbeat.kernel.quorum import is_tie, judge, outlives
from heartbeat.kernel.ties import AGAIN_S, ASK_S
from heartbeat.model.cluster import Cluster, Timers
from heartbeat.model.electorate import Electorate, Roll
from heartbeat.model.names import Nid, NodeName
from heartbeat.model.operation import Action
from heartbeat.model.view import Member, Standing, ViewId
from heartbeat.sim import inside
from heartbeat.sim.machine import Behaviour
from heartbeat.wire.messages import State

Make = Callable[..., Any]
A, B, C, D = ALL = tuple(map(Nid, range(4)))
ASKS = Electorate(tie_breakers=("witness",))
VIEW, NONE = ViewId(7, A), ViewId()


def cluster(electorate: Electorate = ASKS, nodes: int = 4) -> Cluster:
    return Cluster("c", tuple(NodeName(f"node{n}") for n in range(nodes)), Timers(), (), electorate=electorate)


def state(nid: Nid, old: ViewId = VIEW, granted: ViewId = NONE) -> State:
    return State(Member(nid, 1), "boot", old, (), (), 0, 0, 0, leaving=False, granted=granted)


def test_a_half_may_act_when_all_of_it_comes_from_the_view_that_was_granted() -> None:
    granted = [state(A, granted=VIEW), state(B)]
    assert judge(cluster(), granted)[0] is Standing.PRIMARY
    assert judge(cluster(), [state(A), state(B)])[0] is Standing.NO_QUORUM
    assert judge(cluster(), [state(A, granted=ViewId(6, A)), state(B)])[0] is Standing.NO_QUORUM
    assert judge(cluster(), [state(A, granted=VIEW), state(C, ViewId(7, C))])[0] is Standing.NO_QUORUM
    assert judge(cluster(), [state(A, NONE), state(B, NONE)])[0] is Standing.NO_QUORUM


def test_only_an_exact_half_is_a_tie_and_only_where_somebody_is_asked() -> None:
    assert is_tie(cluster(), (A, B))
    assert not is_tie(cluster(), (A,))
    assert not is_tie(cluster(), (A, B, C))
    assert not is_tie(cluster(Electorate()), (A, B))
    assert not is_tie(cluster(nodes=2), (A,)), "of two the one that is left proves the other away"
    assert is_tie(cluster(Electorate((2, 1, 1), tie_breakers=("witness",)), 3), (B, C))


def test_what_a_half_lacks_may_be_lost_with_the_other_one() -> None:
    assert not outlives(cluster(), (A, B), (A, B, C), Roll())
    assert outlives(cluster(), (A, B, C), ALL, Roll())
    assert outlives(cluster(), (A, B), (A, B), Roll()), "whoever goes on after them has met one of them"


# Whole clusters.


@pytest.fixture
def world(make_world: Make, make_cluster: Make, make_group: Make) -> Any:
    one = make_world(make_cluster(4, make_group("g", "node1", "r!"), electorate=ASKS, device=False))
    one.boot_all()
    one.run(6)
    return one


def cut(world: Any, here: set[Nid]) -> None:
    links = range(len(world.links))
    world.cuts.update({(a, b, n) for a in ALL for b in ALL if (a in here) != (b in here) for n in links})


def stands(world: Any) -> list[str]:
    return [inside.standing(world.nodes[nid].kernel).value for nid in ALL]


def test_one_half_goes_on_and_keeps_its_groups_running_all_the_while(world: Any) -> None:
    cut(world, {A, B})
    world.run(4)
    assert sorted(stands(world)) == ["no-quorum", "no-quorum", "primary", "primary"]
    assert stands(world)[0] == stands(world)[1], "a half is of one mind"
    assert world.machines.witness.grants == 1
    if stands(world)[0] == "primary":
        assert not [line for line in world.log if "stopping g" in line]


def test_without_an_answer_neither_goes_on_and_both_wait_no_longer_than_they_may(world: Any) -> None:
    world.machines.witness.away |= set(ALL)
    cut(world, {A, B})
    world.run_until(lambda: "waiting" in stands(world), 5)
    world.run(ASK_S + 0.5)
    assert stands(world) == ["no-quorum"] * 4
    assert not world.machines.active[A], "who may not act stops what it holds"


def test_the_question_is_repeated_and_a_later_yes_counts(world: Any) -> None:
    world.machines.witness.away |= set(ALL)
    cut(world, {A, B})
    world.run(5)
    world.machines.witness.away -= {C, D}
    world.run(AGAIN_S + 1)
    assert stands(world) == ["no-quorum", "no-quorum", "primary", "primary"]


def test_an_answer_that_comes_too_late_is_none(world: Any) -> None:
    for name in world.cluster.nodes:
        world.machines.behaviour[name, "witness", Action.ASK] = Behaviour(takes_s=1e6)
    cut(world, {A, B})
    world.run(6)
    assert world.machines.witness.grants == 1, "it was granted to somebody"
    assert stands(world) == ["no-quorum"] * 4


def test_after_a_heal_the_other_half_may_have_it_and_the_dead_one_keeps_it(world: Any) -> None:
    cut(world, {A, B})
    world.run(4)
    winners = {nid for nid in ALL if stands(world)[nid] == "primary"}
    world.cuts.clear()
    world.run(4)
    assert stands(world) == ["primary"] * 4
    world.machines.witness.away |= winners
    cut(world, {A, B})
    world.run(5)
    assert {nid for nid in ALL if stands(world)[nid] == "primary"} == set(ALL) - winners
    for nid in set(ALL) - winners:
        world.crash(nid)
    world.machines.witness.away.clear()
    world.run(2 * AGAIN_S)
    assert not [nid for nid in winners if stands_of(world, nid) == "primary"], "rather no running service than two"


def stands_of(world: Any, nid: Nid) -> str:
    kernel = world.nodes[nid].kernel
    return inside.standing(kernel).value if kernel is not None else "off"


def test_a_dead_executor_gives_no_answer_and_is_asked_again_when_it_is_back(world: Any) -> None:
    for name in world.cluster.nodes:
        world.machines.behaviour[name, "witness", Action.ASK] = Behaviour(takes_s=2.0)
    cut(world, {A, B})
    world.run_until(lambda: "waiting" in stands(world), 5)
    for nid in ALL:
        world.machines.executor_dies(nid)
    world.run(1)
    assert [line for line in world.log if "quorum.denied" in line and "the executor is gone" in line]
    world.run(AGAIN_S + 4)
    assert stands(world).count("primary") == 2
