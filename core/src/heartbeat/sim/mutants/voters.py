"""Mistakes in who votes, where the voters follow the members (last man standing)."""

from heartbeat.sim.mutants.mutant import Edit, Mutant, mutant

MUTANTS: tuple[Mutant, ...] = (
    mutant(
        "new-voters-alone",
        "who accepted new voters goes by them alone, whether or not their view came into force",
        "roll:majority",
        "(roll.voters, roll.candidates)[: 2 if roll.tried.epoch else 1]",
        "(roll.candidates,) if roll.tried.epoch else (roll.voters,)",
    ),
    mutant(
        "old-voters-alone",
        "who accepted new voters goes by the old ones until the view of the new ones is in force",
        "roll:majority",
        "[: 2 if roll.tried.epoch else 1]",
        "[:1]",
    ),
    mutant(
        "who-forgot-votes",
        "a node whose disk knows no roll votes like the others",
        "roll:voting",
        "if state.roll.since.epoch",
        "if state",
    ),
    mutant(
        "voters-not-on-disk",
        "new voters are in force before they are on anybody's disk, and a restarted node has the old ones",
        "voters:Voters.is_ready",
        "if self._durable == self.roll or not is_bound:",
        "if True:",
        Edit("voters:Voters._write", "self._desk.effects.append(", "str("),
    ),
    mutant(
        "voters-by-each-for-himself",
        "each node takes the members of a view without quorum for the voters, too",
        "quorum:judge",
        "Standing.PRIMARY if is_one else Standing.NO_QUORUM",
        "Standing.PRIMARY if len(present) > 1 else Standing.NO_QUORUM",
    ),
)
