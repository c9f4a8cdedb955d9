"""The handover: the rule of the log, each of its sentences, and what those that move together have in common."""

from typing import Any

from heartbeat.kernel.messaging.handover import Heritage, alone, inherit
from heartbeat.model.cluster import Cluster, Timers
from heartbeat.model.names import Nid, NodeName
from heartbeat.model.view import Member, ViewId
from heartbeat.wire.messages import State
from heartbeat.wire.talk import Spoken

A, B, C = Nid(0), Nid(1), Nid(2)
V1, V2, V3 = ViewId(1, A), ViewId(2, A), ViewId(3, A)
BALLOT = ViewId(9, A)
FRESH = Spoken()


def spoken(held: int, *roots: tuple[ViewId, int], floor: int = 0, given: int = 0, **more: Any) -> Spoken:
    return Spoken(line=V1, roots=roots, floor=floor, held=held, given=given, **more)


def state(nid: Nid, what: Spoken, old: ViewId = V1) -> State:
    return State(Member(nid, 1), "boot", old, (), (), 0, 0, 0, leaving=False, spoken=what)


def heritage(me: Nid, *states: State, nodes: int = 3) -> Heritage:
    names = tuple(NodeName(f"node{n}") for n in range(nodes))
    return inherit(me, Cluster("c", names, Timers(), ()), BALLOT, states)


def test_the_first_primary_view_founds_a_line_and_nobody_has_a_gap() -> None:
    got = heritage(A, state(A, FRESH, ViewId()), state(B, FRESH, ViewId()))
    assert (got.is_primary, got.line, got.roots, got.until) == (True, BALLOT, ((BALLOT, 0),), 0)
    assert got.goes_on
    assert not got.has_gap


def test_of_the_highest_rank_the_longest_history_goes_on() -> None:
    long_but_old = state(C, spoken(9, (V1, 0)))
    got = heritage(A, state(A, spoken(5, (V1, 0), (V2, 3))), state(B, spoken(6, (V1, 0), (V2, 3))), long_but_old)
    assert (got.source, got.until, got.after) == (B, 6, 5)
    assert got.roots == ((V1, 0), (V2, 3), (BALLOT, 6))
    assert got.line == V1


def test_what_an_older_rank_holds_beyond_the_next_ones_base_was_never_committed() -> None:
    states = (state(A, spoken(9, (V1, 0), given=2)), state(B, spoken(6, (V1, 0), (V2, 3))))
    got = heritage(A, *states)
    assert got.goes_on
    assert (got.after, got.until, got.has_gap) == (3, 6, False)


def test_who_gave_out_what_the_line_does_not_have_is_told_of_a_gap() -> None:
    states = (state(A, spoken(9, (V1, 0), given=4)), state(B, spoken(6, (V1, 0), (V2, 3), given=5)))
    got = heritage(A, *states)
    assert not got.goes_on
    assert (got.after, got.until, got.has_gap) == (5, 6, True)


def test_who_was_away_while_places_were_forgotten_is_told_of_a_gap() -> None:
    states = (state(A, spoken(4, (V1, 0), given=4)), state(B, spoken(20, (V1, 0), (V2, 5), floor=15, given=18)))
    got = heritage(A, *states)
    assert not got.goes_on
    assert (got.after, got.has_gap) == (18, True)


def test_a_newcomer_holds_what_somebody_has_still_to_give_out_and_has_missed_nothing() -> None:
    states = (state(A, spoken(6, (V1, 0), given=4)), state(B, spoken(6, (V1, 0), given=5)), state(C, FRESH, ViewId()))
    got = heritage(C, *states)
    assert not got.goes_on
    assert (got.after, got.until, got.has_gap) == (4, 6, False)


def test_who_comes_from_a_minority_without_a_history_is_told_of_a_gap() -> None:
    states = (state(A, spoken(6, (V1, 0), given=4), V2), state(B, spoken(6, (V1, 0))), state(C, FRESH, V2))
    assert heritage(C, *states).has_gap


def test_a_minority_leaves_rank_and_history_as_they_are_and_evens_out_what_was_given_out() -> None:
    states = (state(A, spoken(5, (V1, 0), given=2)), state(B, spoken(7, (V1, 0), given=6)))
    got = heritage(A, *states, nodes=5)
    assert not got.is_primary
    assert (got.source, got.after, got.until, got.roots) == (B, 5, 6, ((V1, 0),))
    assert not got.has_gap


def test_in_a_minority_who_comes_from_another_view_has_nothing_to_even_out() -> None:
    states = (state(A, spoken(5, (V1, 0), given=2)), state(B, spoken(7, (V1, 0), given=6), V2))
    assert heritage(A, *states, nodes=5).until == 2


def test_where_too_many_have_forgotten_a_new_line_begins_and_all_that_had_one_are_told() -> None:
    """Of three nodes two commit: one of two that remembers may be the third."""
    states = (state(A, spoken(5, (V1, 0), given=5)), state(B, FRESH, ViewId()))
    got = heritage(A, *states)
    assert (got.line, got.old_line, got.until) == (BALLOT, V1, 5)
    assert got.goes_on
    assert got.has_gap
    assert not heritage(B, *states).has_gap


def test_of_two_nodes_one_that_remembers_is_enough() -> None:
    got = heritage(A, state(A, spoken(5, (V1, 0))), state(B, FRESH, ViewId()), nodes=2)
    assert (got.line, got.has_gap) == (V1, False)


def test_one_of_two_is_a_minority_until_the_other_is_proved_away() -> None:
    mine = state(A, spoken(5, (V1, 0), given=2))
    assert not heritage(A, mine, nodes=2).is_primary
    got = alone(mine, BALLOT)
    assert (got.is_primary, got.until, got.line) == (True, 5, V1)


def test_what_was_said_in_the_view_before_is_cut_at_what_one_of_those_that_move_has() -> None:
    rows = [((A, 4), (B, 2), (C, 7)), ((A, 3), (B, 5), (C, 8)), ((A, 9), (B, 9), (C, 9))]
    olds = [V1, V1, V2]
    states = [state(nid, Spoken(row=row), old) for nid, row, old in zip((A, B, C), rows, olds, strict=True)]
    assert heritage(A, *states).cut == {A: (4, A), B: (5, B), C: (8, B)}


def test_the_runs_that_have_their_place_are_those_of_the_history_that_goes_on() -> None:
    said = ((Member(C, 1), 12),)
    states = (state(A, spoken(4, (V1, 0))), state(B, spoken(6, (V1, 0), said=said)))
    assert heritage(A, *states).said == {Member(C, 1): 12}
