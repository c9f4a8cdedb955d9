"""After a heal: a group that runs on both sides of a cut, or of a pause, that is over.

It is settled at the first beat from another view that claims a group held here, before any view is agreed on: who
was silent meanwhile yields, else who took it without proof yields to who kept it, else the higher nid yields. Who
yields is mute at once. What shares data is stopped on both, because neither copy can be trusted. Both sides judge
alike, so one of them goes on.
"""

from heartbeat.kernel.desk import Desk
from heartbeat.kernel.groups import LocalGroup
from heartbeat.kernel.membership import Membership
from heartbeat.kernel.tally import Tally
from heartbeat.model.names import Nid
from heartbeat.model.view import ViewId
from heartbeat.wire.messages import Holding, Local

LIMIT = 3
WINDOW_S = 600.0
"""After LIMIT contests within this time nothing is taken without proof any more: the network is not to be trusted."""
ACTIVE = (Local.RUNNING, Local.STARTING)


class Contest:
    """Judges claims, and counts how often a group was contested."""

    def __init__(self, desk: Desk, membership: Membership, groups: tuple[LocalGroup, ...]) -> None:
        self._desk, self._membership, self._groups = desk, membership, groups
        self._tally = Tally(desk, "contested", LIMIT, WINDOW_S)
        self._noted: dict[int, ViewId] = {}

    def claimed(self, nid: Nid, shown: ViewId, holdings: tuple[Holding, ...]) -> None:
        """Take the claims of a node's beat that shows this view; those made in ours are the director's business."""
        if self._membership.view.has(nid) and shown <= self._membership.view.id:
            return
        for holding in holdings:
            if holding.state in ACTIVE and 0 <= holding.group < len(self._groups):
                group = self._groups[holding.group]
                if group.state in ACTIVE:
                    self._settle(group, nid, holding)

    def is_worn(self, index: int) -> bool:
        """Was this group contested too often to be taken without proof once more?"""
        return self._tally.is_full(self._groups[index].group.name)

    def _settle(self, group: LocalGroup, nid: Nid, holding: Holding) -> None:
        name = self._desk.name(nid)
        mine, its = (group.muted, not group.proved, self._desk.me), (holding.muted, not holding.proved, nid)
        yields = group.group.shares_data or mine > its
        if self._noted.get(group.index) != self._membership.view.id:
            self._noted[group.index] = self._membership.view.id
            if not (group.muted or holding.muted):
                self._tally.count(group.group.name)  # where one of the two was silent, no client was ever misled
            group.decision = self._desk.decide(
                "group.contested",
                group.subject,
                f"{group.group.name} runs here and on {name}: {'this node yields' if yields else f'{name} yields'}",
                f"a beat of {name}, which is not in the view, claims it",
                *([group.decision] if group.decision else []),
                alarm=True,
            )
        if yields:
            group.yields = True
            group.stop(0, f"{name} runs it too")
