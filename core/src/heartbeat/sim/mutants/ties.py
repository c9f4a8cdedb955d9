"""Mistakes about halves: in what the tie-breaker outside grants, and in what a half makes of its answer."""

from heartbeat.sim.mutants import situations
from heartbeat.sim.mutants.mutant import Edit, Mutant, mutant

_RECORD = "heartbeat.plugin.tie_record"

MUTANTS: tuple[Mutant, ...] = (
    mutant(
        "witness-grants-both",
        "the witness looks for no node in common between the halves that it grants the right",
        f"{_RECORD}:TieRecord._objection",
        "if not _is_over(grant, tie) and",
        "if False and",
        needs=situations.halves,
    ),
    mutant(
        "witness-knows-the-last-grant-only",
        "the witness forgets every grant but the newest",
        f"{_RECORD}:TieRecord.judge",
        "(*still, Grant(tie.view, tie.members))",
        "(Grant(tie.view, tie.members),)",
        needs=situations.halves,
    ),
    mutant(
        "grant-ends-with-a-later-view",
        "a granted half counts as dissolved once its nodes were in the view that it was granted",
        f"{_RECORD}:_gone",
        "and set(tie.company) != set(grant.members)",
        "",
        needs=situations.halves,
    ),
    mutant(
        "half-needs-no-grant",
        "half of the votes is enough where a tie-breaker is configured",
        "quorum:_by_grant",
        "len(olds) == 1 and any(state.granted.epoch and state.granted in olds for state in states)",
        "states",
        needs=situations.halves,
    ),
    mutant(
        "grant-of-any-view",
        "who was granted the right in one view takes it into another one",
        "quorum:_by_grant",
        "len(olds) == 1 and any(state.granted.epoch and state.granted in olds for state in states)",
        "any(state.granted.epoch for state in states)",
        Edit("ties:Ties.installed", "self.granted, self._operation,", "_, self._operation,"),
        needs=situations.halves,
    ),
    mutant(
        "silence-is-a-grant",
        "no answer is taken for a yes",
        "ties:Ties._answered",
        "if answer is Answer.GRANT:",
        "if answer in (Answer.GRANT, Answer.UNREACHABLE):",
        needs=situations.halves,
    ),
    mutant(
        "waiting-acts",
        "a half that waits for the answer starts and fences",
        "heartbeat.model.view:Standing.may_act",
        "(Standing.PRIMARY, Standing.PENDING)",
        "(Standing.PRIMARY, Standing.PENDING, Standing.WAITING)",
        needs=situations.halves,
    ),
    mutant(
        "later-lives-are-not-told",
        "what a member knows of a later life of an absent node it keeps to itself",
        "door:Door.learn",
        "if self._channel.heard_of(life.nid, life.incarnation) and",
        "if False and",
        needs=situations.unheard_life,
    ),
)
