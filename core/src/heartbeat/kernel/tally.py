"""A tally: how often something happened to each of several names lately, remembered over restarts of the daemon.

Too many within the window mean that something is wrong that doing it again does not mend. A daemon that dies in the
middle of such a row must not begin to count anew.
"""

import msgspec

from heartbeat.kernel.desk import Desk
from heartbeat.kernel.effects import Persist


class _Kept(msgspec.Struct, frozen=True):
    """What is on disk. Names, not indexes: those change with the list of nodes."""

    boot_id: str
    at_s: float
    """Monotonic, when it was written."""
    times: dict[str, tuple[float, ...]]
    """Monotonic, oldest first."""


class Tally:
    """Counts by name, up to ``limit`` within ``window_s`` seconds."""

    def __init__(self, desk: Desk, key: str, limit: int, window_s: float) -> None:
        """``key``: of the value on disk."""
        self._desk, self._key = desk, key
        self._limit, self._window_s = limit, window_s
        self._times: dict[str, list[float]] | None = None

    def count(self, name: str) -> None:
        """It has just happened to this name."""
        known = self._known()
        known.setdefault(name, []).append(self._desk.now_s)
        times = {each: tuple(self._recent(each)[-self._limit :]) for each in sorted(known) if self._recent(each)}
        self._times = {each: list(at) for each, at in times.items()}
        kept = _Kept(self._desk.birth.boot_id, self._desk.now_s, times)
        self._desk.effects.append(Persist(self._key, msgspec.json.encode(kept)))

    def recent(self, name: str) -> int:
        """Return how often it happened within the window; never more than the limit."""
        return min(len(self._recent(name)), self._limit)

    def is_full(self, name: str) -> bool:
        return self.recent(name) >= self._limit

    def _recent(self, name: str) -> list[float]:
        return [at for at in self._known().get(name, []) if at > self._desk.now_s - self._window_s]

    def _known(self) -> dict[str, list[float]]:
        """Read what earlier lives wrote, at the first question: before it, this life has no time yet.

        The monotonic clock goes on over a daemon's restart, and begins anew with the machine's. The wall clock may be
        set at any time, so how long the machine was off is not known: then what was counted is as old as it was when
        it was written. That errs towards asking a person.
        """
        if self._times is None:
            kept = self._read()
            shift_s = 0.0 if kept.boot_id == self._desk.birth.boot_id else self._desk.born_s - kept.at_s
            self._times = {name: [at + shift_s for at in times] for name, times in kept.times.items()}
        return self._times

    def _read(self) -> _Kept:
        stored = self._desk.birth.stored.get(self._key, b"")
        try:
            return msgspec.json.decode(stored, type=_Kept)
        except msgspec.DecodeError:  # never written, or by a version that wrote it otherwise
            return _Kept("", 0.0, {})
