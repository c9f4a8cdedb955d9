"""Links open when their interface comes, are mended when lost, and a medium that misbehaves costs itself alone."""

import asyncio
import errno
import os
import socket
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from heartbeat.daemon.media import Link, Links, PortInUse
from heartbeat.plugin.comm import Medium
from heartbeat.plugin.errors import PluginError
from heartbeat.plugin.param import parse_params

from core.tests.daemon.waiting import until

if TYPE_CHECKING:
    from core.tests.daemon.conftest import FakeLog


class Wire(Medium):
    """Does as its ``script`` says, one entry for each attempt to open; the last one again and again."""

    api = 1
    title = "a medium for tests"

    def __init__(self, script: list[Exception | None]) -> None:
        super().__init__(parse_params((), {})[0])
        self.script = script
        self.attempts = 0
        self.sent: list[bytes] = []
        self.waiting: list[bytes] = []
        self.slice = 0
        """At most so many in one drain, telling of more; 0: all, telling nothing, as media did once."""
        self.fails: Exception | None = None
        self.hangs = False
        self.closed = 0
        self.deliver: Callable[[bytes], None] = lambda _: None

    async def open(self, deliver: Callable[[bytes], None]) -> None:
        self.attempts += 1
        problem = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if self.hangs:
            await asyncio.sleep(3600)
        if problem is not None:
            raise problem
        self.deliver = deliver

    def send(self, frame: bytes) -> None:
        if self.fails is not None:
            raise self.fails
        self.sent.append(frame)

    def drain(self) -> bool | None:
        if self.fails is not None:
            raise self.fails
        if self.slice:
            now, self.waiting = self.waiting[: self.slice], self.waiting[self.slice :]
            for frame in now:
                self.deliver(frame)
            return bool(self.waiting)
        while self.waiting:
            self.deliver(self.waiting.pop(0))
        return None

    async def close(self) -> None:
        self.closed += 1
        if self.hangs:
            await asyncio.sleep(3600)

    @property
    def mtu(self) -> int:
        return 100


class Cutting(Wire):
    """A network that cuts long frames up and puts them together again."""

    @property
    def largest(self) -> int:
        return 1000


def _same(wire: Wire) -> Wire:
    return wire


class Board:
    """Some links, and what they told."""

    def __init__(self, log: "FakeLog", *wires: Wire) -> None:
        self.heard: list[tuple[int, bytes]] = []
        self.told: list[tuple[int, str]] = []
        made = [Link(number, f"wire/{number}", partial(_same, wire), open_s=0.05, close_s=0.05)
                for number, wire in enumerate(wires)]  # fmt: skip
        self.links = Links(
            made, lambda link, frame: self.heard.append((link, frame)), lambda *link: self.told.append(link), log
        )


def test_an_interface_that_comes_late_is_found_and_told_once_each_way(log: "FakeLog", loop: Any) -> None:
    missing = PluginError("interface eth9: not there")
    late, there = Wire([missing, missing, None]), Wire([None])
    board = Board(log, late, there)

    async def scenario() -> None:
        await board.links.open()
        assert board.told == [(0, "interface eth9: not there"), (1, "")], "what is missing holds up nobody"
        board.links.send(b"one")
        assert (late.sent, there.sent) == ([], [b"one"])
        await until(lambda: (0, "") in board.told)
        board.links.send(b"two")
        assert (late.sent, there.sent) == ([b"two"], [b"one", b"two"])
        await board.links.close()

    loop.run_until_complete(scenario())
    assert late.attempts == 3
    assert board.told.count((0, "interface eth9: not there")) == 1


def test_frames_come_with_their_links_number(log: "FakeLog", loop: Any) -> None:
    wires = Wire([None]), Wire([None])
    board = Board(log, *wires)

    async def scenario() -> None:
        await board.links.open()
        wires[1].deliver(b"now")
        wires[0].waiting = [b"a", b"b"]
        board.links.drain()
        await board.links.close()

    loop.run_until_complete(scenario())
    assert board.heard == [(1, b"now"), (0, b"a"), (0, b"b")]


def test_a_drain_tells_of_any_link_on_which_more_waits_and_takes_nothing_for_no(log: "FakeLog", loop: Any) -> None:
    flooded, old = Wire([None]), Wire([None])
    board = Board(log, flooded, old)
    flooded.slice = 2

    async def scenario() -> None:
        await board.links.open()
        flooded.waiting, old.waiting = [b"a", b"b", b"c"], [b"d"]
        assert board.links.drain() is True
        assert board.heard == [(0, b"a"), (0, b"b"), (1, b"d")], "one flooded link does not keep the others waiting"
        assert board.links.drain() is False
        await board.links.close()

    loop.run_until_complete(scenario())
    assert board.heard[-1] == (0, b"c")


