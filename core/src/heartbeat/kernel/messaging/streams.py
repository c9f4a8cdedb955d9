"""Streams: what each member says in one view, in order and without a gap, kept until every member has it.

A receiver that misses something asks for it: the member that said it first, and after some tries any that has it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from heartbeat.model.names import Nid
from heartbeat.model.view import View
from heartbeat.wire.talk import Places, Run, Say, Want

WANT_FIRST_S = 0.002
"""Slack for reordering before the first request."""
WANT_AGAIN_S, WANT_LAST_S = 0.010, 0.100
"""The wait between two requests for the same gap doubles from the one to the other."""
WANT_MAX = 64
"""Numbers in one request."""
TRIES = 3
"""So many requests go to the member that said it, the later ones to any that has it."""
EARLY_MAX = 1024
"""Kept while an earlier one is missing."""


class Flow:
    """What one member said, as far as this node has it."""

    def __init__(self) -> None:
        self.contiguous = 0
        self.high = 0
        """The highest number known to be said."""
        self.early: dict[int, Say] = {}
        self.kept: dict[int, Say] = {}
        """Up to ``contiguous``, those that some member may still ask for."""
        self.want_s: float | None = None
        self.pause_s = WANT_AGAIN_S
        self.tries = 0

    def take(self, say: Say) -> None:
        if say.number > self.contiguous and len(self.early) < EARLY_MAX:
            self.early[say.number] = say
            self.high = max(self.high, say.number)

    def release(self, now_s: float) -> list[Say]:
        """Return what is in order now, and note whether something is missing."""
        ready: list[Say] = []
        while self.contiguous + 1 in self.early:
            self.contiguous += 1
            say = self.kept[self.contiguous] = self.early.pop(self.contiguous)
            ready.append(say)
        if self.contiguous >= self.high:
            self.want_s = None
        elif self.want_s is None or ready:
            self.want_s, self.pause_s, self.tries = now_s + WANT_FIRST_S, WANT_AGAIN_S, 0
        return ready

    def gap(self) -> tuple[int, int]:
        """Return the first and last number of what is missing before the next that is here."""
        last = min(self.early) - 1 if self.early else self.high
        return self.contiguous + 1, min(last, self.contiguous + WANT_MAX)


class Streams:
    """Of all members of one view."""

    def __init__(self, view: View, me: Nid) -> None:
        self.view, self._me = view, me
        self.index = {nid: at for at, nid in enumerate(view.nids)}
        self.flows = {nid: Flow() for nid in view.nids}
        self._rows = {nid: [0] * len(view.members) for nid in view.nids if nid != me}
        """How far each other member has come with everybody's."""
        self.bytes_out = 0
        """Of my runs that some member may not have."""

    @property
    def sent(self) -> int:
        return self.flows[self._me].contiguous if self.view.members else 0

    @property
    def unstable(self) -> int:
        """Number of things said here that some member may not have."""
        return len(self.flows[self._me].kept) if self._rows else 0

    @property
    def is_unstable(self) -> bool:
        """Is there something of anybody that some member has not shown to have? Its word may have been lost, and who
        said it may know better: so whoever misses it asks."""
        return bool(self._rows) and any(flow.kept for flow in self.flows.values())

    def row(self) -> tuple[int, ...]:
        """Return, by member, up to which number nothing is missing here."""
        return tuple([flow.contiguous for flow in self.flows.values()])

    # Out.

    def say(self, what: Run | Places, past: tuple[int, ...] = ()) -> Say:
        """Number something; it is kept until everybody has it."""
        flow = self.flows[self._me]
        flow.contiguous += 1
        flow.high = flow.contiguous
        say = Say(flow.contiguous, what, past)
        if self._rows:
            flow.kept[say.number] = say
            self.bytes_out += _size(say)
        return say

    def kept(self, of: Nid, first: int, last: int) -> Iterator[Say]:
        """Yield what is still here of a member's numbers, at most so many as one request may want."""
        flow = self.flows.get(of)
        for number in range(first, min(last, first + WANT_MAX - 1) + 1):
            if flow is not None and number in flow.kept:
                yield flow.kept[number]

    # In.

    def take(self, of: Nid, says: Iterable[Say], now_s: float) -> list[Say]:
        """Take what a member said; return what is in order now and was not before."""
        flow = self.flows[of]
        for say in says:
            flow.take(say)
        return flow.release(now_s)

    def told(self, of: Nid, sent: int, now_s: float) -> bool:
        """A member says how much it has said; return whether that is more than was known."""
        flow = self.flows[of]
        if sent <= flow.high:
            return False
        flow.high = sent
        if flow.want_s is None:
            flow.release(now_s)
        return True

    def acked(self, nid: Nid, row: Sequence[int]) -> bool:
        """A member tells how far it has come; return whether that is further than before."""
        known = self._rows[nid]
        news = [at for at, number in enumerate(row[: len(known)]) if number > known[at]]
        for at in news:
            known[at] = row[at]
            self._forget(self.view.nids[at], at)
        return bool(news)

    def cut(self, at: Mapping[Nid, int]) -> None:
        """The view ends: of each member nothing above this number is to come in order any more."""
        for of, number in at.items():
            if of in self.flows:
                early = self.flows[of].early
                self.flows[of].early = {each: say for each, say in early.items() if each <= number}

    def lags(self, nid: Nid) -> bool:
        """Is there something that this node has, and that member has not shown to have?"""
        return any(row < flow.contiguous for row, flow in zip(self._rows[nid], self.flows.values(), strict=True))

    def _forget(self, of: Nid, at: int) -> None:
        flow = self.flows[of]
        least = min(row[at] for row in self._rows.values())
        for number in range(min(flow.kept, default=least + 1), min(least, flow.contiguous) + 1):
            say = flow.kept.pop(number, None)
            if say is not None and of == self._me:
                self.bytes_out -= _size(say)

    # Time.

    def deadline_s(self) -> float:
        return min((flow.want_s for flow in self.flows.values() if flow.want_s is not None), default=float("inf"))

    def wants(self, now_s: float) -> Iterator[tuple[Nid, Want]]:
        """Yield what is to be asked for now, and whom."""
        for of, flow in self.flows.items():
            if flow.want_s is None or flow.want_s > now_s:
                continue
            first, last = flow.gap()
            yield self._whom(of, flow, first), Want(self.view.id, of, first, last)
            flow.tries += 1
            flow.want_s = now_s + flow.pause_s
            flow.pause_s = min(2 * flow.pause_s, WANT_LAST_S)

    def _whom(self, of: Nid, flow: Flow, first: int) -> Nid:
        have = [nid for nid, row in self._rows.items() if row[self.index[of]] >= first]
        if flow.tries < TRIES or not have:
            return of
        return have[flow.tries % len(have)]


def _size(say: Say) -> int:
    return len(say.what.body) if isinstance(say.what, Run) else 16 * len(say.what.runs)
