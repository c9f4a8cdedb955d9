"""Shrinking: the smallest schedule that still breaks the same law.

First whole faults go (ddmin), then what surrounds them: the subset, the crash, noise, clocks, devices, groups.
"""

from collections.abc import Callable, Iterator, Sequence

import msgspec

from heartbeat.model.electorate import Electorate
from heartbeat.sim.run import Run
from heartbeat.sim.schedule import Fault, Schedule

Breaks = Callable[[Schedule], bool]


def laws(schedule: Schedule) -> set[str]:
    """Return the laws that a run of this schedule breaks."""
    return {text.partition(":")[0] for text in Run(schedule).go().violations}


def shrink(schedule: Schedule, law: str, tell: Callable[[str], None] = lambda _: None) -> Schedule:
    """Return a schedule that breaks the law and cannot do without any of its faults."""

    def breaks(candidate: Schedule) -> bool:
        return law in laws(candidate)

    while True:
        before = schedule
        schedule = _with(before, ddmin(before.faults, lambda some, before=before: breaks(_with(before, some))))  # type: ignore[misc]
        tell(f"{len(schedule.faults)} faults left")
        for simpler in _simpler(schedule):
            # Each candidate is made from the schedule as it was; what was left out meanwhile stays out.
            candidate = msgspec.structs.replace(schedule, **simpler)
            if candidate != schedule and breaks(candidate):
                schedule = candidate
        if schedule == before:
            return schedule


def _with(schedule: Schedule, faults: Sequence[Fault]) -> Schedule:
    return msgspec.structs.replace(schedule, faults=tuple(faults))


def _simpler(schedule: Schedule) -> Iterator[dict[str, object]]:
    """Yield fields to set, each of which makes the schedule simpler."""
    yield {"subset": ()}
    yield {"crash": -1}
    yield {"clocks": ()}
    yield {"real_bytes": False}
    yield {"boots": tuple(0.0 for _ in schedule.boots)}
    last_s = max((fault.at_s for fault in schedule.faults), default=0.0)
    yield {"chaos_s": round(last_s + 3 * schedule.shape.deadtime_s, 3)}
    shape = schedule.shape
    for fields in ({"fence_delay_s": 0.0}, {"reset_after_off": True}, {"links": 1}, {"links": 2}):
        yield {"shape": msgspec.structs.replace(shape, **fields)}
    yield {"shape": msgspec.structs.replace(shape, electorate=Electorate())}


def ddmin(faults: Sequence[Fault], breaks: Callable[[Sequence[Fault]], bool]) -> Sequence[Fault]:
    """Return a part of the faults that still breaks, none of which can be left out (Zeller's ddmin, complements)."""
    pieces = 2
    while faults:
        size = max(len(faults) // pieces, 1)
        for start in range(0, len(faults), size):
            rest = [*faults[:start], *faults[start + size :]]
            if breaks(rest):
                faults, pieces = rest, max(pieces - 1, 2)
                break
        else:
            if size == 1:
                return faults
            pieces = min(pieces * 2, len(faults))
    return faults
