"""The hunt: seed after seed with a mutant in the kernel's place, until a law is broken."""

import multiprocessing
import os
import time
from collections.abc import Iterator, Sequence

import msgspec

from heartbeat.sim.many import NICE
from heartbeat.sim.mutants.mutant import Mutant, Stale, Unread, applied
from heartbeat.sim.run import Run
from heartbeat.sim.swarm import draw


class Found(msgspec.Struct, frozen=True):
    """What became of a mutant."""

    mutant: Mutant
    seeds: int
    """Of the swarm, until it was caught; or in vain."""
    runs: int = 0
    """Those of them that were carried out: they have what the mistake needs."""
    seed: int | None = None
    """Of the run that caught it."""
    violation: str = ""
    core_s: float = 0.0
    problem: str = ""
    """Why it could not be tried."""

    @property
    def law(self) -> str:
        """The first law that it broke, or how the run ended: ``raised``, ``storm``, ``stalled``."""
        return self.violation.partition(":")[0]


def hunt(one: Mutant, first: int, seeds: int, runs: int = 0) -> Found:
    """Try at most so many seeds, from ``first`` on, until the mutant breaks a law.

    ``runs``: carry out at most so many of those that have what it needs; 0: all.
    """
    start_s, number, seed = time.process_time(), 0, first
    try:
        with applied(one):
            while seed < first + seeds and not 0 < runs <= number:
                schedule, seed = draw(seed), seed + 1
                if not one.needs(schedule):
                    continue
                number += 1
                violations = Run(schedule).go().violations
                if violations:
                    core_s = time.process_time() - start_s
                    return Found(one, seed - first, number, seed - 1, violations[0], core_s)
    except (Stale, Unread) as wrong:
        return Found(one, 0, problem=str(wrong))
    return Found(one, seed - first, number, core_s=time.process_time() - start_s)


def hunt_all(some: Sequence[Mutant], first: int, seeds: int, runs: int = 0, *, processes: int = 0) -> Iterator[Found]:
    """Yield what became of each, as it is known. ``processes``: 0 for one on each core."""
    tasks = [(one, first, seeds, runs) for one in some]
    count = min(processes or len(os.sched_getaffinity(0)), len(tasks))
    if count == 1:
        yield from map(_hunt, tasks)
        return
    with multiprocessing.get_context("fork").Pool(count, initializer=_settle) as pool:
        yield from pool.imap_unordered(_hunt, tasks)


def _settle() -> None:
    os.nice(NICE)


def _hunt(task: tuple[Mutant, int, int, int]) -> Found:
    return hunt(*task)
