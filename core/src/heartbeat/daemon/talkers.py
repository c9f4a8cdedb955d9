"""Programs that talk over the local API: each connection has a number, and one that does not read holds all up.

A program that leaves too much unread is waited for: its node takes no more messages, so everybody who says something
waits with it. After the patience is over it is hung up on, and said so.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol

import msgspec

from heartbeat.daemon.log import Log
from heartbeat.kernel import effects, events
from heartbeat.wire import api as wire
from heartbeat.wire.local import pack

UNREAD_MAX = 64 * 1024 * 1024
"""Bytes; far above what is on its way when its node stops taking. Beyond, a program is hung up on at once."""

_encode = msgspec.msgpack.Encoder().encode

Take = Callable[[events.Event], None]


class Line(Protocol):
    """A program's connection."""

    def put(self, message: bytes) -> int:
        """Send; return how many bytes are unread."""

    def abort(self) -> None:
        """Hang up, whatever is unread."""


class Talkers:
    """All of them, by number."""

    def __init__(self, take: Take, log: Log, patience_s: float) -> None:
        """``patience_s``: how long a program that does not read may hold everybody up."""
        self._take, self._log, self._patience_s = take, log, patience_s
        self._lines: dict[int, Line] = {}
        self._numbers: dict[Line, int] = {}
        self._slow: dict[Line, asyncio.TimerHandle] = {}
        self._last = 0

    def __contains__(self, line: Line) -> bool:
        return line in self._numbers

    def ask(self, line: Line, request: wire.ToCluster) -> None:
        """A program wants something of the cluster; with its first wish it gets its number."""
        if line not in self._numbers:
            self._last += 1
            self._numbers[line], self._lines[self._last] = self._last, line
        self._take(events.ProgramAsked(self._numbers[line], request))

    def gone(self, line: Line) -> None:
        self.reads_again(line)
        number = self._numbers.pop(line, None)
        if number is not None:
            del self._lines[number]
            self._take(events.ProgramGone(number))

    def deliver(self, effect: effects.Deliver) -> None:
        """Give something to programs that are still there."""
        message = pack(_encode(effect.what))
        for number in effect.programs:
            line = self._lines.get(number)
            if line is not None and line.put(message) > UNREAD_MAX:
                self._hang_up(line)

    def is_slow(self, line: Line) -> None:
        """A program leaves much unread."""
        if line in self._numbers and line not in self._slow:
            self._slow[line] = asyncio.get_running_loop().call_later(self._patience_s, self._hang_up, line)
            if len(self._slow) == 1:
                self._take(events.ProgramsSlow(True))

    def reads_again(self, line: Line) -> None:
        """It has read, or is gone."""
        timer = self._slow.pop(line, None)
        if timer is not None:
            timer.cancel()
            if not self._slow:
                self._take(events.ProgramsSlow(False))

    def _hang_up(self, line: Line) -> None:
        self._log.seldom(
            "slow program",
            f"a program did not read what is said in its groups for {self._patience_s:g} s, while everybody waited for"
            " it: hung up on",
        )
        line.abort()
