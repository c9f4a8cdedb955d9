"""Ghosts: lives that were proved over and speak all the same. The proof was wrong, whoever gave it.

Such a life never joins again: it must be switched off once more, or its daemon started anew. What was started on
the strength of the proof is stopped here, because the ghost had it first.
"""

from heartbeat.kernel.desk import Desk
from heartbeat.kernel.fencing import Fencing
from heartbeat.kernel.groups import LocalGroup
from heartbeat.kernel.ledger import Ledger
from heartbeat.model.names import Nid
from heartbeat.wire.messages import Beat, Local, Message


class Ghosts:
    """Watches for them, and yields to them."""

    def __init__(self, desk: Desk, ledger: Ledger, fencing: Fencing, groups: tuple[LocalGroup, ...]) -> None:
        self._desk, self._ledger, self._fencing, self._groups = desk, ledger, fencing, groups
        self._believed_s: dict[Nid, float] = {}
        """When the proof was taken that turned out wrong: what started here after it started second."""

    def speaks(self, nid: Nid, incarnation: int, message: Message | None) -> bool:
        """Take a frame's message, None for a copy of one taken before; True: a ghost sent it, it counts for no more."""
        ledger, proved = self._ledger, self._ledger.proofs.get(nid)
        is_over = proved is not None and incarnation <= proved.incarnation
        if is_over and ledger.left_in_order(nid, incarnation):
            return False  # one that left in order may finish its sentence
        if message is None:  # a copy on another link, or a recording, shows no life
            return is_over or ledger.is_condemned(nid, incarnation)
        # Frames sent before the end may still be on their way; deadtime is longer than any queue.
        if is_over and self._desk.now_s > ledger.proved_s[nid] + self._desk.cluster.timers.deadtime_s:
            self._withdraw(nid, incarnation)
        if not ledger.is_condemned(nid, incarnation):
            return is_over
        ledger.ghost_spoke(nid, incarnation)
        if isinstance(message, Beat):
            self._yield(nid, message)
        return True

    def _withdraw(self, nid: Nid, incarnation: int) -> None:
        name, how = self._desk.name(nid), self._ledger.proofs[nid].how
        self._believed_s[nid] = self._ledger.proved_s[nid]
        cause = self._desk.decide(
            "fence.withdrawn",
            self._desk.node(nid),
            f"{name} speaks although it was proved off: the proof is withdrawn, and this life of it never joins again",
            f"a frame of life {incarnation} arrived after the proof ({how})",
            alarm=True,
        )
        self._ledger.condemn(nid, incarnation)
        self._fencing.proof_withdrawn(nid, cause)

    def _yield(self, nid: Nid, beat: Beat) -> None:
        """Stop what the ghost holds too, if it was started here after the ghost was believed dead."""
        claimed = {holding.group for holding in beat.holdings if holding.state is not Local.STOPPED}
        for group in self._groups:
            is_later = group.since_s >= self._believed_s.get(nid, float("inf"))
            if group.index in claimed and is_later and group.state in (Local.RUNNING, Local.STARTING):
                group.stop(0, f"{self._desk.name(nid)} still holds it and had it first")
