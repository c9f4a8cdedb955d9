"""The roll of voters, where they follow the members (last man standing): pure functions of what members bring (SYNC).

A view with quorum that has stood still for the window makes its members the voters, by a view change: everybody has
the new roll on disk before he says SYNCED, and it is in force with INSTALL. Who accepted it and does not know of the
INSTALL needs a majority of the old voters *and* of the new ones; the next change that meets an unfinished one makes
that again, and no other. So of two parts of a cluster at most one finds a majority, whatever was lost on the way:
either the change reached all, and every majority of the new voters knows of it, or nobody acts by it alone.

It begins with a view of all nodes. One whose disk knows no roll has no vote until a view with quorum took it in: it may
have forgotten one.
"""

from collections.abc import Collection, Iterable, Sequence

from heartbeat.model.cluster import Cluster
from heartbeat.model.electorate import Roll
from heartbeat.model.names import Nid
from heartbeat.model.view import ViewId
from heartbeat.wire.messages import State

FIRST = ViewId(1, Nid(-1))
"""Below every view: since when all nodes vote."""


def merged(rolls: Iterable[Roll]) -> Roll:
    """Return what several nodes know together: the newest roll in force, and a change tried since."""
    known = [*rolls]
    agreed = max(known, key=lambda roll: roll.since)
    last = max(known, key=lambda roll: roll.tried)
    if last.tried > agreed.since:
        return Roll(agreed.since, agreed.voters, last.tried, last.candidates)
    return Roll(agreed.since, agreed.voters)


def voting(states: Sequence[State]) -> tuple[Nid, ...]:
    """Return the members that have a vote, as far as the roll names them."""
    return tuple(state.member.nid for state in states if state.roll.since.epoch)


def majority(cluster: Cluster, roll: Roll, present: Collection[Nid]) -> tuple[bool, str]:
    """Return whether these voting nodes are one, and why, in words. A full view needs none and is not asked about."""
    if not roll.since.epoch:
        return False, "not all nodes have been in one view yet, which last_man_standing begins with"
    text = ""
    for voters in (roll.voters, roll.candidates)[: 2 if roll.tried.epoch else 1]:
        ours, breaker = sum(nid in voters for nid in present), cluster.electorate.tie_breaker
        text = f"{ours} of {len(voters)} voters are"
        if 2 * ours == len(voters) and breaker in voters and breaker in present:
            text += f" half, with {cluster.nodes[breaker]}, the tie-breaker"
        elif 2 * ours <= len(voters):
            return False, f"{text} no majority"
        else:
            text += " a majority"
    return True, text


def brought_on(ballot: ViewId, states: Sequence[State]) -> Roll:
    """Return the roll with which every member enters a view with quorum."""
    known, members = merged(state.roll for state in states), tuple(sorted(state.member.nid for state in states))
    if not known.since.epoch:
        return Roll(FIRST, members)
    if is_recount(ballot, states):
        return Roll(known.since, known.voters, ballot, known.candidates or members)
    return known


def in_force(roll: Roll) -> Roll:
    """Return the roll once the view that was to change it is installed."""
    return Roll(roll.tried, roll.candidates)


def is_recount(ballot: ViewId, states: Sequence[State]) -> bool:
    """Does the coordinator say that their common view has stood still for the window?"""
    by_coordinator = any(state.recount for state in states if state.member.nid == ballot.coordinator)
    return by_coordinator and len({state.old for state in states}) == 1
