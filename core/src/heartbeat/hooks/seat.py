"""A listener as the process of hooks sees it: a queue, a child, a time limit, and a child anew when that ended.

The process never waits for a listener. It hands over one fact at a time and does not hand over the next before the
child says that it came back; who does not come back in time is killed, with all that it started.
"""

import contextlib
import os
import selectors
import signal
import socket
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from heartbeat.config.hooks import HookConfig
from heartbeat.hooks.ear import MESSAGE_MAX, Broken, Heard, Ready, become_ear
from heartbeat.hooks.fact import Fact
from heartbeat.hooks.words import WINDOW_S, Seldom

QUEUE_MAX = 1000
"""Facts that may wait for one listener; of more, the oldest are dropped and counted."""
OUTPUT_MAX = 64 * 1024
"""Bytes that are read of what a listener prints within a minute. Then it may write no more: it blocks, and hangs."""
REAP_S = 0.05
"""How often a child that is ending is looked after."""

Failed = Callable[["Seat", str, str], None]
"""Takes the seat, the fact that was told (empty: none) and the problem."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a listener may take, in seconds, and how soon it is started again."""

    start_s: float = 10.0
    """To be imported and made."""
    tell_s: float = 30.0
    """For one fact: a mail server's patience is shorter."""
    pause_s: float = 1.0
    """Before the second start; doubles each time ..."""
    pause_max_s: float = 60.0
    """... up to this. A child that lived longer begins anew."""


