"""Mistakes in who is in a view, and in what a view may do."""

from heartbeat.sim.mutants import situations
from heartbeat.sim.mutants.mutant import Edit, Mutant, mutant

_DUE = """wanted != self.view.members
            or (self.is_flushing and not self.is_in_round)
            or self.wants_another()
            or self.hastens()
        ):
            return True
        return any(self._detector.view_of(nid) != self.view.id for nid"""

MUTANTS: tuple[Mutant, ...] = (
    mutant(
        "install-before-all-synced",
        "the coordinator installs as soon as one member has the states",
        "membership:Membership._complete",
        "len(current.synced) == len(current.members) - 1",
        "current.synced",
    ),
    mutant(
        "older-ballot-accepted",
        "a proposal older than what was promised or installed is answered",
        "membership:Membership.on_propose",
        "if ballot <= known:",
        "if False:",
        needs=situations.rivals,
    ),
    mutant(
        "ballots-by-epoch-alone",
        "two proposals of one epoch by two coordinators count as the same age",
        "membership:Membership.on_propose",
        "if ballot <= known:",
        "if ballot.epoch < known.epoch:",
        needs=situations.rivals,
    ),
    mutant(
        "epoch-not-persisted",
        "no epoch is reserved on disk, so a restarted node begins again at the bottom",
        "membership:Membership._saw_epoch",
        'self._desk.effects.append(Persist("epoch", str(self._reserved).encode()))',
        "pass",
    ),
    mutant(
        "acts-on-promised-away-view",
        "the old view is acted upon although another one was promised",
        "membership:Membership.is_flushing",
        "self.promised > self.view.id or self._is_doubted",
        "self._is_doubted",
    ),
    mutant(
        "acts-on-view-from-before-a-pause",
        "a node that stood still trusts its view at once",
        "membership:Membership.is_flushing",
        "self.promised > self.view.id or self._is_doubted",
        "self.promised > self.view.id",
        needs=situations.long_pause,
    ),
    mutant(
        "unheard-member-accepted",
        "a view with a node that this one does not hear is agreed to",
        "membership:Membership._hears",
        "return peer.alive and peer.incarnation == member.incarnation",
        "return True",
    ),
    mutant(
        "drops-others-at-once-after-a-pause",
        "a node that stood still proposes a view without whoever it has not heard yet",
        "membership:Membership._patient_until_s",
        "self._woke_s + self._detector.deadtime_s if drops else 0.0",
        "0.0",
        needs=situations.long_pause,
    ),
    mutant(
        "diverged-views-stay",
        "a member that shows another view id is no reason for a new view",
        "membership:Membership._is_due",
        "return any(self._detector.view_of(nid) != self.view.id for nid in self.view.nids if nid != self._desk.me)",
        "return False",
        needs=situations.hardly_silent,
    ),
    mutant(
        "waits-for-ever-on-a-promise",
        "a node whose coordinator died in the middle of a round never leaves it",
        "membership:Membership.wake",
        "now >= self._flushed_s + 2 * ROUND_S",
        "False",
    ),
    mutant(
        "restart-is-no-new-member",
        "a member that was started anew stays in the view as it was",
        "membership:Membership._is_due",
        _DUE,
        _DUE.replace(
            "wanted != self.view.members", "[m.nid for m in wanted] != [m.nid for m in self.view.members]"
        ).replace("!= self.view.id", "not in (ViewId(), self.view.id)"),
        needs=situations.short_kill,
    ),
    mutant(
        "half-is-a-majority",
        "an exact half of the nodes may act",
        "quorum:_by_majority",
        "2 * ours > total",
        "2 * ours >= total",
        needs=situations.even_split,
    ),
    mutant(
        "minority-acts",
        "every view of three nodes and more may act",
        "quorum:_by_majority",
        "2 * ours > total",
        "members",
    ),
    mutant(
        "both-halves-have-the-tie-breaker",
        "an exact half may act when there is a tie-breaker, whether it holds it or not",
        "quorum:_by_majority",
        "if electorate.tie_breaker in members:",
        "if members:",
        needs=situations.tie_breaking_node,
    ),
    mutant(
        "two-nodes-need-no-proof",
        "one of two nodes is primary although the other is not proved off",
        "quorum:standing",
        "if is_proved_away(absent):",
        "if True:",
        needs=situations.two_nodes,
    ),
    mutant(
        "two-way-check-off",
        "whoever is heard is a candidate, whether it hears this node or not",
        "detector:Detector.hears_me",
        "peer.alive and peer.hears.get(me.nid) == me.incarnation",
        "peer.alive",
    ),
    mutant(
        "edges-not-asked",
        "members need not hear each other, only the coordinator",
        "membership:Membership._edge",
        "self._row_shows(i, j) and self._row_shows(j, i)",
        "True",
    ),
    mutant(
        "states-of-a-majority",
        "the coordinator goes on without the states of everybody",
        "membership:Membership.on_flush",
        "if len(current.states) == len(current.members):",
        "if 2 * len(current.states) > len(current.members) and not current.sync:",
        Edit(
            "membership:Membership.on_flush",
            "tuple(current.states[member.nid] for member in current.members)",
            "tuple(current.states.values())",
        ),
    ),
)
