"""Causal order: FIFO waits for nothing but its own sender, CAUSAL for all that its sender had got."""

from heartbeat.kernel.messaging.causal import Causal
from heartbeat.model.delivery import Delivery
from heartbeat.model.names import Nid
from heartbeat.wire.talk import Run, Say

A, B, C = Nid(0), Nid(1), Nid(2)


def say(number: int, delivery: Delivery = Delivery.FIFO, past: tuple[int, ...] = ()) -> Say:
    return Say(number, Run("g", 1, 0, delivery, body=b"%d" % number), past)


def ready(causal: Causal) -> list[tuple[Nid, bytes]]:
    return [(of, run.body) for of, run in causal.ready()]


def test_fifo_is_given_out_as_it_comes() -> None:
    causal = Causal((A, B, C))
    causal.came(A, say(1))
    causal.came(B, say(1))
    assert ready(causal) == [(A, b"1"), (B, b"1")]
    assert ready(causal) == []


def test_a_causal_message_waits_for_what_its_sender_had_got_and_all_behind_it_wait_too() -> None:
    causal = Causal((A, B, C))
    causal.came(B, say(1, Delivery.CAUSAL, past=(1, 0, 0)))
    causal.came(B, say(2))
    assert ready(causal) == []
    causal.came(A, say(1))
    assert ready(causal) == [(A, b"1"), (B, b"1"), (B, b"2")]


def test_a_chain_comes_in_its_order_whatever_comes_first() -> None:
    causal = Causal((A, B, C))
    causal.came(C, say(1, Delivery.CAUSAL, past=(1, 1, 0)))
    causal.came(B, say(1, Delivery.CAUSAL, past=(1, 0, 0)))
    causal.came(A, say(1))
    assert ready(causal) == [(A, b"1"), (B, b"1"), (C, b"1")]


def test_the_past_is_what_was_given_out_and_not_what_only_arrived() -> None:
    causal = Causal((A, B, C))
    causal.came(B, say(3, Delivery.CAUSAL, past=(1, 0, 0)))
    causal.came(C, say(2))
    assert ready(causal) == [(C, b"2")]
    assert causal.past() == (0, 0, 2)


def test_ordered_runs_neither_wait_here_nor_hold_up_others() -> None:
    causal = Causal((A, B, C))
    causal.came(A, say(1, Delivery.SAFE))
    causal.came(A, say(2))
    assert ready(causal) == [(A, b"2")]
