"""Whether a node can act: one that beats while its executor stands still looks healthy and can start and stop nothing.

Beats carry for how long the executor has not answered, so that others see it without any word of its own about it.
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
LEAST_S = 3.0
"""An executor is started anew when it is silent for longer than deadtime, and never before this."""
IN_VAIN = 5
"""So many times as long, and starting it anew was in vain: it hangs where nothing ends it, or dies again and again."""


class Ability:
    """Of this node by what its daemon says of the executor, of the others by their beats."""

    def __init__(self, desk: Desk, detector: Detector, ledger: Ledger) -> None:
        self._desk, self._detector, self._ledger = desk, detector, ledger
        self._tally = Tally(desk, "hung", LIMIT, WINDOW_S)
        self._is_unable: bool | None = None
        self._silent_since_s: float | None = None
        """When the executor answered last; None while it does, and before it was ready for the first time."""
        self._was_ready = False

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

    def silent(self, silent_s: float) -> None:
        """The executor does not answer in time; 0: it does again."""
        self._silent_since_s = self._desk.now_s - silent_s if silent_s else None
        self._desk.urgent = True

    def executor(self, *, is_ready: bool) -> None:
        """It came or went. Gone after a silence, it has been silent for all that time."""
        self._was_ready = self._was_ready or is_ready
        if is_ready:
            self._silent_since_s = None
        elif self._silent_since_s is None and self._was_ready:
            self._silent_since_s = self._desk.now_s

    @property
    def age_s(self) -> float:
        """Return for how long this node's executor has not answered, or is away."""
        return 0.0 if self._silent_since_s is None else self._desk.now_s - self._silent_since_s

    def is_stalled(self, nid: Nid) -> bool:
        """Has this node had no executor that answers, for so long that none will?"""
        beat = self._detector.peers[nid].beat if nid != self._desk.me else None
        age_s = beat.executor_age_ms / 1000 if beat else self.age_s if nid == self._desk.me else 0.0
        return age_s >= IN_VAIN * max(self._detector.deadtime_s, LEAST_S)

    def lost(self, detail: str) -> None:
        """The executor is gone, and with it the outcome of whatever was under way."""
        self._desk.decide(
            "executor.lost",
            self._desk.node(self._desk.me),
            f"the executor is gone: {detail}",
            detail or "its connection ended",
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
            return beat is not None and (beat.unable or self.is_stalled(nid))
        if self._is_unable is None:
            self._is_unable = self._tally.is_full(self._desk.name(nid))
        return self._is_unable

    def why(self, nid: Nid) -> str:
        """Return why a node is unable."""
        return "its executor does not answer" if self.is_stalled(nid) else "its executor stood still again and again"

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
