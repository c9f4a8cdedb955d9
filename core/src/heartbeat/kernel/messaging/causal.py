"""Causal order: an unordered message is given out after all that was given out where and when it was said.

What a member said in a view is given out in its own order; a CAUSAL message waits, and all of its sender behind it.
"""

from collections import deque
from collections.abc import Iterator

from heartbeat.model.delivery import Delivery
from heartbeat.model.names import Nid
from heartbeat.wire.talk import Run, Say


class Causal:
    """The unordered messages of one view that are here and not given out."""

    def __init__(self, nids: tuple[Nid, ...]) -> None:
        self._nids = nids
        self._waiting: dict[Nid, deque[Say]] = {nid: deque() for nid in nids}
        self._passed = dict.fromkeys(nids, 0)
        """By member: the number of its unordered run that was given out last."""

    def came(self, of: Nid, say: Say) -> None:
        """The next thing that a member said: only its unordered runs wait here."""
        if isinstance(say.what, Run) and not say.what.delivery.is_ordered:
            self._waiting[of].append(say)

    def past(self) -> tuple[int, ...]:
        """Return, by member, the number of its unordered run that was given out here last."""
        return tuple([self._passed[nid] for nid in self._nids])

    def ready(self) -> Iterator[tuple[Nid, Run]]:
        """Yield what may be given out now, and take it for given out."""
        is_stuck = False
        while not is_stuck:
            is_stuck = True
            for of in self._nids:
                waiting = self._waiting[of]
                while waiting and self._may(of, waiting[0]):
                    say = waiting.popleft()
                    self._passed[of] = say.number
                    is_stuck = False
                    assert isinstance(say.what, Run)
                    yield of, say.what

    def _may(self, of: Nid, say: Say) -> bool:
        assert isinstance(say.what, Run)
        if say.what.delivery is not Delivery.CAUSAL:
            return True
        known = zip(self._nids, say.past, strict=False)
        return all(nid == of or self._passed[nid] >= number for nid, number in known)
