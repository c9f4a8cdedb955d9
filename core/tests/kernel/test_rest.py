"""Rest: a node that is told that the others do without it takes no order any more, is silent, and says so."""

from collections.abc import Callable
from typing import Any

import pytest
from heartbeat.kernel.membership import Membership
from heartbeat.kernel.rest import Rest
from heartbeat.model.names import Nid
from heartbeat.model.view import Member, Standing, View, ViewId
from heartbeat.wire.messages import Outsider, Propose

VIEW, LATER = ViewId(5, Nid(0)), ViewId(6, Nid(0))
ME = Outsider(Nid(2), 1, ViewId(), ())

Make = Callable[..., Any]


class Resting:
    """node3 of three, a member of a view of all."""

    def __init__(self, bench: Any, beat_of: Make) -> None:
        self.bench, self._beat_of = bench, beat_of
        self.membership = Membership(
            bench.desk,
            bench.channel,
            bench.detector,
            state=lambda: None,  # type: ignore[arg-type,return-value]
            is_excluded=lambda _nid: False,
            installed=lambda *_: None,
        )
        self.membership.view = View(VIEW, tuple(Member(Nid(n), 1) for n in range(3)))
        self.membership.promised = VIEW
        self.rest = Rest(bench.desk, self.membership)
        self.rest.standing = Standing.PRIMARY

    def told(self, view: ViewId, outsider: Outsider = ME) -> None:
        self.rest.told(Nid(0), self._beat_of(self.bench.desk.cluster, 0, view=view, outsiders=(outsider,)))


@pytest.fixture
def resting(make_bench: Make, make_cluster: Make, beat_of: Make) -> Resting:
    return Resting(make_bench(make_cluster(3), me=2), beat_of)


def test_a_member_does_not_rest(resting: Resting) -> None:
    assert not resting.rest.rests
    assert resting.rest.since == ViewId()


def test_who_is_told_by_a_later_view_rests_since_then_and_its_own_view_is_over(resting: Resting) -> None:
    resting.told(LATER)
    assert (resting.rest.is_told, resting.rest.since) == (True, LATER)
    assert resting.membership.is_flushing, "orders of the old view are void"
    assert resting.bench.kinds == ["self.excluded"]
    assert resting.bench.desk.urgent, "whoever waits for it is told at once"


def test_it_says_so_once_and_follows_the_others_from_view_to_view(resting: Resting) -> None:
    resting.told(LATER)
    resting.told(ViewId(7, Nid(1)))
    assert resting.rest.since == ViewId(7, Nid(1))
    assert resting.bench.kinds == ["self.excluded"]


@pytest.mark.parametrize("view", [ViewId(4, Nid(0)), VIEW])
def test_old_news_is_no_news(resting: Resting, view: ViewId) -> None:
    resting.told(view)
    assert not resting.rest.rests


def test_what_is_said_of_another_life_or_node_is_not_said_of_me(resting: Resting) -> None:
    resting.told(LATER, Outsider(Nid(2), 2, ViewId(), ()))
    resting.told(LATER, Outsider(Nid(1), 1, ViewId(), ()))
    assert not resting.rest.rests


def test_who_is_about_to_be_a_member_does_not_rest(resting: Resting) -> None:
    for nid in range(2):
        resting.bench.hears(nid, 1)
        resting.bench.beats(nid)
    members = tuple(Member(Nid(n), 1) for n in range(3))
    resting.membership.on_propose(Nid(0), Propose(ViewId(8, Nid(0)), members, ""))
    assert resting.membership.is_in_round
    resting.told(LATER)
    assert not resting.rest.rests


def test_a_new_view_ends_it_when_it_may_act(resting: Resting) -> None:
    resting.told(LATER)
    resting.membership.view = View(ViewId(7, Nid(0)), resting.membership.view.members)
    assert not resting.rest.rests
    resting.rest.standing = Standing.NO_QUORUM
    assert resting.rest.since == ViewId(7, Nid(0)), "a view without quorum is no end of it"


def test_before_the_first_view_there_is_nothing_to_rest_from(resting: Resting) -> None:
    resting.membership.view = View(ViewId(), ())
    resting.rest.standing = Standing.NO_QUORUM
    assert not resting.rest.rests
