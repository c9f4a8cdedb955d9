"""Programs over real sockets, blocking and awaited: a small daemon behind them that echoes what is said."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from heartbeat.client import Company, Message, NoDaemon, Refused, program
from heartbeat.client.async_program import AsyncProgram
from heartbeat.model.delivery import Delivery
from heartbeat.wire import api
from heartbeat.wire.local import Unpacker, pack

_decode = msgspec.msgpack.Decoder(api.Request).decode


class Echo:
    """Answers one connection as a daemon of one node would, in a thread of its own."""

    def __init__(self, path: Path, *, refuses: bool = False) -> None:
        self.path = path
        self._refuses = refuses
        self._listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listening.bind(str(path))
        self._listening.listen(1)
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join()

    def _serve(self) -> None:
        try:
            connection, _ = self._listening.accept()
        except OSError:
            return
        unpacker = Unpacker()
        with connection:
            while chunk := connection.recv(65536):
                for whole in unpacker.feed(chunk):
                    answers = self._answers(_decode(whole))
                    connection.sendall(b"".join(pack(msgspec.msgpack.encode(answer)) for answer in answers))

    def _answers(self, request: api.Request) -> list[api.Answer]:
        if self._refuses:
            return [api.Refused("not you")]
        match request:
            case api.Join():
                company = api.Company(request.group, "1.0", (("node1", 7),), is_primary=True)
                return [api.Welcome("node1", 7, 1000), company]
            case api.Say():
                return [api.Taken(1), api.Heard(request.group, "node1", 7, request.delivery, 1, request.body)]
        return []


@pytest.fixture
def echo(tmp_path: Path) -> Iterator[Echo]:
    made = Echo(tmp_path / "api.sock")
    yield made
    made.close()


def test_a_program_joins_and_gets_what_it_says(echo: Echo) -> None:
    with program(echo.path) as me:
        company = me.join("g")
        assert company.members == (me.me,)
        me.say("g", b"hello", Delivery.CAUSAL)
        message = me.receive(5.0)
        assert isinstance(message, Message)
        assert (message.body, message.delivery, message.sender) == (b"hello", Delivery.CAUSAL, me.me)


def test_much_that_is_said_all_comes_back(echo: Echo) -> None:
    with program(echo.path) as me:
        me.join("g")
        for number in range(5000):
            me.say("g", b"%d" % number + bytes(300))
        me.flush()
        bodies: list[bytes] = []
        while len(bodies) < 5000:
            bodies += [event.body for event in me.receive_all(5.0) if isinstance(event, Message)]
        assert [int(body.rstrip(b"\0")) for body in bodies] == list(range(5000))


def test_receiving_ends_in_time_where_nothing_comes(echo: Echo) -> None:
    with program(echo.path) as me:
        assert me.receive(0.01) is None
        assert me.receive_all(0) == []


def test_without_a_daemon_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NoDaemon, match="Is `hb run` running"):
        program(tmp_path / "none.sock")


def test_who_may_not_talk_is_told(tmp_path: Path) -> None:
    made = Echo(tmp_path / "api.sock", refuses=True)
    try:
        with program(made.path) as me, pytest.raises(Refused, match="not you"):
            me.join("g")
    finally:
        made.close()


def test_who_it_is_nobody_knows_before_the_first_join(echo: Echo) -> None:
    with program(echo.path) as me, pytest.raises(ValueError, match="join a group first"):
        _ = me.me


def test_awaited_it_does_the_same(echo: Echo) -> None:
    async def story() -> list[bytes]:
        async with await AsyncProgram.connect(echo.path) as me:
            company = await me.join("g")
            assert isinstance(company, Company)
            assert company.members == (me.me,)
            for number in range(100):
                await me.say("g", b"%d" % number)
            await me.flush()
            bodies = []
            async for event in me.events():
                assert isinstance(event, Message)
                bodies.append(event.body)
                if len(bodies) == 100:
                    return bodies
        return []

    assert asyncio.run(story()) == [b"%d" % number for number in range(100)]


def test_awaited_without_a_daemon_it_says_so_too(tmp_path: Path) -> None:
    with pytest.raises(NoDaemon, match="Is `hb run` running"):
        asyncio.run(AsyncProgram.connect(tmp_path / "none.sock"))


def test_awaited_whoever_waits_is_told_that_the_daemon_went(tmp_path: Path) -> None:
    made = Echo(tmp_path / "api.sock", refuses=True)

    async def story() -> None:
        async with await AsyncProgram.connect(made.path) as me:
            with pytest.raises(Refused, match="not you"):
                await me.join("g")
            with pytest.raises(Refused):
                await me.receive()

    try:
        asyncio.run(story())
    finally:
        made.close()
