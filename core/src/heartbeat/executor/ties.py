"""A question to a tie-breaker, inside the child of one operation."""

from heartbeat.executor.verdict import Refused, one_line
from heartbeat.model.operation import Action, Outcome, Result
from heartbeat.model.tie import Answer, Tie
from heartbeat.plugin.quorum import Tie as Question
from heartbeat.plugin.quorum import TieBreaker, Verdict

MARGIN_S = 0.3
"""So much before the operation is ended the tie-breaker must have said what it knows."""


class TieWork:
    """Ask once. Whatever is not an answer in time is none."""

    def __init__(self, breaker: TieBreaker, action: Action, tie: Tie | None) -> None:
        if action is not Action.ASK or tie is None:
            raise Refused(f"a tie-breaker cannot do {action.value!r}; it is asked who may go on")
        self._breaker, self._tie = breaker, tie
        self.deadline_s = float("inf")
        """Monotonic seconds; set when the operation may act."""

    def prepare(self) -> None:
        """Nothing: nobody is asked before there is a tie."""

    def act(self) -> Result:
        ruling = self._breaker.ask(question(self._tie), self.deadline_s - MARGIN_S)
        if ruling.verdict is Verdict.GRANT and not self._breaker.grants:
            why = f"it granted what it never may ({type(self._breaker).__name__} says that it does not grant)"
            return Result(Outcome.FAILED, why, answer=Answer.DENY)
        return Result(Outcome.DONE, one_line(ruling.why), answer=Answer(ruling.verdict.value))

    def follow_up(self) -> None:
        """Nothing."""


def question(tie: Tie) -> Question:
    """Return the question as a plugin gets it."""
    view, rank = ((each.epoch, int(each.coordinator)) for each in (tie.view, tie.rank))
    members, company, off = (tuple(map(str, each)) for each in (tie.members, tie.company, tie.off))
    return Question(tie.cluster, view, members, rank, company, off, tie.asker)
