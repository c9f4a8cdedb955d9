"""The receiving side: what it feeds its watchdog for, and what ends that for good."""

import uuid
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from heartbeat.plugin import BadConfig, BadHost, PluginError, Unreachable
from heartbeat_stonith_sbd.disk import Disk
from heartbeat_stonith_sbd.disk_set import DiskSet
from heartbeat_stonith_sbd.layout import Message, Order, Phase, Place, pack_message, state_block
from heartbeat_stonith_sbd.receiver import Node, Receiver, Round

MakeDisks = Callable[..., list[str]]
LIFE = uuid.UUID(int=1)


class Timer:
    """A watchdog that counts. ``timeout_s`` is what it makes of the one that was asked for."""

    identity = "counter"

    def __init__(self, timeout_s: float = 0.4) -> None:
        self.weakness, self.can_disarm = "", True
        self.timeout_s, self.fed, self.is_armed, self.asked_s = timeout_s, 0, False, 0.0

    def arm(self, asked_s: float) -> "Timer":
        self.asked_s, self.is_armed = asked_s, True
        return self

    def feed(self) -> None:
        self.fed += 1

    def disarm(self) -> None:
        self.is_armed = False

    def abandon(self) -> None: ...


class Bench:
    """A receiver on a set, without a thread: the test makes its rounds."""

    def __init__(self, paths: list[str], life: uuid.UUID = LIFE, name: str = "node1") -> None:
        self.timer = Timer()
        self.disks = DiskSet(paths, 2.0)
        self.receiver = Receiver(self.disks, Node(name, life), self.timer.arm)

    def tell(self, paths: list[str], life: uuid.UUID = LIFE) -> None:
        """Write an order on these disks alone: a sender that died on its way."""
        for path in paths:
            number = self.disks.paths.index(path)
            message = Message("node1", life, Order.FENCE, uuid.uuid4(), "node2")
            place = self.disks._places[number]
            assert place is not None
            self.disks._servants[number].ask(partial(_put, place, message)).result(5)


def _put(place: Place, message: Message, disk: Disk) -> None:
    disk.write(state_block(0) + 1, pack_message(place, 0, message))


@pytest.fixture
def bench(make_disks: MakeDisks) -> Bench:
    return Bench(make_disks(3))


def test_it_feeds_after_each_look_that_shows_no_order(bench: Bench) -> None:
    bench.receiver.begin()
    assert (bench.timer.asked_s, bench.timer.is_armed, bench.timer.fed) == (0.4, True, 0)
    assert [bench.receiver.round() for _ in range(3)] == [Round.FED] * 3
    assert bench.timer.fed == 3
    state = bench.disks.slot("node1").state
    assert (state.phase, state.boot_id, state.watchdog_s, state.count) == (Phase.ARMED, LIFE, 0.4, 4)


def test_an_order_ends_it_for_good_and_is_answered(bench: Bench) -> None:
    bench.receiver.begin()
    bench.receiver.round()
    order = bench.disks.slot("node1").order()
    bench.disks.write_message(0, order)
    assert [bench.receiver.round() for _ in range(3)] == [Round.DYING] * 3
    assert bench.timer.fed == 1
    state = bench.disks.slot("node1").state
    assert (state.phase, state.answered) == (Phase.DYING, order.id)
    count = state.count
    bench.receiver.round()
    assert bench.disks.slot("node1").state.count == count, "who has answered does not go on"
    with pytest.raises(PluginError, match="an order to end is on the disks"):
        bench.receiver.leave()
    assert bench.timer.is_armed


def test_an_order_on_one_disk_of_three_is_obeyed(bench: Bench) -> None:
    bench.receiver.begin()
    bench.tell(bench.disks.paths[2:])
    assert bench.receiver.round() is Round.DYING


def test_an_order_for_an_earlier_life_is_none(bench: Bench) -> None:
    bench.tell(bench.disks.paths, life=uuid.UUID(int=77))
    bench.receiver.begin()
    assert bench.receiver.round() is Round.FED


def test_a_life_that_was_told_to_end_does_not_begin_again(bench: Bench) -> None:
    """A receiver that crashed and is started anew would feed what a proof was built on."""
    bench.tell(bench.disks.paths[:1])
    with pytest.raises(PluginError, match="node1 is fenced in this very life: it must boot anew"):
        bench.receiver.begin()
    assert bench.timer.asked_s == 0.0, "the watchdog was opened, which feeds it"


