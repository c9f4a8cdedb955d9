"""Known mistakes: each of them, put into the kernel, must break a law in a simulated cluster.

They judge the judges: one that no seed finds shows a kind of fault that is never drawn, or a law that nobody checks.
"""

from heartbeat.sim.mutants import fencing, groups, hearing, hold, membership, messages, ties, voters, watchdog
from heartbeat.sim.mutants.mutant import Mutant

ALL: tuple[Mutant, ...] = (
    *membership.MUTANTS, *hearing.MUTANTS, *fencing.MUTANTS, *groups.MUTANTS, *hold.MUTANTS,
    *messages.MUTANTS, *ties.MUTANTS, *voters.MUTANTS, *watchdog.MUTANTS,
)  # fmt: skip

AWAITED = {
    "sync-not-persisted": "until the history of messages is kept on disk",
    "snapshot-without-directory-fsync": "until the configuration is replicated",
    "lease-counted-from-reply": "until there are tickets",
}
"""Mistakes that the kernel cannot make yet, and why."""
