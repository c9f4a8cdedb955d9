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
        if not self.fails:
            self[key] = value
        done("no space left on device" if self.fails else "")

    def go_on(self) -> None:
        """The stall is over: everything that waited is written."""
        self.stalled = False
        while self._pending:
            self._complete()

    def close(self) -> None:
        """Finish what is on its way, or lose it when the disk does not work; nobody is told any more."""
        pending, self._pending = self._pending, []
        if not self.fails and not self.stalled:
            self.update({key: value for key, value, _ in pending})

    def crash(self, survives: Callable[[str], bool]) -> None:
        """Its process or machine is gone: each write on its way is lost, or reached the platter unannounced."""
        pending, self._pending = self._pending, []
        for key, value, _ in pending:
            if not self.fails and not self.stalled and survives(key):
                self[key] = value
