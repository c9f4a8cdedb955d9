"""The outbox: what has no order never waits for what has, and an ordered run is said until it has its place."""

from heartbeat.kernel.messaging.outbox import BACKLOG, QUEUE_MAX, Outbox
from heartbeat.model.delivery import Delivery
from heartbeat.wire.talk import Run, Verb


def run(delivery: Delivery = Delivery.SAFE, program: int = 1, body: bytes = b"", verb: Verb = Verb.SAY) -> Run:
    return Run("g", program, 0, delivery, verb=verb, body=body)


def take(outbox: Outbox, *, is_primary: bool = True, room: int = 10**9) -> list[tuple[int, bool]]:
    """Return (number, is its program told) of what is said."""
    left = iter(range(room))
    taken = outbox.take(lambda: next(left, None) is not None, is_primary=is_primary)
    return [(each.number, told) for each, told in taken]


def test_ordered_runs_are_numbered_and_others_are_not() -> None:
    outbox = Outbox()
    for delivery in (Delivery.SAFE, Delivery.FIFO, Delivery.AGREED):
        outbox.put(run(delivery))
    assert take(outbox) == [(0, True), (1, True), (2, True)]


def test_without_a_primary_view_only_what_needs_no_order_is_said() -> None:
    outbox = Outbox()
    outbox.put(run(Delivery.SAFE))
    outbox.put(run(Delivery.CAUSAL))
    assert take(outbox, is_primary=False) == [(0, True)]
    assert len(outbox) == 1
    assert take(outbox) == [(1, True)]


def test_without_credit_nothing_is_said() -> None:
    outbox = Outbox()
    outbox.put(run())
    assert take(outbox, room=0) == []
    assert take(outbox) == [(1, True)]


def test_what_has_no_place_when_the_view_ends_is_said_again_before_all_else_and_its_program_is_told_once() -> None:
    outbox = Outbox()
    for _ in range(4):
        outbox.put(run())
    assert take(outbox, room=3) == [(1, True), (2, True), (3, True)]
    outbox.placed(1)
    outbox.view_ended(said=2)
    assert take(outbox) == [(3, False), (4, True)]


def test_what_the_history_has_is_not_said_again_even_if_it_waited_through_a_view_without_order() -> None:
    outbox = Outbox()
    outbox.put(run())
    assert take(outbox) == [(1, True)]
    outbox.view_ended(said=0)
    outbox.view_ended(said=1)
    assert take(outbox) == []


def test_who_comes_and_goes_the_next_view_knows_from_its_members() -> None:
    outbox = Outbox()
    outbox.put(run(verb=Verb.JOIN))
    outbox.put(run(Delivery.FIFO, verb=Verb.LEAVE))
    outbox.view_ended(said=0)
    assert take(outbox) == []


def test_a_program_may_have_so_many_waiting_and_another_as_many() -> None:
    outbox = Outbox()
    for _ in range(QUEUE_MAX):
        assert not outbox.is_full(1)
        outbox.put(run())
    assert outbox.is_full(1)
    assert not outbox.is_full(2)
    take(outbox, room=1)
    assert not outbox.is_full(1)


def test_so_many_runs_at_most_wait_for_their_place() -> None:
    outbox = Outbox()
    for program in range(BACKLOG // QUEUE_MAX + 1):
        for _ in range(QUEUE_MAX):
            outbox.put(run(program=program))
    assert len(take(outbox)) == BACKLOG
    outbox.placed(1)
    assert take(outbox) == [(BACKLOG + 1, True)]
