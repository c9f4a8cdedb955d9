"""The local API over real sockets: who asks gets answers, and nobody can make the daemon wait."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from heartbeat.daemon import api as api_module
from heartbeat.daemon.access import Access
from heartbeat.daemon.api import Api
from heartbeat.kernel import effects, events
from heartbeat.model.delivery import Delivery
from heartbeat.model.status import ClusterStatus
from heartbeat.model.view import ViewId
from heartbeat.wire import api as wire
from heartbeat.wire.local import Unpacker, pack

from core.tests.daemon.waiting import until

if TYPE_CHECKING:
    from core.tests.daemon.conftest import FakeLog

ME = Access(frozenset({os.geteuid()}), frozenset(), "me")
NOBODY = Access(frozenset(), frozenset(), "nobody at all")
_decode = msgspec.msgpack.Decoder(wire.Answer).decode


class Caller:
    """A client's end."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._unpacker = Unpacker()
        self._answers: list[wire.Answer] = []

    def ask(self, *requests: wire.Request) -> None:
        self._writer.write(b"".join(pack(msgspec.msgpack.encode(request)) for request in requests))

    def say(self, nonsense: bytes) -> None:
        self._writer.write(nonsense)

    async def hear(self) -> wire.Answer:
        """Return the next answer; raises EOFError when the daemon hung up."""
        while not self._answers:
            chunk = await asyncio.wait_for(self._reader.read(65536), 10)
            if not chunk:
                raise EOFError
            self._answers += [_decode(message) for message in self._unpacker.feed(chunk)]
        return self._answers.pop(0)

    async def is_hung_up_on(self) -> bool:
        try:
            await self.hear()
        except (EOFError, ConnectionError):
            return True
        return False

    def hang_up(self) -> None:
        self._writer.close()


class Desk:
    """An Api with a kernel that only writes down what it is asked."""

    def __init__(self, folder: Path, log: "FakeLog", loop: Any, access: Access = ME) -> None:
        self.path = folder / "api.sock"
        self.log = log
        self.why = "all is well"
        self.events: list[events.Event] = []
        self.api = Api(access, self._status, self.events.append, log)
        self._loop = loop
        self._callers: list[Caller] = []
        loop.run_until_complete(self.api.open(self.path))

    def _status(self) -> ClusterStatus:
        return ClusterStatus("c", "node1", "member", "primary", "1.0", "node1", self.why, (), ())

    async def call(self) -> Caller:
        caller = Caller(*await asyncio.open_unix_connection(str(self.path)))
        self._callers.append(caller)
        return caller

    async def asked(self, count: int) -> list[events.Event]:
        """Wait until the kernel has got so many events."""
        await until(lambda: len(self.events) >= count)
        return self.events

    def close(self) -> None:
        for caller in self._callers:
            caller.hang_up()
        self._loop.run_until_complete(self.api.close())
        self._loop.run_until_complete(asyncio.sleep(0.01))  # for the transports to be closed, which loops do later


@pytest.fixture
def desk(tmp_path: Path, log: "FakeLog", loop: Any) -> Iterator[Desk]:
    made = Desk(tmp_path, log, loop)
    yield made
    made.close()


@pytest.fixture
def play(loop: Any) -> Callable[[Awaitable[None]], None]:
    """Run one scenario in the daemon's loop."""
    run: Callable[[Awaitable[None]], None] = loop.run_until_complete
    return run


Play = Callable[[Awaitable[None]], None]


def test_anybody_may_connect(desk: Desk) -> None:
    assert desk.path.stat().st_mode & 0o777 == 0o666


def test_status_is_told_at_once_and_without_the_kernel(desk: Desk, play: Play) -> None:
    async def scenario() -> None:
        caller = await desk.call()
        caller.ask(wire.GetStatus())
        answer = await caller.hear()
        assert isinstance(answer, wire.Status)
        assert answer.status.why == "all is well"
        assert desk.events == []

    play(scenario())


