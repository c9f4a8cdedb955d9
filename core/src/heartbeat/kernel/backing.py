"""Backing: the newest moment at which a quorum is known to have been in this view with us.

Every beat shows the newest beat of ours that its sender had (``Heard.echo_ms``, by our own clock) and the view that
the sender is in. So no clocks are compared: a beat of ours left, then a member of this view had it. As two quorums
have a node in common, no view with quorum and without us was promised by all of its members before that moment.
"""

from heartbeat.kernel import quorum
from heartbeat.kernel.desk import Desk
from heartbeat.kernel.membership import ROUND_S, Membership
from heartbeat.model.names import Nid
from heartbeat.model.view import Standing, View, ViewId
from heartbeat.wire.messages import Heard

AGREED_S = 4 * ROUND_S
"""A view is proposed, and then promised by its members, not longer than this before it is installed: one round for the
coordinator, two for whoever waits for its INSTALL, and one to spare for a process that was late."""


class Backing:
    """Of this node, in its present view."""

    def __init__(self, desk: Desk, membership: Membership) -> None:
        self._desk, self._membership = desk, membership
        self._echoed_s: dict[Nid, float] = {}
        self._agreed_s = self._not_before_s = float("-inf")

    def heard(self, nid: Nid, shown: ViewId, mine: Heard | None) -> None:
        """Take what a fresh beat shows of ours, and in which view; from another one than ours it shows nothing."""
        view = self._membership.view
        if mine is not None and mine.echo_ms and shown == view.id and view.has(nid):
            self._echoed_s[nid] = max(self._echoed_s.get(nid, 0.0), mine.echo_ms / 1000)

    def view_installed(self, view: View) -> None:
        """What was shown in the view before says nothing about this one; that it was agreed on does."""
        self._echoed_s.clear()
        is_sure = self.is_quorum(view.nids) and not self._membership.is_flushing  # not one that waited for a sleeper
        self._agreed_s = self._desk.now_s - AGREED_S if is_sure else float("-inf")

    def stood_still(self) -> None:
        """The clock may have stood still, too: only what is sent or agreed on from now on shows anything."""
        self._not_before_s, self._agreed_s = self._desk.now_s, float("-inf")

    def since_s(self) -> float:
        """Return that moment by this node's clock; minus infinity when nothing shows one."""
        if self.is_quorum((self._desk.me,)):
            return self._desk.now_s
        shown = sorted(((at_s, nid) for nid, at_s in self._echoed_s.items()), reverse=True)
        with_us = [self._desk.me]
        for at_s, nid in shown:
            if at_s < self._not_before_s:
                break
            with_us.append(nid)
            if self.is_quorum(tuple(sorted(with_us))):
                return max(at_s, self._agreed_s)
        return self._agreed_s

    def is_quorum(self, nids: tuple[Nid, ...]) -> bool:
        """Are these enough to act, whatever was proved of the others?"""
        return quorum.standing(self._desk.cluster, nids, lambda _: False)[0] is Standing.PRIMARY
