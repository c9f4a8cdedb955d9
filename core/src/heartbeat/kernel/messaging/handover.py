"""The handover: what was said and ordered goes from the views that the members come from into the one they enter.

A pure function of what the members brought (SYNC): every member draws the same conclusions. Who comes from one view
gets the same of what was said there, and of the members' histories the one of the highest rank goes on.
"""

from collections.abc import Sequence

import msgspec

from heartbeat.kernel.quorum import judge
from heartbeat.model.cluster import Cluster
from heartbeat.model.names import Nid
from heartbeat.model.view import Member, Standing, ViewId
from heartbeat.wire.messages import State
from heartbeat.wire.talk import Spoken

Roots = tuple[tuple[ViewId, int], ...]


class Heritage(msgspec.Struct, frozen=True):
    """What one member has before the view is in force, and where it gets what it lacks."""

    ballot: ViewId
    cut: dict[Nid, tuple[int, Nid]]
    """In the view it comes from: member to (number up to which it is given out, who has that much)."""
    is_primary: bool
    """Known from the members alone; a view of one of two nodes becomes primary by a proof, later."""
    source: Nid
    """Who has the history."""
    goes_on: bool
    """This member's own history is part of it."""
    after: int
    """What this member has above this place is no part of it. One that does not go on begins after it, with nothing."""
    until: int
    """The place up to which it holds and gives out, or only holds when it does not go on."""
    line: ViewId
    old_line: ViewId
    """Of the history up to here; the same unless the view founds a new line."""
    roots: Roots
    said: dict[Member, int]
    has_gap: bool
    """Its programs may have missed something."""


def inherit(me: Nid, cluster: Cluster, ballot: ViewId, states: Sequence[State]) -> Heritage:
    """Return what a member has to have."""
    mine = next(state for state in states if state.member.nid == me)
    cut = _cut([state for state in states if state.old == mine.old and mine.old.epoch])
    if judge(cluster, states)[0] is Standing.PRIMARY:
        return _primary(mine, ballot, states, cut, is_new_line=not _remembers_all(cluster, states))
    return _minority(mine, ballot, states, cut)


def alone(mine: State, ballot: ViewId) -> Heritage:
    """The only member of a view of two nodes became primary, because the other is proved away."""
    return _primary(mine, ballot, [mine], {}, is_new_line=not mine.spoken.roots)


def _cut(movers: Sequence[State]) -> dict[Nid, tuple[int, Nid]]:
    cut: dict[Nid, tuple[int, Nid]] = {}
    for state in movers:
        for nid, number in state.spoken.row:
            if number > cut.get(nid, (-1, nid))[0]:
                cut[nid] = (number, state.member.nid)
    return cut


def _primary(
    mine: State,
    ballot: ViewId,
    states: Sequence[State],
    cut: dict[Nid, tuple[int, Nid]],
    *,
    is_new_line: bool,
) -> Heritage:
    rank = max(_rank(state.spoken) for state in states)
    best = max((s for s in states if _rank(s.spoken) == rank), key=lambda s: (s.spoken.held, -s.member.nid))
    spoken = best.spoken
    goes_on = _is_part(mine.spoken, spoken)
    given = [s.spoken.given for s in states if _is_part(s.spoken, spoken)]
    return Heritage(
        ballot,
        cut,
        is_primary=True,
        source=best.member.nid,
        goes_on=goes_on,
        after=_common(mine.spoken, spoken) if goes_on else max(spoken.floor, min(given)),
        until=spoken.held,
        line=ballot if is_new_line else spoken.line,
        old_line=spoken.line,
        roots=(*spoken.roots, (ballot, spoken.held)),
        said=dict(spoken.said),
        # Who comes from a minority without a history had company that gives out the rest of its own now.
        has_gap=bool(mine.spoken.roots or mine.old.epoch) and not (goes_on and (not is_new_line or not spoken.roots)),
    )


def _minority(mine: State, ballot: ViewId, states: Sequence[State], cut: dict[Nid, tuple[int, Nid]]) -> Heritage:
    """The history stands still. Only what one of those that come from the same view gave out, the others give out."""
    rank = _rank(mine.spoken)
    movers = [s for s in states if s.old == mine.old and mine.old.epoch and _rank(s.spoken) == rank] or [mine]
    best = max(movers, key=lambda s: (s.spoken.given, -s.member.nid))
    spoken = mine.spoken
    return Heritage(
        ballot,
        cut,
        is_primary=False,
        source=best.member.nid,
        goes_on=True,
        after=spoken.held,
        until=best.spoken.given,
        line=spoken.line,
        old_line=spoken.line,
        roots=spoken.roots,
        said=dict(best.spoken.said),
        has_gap=False,
    )


def _rank(spoken: Spoken) -> ViewId:
    return spoken.roots[-1][0] if spoken.roots else ViewId()


def _remembers_all(cluster: Cluster, states: Sequence[State]) -> bool:
    """Does one of these members remember whatever was committed?

    What was committed is held by nodes of which every primary view has one; so those that remember must be enough for
    one. A node that started anew since, or never was in a primary view, remembers nothing.
    """
    able = tuple(state.member.nid for state in states if state.spoken.roots)
    if len(cluster.nodes) == 2:
        return bool(able)  # both held it
    return judge(cluster, states, able)[0] is Standing.PRIMARY


def _is_part(spoken: Spoken, of: Spoken) -> bool:
    """Is all that a member gave out part of another one's history, and can the rest be had from there?"""
    if not spoken.roots or spoken.line != of.line:
        return not of.roots
    common = _common(spoken, of)
    return spoken.given <= common and common >= of.floor


def _common(spoken: Spoken, of: Spoken) -> int:
    """Return up to which place a member's history is the same as a newer one; -1 when that knows nothing of its rank.

    What was ordered in its rank became history up to the place after which the next rank began.
    """
    rank, ranks = _rank(spoken), [view for view, _ in of.roots]
    if rank not in ranks:
        return -1 if of.roots else spoken.held
    ends = [place for _, place in of.roots[ranks.index(rank) + 1 :]]
    return min(spoken.held, ends[0] if ends else of.held)
