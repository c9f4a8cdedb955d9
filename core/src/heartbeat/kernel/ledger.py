"""The ledger: which node holds which group, in the owners' words, and which nodes are proved to hold nothing.

A node in the view says itself what it holds. A node outside may hold everything until it is proved away, whatever
was last heard of it: an order that we never saw may have reached it.
"""

from heartbeat.kernel.desk import Desk
from heartbeat.model.names import Nid
from heartbeat.model.proof import Proof, Proved
from heartbeat.model.view import ViewId
from heartbeat.wire.messages import Holding, Local

LEFT = "left in order"
"""The words of a proof that a node gave about itself."""


class Row:
    """One other node's own words, newest first by frame number."""

    def __init__(self) -> None:
        self.incarnation = 0
        self.sequence = 0
        self.told: tuple[Holding, ...] = ()
        self.holdings: dict[int, Holding] = {}
        """The same, by group."""
        self.rests = ViewId()
        """The newest view that it takes no order of; epoch 0 when it may act."""
        self.since_s: dict[int, float] = {}
        """By group: when this node was first told of its present state."""


class Ledger:
    """What this node knows of everybody's holdings."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._rows: dict[Nid, Row] = {nid: Row() for nid in desk.others}
        self.mine: dict[int, Holding] = {}
        self.proofs: dict[Nid, Proved] = {}
        self.proved_s: dict[Nid, float] = {}
        self._ghosts: dict[Nid, tuple[int, float]] = {}
        """Lives that spoke after they were proved over, and when they last did."""
        self.dirty = True
        """Something that planning depends on has changed."""

    def told(
        self,
        nid: Nid,
        incarnation: int,
        sequence: int,
        holdings: tuple[Holding, ...],
        rests: ViewId = ViewId(),  # noqa: B008 - frozen
    ) -> None:
        """Take a node's own report; an older frame than the last one taken says nothing."""
        row = self._rows[nid]
        if (incarnation, sequence) <= (row.incarnation, row.sequence):
            return
        if incarnation == row.incarnation and holdings == row.told and rests == row.rests:
            row.sequence = sequence
            return
        told = {holding.group: holding for holding in holdings}
        if told != row.holdings or incarnation != row.incarnation or rests != row.rests:
            self.dirty = self._desk.changed = True
        for group, holding in told.items():
            if group not in row.holdings or row.holdings[group].state is not holding.state:
                row.since_s[group] = self._desk.now_s
        row.incarnation, row.sequence, row.holdings, row.told = incarnation, sequence, told, holdings
        row.rests = rests

    def holding(self, nid: Nid, group: int) -> Holding | None:
        """Return what a node said last about a group; None when it never spoke of it."""
        return (self.mine if nid == self._desk.me else self._rows[nid].holdings).get(group)

    def state(self, nid: Nid, group: int) -> Local:
        holding = self.holding(nid, group)
        return holding.state if holding else Local.UNKNOWN

    def highest_token(self, group: int) -> int:
        """Return the highest token of a group that any node says it has seen."""
        rows = (self.mine, *(row.holdings for row in self._rows.values()))
        return max((row[group].token for row in rows if group in row), default=0)

    def told_s(self, nid: Nid, group: int) -> float:
        """Return when another node was first heard to be in its present state with a group."""
        return self._rows[nid].since_s.get(group, self._desk.now_s)

    def incarnation(self, nid: Nid) -> int:
        """Return the newest life of a node that was heard of; 0 for none."""
        return self._rows[nid].incarnation

    def last_word(self, nid: Nid, incarnation: int) -> tuple[ViewId, tuple[int, ...]]:
        """Return since which view this life of a node rests, and which groups it does not call stopped."""
        row = self._rows[nid]
        if row.incarnation != incarnation:
            return ViewId(), ()
        states = {group: self.state(nid, group) for group in range(len(self._desk.cluster.groups))}
        return row.rests, tuple(group for group, state in states.items() if state is not Local.STOPPED)

    # Proofs.

    def prove(self, proved: Proved) -> bool:
        """Take a proof; False when a proof as strong about this life or a later one was there already."""
        known = self.proofs.get(proved.nid)
        if known and (known.incarnation, known.proof) >= (proved.incarnation, proved.proof):
            return False
        self.proofs[proved.nid] = proved
        self.proved_s[proved.nid] = self._desk.now_s
        self.dirty = self._desk.changed = True
        return True

    def condemn(self, nid: Nid, incarnation: int) -> None:
        """A frame came from a life that was proved over: the proof was wrong, and this life is never trusted again."""
        self.proofs.pop(nid, None)
        self._ghosts[nid] = (incarnation, self._desk.now_s)
        self.dirty = self._desk.changed = True

    def ghost_spoke(self, nid: Nid, incarnation: int) -> None:
        self._ghosts[nid] = (max(incarnation, self._ghosts[nid][0]), self._desk.now_s)

    def is_condemned(self, nid: Nid, incarnation: int) -> bool:
        """Did this life of a node, or a later one, ever speak after it was proved over?"""
        return nid in self._ghosts and incarnation <= self._ghosts[nid][0]

    def is_haunted(self, nid: Nid, incarnation: int) -> bool:
        """Does such a life still speak? Then no person may confirm it as off, and nothing is taken from it."""
        spoke_s = self._ghosts[nid][1] if self.is_condemned(nid, incarnation) else float("-inf")
        return self._desk.now_s < spoke_s + self._desk.cluster.timers.deadtime_s

    def proof(self, nid: Nid, incarnation: int) -> Proof:
        """Return how strongly this life of a node is proved over."""
        proved = self.proofs.get(nid)
        return proved.proof if proved and proved.incarnation >= incarnation else Proof.NONE

    def left_in_order(self, nid: Nid, incarnation: int) -> bool:
        """Did this life of a node say goodbye? Such a node may finish its sentence; a fenced one must be silent."""
        proved = self.proofs.get(nid)
        return bool(proved and proved.how == LEFT and proved.incarnation >= incarnation)

    def needed(self, *, shares_data: bool) -> Proof:
        """Return the proof that a takeover needs."""
        return Proof.SELF_FENCED if shares_data and not self._desk.cluster.asked_is_enough else Proof.ASKED
