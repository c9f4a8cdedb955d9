"""A node's disk: what is durable, what is only on its way, and how it can fail."""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from heartbeat.sim.world import World

WRITE_S = 0.002
"""A small value with fsync, on a virtual SSD under load."""

Done = Callable[[str], None]
"""Takes an error, empty when the value is durable."""


class Disk(dict[str, bytes]):
    """The durable values themselves. Outlives its node; a crash decides for each unsynced write if it was lost."""

    def __init__(self) -> None:
        super().__init__()
        self.latency_s = WRITE_S
        self.fails = False
        """Every write ends in an error."""
        self.stalled = False
        """Writes neither end nor fail until this is over."""
        self.forgotten: set[str] = set()
        """Keys whose newest value a fault of this disk kept from it: who asks the disk for them has forgotten."""
        self._pending: list[tuple[str, bytes, Done]] = []

    def put(self, world: "World", key: str, value: bytes, done: Done) -> None:
        """Write one value; ``done`` is called when it is durable or has failed, and never after a crash."""
        self._pending.append((key, value, done))
        world.at(self.latency_s, self._complete)

    def _complete(self) -> None:
        """One thread writes: values become durable in the order in which they came."""
        if self.stalled or not self._pending:
            return
        key, value, done = self._pending.pop(0)
        self._settle(key, value, is_kept=not self.fails)
        done("no space left on device" if self.fails else "")

    def go_on(self) -> None:
        """The stall is over: everything that waited is written."""
        self.stalled = False
        while self._pending:
            self._complete()

    def close(self) -> None:
        """Finish what is on its way, or lose it when the disk does not work; nobody is told any more."""
        pending, self._pending = self._pending, []
        for key, value, _ in pending:
            self._settle(key, value, is_kept=not self.fails and not self.stalled)

    def crash(self, survives: Callable[[str], bool]) -> None:
        """Its process or machine is gone: each write on its way is lost, or reached the platter unannounced."""
        pending, self._pending = self._pending, []
        for key, value, _ in pending:
            self._settle(key, value, is_kept=not self.fails and not self.stalled and survives(key))

    def _settle(self, key: str, value: bytes, *, is_kept: bool) -> None:
        if is_kept:
            self[key] = value
            self.forgotten.discard(key)
        elif self.fails or self.stalled or self.latency_s > WRITE_S:
            self.forgotten.add(key)
