"""What the event loop hands to a thread that may wait: bounded, and never waited for by the loop."""

from collections import deque
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

T = TypeVar("T")


class Inbox(Generic[T]):
    """One producer thread, one consumer thread. A full inbox refuses; the caller counts what it lost."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._urgent: deque[T] = deque()
        self._rest: deque[T] = deque()
        self._signals: SimpleQueue[None] = SimpleQueue()
        self._closed = False

    def put(self, item: T, *, urgent: bool = False) -> bool:
        """Hand over one item; returns False when there are too many already. Never waits."""
        queue = self._urgent if urgent else self._rest
        if len(queue) >= self._limit or self._closed:
            return False
        queue.append(item)
        self._signals.put(None)
        return True

    def close(self) -> None:
        """Nothing more comes; ``take`` returns what is left and then None."""
        self._closed = True
        self._signals.put(None)

    def take(self, batch: int) -> list[T] | None:
        """Wait for items and return some: all urgent ones alone, else at most ``batch`` others; None: closed, empty."""
        while True:
            taken = self._grab(batch)
            if taken:
                return taken
            if self._closed:
                return None
            self._signals.get()
            self._forget_signals()

    def _grab(self, batch: int) -> list[T]:
        if self._urgent:
            return [self._urgent.popleft() for _ in range(len(self._urgent))]
        return [self._rest.popleft() for _ in range(min(batch, len(self._rest)))]

    def _forget_signals(self) -> None:
        """Each item is in its queue before its signal, so one pass over the queues answers all signals seen."""
        try:
            while True:
                self._signals.get_nowait()
        except Empty:
            pass
