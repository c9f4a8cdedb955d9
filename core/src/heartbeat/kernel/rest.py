"""Rest: this node is in no view that may act. It stops what it holds, answers for nothing, and says so in its beats.

Either its own view has no quorum, or a beat from a later view with quorum names it as an outsider. From then on it
takes no order of the old view; whoever hears it say so, and that a group is stopped, need not wait for it.
"""

from heartbeat.kernel.desk import Desk
from heartbeat.kernel.membership import Membership
from heartbeat.model.names import Nid
from heartbeat.model.view import Standing, ViewId
from heartbeat.wire.messages import Beat


class Rest:
    """Of this node."""

    def __init__(self, desk: Desk, membership: Membership) -> None:
        self._desk, self._membership = desk, membership
        self._told = ViewId()
        """The newest view that does without us, by the word of one that is in it."""
        self.standing = Standing.NO_QUORUM

    def told(self, nid: Nid, beat: Beat) -> None:
        """Take a beat; it may name this life of ours as one that its sender's view does without."""
        desk, membership = self._desk, self._membership
        me = desk.member
        is_named = any((each.nid, each.incarnation) == (me.nid, me.incarnation) for each in beat.outsiders)
        # An older view is news from before ours; and a promise that may still be kept makes us members again.
        if not is_named or beat.view <= max(membership.view.id, self._told) or membership.is_in_round:
            return
        is_new, self._told = not self.is_told, beat.view
        membership.is_over()
        desk.urgent = True
        if is_new:
            desk.decide(
                "self.excluded",
                desk.node(desk.me),
                "the others have a view without this node: it is silent and stops what it holds",
                f"{desk.name(nid)} hears it, and says that view {beat.view} does without it",
                alarm=True,
            )

    @property
    def is_told(self) -> bool:
        """Has no view been agreed on with this node since it was told?"""
        return self._told > self._membership.view.id

    @property
    def since(self) -> ViewId:
        """Return the newest view of which is known that this node may not act any more; epoch 0 while it may."""
        view = self._membership.view
        if view.members and self.standing is Standing.NO_QUORUM:
            return max(self._told, view.id)
        return self._told if self.is_told else ViewId()

    @property
    def rests(self) -> bool:
        return self.since.epoch > 0
