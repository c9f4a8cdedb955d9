"""Mistakes about messages: the rule of the log, and what each class of delivery promises."""

from heartbeat.sim.mutants import situations
from heartbeat.sim.mutants.mutant import Edit, Mutant, mutant

MUTANTS: tuple[Mutant, ...] = (
    mutant(
        "rank-raised-at-install",
        "a member that accepted a view speaks in the next change with its older rank until INSTALL came",
        "messaging.passage:Passage._accept",
        "log.rise(heritage.line, heritage.roots, heritage.said)",
        "pass",
        Edit(
            "messaging.messaging:Messaging.installed",
            "self._inherit(heritage)",
            "heritage.is_primary and self.log.rise(heritage.line, heritage.roots, heritage.said)"
            " or self._inherit(heritage)",
        ),
        needs=situations.broken_round,
    ),
    mutant(
        "minority-raises-rank",
        "a view without a majority carries the history on, too",
        "messaging.handover:inherit",
        "if judge(cluster, states)[0] is Standing.PRIMARY:",
        "if True:",
        needs=situations.ordered_parts,
    ),
    mutant(
        "safe-needs-one-holder",
        "a SAFE message is given out by the first who holds it",
        "messaging.messaging:Messaging._outlives",
        "return quorum.outlives(self._desk.cluster, (*others, self._desk.me), self._view.nids, self._roll())",
        "return True",
        needs=situations.ordered,
    ),
    mutant(
        "causal-as-fifo",
        "a CAUSAL message waits for nobody but its sender",
        "messaging.causal:Causal._may",
        "say.what.delivery is not Delivery.CAUSAL",
        "True",
        needs=situations.answers,
    ),
    mutant(
        "nothing-is-asked-for",
        "what was lost on the way is not asked for",
        "messaging.streams:Streams.wants",
        "if flow.want_s is None or flow.want_s > now_s:",
        "if True:",
        needs=situations.programs,
    ),
    mutant(
        "old-view-is-not-evened-out",
        "who goes on with others gives out only what it had itself",
        "messaging.passage:Passage._lacked_says",
        "flows[of].contiguous < number",
        "False",
        needs=situations.talk_and_loss,
    ),
    mutant(
        "ordered-twice",
        "what has no place when a view ends is said again, whether or not the history has it",
        "messaging.outbox:Outbox.view_ended",
        "if run.number > said and run.verb is Verb.SAY",
        "if run.verb is Verb.SAY",
        Edit("messaging.order:Order._is_said", "self._log.is_said(self._origins[of], run.number)", "False"),
        needs=situations.deaf_speaker,
    ),
)