def test_a_change_is_the_kernels_and_its_answers_find_their_way(desk: Desk, play: Play) -> None:
    async def scenario() -> None:
        one, other = await desk.call(), await desk.call()
        one.ask(wire.Standby("all"))
        await desk.asked(1)
        other.ask(wire.Takeover("local"))
        first, second = await desk.asked(2)
        assert isinstance(first, events.ClientAsked)
        assert isinstance(second, events.ClientAsked)
        assert (first.request, second.request) == (wire.Standby("all"), wire.Takeover("local"))
        assert first.who == ("root" if os.geteuid() == 0 else f"uid {os.geteuid()}")
        desk.api.answer(effects.Answer(second.ticket, wire.Progress("moving")))
        desk.api.answer(effects.Answer(second.ticket, wire.Done(good=True, text="moved")))
        desk.api.answer(effects.Answer(first.ticket, wire.Done(good=False, text="no")))
        assert [await other.hear(), await other.hear()] == [wire.Progress("moving"), wire.Done(good=True, text="moved")]
        assert await one.hear() == wire.Done(good=False, text="no")

    play(scenario())


def test_requests_of_one_connection_are_answered_in_order(desk: Desk, play: Play) -> None:
    async def scenario() -> None:
        caller = await desk.call()
        caller.ask(wire.Standby(), wire.GetStatus())
        (asked,) = await desk.asked(1)
        assert isinstance(asked, events.ClientAsked)
        desk.api.answer(effects.Answer(asked.ticket, wire.Done(good=True, text="done")))
        assert isinstance(await caller.hear(), wire.Done)
        assert isinstance(await caller.hear(), wire.Status)

    play(scenario())


def test_who_may_not_change_things_may_look_and_is_told_who_may(
    tmp_path: Path, log: "FakeLog", loop: Any, play: Play
) -> None:
    desk = Desk(tmp_path, log, loop, NOBODY)

    async def scenario() -> None:
        caller = await desk.call()
        caller.ask(wire.Stop(), wire.GetStatus(), wire.ConfirmRequests())
        refused = await caller.hear()
        assert isinstance(refused, wire.Refused)
        assert "changes are for nobody at all" in refused.text
        assert isinstance(await caller.hear(), wire.Status)
        (asked,) = await desk.asked(1)
        assert isinstance(asked, events.ClientAsked)
        assert isinstance(asked.request, wire.ConfirmRequests)

    play(scenario())
    desk.close()


def test_watchers_are_told_once_for_all_changes_of_a_moment(desk: Desk, play: Play) -> None:
    async def scenario() -> None:
        watcher, idle = await desk.call(), await desk.call()
        watcher.ask(wire.Watch())
        idle.ask(wire.GetStatus())
        await watcher.hear()
        await idle.hear()
        for why in ("first", "second", "third"):
            desk.why = why
            desk.api.changed()
        told = await watcher.hear()
        assert isinstance(told, wire.Status)
        assert told.status.why == "third"
        desk.why = "later"
        desk.api.changed()
        told = await watcher.hear()
        assert isinstance(told, wire.Status)
        assert told.status.why == "later", "nothing was told between"
        idle.ask(wire.Standby())
        await desk.asked(1)  # had it been told of changes, they would have come before this

    play(scenario())


def test_a_client_that_does_not_read_is_dropped(desk: Desk, play: Play) -> None:
    async def scenario() -> None:
        watcher, other = await desk.call(), await desk.call()
        watcher.ask(wire.Watch())
        await watcher.hear()
        desk.why = "x" * 100_000
        for _ in range(200):  # what the socket and SLOW_BYTES take is far less
            desk.api.changed()
            await asyncio.sleep(0)
            if desk.log.texts:
                break
        assert desk.log.texts == ["a client of the local API does not read what it asked for: dropped"]
        other.ask(wire.GetStatus())
        assert isinstance(await other.hear(), wire.Status)

    play(scenario())


def test_a_flood_of_requests_costs_the_connection(desk: Desk, play: Play) -> None:
    async def scenario() -> None:
        caller = await desk.call()
        caller.ask(*[wire.Standby()] * (api_module.QUEUE_MAX + 2))
        refused = await caller.hear()
        assert isinstance(refused, wire.Refused)
        assert "at once" in refused.text
        assert await caller.is_hung_up_on()

    play(scenario())


