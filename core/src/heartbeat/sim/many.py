"""Many runs on all cores, and what they add up to."""

import multiprocessing
import os
import time
from collections import Counter
from collections.abc import Iterator

import msgspec

from heartbeat.sim.run import Outcome, Run
from heartbeat.sim.swarm import draw

NICE = 10
"""Simulations are in no hurry."""
CHUNK = 4


class Tally(msgspec.Struct):
    """What a range of seeds came to."""

    seeds: int = 0
    virtual_s: float = 0.0
    steps: int = 0
    core_s: float = 0.0
    """Processor time of the runs, on all cores together."""
    contested: int = 0
    injected: Counter[str] = msgspec.field(default_factory=Counter)
    transitions: Counter[str] = msgspec.field(default_factory=Counter)
    meetings: Counter[str] = msgspec.field(default_factory=Counter)
    violations: dict[int, list[str]] = {}
    """By seed."""

    def add(self, seed: int, outcome: Outcome, core_s: float) -> None:
        self.seeds += 1
        self.virtual_s += outcome.virtual_s
        self.steps += outcome.steps
        self.core_s += core_s
        self.contested += outcome.contested
        self.injected += outcome.injected
        self.transitions += outcome.transitions
        self.meetings += outcome.meetings
        if outcome.violations:
            self.violations[seed] = outcome.violations

    @property
    def per_core_hour(self) -> float:
        return 3600 * self.seeds / self.core_s if self.core_s else 0.0

    def lines(self) -> Iterator[str]:
        """Yield the report."""
        yield f"{self.seeds} seeds, {self.virtual_s / 3600:.2f} h of virtual time, {self.steps} kernel steps"
        yield f"{self.per_core_hour:.0f} seeds per core-hour, {self.virtual_s / self.seeds:.1f} virtual s each"
        yield "faults injected: " + ", ".join(f"{kind} {n}" for kind, n in sorted(self.injected.items()))
        yield f"covered: {len(self.transitions)} transitions of decisions, {len(self.meetings)} messages by state"
        yield f"permitted overlaps of groups that share no data (promise c, and daemons that died): {self.contested}"
        if self.seeds:
            yield f"violations: {len(self.violations)} seeds" + (
                f"; none in {self.seeds} bounds their share by {3 / self.seeds:.2g} (95 %)"
                if not self.violations
                else ""
            )


def run_many(first: int, seeds: int, *, processes: int = 0) -> Iterator[tuple[int, Outcome, float]]:
    """Yield (seed, outcome, processor seconds), in the order of seeds. ``processes``: 0 for one on each core."""
    count = processes or len(os.sched_getaffinity(0))
    span = range(first, first + seeds)
    if count == 1:
        yield from map(_one, span)
        return
    with multiprocessing.get_context("fork").Pool(count, initializer=_settle) as pool:
        yield from pool.imap(_one, span, chunksize=CHUNK)


def _settle() -> None:
    os.nice(NICE)


def _one(seed: int) -> tuple[int, Outcome, float]:
    start_s = time.process_time()
    outcome = Run(draw(seed)).go()
    return seed, outcome, time.process_time() - start_s
