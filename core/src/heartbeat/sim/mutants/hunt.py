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
    """Run until it was caught; or in vain."""
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


def hunt(one: Mutant, first: int, seeds: int) -> Found:
    """Run at most so many seeds, from ``first`` on, until the mutant breaks a law."""
    start_s = time.process_time()
    try:
        with applied(one):
            for seed in range(first, first + seeds):
                violations = Run(draw(seed)).go().violations
                if violations:
                    return Found(one, seed - first + 1, seed, violations[0], time.process_time() - start_s)
    except (Stale, Unread) as wrong:
        return Found(one, 0, problem=str(wrong))
    return Found(one, seeds, core_s=time.process_time() - start_s)


def hunt_all(some: Sequence[Mutant], first: int, seeds: int, *, processes: int = 0) -> Iterator[Found]:
    """Yield what became of each, as it is known. ``processes``: 0 for one on each core."""
    tasks = [(one, first, seeds) for one in some]
    count = min(processes or len(os.sched_getaffinity(0)), len(tasks))
    if count == 1:
        yield from map(_hunt, tasks)
        return
    with multiprocessing.get_context("fork").Pool(count, initializer=_settle) as pool:
        yield from pool.imap_unordered(_hunt, tasks)


def _settle() -> None:
    os.nice(NICE)


def _hunt(task: tuple[Mutant, int, int]) -> Found:
    return hunt(*task)