def test_nor_does_one_that_has_answered(bench: Bench, make_disks: MakeDisks) -> None:
    bench.receiver.begin()
    bench.tell(bench.disks.paths)
    bench.receiver.round()
    bench.tell(bench.disks.paths, life=uuid.UUID(int=77))  # an order for another life took its place
    again = Bench(bench.disks.paths)
    with pytest.raises(PluginError, match="fenced in this very life"):
        again.receiver.begin()
    reborn = Bench(bench.disks.paths, life=uuid.UUID(int=2))
    reborn.receiver.begin()
    assert reborn.receiver.round() is Round.FED


def test_a_majority_is_needed_and_enough(bench: Bench) -> None:
    bench.receiver.begin()
    first, second, _ = bench.disks.paths
    Path(first).write_bytes(b"")
    assert bench.receiver.round() is Round.FED
    Path(second).write_bytes(b"")
    assert [bench.receiver.round() for _ in range(2)] == [Round.MISSED] * 2
    assert bench.timer.fed == 1
    with pytest.raises(Unreachable, match="no majority of the disks answers"):
        bench.receiver.leave()
    assert bench.timer.is_armed


def test_a_disk_that_comes_back_counts_again(make_disks: MakeDisks) -> None:
    paths = make_disks(3)
    kept = Path(paths[0]).read_bytes()
    Path(paths[0]).unlink()
    bench = Bench(paths)
    bench.receiver.begin()
    Path(paths[1]).write_bytes(b"")
    assert bench.receiver.round() is Round.MISSED
    Path(paths[0]).write_bytes(kept)
    assert bench.receiver.round() is Round.FED


def test_a_torn_message_on_the_only_disk_feeds_nobody(make_disks: MakeDisks) -> None:
    bench = Bench(make_disks(1))
    bench.receiver.begin()
    with Path(bench.disks.paths[0]).open("r+b") as disk:
        disk.seek(2 * 4096 + 200)
        disk.write(b"torn")
    assert bench.receiver.round() is Round.MISSED


def test_a_look_that_took_too_long_feeds_nobody(make_disks: MakeDisks) -> None:
    times = iter([0.0, 0.1, 1.0, 1.21])
    bench = Bench(make_disks(1))
    receiver = Receiver(bench.disks, Node("node1", LIFE), bench.timer.arm, lambda: next(times))
    receiver.begin()
    assert [receiver.round(), receiver.round()] == [Round.FED, Round.MISSED]


def test_a_watchdog_that_waits_longer_than_the_disks_promise_is_refused_and_stopped(bench: Bench) -> None:
    bench.timer.timeout_s = 0.5
    with pytest.raises(
        BadConfig, match=r"counter waits 0.5 s, and the disks promise 0.4 s: make them with --watchdog 0.5"
    ):
        bench.receiver.begin()
    assert not bench.timer.is_armed
    assert bench.disks.slot("node1").state.phase is Phase.NEVER


def test_a_weak_watchdog_is_told_to_those_who_would_rely_on_it(bench: Bench) -> None:
    bench.timer.weakness = "it stands still with the machine"
    bench.receiver.begin()
    assert bench.disks.slot("node1").state.is_weak


def test_no_receiver_begins_unless_a_majority_takes_its_word(bench: Bench) -> None:
    for path in bench.disks.paths[:2]:
        Path(path).write_bytes(b"")
    with pytest.raises(PluginError):
        bench.receiver.begin()
    assert not bench.timer.is_armed


def test_leaving_is_told_first_and_stops_the_watchdog_then(bench: Bench) -> None:
    bench.receiver.begin()
    bench.receiver.leave()
    assert not bench.timer.is_armed
    assert bench.disks.slot("node1").state.phase is Phase.LEFT
    bench.receiver.begin()
    assert bench.receiver.round() is Round.FED, "in the same life, unless it was fenced"


def test_a_watchdog_that_cannot_be_stopped_is_not_left(bench: Bench) -> None:
    bench.receiver.begin()
    bench.timer.can_disarm = False
    with pytest.raises(PluginError, match="cannot be stopped"):
        bench.receiver.leave()
    assert bench.receiver.round() is Round.FED


def test_a_name_without_a_slot_cannot_receive(make_disks: MakeDisks) -> None:
    for stranger in ("node", "node2", ""):
        bench = Bench(make_disks(1), name=stranger)
        with pytest.raises(BadHost, match="they have node1, node10, other"):
            bench.receiver.begin()
