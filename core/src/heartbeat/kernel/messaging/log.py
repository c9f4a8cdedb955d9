"""The log: the one history of ordered runs that passes from primary view to primary view.

Its rank is the newest primary view whose SYNC this node accepted. It rises there and not at INSTALL: a member that had
accepted a view would else speak in the next change with its older rank, and a longer tail of that rank would win over
what was committed since. A view that is not primary leaves rank and history as they are.

The history is kept in memory. A node that starts anew has none, and where so many have none that a committed run may
be among what was lost, the next primary view founds a new line and every program is told that it may have a gap.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from heartbeat.model.delivery import Delivery
from heartbeat.model.names import Nid
from heartbeat.model.view import Member, ViewId
from heartbeat.wire.talk import Entry

KEPT = 64
"""Newest places that are kept although every member has given them out: who was away for less has no gap."""
ROOTS_MAX = 32
"""Primary views remembered, newest last; who comes from an earlier one has a gap."""


class Log:
    """One node's part of the history: the places from ``floor`` (excluded) to ``held``."""

    def __init__(self) -> None:
        self.line = ViewId()
        self.roots: list[tuple[ViewId, int]] = []
        self.floor = self.held = self.given = 0
        self.entries: dict[int, Entry] = {}
        self.said: dict[Member, int] = {}
        """By origin: the number of its newest run up to ``held``."""
        self._holds: dict[Nid, int] = {}
        self._gave: dict[Nid, int] = {}
        """How far each other member of the present primary view has come."""
        self._outlives: Callable[[tuple[Nid, ...]], bool] = lambda _: True

    @property
    def rank(self) -> ViewId:
        return self.roots[-1][0] if self.roots else ViewId()

    @property
    def base(self) -> int:
        """The place after which the present rank began."""
        return self.roots[-1][1] if self.roots else 0

    def append(self, entry: Entry) -> None:
        """The next place."""
        self.held += 1
        self.entries[self.held] = entry
        if entry.origin not in self.said:  # of an earlier life nothing is ever said again
            self.said = {member: number for member, number in self.said.items() if member.nid != entry.origin.nid}
        self.said[entry.origin] = max(entry.run.number, self.said.get(entry.origin, 0))

    def is_said(self, origin: Member, number: int) -> bool:
        """Has this run of an origin's life its place already?"""
        return number <= self.said.get(origin, 0)

    def some(self, first: int, last: int) -> Iterator[Entry]:
        """Yield the entries of these places, as far as they are kept."""
        for place in range(first, last + 1):
            if place not in self.entries:
                return
            yield self.entries[place]

    # From one view to the next.

    def cut(self, after: int, *, goes_on: bool) -> None:
        """What is above this place is no part of the line; without ``goes_on`` nothing of this history is."""
        if not goes_on:
            self.entries.clear()
            self.floor = self.given = after
        for place in [place for place in self.entries if place > after]:
            del self.entries[place]
        self.held = after

    def rise(self, line: ViewId, roots: Sequence[tuple[ViewId, int]], said: Mapping[Member, int]) -> None:
        """Accept a primary view: the last root is its own, and what is held now is its base."""
        self.line, self.roots, self.said = line, list(roots)[-ROOTS_MAX:], dict(said)

    def skip(self) -> None:
        """What is held now was said before this node's programs came."""
        self.given = self.held

    # Within a primary view.

    def enter(self, others: Sequence[Nid], outlives: Callable[[tuple[Nid, ...]], bool]) -> None:
        """The view of this rank is in force. ``outlives``: is what this node and these others hold committed?"""
        self._outlives = outlives
        self._holds = dict.fromkeys(others, self.base)
        self._gave = dict.fromkeys(others, self.base)  # or holds what it has not given out yet, by its SYNCED
        self._forget()

    def told(self, nid: Nid, held: int, given: int) -> bool:
        """Another member says how far it has come; return whether that is further than before."""
        if held <= self._holds[nid] and given <= self._gave[nid]:
            return False
        self._holds[nid] = max(held, self._holds[nid])
        self._gave[nid] = max(given, self._gave[nid])
        self._forget()
        return True

    def lags(self, nid: Nid) -> bool:
        """Has that member not shown to hold everything that this node does?"""
        return self._holds[nid] < self.held

    @property
    def is_unstable(self) -> bool:
        """Is there something that was not given out here, or that some member has not shown to hold?"""
        return self.given < self.held or any(held < self.held for held in self._holds.values())

    @property
    def unstable(self) -> int:
        """Number of places that some member has not given to its programs."""
        return self.held - min(self._gave.values(), default=self.given)

    def ready(self) -> Iterator[tuple[int, Entry]]:
        """Yield what may be given out now, by place, and take it for given out."""
        places = sorted(self._holds.values(), reverse=True)
        safe = self._committed()
        while self.given < self.held:
            run = self.entries[self.given + 1].run
            if run.delivery is Delivery.SAFE and self.given >= min(safe, self._held_by(run.others, places)):
                break
            self.given += 1
            yield self.given, self.entries[self.given]
        self._forget()

    def rest(self, up_to: int) -> Iterator[tuple[int, Entry]]:
        """Yield everything up to a place: all members of the next view hold it."""
        while self.given < up_to:
            self.given += 1
            yield self.given, self.entries[self.given]

    def _committed(self) -> int:
        """Return the place up to which enough members hold everything."""
        holders: list[Nid] = []
        place = self.held
        for nid in sorted(self._holds, key=lambda nid: (-self._holds[nid], nid)):
            if self._outlives(tuple(sorted(holders))):
                return place
            holders.append(nid)
            place = min(place, self._holds[nid])
        return place if self._outlives(tuple(sorted(holders))) else 0

    def _held_by(self, others: int, places: Sequence[int]) -> int:
        """Return the place up to which so many others hold everything, or all of them where there are fewer."""
        count = min(others, len(places))
        return places[count - 1] if count > 0 else self.held

    def _forget(self) -> None:
        """Nobody in the view asks again for what every member has given out; one that comes back may, for a while."""
        least = min(self.given, *self._gave.values(), self.held - KEPT) if self._gave else self.given - KEPT
        for place in range(self.floor + 1, least + 1):
            self.entries.pop(place, None)
        self.floor = max(self.floor, least)