@pytest.mark.parametrize("nonsense", [b"GET / HTTP/1.1\r\n\r\n", pack(b"\xc1"), pack(msgspec.msgpack.encode({"a": 1}))])
def test_nonsense_is_refused_and_hung_up_on(desk: Desk, play: Play, nonsense: bytes) -> None:
    async def scenario() -> None:
        caller, other = await desk.call(), await desk.call()
        caller.say(nonsense)
        refused = await caller.hear()
        assert isinstance(refused, wire.Refused)
        assert "another version?" in refused.text
        assert await caller.is_hung_up_on()
        other.ask(wire.GetStatus())
        assert isinstance(await other.hear(), wire.Status)

    play(scenario())


def test_the_kernel_learns_that_a_client_is_gone_and_its_answer_goes_nowhere(desk: Desk, play: Play) -> None:
    async def scenario() -> None:
        caller = await desk.call()
        caller.ask(wire.Standby())
        (asked,) = await desk.asked(1)
        assert isinstance(asked, events.ClientAsked)
        caller.hang_up()
        assert (await desk.asked(2))[1] == events.ClientGone(asked.ticket)
        desk.api.answer(effects.Answer(asked.ticket, wire.Done(good=True, text="done")))

    play(scenario())


def test_there_are_only_so_many_clients(desk: Desk, play: Play) -> None:
    async def scenario() -> None:
        callers = [await desk.call() for _ in range(api_module.CLIENTS_MAX)]
        callers[-1].ask(wire.GetStatus())
        await callers[-1].hear()
        assert await (await desk.call()).is_hung_up_on()
        callers[0].hang_up()
        assert "one was turned away" in desk.log.texts[0]

        await until(lambda: len(desk.api._clients) < api_module.CLIENTS_MAX)
        late = await desk.call()
        late.ask(wire.GetStatus())
        assert isinstance(await late.hear(), wire.Status)

    play(scenario())


def test_a_place_that_is_taken_is_an_error_that_names_it(tmp_path: Path, log: "FakeLog", loop: Any) -> None:
    (tmp_path / "api.sock").touch()
    with pytest.raises(OSError, match="in use"):
        Desk(tmp_path, log, loop)


def test_what_a_program_says_is_the_kernels_and_does_not_wait_for_answers(desk: Desk, play: Play) -> None:
    async def scenario() -> None:
        caller = await desk.call()
        caller.ask(wire.Standby("all"), wire.Join("g"), wire.Say("g", Delivery.SAFE, b"x"))
        asked = await desk.asked(3)
        assert asked[:2] == [
            events.ProgramAsked(1, wire.Join("g")),
            events.ProgramAsked(1, wire.Say("g", Delivery.SAFE, b"x")),
        ]
        desk.api.deliver(effects.Deliver((1,), wire.Taken(1), ViewId()))
        assert await caller.hear() == wire.Taken(1)
        caller.hang_up()
        await until(lambda: events.ProgramGone(1) in desk.events)

    play(scenario())


@pytest.mark.parametrize(
    "wrong",
    [
        {"type": "say", "group": "g", "delivery": 9, "body": b""},
        {"type": "say", "group": "g", "delivery": 4, "body": b"", "others": -1},
        {"type": "say", "group": "x" * 65, "delivery": 4, "body": b""},
        {"type": "join", "group": ""},
    ],
)
def test_what_no_program_can_mean_never_reaches_the_kernel(desk: Desk, play: Play, wrong: dict[str, Any]) -> None:
    async def scenario() -> None:
        caller = await desk.call()
        caller.say(pack(msgspec.msgpack.encode(wrong)))
        assert isinstance(await caller.hear(), wire.Refused)
        assert desk.events == []

    play(scenario())


def test_who_may_not_change_things_may_not_talk(tmp_path: Path, log: "FakeLog", loop: Any, play: Play) -> None:
    desk = Desk(tmp_path, log, loop, NOBODY)

    async def scenario() -> None:
        caller = await desk.call()
        caller.ask(wire.Join("g"))
        answer = await caller.hear()
        assert isinstance(answer, wire.Refused)
        assert "may not talk; nobody at all may" in answer.text
        assert desk.events == []

    play(scenario())
    desk.close()
