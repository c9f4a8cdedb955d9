"""Sightings: what each member's STONITH devices showed it last, and what all of it together means."""

from collections.abc import Sequence

import msgspec

from heartbeat.kernel import trust
from heartbeat.kernel.desk import Desk
from heartbeat.kernel.membership import Membership
from heartbeat.model.inspection import FenceFinding, Seen, Setting
from heartbeat.model.names import Nid
from heartbeat.model.status import DeviceStatus

DEVICES_MAX = 200
"""Of one node: more than any has, and no more is kept whatever is told."""


class Sighting(msgspec.Struct, frozen=True):
    """One device, as one member saw it."""

    seen: Seen
    told_s: float
    running: frozenset[str]
    """Who was a member then: of a node that came later its power says nothing any more."""


class Sightings:
    """All of them, on every node."""

    def __init__(self, desk: Desk, membership: Membership) -> None:
        self._desk, self._membership = desk, membership
        self._kept: dict[tuple[Nid, str], Sighting] = {}
        """By who looked and device."""
        self._silent: tuple[FenceFinding, ...] = ()
        """Who did not look in the last round that this node led."""
        self._judged: tuple[FenceFinding, ...] | None = None
        """What that means; None: something is new since."""

    def keep(self, nid: Nid, seen: Seen) -> None:
        """Take what a member saw, in place of what it saw before."""
        theirs = [device for (node, device) in self._kept if node == nid]
        if seen.device not in theirs and len(theirs) >= DEVICES_MAX:
            return
        seen = msgspec.structs.replace(seen, node=self._desk.name(nid))
        if not seen.inspection.knows_refusals and (nid, seen.device) in self._kept:
            seen = _with_refusals(seen, self._kept[nid, seen.device].seen)
        self._kept[nid, seen.device] = Sighting(seen, self._desk.now_s, frozenset(self._members()))
        self._judged, self._desk.changed = None, True

    def not_seen_by(self, silent: Sequence[FenceFinding]) -> None:
        """Take who did not look, in place of those of the round before."""
        self._silent, self._judged = tuple(silent), None

    def view_installed(self) -> None:
        """Others run now."""
        self._judged = None

    def _members(self) -> list[str]:
        return [self._desk.name(nid) for nid in self._membership.view.nids]

    def all(self) -> tuple[Seen, ...]:
        """Return what the members saw last, by node and device."""
        return tuple(one.seen for _, one in self._of_members())

    def _of_members(self) -> list[tuple[tuple[Nid, str], Sighting]]:
        return [(key, one) for key, one in sorted(self._kept.items()) if self._membership.view.has(key[0])]

    def findings(self) -> tuple[FenceFinding, ...]:
        """Judge it all, once for each thing that is new, for many ask."""
        if self._judged is None:
            self._judged = (*self._judge(), *self._silent)
        return self._judged

    def _judge(self) -> tuple[FenceFinding, ...]:
        kept = [one for _, one in self._of_members()]
        if not kept:
            return ()
        running = tuple(name for name in self._members() if all(name in one.running for one in kept))
        setting = Setting(self._desk.cluster.nodes, running, self._desk.cluster.timers.deadtime_s)
        return trust.judge([one.seen for one in kept], setting)

    def status(self, now_s: float) -> tuple[DeviceStatus, ...]:
        """Return each device as the last look found it."""
        return tuple(self._row(device, one, now_s) for (_, device), one in self._of_members())

    def _row(self, device: str, one: Sighting, now_s: float) -> DeviceStatus:
        seen = one.seen
        mine = [it for it in self.findings() if it.device == device and seen.node in it.seen_from]
        worst = {it.severity for it in mine}
        state = "bad" if "error" in worst else "doubtful" if "warning" in worst else "good"
        hosts = tuple(look.host for look in seen.inspection.looks if trust.is_trusted(seen, look.host))
        about = tuple(dict.fromkeys(it.code for it in mine))
        return DeviceStatus(device, seen.node, hosts, state, now_s - one.told_s, about)

    def errors(self, now_s: float) -> tuple[tuple[FenceFinding, float], ...]:
        """Return what may keep a node from being switched off, and for how many seconds that has been known."""
        ages = {(one.seen.node, one.seen.device): now_s - one.told_s for one in self._kept.values()}
        found = [it for it in self.findings() if it.severity == "error"]
        return tuple((it, min([ages.get((node, it.device), 0.0) for node in it.seen_from] or [0.0])) for it in found)


def _with_refusals(seen: Seen, before: Seen) -> Seen:
    """Return it with what was known before of orders that would be refused: a mere look does not ask for that."""
    known = {look.host: look.refusal for look in before.inspection.looks}
    looks = [msgspec.structs.replace(look, refusal=known.get(look.host, "")) for look in seen.inspection.looks]
    return msgspec.structs.replace(seen, inspection=msgspec.structs.replace(seen.inspection, looks=tuple(looks)))
