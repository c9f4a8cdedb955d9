"""Ties: half of the votes goes on when somebody outside the cluster grants it the right, and to the other half never.

The coordinator of such a half has the executor ask the tie-breakers, one after the other; meanwhile all of it keeps
what it holds (WAITING), and takes, starts and fences nothing. A grant is for the one view that asked: a view change
with the same members puts it in force, and all of them know of it before any acts. Every other answer, and none in
time, is a no; the question is repeated as long as the tie lasts.
"""

from collections.abc import Callable, Sequence

from heartbeat.kernel import quorum
from heartbeat.kernel.desk import Desk
from heartbeat.kernel.membership import Membership
from heartbeat.model.names import Nid, NodeName
from heartbeat.model.operation import Action, Result
from heartbeat.model.tie import Answer, Tie
from heartbeat.model.view import Standing, View, ViewId
from heartbeat.wire.messages import State

ASK_S = 3.0
"""An answer that takes longer is none: a TCP handshake whose first packet was lost (1 s, RFC 6298) fits in twice. So
long a half that is not granted the right holds on to what it has."""
AGAIN_S = 10.0
"""From a no to the next question."""


class Ties:
    """Of this node's view."""

    def __init__(self, desk: Desk, membership: Membership, is_away: Callable[[Nid], bool]) -> None:
        self._desk, self._membership, self._is_away = desk, membership, is_away
        membership.hastens = lambda: self.is_granted
        self._names = desk.cluster.electorate.tie_breakers
        self._primary = View(ViewId(), ())
        """The last one with quorum that this node was in."""
        self._rank = ViewId()
        self._is_tie, self._since_s, self._denied = False, 0.0, ""
        """Half of the votes? Since when; and who last said no to it, in words."""
        self._operation, self._asked, self._until_s, self._again_s = 0, 0, 0.0, float("inf")
        """The question under way (0: none), to which tie-breaker, until when an answer counts, when one is due."""
        self.granted = ViewId()
        """This view, once it was granted the right to go on."""

    # Views.

    def installed(self, view: View, states: Sequence[State], standing: Standing) -> None:
        """A view is in force: whatever was asked or granted before is void."""
        self.granted, self._operation, self._denied = ViewId(), 0, ""
        self._again_s, self._since_s = float("inf"), self._desk.now_s
        self._is_tie = standing is Standing.NO_QUORUM and quorum.is_tie(self._desk.cluster, view.nids)
        if standing is Standing.PRIMARY:
            self._primary = view
        self._rank = max(state.spoken.roots[-1][0] if state.spoken.roots else ViewId() for state in states)
        if self._is_tie and self._membership.coordinator == self._desk.me:
            self._again_s = self._desk.now_s

    def stands(self, standing: Standing, why: str) -> tuple[Standing, str]:
        """Return what the view may do while an answer may still come."""
        if standing is not Standing.NO_QUORUM or not self._is_tie:
            return standing, why
        if self._denied or self._desk.now_s >= self._since_s + ASK_S:
            return standing, f"{why}; {self._denied}" if self._denied else why
        return Standing.WAITING, f"{why}; {' and '.join(self._names)} may"

    @property
    def is_granted(self) -> bool:
        """Is a view with the same members to follow, which puts the grant in force?"""
        return self.granted.epoch > 0 and self.granted == self._membership.view.id and self._desk.now_s < self._until_s

    # Questions.

    def deadline_s(self) -> float:
        """Return when a question is due, or nobody waits for its answer any more."""
        if not self._is_tie:
            return float("inf")
        times = [self._since_s + ASK_S, self._again_s, self._until_s if self._operation else float("inf")]
        return min((at for at in times if at > self._desk.now_s), default=float("inf"))

    def wake(self) -> None:
        """Ask when it is time."""
        now = self._desk.now_s
        if self._operation and now >= self._until_s:
            self._answered(Answer.UNREACHABLE, "no answer in time")
        if self._again_s <= now and self._is_tie and not self._membership.is_flushing:
            self._again_s, self._asked = float("inf"), 0
            self._ask()

    def finished(self, operation: int, result: Result) -> bool:
        """Take the end of a question; return whether it was one of this view. An answer to an older one is void."""
        if operation != self._operation or not operation:
            return False
        self._answered(result.answer if self._desk.now_s < self._until_s else Answer.UNREACHABLE, result.detail)
        return True

    def executor_lost(self) -> None:
        """Whatever it asked, the answer is lost."""
        if self._operation:
            self._answered(Answer.UNREACHABLE, "the executor is gone")

    def _ask(self) -> None:
        self._until_s = self._desk.now_s + ASK_S
        self._operation = self._desk.run(Action.ASK, self._names[self._asked], timeout_s=ASK_S, tie=self._tie())

    def _tie(self) -> Tie:
        view, voters = self._membership.view, self._voters
        company = self._primary.nids if self._primary.id == self._rank else ()
        off = (nid for nid in self._desk.others if not view.has(nid) and self._is_away(nid))
        cluster, me = self._desk.cluster.name, self._desk.name(self._desk.me)
        return Tie(cluster, view.id, voters(view.nids), self._rank, voters(company), voters(tuple(off)), me)

    def _voters(self, nids: Sequence[Nid]) -> tuple[NodeName, ...]:
        electorate = self._desk.cluster.electorate
        return tuple(sorted(self._desk.name(nid) for nid in nids if electorate.of([nid])))

    def _answered(self, answer: Answer, detail: str) -> None:
        desk, name, self._operation = self._desk, self._names[self._asked], 0
        if answer is Answer.NO_OBJECTION and self._asked + 1 < len(self._names):
            self._asked += 1
            self._ask()
            return
        if answer is Answer.GRANT:
            self.granted, self._until_s = self._membership.view.id, desk.now_s + ASK_S
            desk.decide("quorum.granted", "cluster", f"{name} lets this half go on: {detail}", f"asked {name}")
            return
        self._denied, self._again_s = f"{name} says {answer.value}", desk.now_s + AGAIN_S
        text = f"{name} does not let this half go on ({answer.value}): {detail}"
        desk.decide("quorum.denied", "cluster", text, f"asked {name}", alarm=True)
