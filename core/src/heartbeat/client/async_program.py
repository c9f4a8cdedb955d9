"""A program that talks to others on all nodes, for an event loop: what ``heartbeat.client.program`` does, awaited.

Not imported by ``heartbeat.client`` itself: asyncio takes longer to import than a command takes to run.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Self

from heartbeat.client.connection import explained
from heartbeat.client.errors import NoDaemon
from heartbeat.client.talk import Company, Event, Sender, Talk
from heartbeat.model.delivery import Delivery

CHUNK_BYTES = 256 * 1024


class AsyncProgram:
    """Several tasks may say things; one receives. Every method may raise NoDaemon, and Refused as the daemon says."""

    def __init__(self, path: Path, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._path, self._reader, self._writer = path, reader, writer
        self._talk = Talk()
        self._events: deque[Event] = deque()
        self._joining: dict[str, asyncio.Future[Company]] = {}
        self._came = asyncio.Condition()
        self._problem: Exception | None = None
        self._reading = asyncio.get_running_loop().create_task(self._read())

    @classmethod
    async def connect(cls, socket_path: Path | str) -> Self:
        """Return a program that talks through the daemon at ``socket_path``; raises NoDaemon."""
        path = Path(socket_path)
        try:
            return cls(path, *await asyncio.open_unix_connection(str(path)))
        except OSError as error:
            raise explained(path, error) from None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Hang up: what was not handed over is not said, and all groups are left."""
        self._reading.cancel()
        self._writer.close()
        await asyncio.gather(self._reading, return_exceptions=True)

    @property
    def me(self) -> Sender:
        """Who this program is to the others. Raises ValueError before the first join."""
        if self._talk.me is None:
            raise ValueError("join a group first: until then this program has no number")
        return self._talk.me

    async def join(self, group: str) -> Company:
        """Enter a group; return who is in it at that moment."""
        self._joining[group] = asyncio.get_running_loop().create_future()
        self._talk.join(group)
        self._push()
        self._look()
        return await self._joining[group]

    async def leave(self, group: str) -> None:
        """Leave a group. What was on its way may still come."""
        self._talk.leave(group)
        self._push()

    async def say(self, group: str, body: bytes, delivery: Delivery = Delivery.SAFE, others: int = 0) -> None:
        """Say something to everybody in a group; waits while too much is on its way. As ``Program.say``."""
        self._talk.say(group, body, delivery, others)
        self._push()
        await self._until(lambda: not self._talk.is_full)

    async def flush(self) -> None:
        """Wait until everything said was taken by the daemon."""
        await self._until(lambda: self._talk.is_idle)

    async def receive(self) -> Event:
        """Return the next message or company."""
        await self._until(lambda: bool(self._events))
        return self._events.popleft()

    async def events(self) -> AsyncIterator[Event]:
        """Yield what comes, for ever."""
        while True:
            yield await self.receive()

    async def _until(self, is_true: Callable[[], bool]) -> None:
        async with self._came:
            await self._came.wait_for(lambda: is_true() or self._problem is not None)
        if not is_true() and self._problem is not None:
            raise self._problem

    def _look(self) -> None:
        """What is not there any more answers nobody."""
        if self._problem is not None:
            for waiting in self._joining.values():
                if not waiting.done():
                    waiting.set_exception(self._problem)

    def _push(self) -> None:
        self._writer.write(self._talk.to_send())

    async def _read(self) -> None:
        try:
            while chunk := await self._reader.read(CHUNK_BYTES):
                self._take(self._talk.feed(chunk))
                self._push()
                await self._tell()
            self._problem = NoDaemon(self._path, "it hung up", "Is it restarted? Connect again.")
        except OSError as error:
            self._problem = explained(self._path, error)
        except Exception as wrong:  # noqa: BLE001 - told to whoever waits for an answer
            self._problem = wrong
        self._look()
        await self._tell()

    async def _tell(self) -> None:
        async with self._came:
            self._came.notify_all()

    def _take(self, events: list[Event]) -> None:
        for event in events:
            waiting = self._joining.get(event.group) if isinstance(event, Company) else None
            if isinstance(event, Company) and waiting and not waiting.done() and self._talk.me in event.members:
                waiting.set_result(event)
            else:
                self._events.append(event)
