"""Programs at the daemon: each has a number, gets what is for it, and holds all up only for a while."""

from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from heartbeat.daemon import talkers as module
from heartbeat.daemon.talkers import Talkers
from heartbeat.kernel import effects, events
from heartbeat.model.view import ViewId
from heartbeat.wire import api
from heartbeat.wire.local import Unpacker

from core.tests.daemon.waiting import until

if TYPE_CHECKING:
    from core.tests.daemon.conftest import FakeLog

_decode = msgspec.msgpack.Decoder(api.Answer).decode


class FakeLine:
    """A program's connection that keeps what it is sent."""

    def __init__(self) -> None:
        self.unread = 0
        self.got: list[api.Answer] = []
        self.is_aborted = False

    def put(self, message: bytes) -> int:
        self.got += [_decode(whole) for whole in Unpacker().feed(message)]
        return self.unread

    def abort(self) -> None:
        self.is_aborted = True


class Hall:
    """Talkers, and what they told the kernel."""

    def __init__(self, log: "FakeLog", patience_s: float = 60.0) -> None:
        self.told: list[events.Event] = []
        self.talkers = Talkers(self.told.append, log, patience_s)

    def comes(self) -> FakeLine:
        line = FakeLine()
        self.talkers.ask(line, api.Join("g"))
        return line

    def deliver(self, *programs: int) -> None:
        self.talkers.deliver(effects.Deliver(programs, api.Taken(1), ViewId()))


@pytest.fixture
def hall(log: "FakeLog") -> Hall:
    return Hall(log)


def test_each_program_has_a_number_of_its_own_that_no_other_gets_again(hall: Hall) -> None:
    first = hall.comes()
    hall.talkers.gone(first)
    hall.comes()
    assert hall.told == [
        events.ProgramAsked(1, api.Join("g")),
        events.ProgramGone(1),
        events.ProgramAsked(2, api.Join("g")),
    ]


def test_what_is_delivered_goes_to_those_it_is_for_and_are_there(hall: Hall) -> None:
    lines = [hall.comes() for _ in range(3)]
    hall.talkers.gone(lines[1])
    hall.deliver(1, 2)
    assert [line.got for line in lines] == [[api.Taken(1)], [], []]


def test_a_connection_that_never_talked_is_no_program(hall: Hall) -> None:
    line = FakeLine()
    hall.talkers.is_slow(line)
    hall.talkers.gone(line)
    assert hall.told == []
    assert line not in hall.talkers


def test_the_kernel_is_told_when_the_first_gets_slow_and_when_the_last_reads_again(hall: Hall, loop: Any) -> None:
    async def story() -> None:
        one, other = hall.comes(), hall.comes()
        del hall.told[:]
        hall.talkers.is_slow(one)
        hall.talkers.is_slow(other)
        hall.talkers.reads_again(one)
        assert hall.told == [events.ProgramsSlow(True)]
        hall.talkers.gone(other)
        assert hall.told == [events.ProgramsSlow(True), events.ProgramsSlow(False), events.ProgramGone(2)]

    loop.run_until_complete(story())


def test_who_does_not_read_for_too_long_is_hung_up_on_and_it_is_said(log: "FakeLog", loop: Any) -> None:
    hall = Hall(log, patience_s=0.01)

    async def story() -> None:
        line = hall.comes()
        hall.talkers.is_slow(line)
        await until(lambda: line.is_aborted)

    loop.run_until_complete(story())
    assert any("did not read" in text for text in log.texts)


def test_who_leaves_too_much_unread_is_hung_up_on_at_once(hall: Hall) -> None:
    line = hall.comes()
    line.unread = module.UNREAD_MAX + 1
    hall.deliver(1)
    assert line.is_aborted
