"""Exclusion: a node that beats and is in no view with this one stops by itself, and gets the time for that."""

from heartbeat.kernel.desk import Desk
from heartbeat.kernel.detector import Detector
from heartbeat.kernel.membership import Membership, stand_in_s
from heartbeat.model.names import Nid


class Exclusion:
    """Nodes outside the view that a member of it hears."""

    def __init__(self, desk: Desk, detector: Detector, membership: Membership) -> None:
        self._desk, self._detector, self._membership = desk, detector, membership
        self._since_s: dict[Nid, float] = {}
        self._said: set[Nid] = set()

    def is_spared(self, nid: Nid) -> bool:
        """Does this silent node beat elsewhere, and has it still time to stop?"""
        if not self._is_heard_by_others(nid):
            self._forget(nid)
            return False
        self._spare(nid)
        return self._desk.now_s < self._stopped_s(nid)

    def view_installed(self) -> None:
        """Who is in a view is not excluded; the next time it has all of its time again."""
        for nid in self._membership.view.nids:
            self._forget(nid)

    def deadlines_s(self) -> list[float]:
        """Return when the time of each is over."""
        return [until_s for until_s in map(self._stopped_s, self._since_s) if until_s > self._desk.now_s]

    def _forget(self, nid: Nid) -> None:
        self._since_s.pop(nid, None)
        self._said.discard(nid)

    def _is_heard_by_others(self, nid: Nid) -> bool:
        """Does another member surely hear it? A frame that is late there, too, is only found silent a moment later."""
        others = (member for member in self._membership.view.nids if member != self._desk.me)
        warn_s = self._desk.cluster.timers.warntime_s
        return any(self._detector.is_heard_by(member, nid, within_s=warn_s) for member in others)

    def _spare(self, nid: Nid) -> None:
        """Note since when, and say so once it is no matter of a beat on its way."""
        since_s = self._since_s.setdefault(nid, self._desk.now_s)
        if nid not in self._said and self._desk.now_s > since_s + self._desk.cluster.timers.keepalive_s:
            self._said.add(nid)
            name = self._desk.name(nid)
            self._desk.decide(
                "fence.spared",
                self._desk.node(nid),
                f"{name} beats but is in no view with this node: it has {self._stopped_s(nid) - since_s:g} s to stop",
                f"another member still hears {name}",
                alarm=True,
            )

    def _stopped_s(self, nid: Nid) -> float:
        """Return when an excluded node that beats has had its declared time to stop what it holds."""
        groups = self._desk.cluster.groups
        stop_s = max((sum(r.stop_timeout_s for r in group.resources) for group in groups), default=0.0)
        alone_s = stand_in_s(self._detector.deadtime_s, nid)
        return self._since_s.get(nid, self._desk.now_s) + alone_s + stop_s
