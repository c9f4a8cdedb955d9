"""The log: what is committed, what is kept for whom, and how a history rises into the next primary view."""

from heartbeat.kernel.messaging.log import KEPT, Log
from heartbeat.model.delivery import Delivery
from heartbeat.model.names import Nid
from heartbeat.model.view import Member, ViewId
from heartbeat.wire.talk import Entry, Run

A, B, C = Nid(0), Nid(1), Nid(2)
ME = Member(A, 1)
V1, V2 = ViewId(1, A), ViewId(2, A)


def entry(number: int, delivery: Delivery = Delivery.SAFE, others: int = 0, origin: Member = ME) -> Entry:
    return Entry(origin, Run("g", 1, number, delivery, others))


def log_of(*entries: Entry, need: int = 2) -> Log:
    """In view 1 of three nodes."""
    log = Log()
    log.rise(V1, [(V1, 0)], {})
    log.enter([B, C], lambda others: len(others) + 1 >= need)
    for each in entries:
        log.append(each)
    return log


def ready(log: Log) -> list[int]:
    return [place for place, _ in log.ready()]


def test_a_safe_entry_waits_until_enough_hold_it() -> None:
    log = log_of(entry(1), entry(2))
    assert ready(log) == []
    log.told(B, 1, 0)
    assert ready(log) == [1]
    log.told(C, 2, 0)
    assert ready(log) == [2]


def test_an_agreed_entry_waits_for_nobody_but_the_safe_one_before_it() -> None:
    log = log_of(entry(1, Delivery.AGREED), entry(2), entry(3, Delivery.AGREED))
    assert ready(log) == [1]
    log.told(B, 2, 0)
    assert ready(log) == [2, 3]


def test_more_holders_can_be_asked_for_but_not_more_than_there_are() -> None:
    log = log_of(entry(1, others=2), entry(2, others=9))
    log.told(B, 2, 0)
    assert ready(log) == []
    log.told(C, 2, 0)
    assert ready(log) == [1, 2]


def test_what_outlives_is_the_clusters_rule_and_not_the_views() -> None:
    log = Log()
    log.rise(V1, [(V1, 0)], {})
    log.enter([B, C], lambda others: len(others) == 2)
    log.append(entry(1))
    log.told(B, 1, 0)
    assert ready(log) == []
    log.told(C, 1, 0)
    assert ready(log) == [1]


def test_alone_with_a_proof_everything_is_committed_at_once() -> None:
    log = Log()
    log.rise(V1, [(V1, 0)], {})
    log.enter([], lambda _: True)
    log.append(entry(1))
    assert ready(log) == [1]


def test_an_entry_is_kept_until_every_member_has_given_it_out_and_some_more_came() -> None:
    log = log_of(*(entry(number, Delivery.AGREED) for number in range(1, KEPT + 4)))
    assert len(ready(log)) == KEPT + 3
    log.told(B, KEPT + 3, KEPT + 3)
    assert (log.floor, len(log.entries)) == (0, KEPT + 3)
    log.told(C, KEPT + 3, 2)
    assert (log.floor, min(log.entries), log.unstable) == (2, 3, KEPT + 1)
    log.told(C, KEPT + 3, KEPT + 3)
    assert (log.floor, min(log.entries), log.unstable) == (3, 4, 0)


def test_it_knows_which_runs_have_their_place() -> None:
    log = log_of(entry(4), entry(6))
    assert log.is_said(ME, 4)
    assert log.is_said(ME, 5)
    assert not log.is_said(ME, 7)
    assert not log.is_said(Member(A, 2), 1)


def test_of_an_earlier_life_it_remembers_nothing() -> None:
    log = log_of(entry(4), entry(1, origin=Member(A, 2)), entry(7, origin=Member(B, 1)))
    assert log.said == {Member(A, 2): 1, Member(B, 1): 7}


def test_the_rank_rises_with_all_that_is_held_as_its_base() -> None:
    log = log_of(entry(1), entry(2))
    log.cut(2, goes_on=True)
    log.rise(V1, [*log.roots, (V2, 2)], log.said)
    assert (log.rank, log.base, log.held, log.given) == (V2, 2, 2, 0)
    assert [place for place, _ in log.rest(2)] == [1, 2]


def test_what_is_above_the_new_base_was_never_committed() -> None:
    log = log_of(entry(1), entry(2), entry(3))
    log.cut(1, goes_on=True)
    assert (sorted(log.entries), log.held) == ([1], 1)


def test_who_does_not_go_on_begins_behind_what_it_missed() -> None:
    log = log_of(entry(1))
    log.cut(7, goes_on=False)
    assert (log.entries, log.floor, log.held, log.given) == ({}, 7, 7, 7)
    log.append(entry(9))
    log.skip()
    assert (log.held, log.given, sorted(log.entries)) == (8, 8, [8])


def test_places_that_are_not_kept_end_what_it_has_to_offer() -> None:
    log = log_of(entry(1), entry(2))
    assert [each.run.number for each in log.some(1, 10**12)] == [1, 2]
    assert list(log.some(5, 9)) == []
