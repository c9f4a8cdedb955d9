"""The simulated witness: one outside of the cluster, which can be away, cut off, slow, and die with what it stored."""

from heartbeat.model.names import Nid
from heartbeat.model.operation import Outcome, Result
from heartbeat.model.tie import Answer, Tie
from heartbeat.plugin.quorum import Tie as Question
from heartbeat.plugin.quorum import Verdict
from heartbeat.plugin.tie_record import TieRecord


class Witness:
    """Its record is on its disk before it answers, so a restart loses nothing."""

    def __init__(self) -> None:
        self.record = TieRecord()
        self.away: set[Nid] = set()
        """Who cannot reach it now."""
        self.grants = 0

    def ask(self, nid: Nid, tie: Tie, *, takes_note: bool, answers: bool) -> Result:
        """Return what a node gets for an answer; ``takes_note``: the witness works, whether it answers or not."""
        if nid in self.away or not takes_note:
            return Result(Outcome.UNKNOWN, "the witness cannot be reached")
        ruling, self.record = self.record.judge(_question(tie))
        self.grants += ruling.verdict is Verdict.GRANT
        if not answers:
            return Result(Outcome.UNKNOWN, "timed out")
        return Result(Outcome.DONE, ruling.why, answer=Answer(ruling.verdict.value))


def _question(tie: Tie) -> Question:
    """As the executor has it, which a simulated machine does not load."""
    view, rank = ((each.epoch, int(each.coordinator)) for each in (tie.view, tie.rank))
    members, company, off = (tuple(map(str, each)) for each in (tie.members, tie.company, tie.off))
    return Question(tie.cluster, view, members, rank, company, off, tie.asker)
