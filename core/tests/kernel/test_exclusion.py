"""Exclusion: who beats outside a view with quorum is told, frees what it says it stopped, and is shot for the rest."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from heartbeat.kernel import events as ev
from heartbeat.kernel.exclusion import TOLD_AFTER_DEADTIMES, Exclusion
from heartbeat.kernel.membership import Membership
from heartbeat.model.names import Nid
from heartbeat.model.operation import Action
from heartbeat.model.proof import Proof, Proved
from heartbeat.model.view import Member, View, ViewId
from heartbeat.sim.machine import Behaviour
from heartbeat.sim.many import Tally
from heartbeat.sim.run import Run
from heartbeat.sim.schedule import Fault, GroupShape, Schedule, Shape
from heartbeat.wire.messages import Holding, Local, Outsider

NODE2, NODE3 = Nid(1), Nid(2)
VIEW = ViewId(5, Nid(0))
LONG_S = 60.0

Make = Callable[..., Any]


class Outside:
    """node1 of three, in a view with node2, and what the two hear of node3."""

    def __init__(self, bench: Any, cluster: Any) -> None:
        self.bench, self.cluster = bench, cluster
        self.membership = Membership(
            bench.desk,
            bench.channel,
            bench.detector,
            state=lambda: pytest.fail("no view change here"),
            is_excluded=lambda _nid: False,
            installed=lambda *_: None,
        )
        self.membership.view = View(VIEW, (Member(Nid(0), 1), Member(NODE2, 1)))
        self.exclusion = Exclusion(bench.desk, bench.detector, self.membership, bench.ledger)
        self._numbers = itertools.count(1)

    def hears(self, nid: int, **more: Any) -> None:
        """Let a beat of a node come, as the kernel would take it."""
        number = next(self._numbers)
        incarnation = more.pop("incarnation", 1)
        self.bench.hears(nid, number, incarnation=incarnation)
        beat = self.bench.beats(nid, **more)
        self.bench.ledger.told(Nid(nid), incarnation, number, beat.holdings, beat.rests)

    def passes(self, deadtimes: float, *, has_quorum: bool = True, **word: Any) -> None:
        """Let time pass while both beat."""
        for _ in range(round(deadtimes * 10)):
            self.bench.later(0.1)
            self.hears(1, view=VIEW)
            self.hears(2, **word)
            self.exclusion.wake(has_quorum=has_quorum)

    @property
    def named(self) -> list[Nid]:
        return [each.nid for each in self.exclusion.told()]


@pytest.fixture
def outside(make_bench: Make, make_cluster: Make, make_group: Make) -> Outside:
    of = make_cluster(3, make_group("data", "node3", "fs!"), make_group("ip", "node3"))
    return Outside(make_bench(of), of)


def holding(*states: Local) -> tuple[Holding, ...]:
    return tuple(Holding(index, state, 0, True) for index, state in enumerate(states))


# Telling.


def test_it_is_told_once_it_is_no_matter_of_a_round_that_it_missed(outside: Outside) -> None:
    outside.passes(TOLD_AFTER_DEADTIMES - 0.1)
    assert outside.named == []
    outside.passes(0.3)
    assert outside.named == [NODE3]
    assert outside.exclusion.is_told(NODE3)


def test_a_view_without_quorum_tells_nobody(outside: Outside) -> None:
    outside.passes(3, has_quorum=False)
    assert outside.named == []


def test_of_two_nodes_neither_excludes_the_other(make_bench: Make, make_cluster: Make) -> None:
    of = make_cluster(2)
    pair = Outside(make_bench(of), of)
    pair.membership.view = View(VIEW, (Member(Nid(0), 1),))
    for _ in range(30):
        pair.bench.later(0.1)
        pair.hears(1)
        pair.exclusion.wake(has_quorum=True)
    assert pair.named == []


def test_who_is_to_join_is_not_told(outside: Outside) -> None:
    outside.passes(1)
    outside.membership._wanted = (Member(Nid(0), 1), Member(NODE2, 1), Member(NODE3, 1))
    outside.passes(2)
    assert outside.named == []


def test_a_stranger_s_node_and_a_life_that_is_over_are_no_outsiders(outside: Outside) -> None:
    outside.passes(2, nodes_digest="of other nodes")
    assert outside.named == []
    outside.bench.ledger.prove(Proved(NODE3, 1, Proof.READ_BACK, "off"))
    outside.passes(2)
    assert outside.named == []


def test_who_comes_in_has_all_of_its_time_again_when_it_is_out_again(outside: Outside) -> None:
    outside.passes(2)
    outside.membership.view = View(VIEW, (*outside.membership.view.members, Member(NODE3, 1)))
    outside.passes(0.1)
    outside.membership.view = View(VIEW, outside.membership.view.members[:2])
    outside.passes(1)
    assert outside.named == []


# What it says.


def test_what_it_calls_stopped_since_it_rests_is_free_and_the_rest_is_not(outside: Outside) -> None:
    outside.passes(2, holdings=holding(Local.STOPPED, Local.STOPPING), rests=VIEW)
    assert outside.exclusion.has_let_go(NODE3, 0)
    assert not outside.exclusion.has_let_go(NODE3, 1)
    assert not outside.exclusion.holds_nothing(NODE3)
    outside.passes(0.1, holdings=holding(Local.STOPPED, Local.STOPPED), rests=VIEW)
    assert outside.exclusion.holds_nothing(NODE3)


@pytest.mark.parametrize(
    "word",
    [
        {},
        {"rests": ViewId(4, NODE3)},
        {"rests": VIEW, "digest": "of other files"},
        {"rests": VIEW, "holdings": ()},
    ],
    ids=["it may act", "since an older view", "by other files", "it has not looked"],
)
def test_what_is_stopped_where_orders_may_still_come_or_numbers_differ_is_not_free(
    outside: Outside, word: dict[str, Any]
) -> None:
    outside.passes(2, **word)
    assert not outside.exclusion.has_let_go(NODE3, 0)


def test_a_later_life_has_said_nothing_yet(outside: Outside) -> None:
    outside.passes(2, rests=VIEW)
    assert outside.exclusion.has_let_go(NODE3, 0)
    outside.bench.hears(2, 1000, incarnation=2)
    assert not outside.exclusion.has_let_go(NODE3, 0)


@pytest.mark.parametrize(("view", "is_free"), [(VIEW, True), (ViewId(4, Nid(0)), False)])
def test_what_another_member_of_this_view_heard_is_as_good(outside: Outside, view: ViewId, *, is_free: bool) -> None:
    outside.bench.later(0.1)
    outside.hears(1, view=view, outsiders=(Outsider(NODE3, 1, VIEW, (1,)),))
    outside.exclusion.wake(has_quorum=True)
    assert outside.exclusion.has_let_go(NODE3, 0) is is_free
    assert not outside.exclusion.has_let_go(NODE3, 1)


# When its time is over.


def test_its_time_is_over_for_what_it_still_holds_and_never_for_nothing(outside: Outside) -> None:
    outside.passes(22, holdings=holding(Local.STOPPING, Local.STOPPED), rests=VIEW)
    assert not outside.exclusion.is_overdue(NODE3)
    outside.passes(3, holdings=holding(Local.STOPPING, Local.STOPPED), rests=VIEW)
    assert outside.exclusion.is_overdue(NODE3)
    outside.passes(0.1, holdings=holding(Local.STOPPED, Local.STOPPED), rests=VIEW)
    assert not outside.exclusion.is_overdue(NODE3)


def test_who_is_silent_here_is_spared_while_another_hears_it_or_has_just_refused_to_shoot(outside: Outside) -> None:
    outside.bench.later(0.1)
    outside.hears(1, view=VIEW, row=())
    outside.exclusion.wake(has_quorum=True)
    assert not outside.exclusion.is_spared(NODE3)
    outside.exclusion.refused(NODE3)
    outside.exclusion.wake(has_quorum=True)
    assert outside.exclusion.is_spared(NODE3)
    outside.bench.later(1.1)
    outside.exclusion.wake(has_quorum=True)
    assert not outside.exclusion.is_spared(NODE3)


# In a cluster.


@pytest.fixture
def three(make_world: Make, make_cluster: Make, make_group: Make) -> Any:
    groups = (make_group("data", "node3", "fs!"), make_group("ip", "node3"))
    return make_world(make_cluster(3, *groups, reset_after_off=False))


def part(world: Any, *ways: tuple[int, int]) -> None:
    world.cuts.update({(Nid(a), Nid(b), link) for a, b in ways for link in range(2)})


WAYS = [((a, b), (b, a)) for a, b in ((0, 1), (0, 2), (1, 2))] + [(way,) for way in itertools.permutations(range(3), 2)]


@pytest.mark.parametrize("ways", WAYS, ids=str)
def test_whichever_two_of_three_do_not_hear_each_other_the_higher_name_loses(
    make_world: Make, make_cluster: Make, make_group: Make, ways: tuple[tuple[int, int], ...]
) -> None:
    loser = max(ways[0])
    home = f"node{loser + 1}"
    world = make_world(make_cluster(3, make_group("data", home, "fs!"), make_group("ip", home), device=False))
    part(world, *ways)
    world.run_until(lambda: not any(home in world.where(group) for group in ("data", "ip")), 5.0)
    world.run_until(lambda: all(world.where(group) for group in ("data", "ip")), 1.0)
    assert not any(home in world.where(group) for group in ("data", "ip"))
    assert world.machines.violations == []


def test_an_address_is_silent_at_once_though_its_stop_hangs(three: Any) -> None:
    three.machines.behaviour["node3", "ip", Action.STOP] = Behaviour(takes_s=LONG_S)
    part(three, *WAYS[2])
    three.run_until(lambda: not three.answering("ip"), 4.0)
    assert three.where("ip") == {"node3"}


def test_an_order_that_is_refused_because_it_is_heard_makes_it_an_outsider(three: Any) -> None:
    """node1 has no device, and thinks that node3 is silent everywhere: node2's row had not come yet."""
    three.step(Nid(0), ev.DevicesKnown("switch", (), 1.0))
    part(three, *WAYS[1])
    node1 = three.nodes[Nid(0)]
    three.run_until(lambda: any(each.kind == "fence.spared" for _, each in node1.decisions), 3.0)
    node1.kernel._fencing.cases.open(Member(NODE3, 1), "it is silent", 0)
    three.run(1.0)
    refused = [each for _, each in node1.decisions if each.kind == "fence.refused"]
    assert len(refused) == 1, "it is not ordered again and again"
    three.run(2.0)
    assert three.machines.fenced == []
    assert "node3" not in three.where("data") != set()


# By chance.


@pytest.mark.parametrize("device", [True, False])
def test_no_law_is_broken_wherever_and_for_however_long_two_do_not_hear_each_other(*, device: bool) -> None:
    groups = (GroupShape(0, shares_data=True), GroupShape(1), GroupShape(2, shares_data=True), GroupShape(2))
    shape = Shape(3, groups, 0.2, 0.5, 1.0, 2.0, device=device)
    tally = Tally()
    for number, (ways, tenths) in enumerate(itertools.product(WAYS, (8, 16, 30))):
        a, b = ways[0]
        word = "out" if len(ways) == 1 else ""
        cut = Fault(3.0, "part", node=a, other=b, for_s=tenths / 10, word=word)
        tally.add(number, Run(Schedule(shape, number, (0.0, 0.0, 0.0), (cut,), chaos_s=9.0)).go(), 0.0)
    assert tally.violations == {}
