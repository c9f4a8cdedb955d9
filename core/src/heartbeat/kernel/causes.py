"""Causes: members that beat and must be switched off all the same, because they hold what they cannot stop."""

from collections.abc import Iterator

from heartbeat.kernel.ability import Ability
from heartbeat.kernel.desk import Desk
from heartbeat.kernel.ledger import Ledger
from heartbeat.kernel.membership import Membership
from heartbeat.model.names import Nid
from heartbeat.wire.messages import Local


class Causes:
    """By what each member says in every beat: nobody who comes later has to have heard it when it came about."""

    def __init__(self, desk: Desk, membership: Membership, ledger: Ledger, ability: Ability) -> None:
        self._desk, self._membership, self._ledger, self._ability = desk, membership, ledger, ability

    def found(self) -> Iterator[tuple[Nid, str]]:
        """Yield each such member that somebody's device is meant for, and why."""
        for nid in self._membership.view.nids:
            if nid != self._desk.me and self._desk.name(nid) in self._desk.cluster.has_device:
                yield from self._blocked(nid)
                yield from self._stalled(nid)

    def _blocked(self, nid: Nid) -> Iterator[tuple[Nid, str]]:
        for index, group in enumerate(self._desk.cluster.groups):
            holding = self._ledger.holding(nid, index)
            if holding and holding.state is Local.BLOCKED:
                yield nid, f"it cannot stop {group.name}: {holding.detail}"

    def _stalled(self, nid: Nid) -> Iterator[tuple[Nid, str]]:
        """Its executor is silent for good. Where nobody else can act either, what runs there is best left running."""
        groups = range(len(self._desk.cluster.groups))
        holds = any(self._ledger.state(nid, index) is not Local.STOPPED for index in groups)
        others = (other for other in self._membership.view.nids if other != nid)
        if holds and self._ability.is_stalled(nid) and not all(map(self._ability.is_unable, others)):
            yield nid, "its executor does not answer, so it can stop nothing of what it holds"
