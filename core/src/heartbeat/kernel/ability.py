"""Whether a node can act: one that beats while its executor stands still looks healthy and can start and stop nothing.

The daemon has such an executor started anew. Once may be bad luck. Twice within some minutes is this machine: its
groups move to nodes that can act, and it is given none until it has been well for as long.
"""

from heartbeat.kernel.desk import Desk
from heartbeat.kernel.detector import Detector
from heartbeat.kernel.ledger import Ledger
from heartbeat.kernel.tally import Tally
from heartbeat.model.names import Nid

LIMIT = 2
WINDOW_S = 600.0


class Ability:
    """Of this node by what its daemon says of the executor, of the others by their beats."""

    def __init__(self, desk: Desk, detector: Detector, ledger: Ledger) -> None:
        self._desk, self._detector, self._ledger = desk, detector, ledger
        self._tally = Tally(desk, "hung", LIMIT, WINDOW_S)
        self._is_unable: bool | None = None

    def hung(self, silent_s: float) -> None:
        """The executor has not answered for so long and is being started anew."""
        desk = self._desk
        name = desk.name(desk.me)
        self._tally.count(name)
        desk.decide(
            "executor.hung",
            desk.node(desk.me),
            f"the executor stands still: nothing from it for {silent_s:.1f} s; it is started anew",
            f"no answer for {silent_s:.1f} s",
            alarm=True,
        )

    def forgot(self, why: str) -> None:
        """The executor does not know any more which orders this machine has seen."""
        self._desk.decide(
            "executor.forgot",
            self._desk.node(self._desk.me),
            "the executor does not know any more which orders it has seen: it goes by what this daemon has sent",
            why,
            alarm=True,
        )

    def is_unable(self, nid: Nid) -> bool:
        """Must this node be given nothing, and relieved of what it holds?"""
        if nid != self._desk.me:
            beat = self._detector.peers[nid].beat
            return beat is not None and beat.unable
        if self._is_unable is None:
            self._is_unable = self._tally.is_full(self._desk.name(nid))
        return self._is_unable

    def wake(self) -> None:
        """Look whether this node has become unable, or has been well for long enough."""
        desk = self._desk
        before, self._is_unable = self._is_unable, self._tally.is_full(desk.name(desk.me))
        if self._is_unable == bool(before):
            return
        kind, text, why = "self.able", "this node may be given groups again", f"{WINDOW_S / 60:g} minutes have passed"
        if self._is_unable:
            kind, text = "self.unable", "this node cannot act reliably: its groups move to nodes that can"
            why = f"its executor stood still {LIMIT} times within {WINDOW_S / 60:g} minutes"
        desk.decide(kind, desk.node(desk.me), text, why, alarm=self._is_unable)
        self._ledger.dirty = desk.urgent = True
