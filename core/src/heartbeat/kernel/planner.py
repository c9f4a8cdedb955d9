"""The planner: which node should have each group? A pure function; it orders nothing.

Placement, first rule that fits:

1. where a person sent it (standby, takeover), while that node can take it;
2. where it runs, unless auto_failback brings it home;
3. its home node, the one whose haresources line it is;
4. of the other nodes, the one with the fewest groups; of several, the first in the alphabet.

A node can take a group when it is in the view, is not leaving, has a working executor and has not failed to
start it since the failure was cleared.
"""

import msgspec

from heartbeat.model.names import Nid


class Candidate(msgspec.Struct, frozen=True):
    """One node of the view, as far as placement is concerned."""

    nid: Nid
    can_take: bool
    failures: int
    """Of the group in question."""
    runs_it: bool
    unproved: bool
    """Runs it without having proved the others away: loses against a keeper."""
    load: int
    """Groups that it holds or will hold."""
    muted: bool = False
    """It holds the group in silence: whoever answers keeps it."""


class Wish(msgspec.Struct, frozen=True):
    """Where a group should be, and the rule that says so."""

    target: Nid | None
    why: str


def place(home: Nid, candidates: tuple[Candidate, ...], *, sent_to: Nid | None, fail_back: bool) -> Wish:
    """Return where one group should be. ``candidates`` are all members of the view, by nid."""
    fit = {c.nid: c for c in candidates if c.can_take and not c.failures}
    if sent_to is not None and sent_to in fit:
        return Wish(sent_to, "a person sent it there")
    holders = [c for c in candidates if c.runs_it and c.can_take]
    if holders:
        if fail_back and home in fit:
            return Wish(home, "auto_failback brings it home")
        # Two holders after a heal: who answers keeps it, then who proved it, then the lower nid.
        keeper = min(holders, key=lambda c: (c.muted, c.unproved, c.nid))
        return Wish(keeper.nid, "it runs there")
    if home in fit:
        return Wish(home, "it is its home node")
    if fit:
        least = min(fit.values(), key=lambda c: (c.load, c.nid))
        return Wish(least.nid, "it holds the fewest groups of the nodes that can take it")
    if any(c.failures for c in candidates):
        return Wish(None, "every node that could take it has failed to start it")
    return Wish(None, "no node of this view can take it")
