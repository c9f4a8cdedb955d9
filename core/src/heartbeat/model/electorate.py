"""Who votes in a cluster of three nodes or more: how much each counts, and who decides between equal halves."""

from collections.abc import Iterable

import msgspec

from heartbeat.model.names import Nid
from heartbeat.model.view import ViewId

NOBODY = Nid(-1)


class Electorate(msgspec.Struct, frozen=True, omit_defaults=True):
    """Committed configuration: it never shrinks because somebody is away."""

    votes: tuple[int, ...] = ()
    """By nid; empty: one for each node."""
    tie_breaker: Nid = NOBODY
    """The half that holds this node goes on; NOBODY: neither does."""
    window_s: float = 0.0
    """Last man standing: seconds that a view with quorum stands still before its members are the voters; 0: never."""
    tie_breakers: tuple[str, ...] = ()
    """Whom the halves ask outside of the cluster, in this order; the last one may grant, the others only deny."""

    def of(self, nids: Iterable[Nid]) -> int:
        """Return the votes of these nodes together."""
        return sum(self.votes[nid] if self.votes else 1 for nid in nids)


class Roll(msgspec.Struct, frozen=True, array_like=True):
    """Whose votes count, as one node knows it, where the voters follow the members (last man standing)."""

    since: ViewId = ViewId()
    """The view in which this was in force first; epoch 0: the node has never been in a view with quorum."""
    voters: tuple[Nid, ...] = ()
    tried: ViewId = ViewId()
    """Not epoch 0: the view that was to change it. Whether that came into force the node does not know."""
    candidates: tuple[Nid, ...] = ()
    """The voters from that view on."""
