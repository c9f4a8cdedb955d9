"""Readiness for a rehearsal: may a node be switched off now, for no other reason than to try it?"""

from heartbeat.kernel import quorum
from heartbeat.kernel.attempts import PATIENCE_FACTOR, PATIENCE_LEAST_S
from heartbeat.kernel.desk import Desk
from heartbeat.kernel.detector import Detector
from heartbeat.kernel.director import Director
from heartbeat.kernel.fencing import Fencing
from heartbeat.kernel.ledger import Ledger
from heartbeat.kernel.membership import Membership
from heartbeat.kernel.sightings import Sightings
from heartbeat.model.names import Nid
from heartbeat.model.view import Standing
from heartbeat.wire.api import Rehearse
from heartbeat.wire.messages import Local


class Readiness:
    """Looks at everything, changes nothing."""

    def __init__(
        self,
        desk: Desk,
        detector: Detector,
        membership: Membership,
        ledger: Ledger,
        director: Director,
        fencing: Fencing,
        sightings: Sightings,
    ) -> None:
        self._desk, self._detector, self._membership, self._ledger = desk, detector, membership, ledger
        self._director, self._fencing, self._sightings = director, fencing, sightings

    def first_device(self, name: str) -> str:
        """Return the device of this node that would be tried first on a node; empty when none is."""
        if name not in self._desk.cluster.nodes:
            return ""
        nid = Nid(self._desk.cluster.nodes.index(name))
        return next(iter(self._fencing.devices.names(nid)), "")

    def refusal(self, request: Rehearse, device: str) -> str:
        """Return why nobody may be switched off now; empty: nothing is against it."""
        desk, name = self._desk, request.node
        if name not in desk.cluster.nodes:
            return f"{name} is no node of this cluster"
        nid = Nid(desk.cluster.nodes.index(name))
        if nid == desk.me:
            return f"{name} is this node: ask another one, which switches it"
        if not self._fencing.devices.switches(device, nid):
            return f"{device or 'no device'} of this node reaches {name}; see hb stonith check"
        if (supplies := self._fencing.devices.supplies(device)) > 1:
            return f"{device} is one of {supplies} devices that feed {name} together: a trial is of one alone"
        if why := self.not_whole():
            return why
        needed_s = self.needed_s(device, request.off_for_s)
        if request.window_s <= needed_s:
            return f"the window ends in {request.window_s:.0f} s, and switching off may take {needed_s:.0f} s"
        others = tuple(n for n in self._membership.view.nids if n != nid)
        if quorum.standing(desk.cluster, others, lambda away: away == nid)[0] is not Standing.PRIMARY:
            return f"without {name} the others could not act"
        errors = [it for it, _ in self._sightings.errors(desk.now_s) if it.device == device or it.host == name]
        if errors:
            return f"the last check found {errors[0].code}, {errors[0].message}; mend that first"
        return ""

    def not_whole(self) -> str:
        """Return who is missing, or what is under way that a rehearsal must not disturb."""
        desk, view = self._desk, self._membership.view
        away = [desk.name(nid) for nid in desk.others if not view.has(nid) or not self._detector.peers[nid].alive]
        if away or self._membership.is_flushing:
            return f"{', '.join(away) or 'somebody'} is not a member: only a whole cluster is rehearsed"
        if self._fencing.cases:
            return f"{desk.name(min(self._fencing.cases))} is to be switched off"
        leaving = [desk.name(nid) for nid in view.nids if nid in self._director.leaving]
        return f"{leaving[0]} is leaving" if leaving else ""

    def off_timeout_s(self, device: str) -> float:
        """Return how long a device may take to switch off and show it, as in earnest."""
        return max(PATIENCE_LEAST_S, PATIENCE_FACTOR * self._fencing.devices.worst_off_s(device))

    def needed_s(self, device: str, off_for_s: float) -> float:
        """Return how much of a window must be left when the order leaves."""
        return self.off_timeout_s(device) + off_for_s

    def held(self, nid: Nid) -> tuple[int, ...]:
        """Return the groups that a node does not call stopped."""
        groups = range(len(self._desk.cluster.groups))
        return tuple(index for index in groups if self._ledger.state(nid, index) is not Local.STOPPED)

    def staying(self, nid: Nid, held: tuple[int, ...]) -> tuple[int, ...]:
        """Return the groups that are still on a node, or were among ``held`` and do not run elsewhere yet."""
        others = self._others(nid)
        away = {i for i in held if not any(self._ledger.state(n, i) is Local.RUNNING for n in others)}
        return tuple(sorted(away | {*self.held(nid)}))

    def is_homeless(self, nid: Nid, index: int) -> bool:
        """Has every node but this one failed to start a group? Then it goes back, rather than wait for its time."""
        holdings = [self._ledger.holding(other, index) for other in self._others(nid)]
        return all(holding is not None and holding.failures > 0 for holding in holdings)

    def _others(self, nid: Nid) -> list[Nid]:
        return [other for other in self._membership.view.nids if other != nid]
