"""A program that talks to others on all nodes: one blocking connection to the daemon of its node.

with program(places().api_socket) as me:
    me.join("chess")
    me.say("chess", b"e4")
    for event in me.events():
        ...
"""

import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from heartbeat.client.connection import Connection
from heartbeat.client.talk import Company, Event, Sender, Talk
from heartbeat.model.delivery import Delivery

ANSWER_S = 5.0
"""How long the daemon may take to answer a join where there is a view. Ours: a view change takes far less."""


def program(socket_path: Path | str, timeout_s: float = ANSWER_S) -> "Program":
    """Return a program that talks through the daemon at ``socket_path``; raises NoDaemon."""
    return Program(Connection(Path(socket_path), timeout_s), timeout_s)


class Program:
    """For one thread. Every method may raise NoDaemon, and Refused when this user may not talk."""

    def __init__(self, connection: Connection, timeout_s: float) -> None:
        self._connection, self._timeout_s = connection, timeout_s
        self._talk = Talk()
        self._events: deque[Event] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: object, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Hang up: what was not handed over is not said, and all groups are left."""
        self._connection.close()

    def fileno(self) -> int:
        """Return the descriptor to wait for, beside others; readable: ``receive(0)`` may have something."""
        return self._connection.fileno()

    @property
    def me(self) -> Sender:
        """Who this program is to the others. Raises ValueError before the first join."""
        if self._talk.me is None:
            raise ValueError("join a group first: until then this program has no number")
        return self._talk.me

    def join(self, group: str) -> Company:
        """Enter a group; return who is in it at that moment. What is said from there on comes with ``receive``."""
        self._talk.join(group)
        return self._moved(group, is_in=True)

    def leave(self, group: str) -> None:
        """Leave a group. What was on its way may still come."""
        self._talk.leave(group)
        self._push()

    def say(self, group: str, body: bytes, delivery: Delivery = Delivery.SAFE, others: int = 0) -> None:
        """Say something to everybody in a group, this program too when it is in it.

        ``others``: nodes that must hold a SAFE message besides the one that orders it. Waits while too much is on its
        way; what comes meanwhile is kept for ``receive``. Raises ValueError for a message of more than 1 MiB.
        """
        self._talk.say(group, body, delivery, others)
        self._push()
        while self._talk.is_full:
            self._pull(None)

    def flush(self) -> None:
        """Wait until everything said was taken by the daemon, which then says it again as often as it must."""
        self._push()
        while not self._talk.is_idle:
            self._pull(None)

    def receive(self, timeout_s: float | None = None) -> Event | None:
        """Return the next message or company; None when there is none in time. ``timeout_s`` None: wait for ever."""
        self._wait(timeout_s)
        return self._events.popleft() if self._events else None

    def receive_all(self, timeout_s: float | None = None) -> list[Event]:
        """Return everything that has come; wait only where that is nothing."""
        self._wait(timeout_s)
        events, self._events = list(self._events), deque()
        return events

    def events(self) -> Iterator[Event]:
        """Yield what comes, for ever."""
        while True:
            event = self.receive()
            if event is not None:
                yield event

    def _moved(self, group: str, *, is_in: bool) -> Company:
        """Wait for the company that has this program in it, or has not."""
        kept: deque[Event] = deque()
        self._push()
        while True:
            event = self.receive(self._timeout_s)
            if event is None:
                self._events.extendleft(reversed(kept))
                raise TimeoutError(
                    f"the cluster has no view in which {group} could be joined, for {self._timeout_s:g} s"
                )
            if isinstance(event, Company) and event.group == group and (self.me in event.members) is is_in:
                self._events.extendleft(reversed(kept))
                return event
            kept.append(event)

    def _push(self) -> None:
        """Hand over what may be handed over now."""
        out = self._talk.to_send()
        if out:
            self._connection.write(out)

    def _wait(self, timeout_s: float | None) -> None:
        """Pull until there is an event, or the time is over."""
        until_s = float("inf") if timeout_s is None else time.monotonic() + timeout_s
        while not self._events:
            left_s = max(until_s - time.monotonic(), 0.0)
            self._pull(None if timeout_s is None else left_s)
            if left_s == 0.0:
                return

    def _pull(self, timeout_s: float | None) -> None:
        """Wait for something, take all of it, and hand over what that lets go."""
        chunk = self._connection.read(timeout_s)
        if chunk:
            try:
                self._events.extend(self._talk.feed(chunk))
            except (ValueError, RecursionError) as wrong:
                self.close()
                raise self._connection.not_understood(str(wrong)) from None
            self._push()
