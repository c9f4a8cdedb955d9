"""Last man standing: nodes die one by one and the rest goes on; what the disk does not have does not count."""

from collections.abc import Callable
from typing import Any

import pytest
from heartbeat.kernel import effects as fx
from heartbeat.kernel.membership import Membership
from heartbeat.kernel.roll import FIRST
from heartbeat.kernel.voters import KEY, Voters
from heartbeat.model.electorate import NOBODY, Electorate, Roll
from heartbeat.model.names import Nid
from heartbeat.model.view import Member, Standing, View, ViewId
from heartbeat.sim import inside
from heartbeat.wire.messages import State, Sync

Make = Callable[..., Any]
WINDOW_S = 3.0
VIEW = ViewId(5, Nid(0))
THREE = tuple(map(Nid, range(3)))


def sync(roll: Roll, *nids: Nid, epoch: int = 6, recount: bool = False) -> Sync:
    states = tuple(
        State(Member(n, 1), "boot", VIEW, (), (), 0, 0, 0, leaving=False, roll=roll, recount=recount) for n in nids
    )
    return Sync(ViewId(epoch, nids[0]), tuple(Member(n, 1) for n in nids), states)


class One:
    """node1 of three, and the disk that its roll goes to."""

    def __init__(self, bench: Any) -> None:
        self.bench = bench
        membership = Membership(
            bench.desk,
            bench.channel,
            bench.detector,
            state=lambda: pytest.fail("no view change here"),
            is_excluded=lambda _nid: False,
            installed=lambda *_: None,
        )
        self.voters = Voters(bench.desk, bench.detector, membership)

    def written(self) -> list[bytes]:
        self.voters.wake()
        found = [each.value for each in self.bench.desk.effects if isinstance(each, fx.Persist)]
        self.bench.desk.effects = []
        return found


@pytest.fixture
def born(make_bench: Make, make_cluster: Make) -> Callable[..., One]:
    def make(stored: bytes = b"") -> One:
        of = make_cluster(3, electorate=Electorate((), NOBODY, WINDOW_S))
        return One(make_bench(of, stored={KEY: stored} if stored else {}))

    return make


def test_who_knows_no_roll_enters_with_one_on_its_disk(born: Callable[..., One]) -> None:
    one = born()
    assert not one.voters.is_ready(sync(Roll(), *THREE))
    (value,) = one.written()
    assert not one.voters.is_ready(sync(Roll(), *THREE, epoch=7)), "another round: the disk has not answered"
    assert one.written() == [], "nor is it asked twice"
    one.voters.persisted(KEY, "")
    assert one.voters.is_ready(sync(Roll(), *THREE, epoch=7))
    assert born(value).voters.roll == Roll(FIRST, THREE), "and a later life reads it"


def test_a_failed_disk_is_asked_again_in_the_next_round_only(born: Callable[..., One]) -> None:
    one = born()
    one.voters.is_ready(sync(Roll(), *THREE))
    assert len(one.written()) == 1
    one.voters.persisted(KEY, "no space left on device")
    assert not one.voters.is_ready(sync(Roll(), *THREE))
    assert one.written() == []
    assert not one.voters.is_ready(sync(Roll(), *THREE, epoch=7))
    assert len(one.written()) == 1


@pytest.mark.parametrize("at", range(12))
def test_a_roll_that_was_damaged_in_any_byte_is_forgotten(born: Callable[..., One], at: int) -> None:
    one = born()
    one.voters.is_ready(sync(Roll(), *THREE))
    (value,) = one.written()
    at = at * len(value) // 12
    assert born(value[:at] + bytes([value[at] ^ 4]) + value[at + 1 :]).voters.roll == Roll()
    assert born(value[:at]).voters.roll == Roll()


def test_only_a_change_of_the_voters_waits_for_the_disk(born: Callable[..., One]) -> None:
    known = Roll(FIRST, THREE)
    one = born()
    one.voters.is_ready(sync(Roll(), *THREE))
    one.voters.wake()
    one.voters.persisted(KEY, "")
    assert one.voters.is_ready(sync(known, *THREE[:2])), "the way from a death to a takeover"
    assert not one.voters.is_ready(sync(known, *THREE[:2], epoch=7, recount=True))
    assert len(one.written()) == 1 + 1


def test_the_window_begins_with_a_view_whose_members_are_not_the_voters(born: Callable[..., One]) -> None:
    one, two = born(), View(VIEW, (Member(Nid(0), 1), Member(Nid(1), 1)))
    states = sync(Roll(FIRST, THREE), *THREE[:2], epoch=5).states
    one.voters.installed(two, states, Standing.PRIMARY, 0)
    assert one.voters.deadline_s() == one.bench.desk.now_s + WINDOW_S
    one.voters.wake()
    one.voters.persisted(KEY, "")
    one.bench.later(WINDOW_S)
    assert one.voters.is_recount_due
    one.voters.put_off()
    assert not one.voters.is_recount_due
    one.voters.installed(two, states, Standing.NO_QUORUM, 0)
    assert one.voters.deadline_s() == float("inf")


# Whole clusters.


def _world(make_world: Make, make_cluster: Make, nodes: int, breaker: Nid = NOBODY) -> Any:
    world = make_world(make_cluster(nodes, device=False, electorate=Electorate((), breaker, WINDOW_S)))
    world.boot_all()
    world.run(6)
    return world


def _standing(world: Any, nid: int) -> Standing:
    return inside.standing(world.nodes[Nid(nid)].kernel)


def test_nodes_die_one_by_one_down_to_two_and_not_to_one(make_world: Make, make_cluster: Make) -> None:
    world = _world(make_world, make_cluster, 5)
    for left in (4, 3, 2):
        world.crash(Nid(left))
        world.run(2)
        assert _standing(world, 0) is Standing.PRIMARY
        assert _standing(world, 1) is Standing.PRIMARY
        world.run(WINDOW_S + 1)
        assert inside.roll(world.nodes[Nid(0)].kernel).voters == tuple(range(left))
    world.crash(Nid(1))
    world.run(2 * WINDOW_S)
    assert _standing(world, 0) is Standing.NO_QUORUM, "one of two is no majority"


def test_two_that_die_within_the_window_take_the_majority_with_them(make_world: Make, make_cluster: Make) -> None:
    world = _world(make_world, make_cluster, 4)
    world.crash(Nid(3))
    world.run(1.5)
    assert _standing(world, 0) is Standing.PRIMARY
    world.crash(Nid(2))
    world.run(WINDOW_S * 3)
    assert _standing(world, 0) is Standing.NO_QUORUM, "two of the four that still vote"


def test_with_the_tie_breaker_the_last_one_goes_on_and_the_others_come_back_to_it(
    make_world: Make, make_cluster: Make
) -> None:
    world = _world(make_world, make_cluster, 3, breaker=Nid(0))
    for nid in (2, 1):
        world.crash(Nid(nid))
        world.run(2 + WINDOW_S + 1)
    assert _standing(world, 0) is Standing.PRIMARY
    assert inside.roll(world.nodes[Nid(0)].kernel).voters == (0,)
    world.crash(Nid(0))
    for nid in (1, 2):
        world.boot(Nid(nid))
    world.run(15)
    assert _standing(world, 1) is Standing.NO_QUORUM, "both know that node1 and a tie-breaker may have gone on"
    world.boot(Nid(0))
    world.run(WINDOW_S + 4)
    assert {_standing(world, nid) for nid in range(3)} == {Standing.PRIMARY}
    assert inside.roll(world.nodes[Nid(2)].kernel).voters == THREE
