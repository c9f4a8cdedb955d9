"""The outbox: what this node's programs handed over and the view has not taken yet, and what has no place yet.

A run that wants a place keeps its number from view to view, until the history shows that it has one.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterator

import msgspec

from heartbeat.wire.talk import Run, Verb

QUEUE_MAX = 64
"""Runs that one program may have waiting."""
BACKLOG = 256
"""Runs of this node that wait for their place; the next ones are not said before."""


class Outbox:
    """In the order in which the programs handed it over; what waits for a primary view holds up nothing else."""

    def __init__(self) -> None:
        self._plain: deque[Run] = deque()
        self._ordered: deque[Run] = deque()
        self._unplaced: dict[int, Run] = {}
        self._number = self._newest = 0
        """Of the ordered run that was handed over last, and of the one that was said last."""
        self._waiting: Counter[int] = Counter()

    def __len__(self) -> int:
        return len(self._plain) + len(self._ordered)

    def is_full(self, program: int) -> bool:
        return self._waiting[program] >= QUEUE_MAX

    def put(self, run: Run) -> None:
        if run.verb is Verb.SAY:
            self._waiting[run.program] += 1
        if run.delivery.is_ordered:
            self._number += 1
            self._ordered.append(msgspec.structs.replace(run, number=self._number))
        else:
            self._plain.append(run)

    def take(self, may_say: Callable[[], bool], *, is_primary: bool) -> Iterator[tuple[Run, bool]]:
        """Yield what is to be said now, and whether its program is to be told that it was taken."""
        while self._plain and may_say():
            run = self._plain.popleft()
            yield run, self._is_taken(run)
        while is_primary and self._ordered and may_say() and len(self._unplaced) < BACKLOG:
            run = self._ordered.popleft()
            self._unplaced[run.number] = run
            is_first = run.number > self._newest
            self._newest = max(run.number, self._newest)
            yield run, is_first and self._is_taken(run)

    def placed(self, number: int) -> None:
        """A run of this node's has its place."""
        self._unplaced.pop(number, None)

    def view_ended(self, said: int) -> None:
        """A new view: what has no place is said once more. ``said``: number up to which the history has this node's.

        Who comes and goes, the new view knows from what its members brought.
        """
        again = [run for _, run in sorted(self._unplaced.items())]
        self._unplaced.clear()
        self._ordered = deque(run for run in (*again, *self._ordered) if run.number > said and run.verb is Verb.SAY)
        self._plain = deque(run for run in self._plain if run.verb is Verb.SAY)

    def _is_taken(self, run: Run) -> bool:
        if run.verb is not Verb.SAY:
            return False
        self._waiting[run.program] -= 1
        if not self._waiting[run.program]:
            del self._waiting[run.program]
        return True
