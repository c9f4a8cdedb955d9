"""Quorum: what a view may do, from who is in it and who is proved away."""

import pytest
from heartbeat.kernel.quorum import WORDS, standing
from heartbeat.model.cluster import Cluster, Timers
from heartbeat.model.electorate import NOBODY, Electorate
from heartbeat.model.names import Nid, NodeName
from heartbeat.model.view import Standing
from hypothesis import given
from hypothesis import strategies as st

EQUAL = Electorate()


def _cluster(nodes: int, electorate: Electorate = EQUAL) -> Cluster:
    return Cluster("c", tuple(NodeName(f"node{n}") for n in range(nodes)), Timers(), (), electorate=electorate)


def _standing(nodes: int, members: tuple[int, ...], away: tuple[int, ...] = ()) -> Standing:
    return standing(_cluster(nodes), tuple(Nid(n) for n in members), lambda nid: nid in away)[0]


def _judged(votes: tuple[int, ...], breaker: int, *members: int) -> tuple[Standing, str]:
    cluster = _cluster(len(votes), Electorate(votes, Nid(breaker)))
    return standing(cluster, tuple(Nid(n) for n in members), lambda _: True)


def test_a_full_view_is_primary() -> None:
    assert _standing(1, (0,)) is Standing.PRIMARY
    assert _standing(2, (0, 1)) is Standing.PRIMARY
    assert _standing(5, (0, 1, 2, 3, 4)) is Standing.PRIMARY


@pytest.mark.parametrize("me", [0, 1])
def test_one_of_two_pends_until_the_other_is_proved_away(me: int) -> None:
    assert _standing(2, (me,)) is Standing.PENDING
    assert _standing(2, (me,), away=(1 - me,)) is Standing.PRIMARY


def test_from_three_nodes_on_a_majority_decides_and_no_proof_replaces_it() -> None:
    assert _standing(3, (0, 2)) is Standing.PRIMARY
    assert _standing(3, (1,)) is Standing.NO_QUORUM
    assert _standing(3, (1,), away=(0, 2)) is Standing.NO_QUORUM
    assert _standing(4, (0, 1)) is Standing.NO_QUORUM


def test_votes_count_and_not_heads() -> None:
    assert _judged((3, 1, 1), NOBODY, 0) == (Standing.PRIMARY, "3 of 5 votes are a majority")
    assert _judged((3, 1, 1), NOBODY, 1, 2) == (Standing.NO_QUORUM, "2 of 5 votes are no majority")
    assert _judged((1, 1, 0), NOBODY, 0, 2)[0] is Standing.NO_QUORUM, "half, and a node that only takes part"


def test_of_two_halves_the_one_with_the_tie_breaker_goes_on() -> None:
    assert _judged((1, 1, 1, 1), 2, 2, 3) == (Standing.PRIMARY, "2 of 4 votes are half, with node2, the tie-breaker")
    assert _judged((1, 1, 1, 1), 2, 0, 1)[1] == "2 of 4 votes are half, without node2, the tie-breaker"
    assert _judged((1, 1, 1, 1), 2, 2)[0] is Standing.NO_QUORUM, "a quarter is no half"
    assert _judged((1, 1, 1, 1), 2, 0, 1, 3)[0] is Standing.PRIMARY, "a majority needs no tie-breaker"


@st.composite
def electorates(draw: st.DrawFn) -> Electorate:
    votes = draw(st.lists(st.integers(0, 3), min_size=3, max_size=9).filter(any))
    return Electorate(tuple(votes), Nid(draw(st.integers(-1, len(votes) - 1))))


@given(electorates(), st.data())
def test_two_views_without_a_common_member_are_never_both_primary(electorate: Electorate, data: st.DataObject) -> None:
    nodes = len(electorate.votes)
    one = data.draw(st.sets(st.integers(0, nodes - 1)))
    sides = [tuple(Nid(n) for n in sorted(side)) for side in (one, set(range(nodes)) - one) if side]
    verdicts = [standing(_cluster(nodes, electorate), side, lambda _: True)[0] for side in sides]
    assert verdicts.count(Standing.PRIMARY) <= 1


@given(electorates(), st.data())
def test_the_answer_comes_with_its_reason(electorate: Electorate, data: st.DataObject) -> None:
    nodes = len(electorate.votes)
    members = data.draw(st.sets(st.integers(0, nodes - 1), min_size=1))
    cluster = _cluster(nodes, electorate)
    answer, why = standing(cluster, tuple(Nid(n) for n in sorted(members)), lambda _nid: False)
    assert why
    assert WORDS[answer]
