"""Calm: every node is here, nothing is under way, and the only thing to do is to beat.

Most steps of a healthy cluster take a beat that says what the last one said, or send one. Giving every part its turn in
each of them was most of what an idle cluster cost. While calm lasts such a step ends after the beat, and must do
exactly what it would have done with the whole round: a test lets chance look for a difference.
"""

from collections.abc import Callable, Sequence

from heartbeat.kernel.ability import Ability
from heartbeat.kernel.desk import Desk
from heartbeat.kernel.detector import Detector
from heartbeat.kernel.fencing import Fencing
from heartbeat.kernel.hold import Hold
from heartbeat.kernel.ledger import Ledger
from heartbeat.kernel.membership import Membership, Phase
from heartbeat.kernel.watchdog import Watchdog
from heartbeat.model.names import Nid


class Calm:
    """Whether the next step can be a short one, and when some part wants its turn again."""

    def __init__(
        self,
        desk: Desk,
        detector: Detector,
        membership: Membership,
        ledger: Ledger,
        fencing: Fencing,
        hold: Hold,
        ability: Ability,
        watchdog: Watchdog,
        slow: Sequence[Callable[[], float]],
    ) -> None:
        """``slow``: the deadlines of all parts whose deadlines no beat moves that says what the last one said."""
        self._desk, self._detector, self._membership, self._ledger = desk, detector, membership, ledger
        self._fencing, self._hold, self._ability, self._slow = fencing, hold, ability, slow
        self._watchdog = watchdog
        self._is_calm = False
        self._rest_s = float("-inf")
        self.until_s = float("-inf")
        """When the first part wants its turn, or later: silence is put off by every frame since."""

    def look(self) -> None:
        """All parts have had their turn: did anything come of it? What one does may be work for another."""
        self._is_calm = self._has_nothing() and self._is_whole()
        self._rest_s = min(deadline_s() for deadline_s in self._slow)

    def end(self) -> None:
        """Something is to be looked at in the next step, although nothing of what calm goes by has changed."""
        self._is_calm = False

    def lasts(self) -> bool:
        """Has nothing come of this step either, and has no part's time come?"""
        return self._is_calm and self._desk.now_s < self.until_s and self._has_nothing()

    def look_ahead(self) -> float:
        """Return when the first part wants its turn, as things are now."""
        self.until_s = min(self._detector.deadline_s(), self._hold.deadline_s(), self._rest_s)
        return self.until_s

    def _has_nothing(self) -> bool:
        """Nothing came of this step so far, and nothing waits to be looked at."""
        desk = self._desk
        nothing_new = not (desk.effects or desk.urgent or desk.changed or self._ledger.dirty)
        return nothing_new and self._hold.resync_s is None

    def _is_whole(self) -> bool:
        """Every node is a member of this view and hears me, none is to be switched off, and this one can act.

        What is done about a node that is away depends on its age in many places, and not always on a deadline.
        """
        if self._fencing.cases or self._ability.is_unable(self._desk.me) or not self._watchdog.is_settled:
            return False
        return all(map(self._is_with_us, self._desk.others))

    def _is_with_us(self, nid: Nid) -> bool:
        """By its own word, too; and it is not the loser of a contest, whose silence has to be told to the network."""
        beat, view = self._detector.peers[nid].beat, self._membership.view
        if beat is None or beat.view != view.id or beat.phase != Phase.MEMBER.value:
            return False
        is_member = view.has(nid) and self._detector.hears_me(nid)
        return is_member and not any(holding.muted for holding in beat.holdings)
