"""Who votes in a cluster of three nodes or more: how much each counts, and who decides between equal halves."""

from collections.abc import Iterable

import msgspec

from heartbeat.model.names import Nid

NOBODY = Nid(-1)


class Electorate(msgspec.Struct, frozen=True):
    """Committed configuration: it never shrinks because somebody is away."""

    votes: tuple[int, ...] = ()
    """By nid; empty: one for each node."""
    tie_breaker: Nid = NOBODY
    """The half that holds this node goes on; NOBODY: neither does."""

    def of(self, nids: Iterable[Nid]) -> int:
        """Return the votes of these nodes together."""
        return sum(self.votes[nid] if self.votes else 1 for nid in nids)
