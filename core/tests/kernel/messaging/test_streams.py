"""Streams: whole and in order whatever the network does, asked for with patience, kept while somebody lacks them."""

import random

import pytest
from heartbeat.kernel.messaging.streams import EARLY_MAX, TRIES, WANT_FIRST_S, WANT_MAX, Streams
from heartbeat.model.delivery import Delivery
from heartbeat.model.names import Nid
from heartbeat.model.view import Member, View, ViewId
from heartbeat.wire.talk import Run, Say, Want

A, B, C = Nid(0), Nid(1), Nid(2)
VIEW = View(ViewId(1, A), tuple(Member(nid, 1) for nid in (A, B, C)))


def run(body: bytes = b"x") -> Run:
    return Run("g", 1, 0, Delivery.FIFO, body=body)


def say(number: int) -> Say:
    return Say(number, run())


def numbers(says: list[Say]) -> list[int]:
    return [each.number for each in says]


def asked(streams: Streams, now_s: float) -> list[tuple[Nid, int, int]]:
    return [(whom, want.first, want.last) for whom, want in streams.wants(now_s)]


def test_what_is_said_is_numbered_from_one_and_kept_until_every_member_has_it() -> None:
    streams = Streams(VIEW, A)
    assert [streams.say(run(b"12345")).number for _ in range(2)] == [1, 2]
    assert (streams.unstable, streams.bytes_out) == (2, 10)
    assert streams.acked(B, (2, 0, 0))
    assert streams.unstable == 2
    assert streams.acked(C, (1, 0, 0))
    assert (streams.unstable, streams.bytes_out) == (1, 5)
    assert [each.number for each in streams.kept(A, 1, 9)] == [2]


def test_in_a_view_of_one_nothing_is_kept() -> None:
    streams = Streams(View(ViewId(1, A), (Member(A, 1),)), A)
    streams.say(run())
    assert (streams.unstable, streams.bytes_out, streams.sent) == (0, 0, 1)


def test_an_acknowledgement_that_says_less_than_before_takes_nothing_back() -> None:
    streams = Streams(VIEW, A)
    streams.say(run())
    assert streams.acked(B, (1, 0, 0))
    assert not streams.acked(B, (0, 0, 0))
    streams.acked(C, (1, 0, 0))
    assert streams.unstable == 0


@pytest.mark.parametrize("seed", range(20))
def test_what_comes_in_any_order_and_twice_goes_on_once_and_in_order(seed: int) -> None:
    streams, order = Streams(VIEW, A), [say(number) for number in (*range(1, 30), *range(10, 20))]
    random.Random(seed).shuffle(order)
    ready = [number for each in order for number in numbers(streams.take(B, [each], 0.0))]
    assert ready == list(range(1, 30))


def test_a_gap_is_asked_for_after_some_slack_and_then_less_and_less_often() -> None:
    streams = Streams(VIEW, A)
    streams.take(B, [say(1), say(4)], 10.0)
    assert asked(streams, 10.0) == []
    assert asked(streams, 10.0 + WANT_FIRST_S) == [(B, 2, 3)]
    waits, now_s = [], 10.0 + WANT_FIRST_S
    for _ in range(6):
        waits.append(round(streams.deadline_s() - now_s, 3))
        now_s = streams.deadline_s()
        assert asked(streams, now_s) != []
    assert waits == [0.01, 0.02, 0.04, 0.08, 0.1, 0.1]


def test_a_lost_tail_shows_in_how_much_its_sender_says_that_it_said() -> None:
    streams = Streams(VIEW, A)
    streams.take(B, [say(1)], 0.0)
    streams.told(B, 3, 0.0)
    assert asked(streams, 1.0) == [(B, 2, 3)]


def test_one_request_wants_a_bounded_number_and_is_answered_with_no_more() -> None:
    streams = Streams(VIEW, A)
    streams.told(B, 10 * WANT_MAX, 0.0)
    assert asked(streams, 1.0) == [(B, 1, WANT_MAX)]
    mine = Streams(VIEW, B)
    for _ in range(2 * WANT_MAX):
        mine.say(run())
    assert len(list(mine.kept(B, 1, 10**12))) == WANT_MAX


def test_after_some_tries_another_member_that_has_it_is_asked() -> None:
    streams = Streams(VIEW, A)
    streams.told(B, 1, 0.0)
    streams.acked(C, (0, 1, 0))
    whom = [asked(streams, streams.deadline_s())[0][0] for _ in range(TRIES + 2)]
    assert whom[:TRIES] == [B] * TRIES
    assert C in whom[TRIES:]


def test_what_comes_too_early_is_kept_up_to_a_bound() -> None:
    streams = Streams(VIEW, A)
    streams.take(B, [say(number) for number in range(2, 2 * EARLY_MAX)], 0.0)
    assert len(streams.flows[B].early) == EARLY_MAX


def test_behind_the_cut_nothing_comes_in_order_any_more() -> None:
    streams = Streams(VIEW, A)
    streams.take(B, [say(1), say(3), say(4)], 0.0)
    streams.cut({B: 3, C: 0})
    assert numbers(streams.take(B, [say(2)], 0.0)) == [2, 3]


def test_a_member_lags_until_it_shows_that_it_has_everything() -> None:
    streams = Streams(VIEW, A)
    assert not streams.lags(B)
    streams.say(run())
    assert streams.lags(B)
    streams.acked(B, (1, 0, 0))
    assert not streams.lags(B)
    assert streams.lags(C)


def test_a_request_names_the_view_and_the_member() -> None:
    streams = Streams(VIEW, A)
    streams.told(C, 1, 0.0)
    assert list(streams.wants(1.0)) == [(C, Want(VIEW.id, C, 1, 1))]
