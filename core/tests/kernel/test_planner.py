"""The planner: one rule after the other, and the same answer for the same question."""

from typing import Any

from heartbeat.kernel.planner import Candidate, place
from heartbeat.model.names import Nid
from hypothesis import given
from hypothesis import strategies as st

HOME = Nid(0)


def _candidate(nid: int, **more: Any) -> Candidate:
    fields: dict[str, Any] = {"can_take": True, "failures": 0, "runs_it": False, "unproved": False, "load": 0}
    return Candidate(Nid(nid), **(fields | more))


def _place(*candidates: Candidate, sent_to: int | None = None, fail_back: bool = False) -> int | None:
    return place(HOME, candidates, sent_to=None if sent_to is None else Nid(sent_to), fail_back=fail_back).target


def test_what_runs_nowhere_goes_home() -> None:
    assert _place(_candidate(0, load=9), _candidate(1)) == 0


def test_what_runs_stays_where_it_runs() -> None:
    assert _place(_candidate(0), _candidate(1, runs_it=True)) == 1


def test_auto_failback_brings_it_home_if_home_can_take_it() -> None:
    assert _place(_candidate(0), _candidate(1, runs_it=True), fail_back=True) == 0
    assert _place(_candidate(0, can_take=False), _candidate(1, runs_it=True), fail_back=True) == 1
    assert _place(_candidate(0, failures=1), _candidate(1, runs_it=True), fail_back=True) == 1


def test_a_person_s_word_goes_before_everything_that_can_be_done() -> None:
    assert _place(_candidate(0), _candidate(1, runs_it=True), _candidate(2), sent_to=2, fail_back=True) == 2
    assert _place(_candidate(0), _candidate(1, runs_it=True), _candidate(2, can_take=False), sent_to=2) == 1
    assert _place(_candidate(0), _candidate(1, runs_it=True), _candidate(2, failures=1), sent_to=2) == 1
    assert _place(_candidate(0), _candidate(1, runs_it=True), sent_to=2) == 1, "a node that is not in the view"


def test_without_its_home_it_goes_where_the_fewest_groups_are_then_by_the_alphabet() -> None:
    assert _place(_candidate(1, load=2), _candidate(2, load=1)) == 2
    assert _place(_candidate(1, load=1), _candidate(2, load=1)) == 1


def test_of_two_holders_the_one_with_proof_keeps_it_then_the_lower() -> None:
    taker, keeper = _candidate(1, runs_it=True, unproved=True), _candidate(2, runs_it=True)
    assert _place(taker, keeper) == 2
    assert _place(_candidate(1, runs_it=True), _candidate(2, runs_it=True)) == 1


def test_a_holder_that_leaves_or_cannot_act_keeps_nothing() -> None:
    assert _place(_candidate(0, runs_it=True, can_take=False), _candidate(1)) == 1


def test_it_is_told_apart_whether_none_can_or_all_have_failed() -> None:
    failed = place(HOME, (_candidate(0, failures=1), _candidate(1, failures=2)), sent_to=None, fail_back=False)
    unable = place(HOME, (_candidate(0, can_take=False),), sent_to=None, fail_back=False)
    assert failed.target is None
    assert "failed to start" in failed.why
    assert unable.target is None
    assert "can take it" in unable.why


@st.composite
def _questions(draw: st.DrawFn) -> tuple[tuple[Candidate, ...], int | None, bool]:
    def candidate(nid: int) -> Candidate:
        return _candidate(
            nid,
            can_take=draw(st.booleans()),
            failures=draw(st.integers(0, 2)),
            runs_it=draw(st.booleans()),
            unproved=draw(st.booleans()),
            load=draw(st.integers(0, 3)),
        )

    count = draw(st.integers(1, 5))
    return tuple(candidate(n) for n in range(count)), draw(st.none() | st.integers(0, 5)), draw(st.booleans())


@given(_questions())
def test_the_answer_can_be_carried_out_and_is_the_same_again(
    question: tuple[tuple[Candidate, ...], int | None, bool],
) -> None:
    candidates, sent_to, fail_back = question
    target = _place(*candidates, sent_to=sent_to, fail_back=fail_back)
    assert target == _place(*candidates, sent_to=sent_to, fail_back=fail_back)
    chosen = [each for each in candidates if each.nid == target]
    assert target is None or chosen[0].can_take
    able = [each for each in candidates if each.can_take and not each.failures]
    assert target is not None or not able, "a group must not wait while a node could run it"


@given(_questions())
def test_what_is_well_where_it_is_is_not_moved_unasked(
    question: tuple[tuple[Candidate, ...], int | None, bool],
) -> None:
    candidates, _, _ = question
    holders = [each.nid for each in candidates if each.runs_it and each.can_take]
    assert not holders or _place(*candidates) in holders
