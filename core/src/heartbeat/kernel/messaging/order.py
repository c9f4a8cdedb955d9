"""The order: places for what was said, given by the coordinator of a primary view and taken by its members.

Members say runs to everybody; the coordinator says only who gets the next places. A place counts at a member once it
has the run too.
"""

from collections import deque
from collections.abc import Iterator

from heartbeat.kernel.messaging.log import Log
from heartbeat.model.names import Nid
from heartbeat.model.view import View
from heartbeat.wire.talk import Entry, Places, Run

WINDOW = 256
"""Places that some member has not given to its programs; the next ones wait."""
PLACES_MAX = 64
"""In one announcement."""


class Order:
    """In one primary view."""

    def __init__(self, view: View, log: Log) -> None:
        self._log = log
        self._origins = {member.nid: member for member in view.members}
        self._runs: dict[tuple[Nid, int], Run] = {}
        """Said and without a place in the log."""
        self._unplaced: deque[tuple[Nid, int]] = deque()
        """The same, oldest first; kept by the coordinator."""
        self._places: deque[tuple[Nid, int]] = deque()
        """Announced and not in the log, for want of the run."""

    def came(self, of: Nid, number: int, run: Run) -> None:
        """A member said something that wants a place."""
        self._runs[of, number] = run
        self._unplaced.append((of, number))

    def announced(self, places: Places) -> None:
        """The coordinator gave the next places."""
        self._places.extend(places.runs)

    def fill(self) -> None:
        """Put into the log what has its place and is here."""
        while self._places and self._places[0] in self._runs:
            key = self._places.popleft()
            self._log.append(Entry(self._origins[key[0]], self._runs.pop(key)))
        if not self._places:
            self._forget()

    def give(self) -> Iterator[Places]:
        """As the coordinator: yield places for what waits, as far as the slowest member lets it go on."""
        room = WINDOW - self._log.unstable - len(self._places)
        while self._unplaced and room > 0:
            some = [self._unplaced.popleft() for _ in range(min(PLACES_MAX, room, len(self._unplaced)))]
            room -= len(some)
            fresh = tuple(key for key in some if not self._is_said(*key))
            if fresh:
                yield Places(fresh)

    @property
    def waiting(self) -> int:
        return len(self._runs)

    def _is_said(self, of: Nid, number: int) -> bool:
        """Was it ordered in an earlier view, as its sender could not know?"""
        run = self._runs[of, number]
        is_said = self._log.is_said(self._origins[of], run.number)
        if is_said:
            del self._runs[of, number]
        return is_said

    def _forget(self) -> None:
        """Only the coordinator needs to know in which order the runs came: the others drop what has its place."""
        while self._unplaced and self._unplaced[0] not in self._runs:
            self._unplaced.popleft()