class Seat:
    """One configured listener. ``step`` does what is due; messages and output come through the selector."""

    def __init__(
        self,
        hook: HookConfig,
        selector: selectors.BaseSelector,
        say: Callable[[str], None],
        failed: Failed,
        limits: Limits = Limits(),
    ) -> None:
        self.hook = hook
        self._selector = selector
        self._say = Seldom(lambda text: say(f"{hook.name}: {text}"))
        self._failed = failed
        self._limits = limits
        self._queue: deque[Fact] = deque()
        self._dropped = 0
        self._hears: frozenset[str] | None = None
        """What the child hears; None: it has not said yet."""
        self._told = ""
        """The fact that it has not come back from."""
        self._pid = 0
        self._end: socket.socket | None = None
        self._output = -1
        self._printed = 0
        self._hushed_until_s: float | None = None
        self._due_s = float("inf")
        """When it must have answered."""
        self._start_s: float | None = 0.0
        """When to start a child; None: there is one, or there shall be none."""
        self._born_s = 0.0
        self._pause_s = limits.pause_s
        self._why = ""
        """Why the child was killed, or that it was broken; empty: it ended by itself."""
        self._last_why = ""

    @property
    def ended(self) -> bool:
        return self._pid == 0

    def tell(self, fact: Fact) -> None:
        """Take a fact for later; a status replaces one that waits."""
        if self._hears is not None and fact.name not in self._hears:
            return
        if fact.name == "status_changed":
            self._queue = deque(one for one in self._queue if one.name != fact.name)
        elif len(self._queue) >= QUEUE_MAX:
            self._queue.popleft()
            self._dropped += 1
        self._queue.append(fact)

    def next_s(self) -> float:
        """Return when ``step`` has something to do, monotonic; inf: never as things are."""
        waits = [self._due_s]
        waits += [self._start_s] if self._start_s is not None else []
        waits += [self._hushed_until_s] if self._hushed_until_s is not None else []
        waits += [time.monotonic() + REAP_S] if self._pid and self._end is None else []
        return min(waits)

    def step(self) -> None:
        """Start, kill, bury and tell, as due."""
        now_s = time.monotonic()
        if self._pid and self._end is None:
            self._bury(now_s)
        if self._start_s is not None and now_s >= self._start_s:
            self._start(now_s)
        if now_s >= self._due_s:
            what = f"did not come back from {self._told} within" if self._told else "was not ready within"
            self._kill(f"{what} {self._limits.tell_s if self._told else self._limits.start_s:g} s")
        if self._hushed_until_s is not None and now_s >= self._hushed_until_s:
            self._hushed_until_s, self._printed = None, 0
            if self._output >= 0:
                self._selector.register(self._output, selectors.EVENT_READ, self._on_output)
        self._hand_over(now_s)

    def leave(self) -> None:
        """Hang up: the child closes and ends, and none is started again."""
        self._start_s = None
        self._queue.clear()
        self._pause_s = float("inf")
        if self._end is not None and not self._told:
            self._hang_up()
        elif self._pid:
            self.kill()

    def kill(self) -> None:
        """End the child now, and what it started."""
        for end in (os.killpg, os.kill):  # it may not have its session yet
            with contextlib.suppress(ProcessLookupError, PermissionError):
                end(self._pid, signal.SIGKILL)
        if self._end is not None:
            self._hang_up()

    def _start(self, now_s: float) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, MESSAGE_MAX)
        reading, writing = os.pipe()
        pid = os.fork()
        if not pid:
            become_ear(theirs, writing, self.hook.plugin, self.hook.params)
        theirs.close()
        os.close(writing)
        ours.settimeout(0)
        os.set_blocking(reading, False)
        self._pid, self._end, self._output = pid, ours, reading
        self._hears, self._told, self._start_s = None, "", None
        self._born_s, self._due_s = now_s, now_s + self._limits.start_s
        self._selector.register(ours, selectors.EVENT_READ, self._on_message)
        self._selector.register(reading, selectors.EVENT_READ, self._on_output)

    def _hand_over(self, now_s: float) -> None:
        if self._end is None or self._hears is None or self._told:
            return
        while self._queue:
            fact = self._queue.popleft()
            if fact.name not in self._hears:
                continue
            if self._dropped:
                self._say(f"{self._dropped} facts were dropped: it does not keep up")
                self._dropped = 0
            try:
                self._end.send(msgspec.msgpack.encode(fact))
            except OSError as wrong:  # too long, or the child has just ended, which its socket tells next
                self._say(f"{fact.name} could not be told: {wrong.strerror}")
                continue
            self._told, self._due_s = fact.name, now_s + self._limits.tell_s
            return

    def _on_message(self) -> None:
        if self._end is None:  # closed by another message of the same round
            return
        try:
            packet = self._end.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            packet = b""
        if not packet:
            self._hang_up()
            return
        try:
            message = msgspec.msgpack.decode(packet, type=Ready | Broken | Heard)
        except msgspec.DecodeError:
            self._kill("speaks to the process of hooks itself")
            return
        self._due_s = float("inf")
        if isinstance(message, Ready):
            self._hears = frozenset(message.hears)
            self._last_why = ""
        elif isinstance(message, Broken):
            self._why = message.problem
        else:
            told, self._told = self._told, ""
            if message.problem:
                self._say(f"{told}: {message.problem}")
                self._failed(self, told, message.problem)

    def _on_output(self) -> None:
        if self._output < 0:
            return
        try:
            chunk = os.read(self._output, 4096)
        except BlockingIOError:
            return
        if not chunk:
            self._close_output()
            return
        self._printed += len(chunk)
        for line in chunk.decode("utf-8", "replace").splitlines():
            if line.strip():
                self._say(f"it says: {line[:200]!r}")
        if self._printed > OUTPUT_MAX:
            self._selector.unregister(self._output)
            self._hushed_until_s = time.monotonic() + WINDOW_S

    def _kill(self, why: str) -> None:
        self._why = self._why or why
        self.kill()

    def _hang_up(self) -> None:
        """The child ends, or shall."""
        assert self._end is not None
        self._selector.unregister(self._end)
        self._end.close()
        self._end = None
        self._due_s = float("inf")

    def _close_output(self) -> None:
        if self._output >= 0:
            if self._hushed_until_s is None:
                self._selector.unregister(self._output)
            os.close(self._output)
        self._output, self._hushed_until_s = -1, None

    def _bury(self, now_s: float) -> None:
        """Reap the child when it is gone, say why, and arrange for the next."""
        reaped, status = os.waitpid(self._pid, os.WNOHANG)
        if not reaped:
            return
        if self._output >= 0 and self._hushed_until_s is None:
            self._on_output()  # its last words
        self._close_output()
        self._pid = 0
        if self._pause_s == float("inf"):
            return
        why = self._why or f"ended by itself ({_how(status)})"
        told, self._why, self._told, self._hears = self._told, "", "", None
        if now_s - self._born_s > self._limits.pause_max_s:
            self._pause_s = self._limits.pause_s
        if why != self._last_why:
            self._say(f"{why}; it is started again, in {self._pause_s:g} s and ever more seldom")
            self._failed(self, told, why)
        self._last_why = why
        self._start_s = now_s + self._pause_s
        self._pause_s = min(2 * self._pause_s, self._limits.pause_max_s)


def _how(status: int) -> str:
    code = os.waitstatus_to_exitcode(status)
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"
