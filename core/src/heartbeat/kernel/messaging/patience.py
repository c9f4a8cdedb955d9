"""Patience with a member that beats and does not come along: everybody waits for it, and then goes on without it.

Who says something waits for the slowest member, so nothing is ever dropped that somebody may still need. One that shows
no progress for deadtime is named; after SLOW_DEADTIMES of them its exclusion is proposed, with the reason.
"""

from collections.abc import Callable, Collection

from heartbeat.kernel.desk import Desk
from heartbeat.kernel.membership import Membership
from heartbeat.model.names import Nid

SLOW_DEADTIMES = 4
OUT_DEADTIMES = 10
"""How long it stays out; then it may come again, and be as slow once more."""


class Patience:
    """With all members of one view."""

    def __init__(self, desk: Desk, membership: Membership, lags: Callable[[Nid], bool]) -> None:
        """``lags``: has that member not shown to have what this node has?"""
        self._desk, self._membership, self._lags = desk, membership, lags
        self._since_s: dict[Nid, float] = {}
        self._named: dict[Nid, int] = {}

    def begin(self) -> None:
        """A new view."""
        self._since_s.clear()
        self._named.clear()

    def came_on(self, nid: Nid) -> None:
        """A member came further."""
        self._since_s.pop(nid, None)
        self._named.pop(nid, None)

    def look(self, others: Collection[Nid]) -> None:
        """Who of these stands still? Whoever is not among them is not waited for."""
        self._since_s = {nid: since_s for nid, since_s in self._since_s.items() if nid in others}
        now, dead_s = self._desk.now_s, self._desk.cluster.timers.deadtime_s
        for nid in others:
            if not self._lags(nid):
                self.came_on(nid)
                continue
            stood_s = now - self._since_s.setdefault(nid, now)
            if stood_s >= dead_s and nid not in self._named:
                self._name(nid)
            if stood_s >= SLOW_DEADTIMES * dead_s:
                self._exclude(nid, stood_s)

    def deadline_s(self) -> float:
        """Return when somebody's time is over."""
        dead_s = self._desk.cluster.timers.deadtime_s
        times = [s + (SLOW_DEADTIMES if nid in self._named else 1) * dead_s for nid, s in self._since_s.items()]
        return min(times, default=float("inf"))

    def _name(self, nid: Nid) -> None:
        name, dead_s = self._desk.name(nid), self._desk.cluster.timers.deadtime_s
        self._named[nid] = self._desk.decide(
            "member.slow",
            self._desk.node(nid),
            f"{name} beats but takes no messages: what programs say waits for it",
            f"it has not come further for {dead_s:g} s",
            alarm=True,
        )

    def _exclude(self, nid: Nid, stood_s: float) -> None:
        name = self._desk.name(nid)
        self._desk.decide(
            "member.excluded",
            self._desk.node(nid),
            f"{name} is to leave the view: it has taken no messages for {stood_s:.3f} s",
            self._named[nid],
            f"nothing that was said can wait for longer than {SLOW_DEADTIMES} deadtimes",
            alarm=True,
        )
        self._membership.leave_out(nid, OUT_DEADTIMES * self._desk.cluster.timers.deadtime_s)
        self.came_on(nid)
