"""Quorum: what a view may do, from who is in it and who is proved away."""

import pytest
from heartbeat.kernel.quorum import WORDS, standing
from heartbeat.model.names import Nid
from heartbeat.model.view import Standing
from hypothesis import given
from hypothesis import strategies as st


def _standing(nodes: int, members: tuple[int, ...], away: tuple[int, ...] = ()) -> Standing:
    return standing(nodes, tuple(Nid(n) for n in members), lambda nid: nid in away)[0]


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


@given(st.integers(3, 9).flatmap(lambda n: st.tuples(st.just(n), st.sets(st.integers(0, n - 1)))))
def test_two_views_without_a_common_member_are_never_both_primary(drawn: tuple[int, set[int]]) -> None:
    nodes, one = drawn
    other = set(range(nodes)) - one
    everything_is_away = tuple(range(nodes))
    primaries = [
        side
        for side in (one, other)
        if side and _standing(nodes, tuple(sorted(side)), everything_is_away) is Standing.PRIMARY
    ]
    assert len(primaries) <= 1


@given(st.integers(1, 9).flatmap(lambda n: st.tuples(st.just(n), st.sets(st.integers(0, n - 1), min_size=1))))
def test_the_answer_comes_with_its_reason(drawn: tuple[int, set[int]]) -> None:
    nodes, members = drawn
    answer, why = standing(nodes, tuple(Nid(n) for n in sorted(members)), lambda _nid: False)
    assert why
    assert WORDS[answer]
