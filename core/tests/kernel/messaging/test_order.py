"""The order: places are given once, in one sequence, and no faster than the slowest member takes them."""

from heartbeat.kernel.messaging.log import Log
from heartbeat.kernel.messaging.order import PLACES_MAX, WINDOW, Order
from heartbeat.model.delivery import Delivery
from heartbeat.model.names import Nid
from heartbeat.model.view import Member, View, ViewId
from heartbeat.wire.talk import Places, Run

A, B = Nid(0), Nid(1)
VIEW = View(ViewId(1, A), (Member(A, 1), Member(B, 1)))


def run(number: int) -> Run:
    return Run("g", 1, number, Delivery.SAFE)


def ordering() -> tuple[Order, Log]:
    log = Log()
    log.rise(VIEW.id, [(VIEW.id, 0)], {})
    log.enter([B], bool)
    return Order(VIEW, log), log


def give(order: Order) -> list[tuple[Nid, int]]:
    """As the coordinator: announce, and take the announcement as every member does."""
    given = list(order.give())
    for places in given:
        order.announced(places)
    return [each for places in given for each in places.runs]


def origins(log: Log) -> list[Nid]:
    return [entry.origin.nid for entry in log.some(1, log.held)]


def test_what_came_first_has_the_first_place() -> None:
    order, log = ordering()
    order.came(B, 1, run(1))
    order.came(A, 1, run(1))
    assert give(order) == [(B, 1), (A, 1)]
    order.fill()
    assert origins(log) == [B, A]


def test_a_place_counts_once_the_run_is_there_too() -> None:
    order, log = ordering()
    order.announced(Places(((B, 1), (A, 1))))
    order.came(A, 1, run(1))
    order.fill()
    assert origins(log) == []
    order.came(B, 1, run(1))
    order.fill()
    assert (origins(log), order.waiting) == ([B, A], 0)


def test_a_run_that_the_history_has_gets_no_second_place() -> None:
    order, log = ordering()
    log.said[Member(B, 1)] = 5
    order.came(B, 1, run(5))
    order.came(B, 2, run(6))
    assert give(order) == [(B, 2)]
    assert order.waiting == 1


def test_the_window_closes_until_the_slowest_member_has_given_out_what_it_got() -> None:
    order, log = ordering()
    for number in range(1, WINDOW + 11):
        order.came(A, number, run(number))
    assert len(give(order)) == WINDOW
    order.fill()
    assert log.held == WINDOW
    assert give(order) == []
    log.told(B, WINDOW, WINDOW)
    assert [place for place, _ in log.ready()] == list(range(1, WINDOW + 1))
    assert len(give(order)) == 10


def test_one_announcement_has_a_bounded_number_of_places() -> None:
    order, _ = ordering()
    for number in range(1, PLACES_MAX + 2):
        order.came(A, number, run(number))
    assert [len(places.runs) for places in order.give()] == [PLACES_MAX, 1]


def test_a_member_forgets_in_which_order_the_runs_came() -> None:
    order, log = ordering()
    for number in range(1, 4):
        order.came(B, number, run(number))
    order.announced(Places(((B, 1), (B, 2), (B, 3))))
    order.fill()
    assert log.held == 3
    assert give(order) == []
