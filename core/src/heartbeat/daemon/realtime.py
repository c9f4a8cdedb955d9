"""Real-time scheduling, locked memory and a garbage collector that keeps out of the way.

Whatever is not permitted is said once and done without: a cluster on a machine that grants nothing still works,
with deadtimes to match.
"""

import ctypes
import gc
import os
import resource
from collections.abc import Callable
from pathlib import Path

import msgspec

from heartbeat.config.cluster_config import ProcessConfig

_MCL_CURRENT, _MCL_FUTURE, _MCL_ONFAULT = 1, 2, 4
"""asm-generic/mman.h"""
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
"""malloc.h"""
KEPT_BYTES = 4 * 1024 * 1024
"""Freed memory that stays with the process, so that the frames of a busy moment do not fault it in each time."""
OOM_SCORE_ADJ = -900
"""Near the end of the kernel's list, yet before what it must never end (-1000)."""
YOUNG_OBJECTS = 5000
"""So many container objects made and not yet examined bring a collection, in the next idle slot."""


class RealTime(msgspec.Struct, frozen=True):
    """What is in force."""

    loop_priority: int
    """0: ordinary scheduling."""
    locked: bool
    problems: tuple[str, ...] = ()

    def __str__(self) -> str:
        """One line: ``real-time priority 2, memory locked``, or what is missing and why."""
        running = f"real-time priority {self.loop_priority}" if self.loop_priority else "ordinary scheduling"
        memory = "memory locked" if self.locked else "memory not locked"
        missing = f" ({'; '.join(self.problems)})" if self.problems else ""
        return f"{running}, {memory}{missing}"


def go_realtime(config: ProcessConfig, deadtime_s: float) -> RealTime:
    """Set scheduling and memory of this (only) thread and process; raises nothing."""
    if not config.realtime:
        return RealTime(0, locked=False, problems=("'realtime off' in ha.cf",))
    problems: list[str] = []
    priority = loop_priority(config)
    try:
        _schedule(priority)
    except OSError as wrong:
        problems.append(f"SCHED_RR: {wrong.strerror}; needs root or CAP_SYS_NICE")
        priority = 0
    locked = lock_memory()
    if locked:
        problems.append(f"mlockall: {locked}; needs root or CAP_IPC_LOCK")
    if priority:
        limit_spinning(deadtime_s)
    return RealTime(priority, not locked, tuple(problems))


def loop_priority(config: ProcessConfig) -> int:
    """Return the loop's priority: ``rtprio``, but at least 2, so that the storage thread has one below it."""
    return min(max(config.rtprio, 2), os.sched_get_priority_max(os.SCHED_RR))


def guard_priority(config: ProcessConfig) -> int:
    """Return the priority of the executor's guard, 0 without real-time: above the loop, which may be spinning."""
    if not config.realtime:
        return 0
    return min(loop_priority(config) + 1, os.sched_get_priority_max(os.SCHED_RR))


def below(real_time: RealTime) -> Callable[[], None]:
    """Return what a helping thread calls first: real-time too, one below the loop.

    An ordinary thread that is preempted while it holds the interpreter lock would make the loop wait for it; measured
    with 16 busy loops, that made beats late by up to 17 ms, against 0.9-4 ms.
    """
    if not real_time.loop_priority:
        return lambda: None
    return lambda: _schedule(real_time.loop_priority - 1)


def _schedule(priority: int) -> None:
    """Set the calling thread's class. RESET_ON_FORK: what we fork is ordinary again."""
    os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(priority))


def lock_memory() -> str:
    """Lock what is and will be touched; returns the problem, empty when all is well.

    ONFAULT: stacks and arenas that are never touched stay unlocked (without it five threads lock 52 MB, with it 8).
    Nothing is read from RLIMIT_MEMLOCK first: with CAP_IPC_LOCK the call works whatever that says.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if hasattr(libc, "mallopt"):  # glibc's; what another libc keeps is its own matter
        libc.mallopt(_M_MMAP_THRESHOLD, KEPT_BYTES)
        libc.mallopt(_M_TRIM_THRESHOLD, KEPT_BYTES)
    if libc.mlockall(_MCL_CURRENT | _MCL_FUTURE | _MCL_ONFAULT) == 0:
        return ""
    return os.strerror(ctypes.get_errno())


def limit_spinning(deadtime_s: float) -> None:
    """Have the kernel end this process when a thread runs for deadtime without ever waiting (getrlimit(2))."""
    soft, hard = int(deadtime_s * 500_000), int(deadtime_s * 1_000_000)
    resource.setrlimit(resource.RLIMIT_RTTIME, (soft, hard))


def protect_from_oom() -> None:
    """Have the kernel end others first, when memory runs out. For root only; what is not permitted is done without."""
    try:
        Path("/proc/self/oom_score_adj").write_text(f"{OOM_SCORE_ADJ}\n", encoding="ascii")
    except OSError:
        return  # not permitted: the machine's choice then


class Collector:
    """Garbage collection by hand: nothing at random moments, a little where nobody waits."""

    def __init__(self) -> None:
        gc.collect()
        gc.freeze()
        gc.disable()
        self._young = 0

    def idle(self) -> None:
        """Collect a little, if there is reason to: called when the loop has sent its beat and has nothing to do."""
        if gc.get_count()[0] < YOUNG_OBJECTS:
            return
        self._young += 1
        generation = 2 if self._young % 100 == 0 else 1 if self._young % 10 == 0 else 0
        gc.collect(generation)