@pytest.mark.parametrize("wrong", [PluginError("the line is dead"), ZeroDivisionError("a vendor's bug")])
@pytest.mark.parametrize("act", ["send", "drain"])
def test_a_medium_that_raises_is_closed_and_opened_again(log: "FakeLog", loop: Any, wrong: Exception, act: str) -> None:
    broken, good = Wire([None]), Wire([None])
    board = Board(log, broken, good)

    async def scenario() -> None:
        await board.links.open()
        broken.fails = wrong
        if act == "send":
            board.links.send(b"x")
            assert good.sent == [b"x"], "the others go on"
        else:
            board.links.drain()
        assert board.told[-1][0] == 0
        assert str(wrong) in board.told[-1][1]
        broken.fails = None
        await until(lambda: board.told[-1] == (0, ""))
        assert broken.closed == 1
        board.links.send(b"y")
        assert broken.sent == [b"y"]
        await board.links.close()

    loop.run_until_complete(scenario())


def test_a_frame_too_long_for_one_medium_still_takes_the_others(log: "FakeLog", loop: Any) -> None:
    wire = Wire([None])
    board = Board(log, wire)

    async def scenario() -> None:
        await board.links.open()
        for _ in range(3):
            board.links.send(bytes(101))
        board.links.send(bytes(100))
        await board.links.close()

    loop.run_until_complete(scenario())
    assert wire.sent == [bytes(100)]
    assert [text for text in log.texts if "101 bytes exceeds 100" in text] == log.texts[-1:], "said once"


def test_a_frame_for_one_link_goes_over_that_link_only(log: "FakeLog", loop: Any) -> None:
    one, other = Wire([None]), Wire([None])
    board = Board(log, one, other)

    async def scenario() -> None:
        await board.links.open()
        board.links.send(b"bulk", 1)
        board.links.send(b"beat")
        await board.links.close()

    loop.run_until_complete(scenario())
    assert (one.sent, other.sent) == ([b"beat"], [b"bulk", b"beat"])


def test_a_frame_may_be_as_long_as_the_least_link_takes_and_a_link_that_cuts_up_takes_more(
    log: "FakeLog", loop: Any
) -> None:
    cutting = Cutting([None])
    assert Board(log, Wire([None]), cutting).links.frame_bytes == 100
    board = Board(log, cutting)
    assert board.links.frame_bytes == 1000

    async def scenario() -> None:
        await board.links.open()
        board.links.send(bytes(1000))
        board.links.send(bytes(1001))
        await board.links.close()

    loop.run_until_complete(scenario())
    assert cutting.sent == [bytes(1000)]


def test_a_port_in_use_at_start_is_told_to_who_started_us(log: "FakeLog", loop: Any) -> None:
    problem = PluginError("port 694 is in use")
    problem.__cause__ = OSError(errno.EADDRINUSE, "taken")
    board = Board(log, Wire([problem]))
    with pytest.raises(PortInUse, match="wire/0: port 694 is in use"):
        loop.run_until_complete(board.links.open())


def test_a_port_really_in_use_is_recognised(log: "FakeLog", loop: Any) -> None:
    """With the medium of the udp distribution, whose words core does not know."""
    unicast = pytest.importorskip("heartbeat_comm_udp.unicast")
    if os.geteuid() != 0:
        pytest.skip("binding to an interface needs root")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        raw = {"interface": "lo", "peers": "127.0.0.2", "port": str(other.getsockname()[1])}
        params, problems = parse_params(unicast.Unicast.params, raw)
        assert not problems
        links = Links([Link(0, "ucast/lo", lambda: unicast.Unicast(params))], lambda *_: None, lambda *_: None, log)
        with pytest.raises(PortInUse, match="ss -ulpn"):
            loop.run_until_complete(links.open())


def test_whatever_else_a_medium_raises_at_opening_is_a_problem_of_that_link(log: "FakeLog", loop: Any) -> None:
    wire = Wire([KeyError("a vendor's bug"), None])
    board = Board(log, wire)

    async def scenario() -> None:
        await board.links.open()
        assert board.told == [(0, 'Wire failed to open: KeyError("a vendor\'s bug")')]
        await until(lambda: board.told[-1] == (0, ""))
        await board.links.close()

    loop.run_until_complete(scenario())


def test_a_medium_that_never_opens_or_closes_is_not_waited_for(log: "FakeLog", loop: Any) -> None:
    stuck, good = Wire([None]), Wire([None])
    stuck.hangs = True
    board = Board(log, stuck, good)

    async def scenario() -> None:
        await board.links.open()
        assert board.told == [(1, ""), (0, "Wire does not open within 0.05 s")]
        good.hangs = True
        await board.links.close()

    loop.run_until_complete(scenario())
    assert good.closed == 1
