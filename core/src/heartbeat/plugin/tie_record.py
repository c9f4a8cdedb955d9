"""What a tie-breaker remembers of one cluster, and the one rule by which it grants a half the right to go on.

A granted half goes on in the view that it asked in, as long as that lasts; who stands still may believe in it for much
longer. So a grant stays *open* until every node of that half is known to be out of it, and no half is granted that has
no node in common with an open one. That takes no clock: a half that died with its grant keeps the other one waiting
until a view with quorum has met one of its nodes.
"""

from dataclasses import dataclass, replace

from heartbeat.plugin.quorum import Ruling, Tie, Verdict, ViewNumber

OPEN_MAX = 16
"""Grants that may be open at once; a cluster would have to fall apart in so many ways, and never heal, to need more."""
NODES_MAX = 100
NAME_MAX = 255
"""Of a node or a cluster, in characters."""
EPOCH_MAX = 1 << 62


@dataclass(frozen=True, slots=True)
class Grant:
    """One half that may be going on."""

    view: ViewNumber
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TieRecord:
    """Of one cluster. To be stored before anybody is told of the grant that it holds."""

    token: int = 0
    """Of the newest grant."""
    newest: ViewNumber = (0, -1)
    """The view that was granted last."""
    open: tuple[Grant, ...] = ()
    """Oldest first."""

    def judge(self, tie: Tie) -> tuple[Ruling, "TieRecord"]:
        """Return the answer to a half that asks, and the record after it; the same one unless it is a grant."""
        problem = problem_of(tie) or self._objection(tie)
        if problem:
            return Ruling(Verdict.DENY, why=problem), self
        still = tuple(grant for grant in self.open if not _is_over(grant, tie))
        if len(still) >= OPEN_MAX:
            return Ruling(Verdict.DENY, why=f"{OPEN_MAX} halves were granted the right that may still have it"), self
        after = replace(self, token=self.token + 1, newest=tie.view, open=(*still, Grant(tie.view, tie.members)))
        return Ruling(Verdict.GRANT, after.token, f"view {_text(tie.view)} may go on"), after

    def _objection(self, tie: Tie) -> str:
        """Return why this half may not go on; empty when it may."""
        if tie.view < self.newest:
            return f"a later view, {_text(self.newest)}, was granted the right"
        if tie.view == self.newest and self.open[-1].members != tie.members:
            return f"view {_text(tie.view)} was granted the right with other members"
        for grant in self.open:
            if not _is_over(grant, tie) and not set(grant.members) & set(tie.members):
                return f"{', '.join(grant.members)} were granted the right in view {_text(grant.view)}, and may have it"
        return ""


def problem_of(tie: Tie) -> str:
    """Return what is wrong with a question; empty when it is one."""
    names = (tie.cluster, *tie.members, *tie.company, *tie.off)
    if not tie.members or max(map(len, (tie.members, tie.company, tie.off))) > NODES_MAX:
        return f"a half has from 1 to {NODES_MAX} members"
    if not all(0 < len(name) <= NAME_MAX for name in names):
        return f"a name has from 1 to {NAME_MAX} characters"
    if list(tie.members) != sorted(set(tie.members)):
        return "members are sorted, each of them once"
    if not 0 < tie.view[0] <= EPOCH_MAX or not tie.rank < tie.view:
        return "a view has a number above that of all views before it"
    return ""


def _is_over(grant: Grant, tie: Tie) -> bool:
    """Is every node of a granted half out of it, and has the asking one met what was decided there?"""
    gone = _gone(grant, tie)
    met = set(tie.members) | (gone & set(tie.company))
    return set(grant.members) <= gone and bool(set(grant.members) & met)


def _gone(grant: Grant, tie: Tie) -> set[str]:
    """Return the nodes that are in no view of that half's time any more."""
    gone = {*tie.members, *tie.off}
    if tie.rank > grant.view and set(tie.company) != set(grant.members):
        gone |= {*tie.company}  # with the same members it may be the granted half itself
    return gone


def _text(view: ViewNumber) -> str:
    return f"{view[0]}.{view[1]}"
