"""Mistakes in who votes, where the voters follow the members (last man standing)."""

from heartbeat.sim.mutants import situations
from heartbeat.sim.mutants.mutant import Edit, Mutant, mutant

MUTANTS: tuple[Mutant, ...] = (
    mutant(
        "new-voters-alone",
        "who accepted new voters goes by them alone, whether or not their view came into force",
        "roll:majority",
        "(roll.voters, roll.candidates)[: 2 if roll.tried.epoch else 1]",
        "(roll.candidates,) if roll.tried.epoch else (roll.voters,)",
        needs=situations.turned_voters,
    ),
    mutant(
        "old-voters-alone",
        "who accepted new voters goes by the old ones until the view of the new ones is in force",
        "roll:majority",
        "[: 2 if roll.tried.epoch else 1]",
        "[:1]",
        needs=situations.turned_voters,
    ),
    mutant(
        "who-forgot-votes",
        "a node whose disk knows no roll votes like the others",
        "roll:voting",
        "if state.roll.since.epoch",
        "if state",
        needs=situations.forgotten_voters,
    ),
    mutant(
        "voters-not-on-disk",
        "the first voters alone are written, so a restarted node has others than those that are in force",
        "voters:Voters.is_ready",
        "if self._durable == self.roll or not is_bound:",
        "if self._durable.since.epoch or not is_bound:",
        Edit(
            "voters:Voters._write",
            "        self._handed = self.roll\n",
            "        self._handed = self.roll\n        if self._durable.since.epoch:\n            return\n",
        ),
        needs=situations.turncoat,
    ),
    mutant(
        "voters-by-each-for-himself",
        "each node takes the members of a view without quorum for the voters, too",
        "quorum:judge",
        "Standing.PRIMARY if is_one else Standing.NO_QUORUM",
        "Standing.PRIMARY if len(present) > 1 else Standing.NO_QUORUM",
        needs=situations.voters,
    ),
)
