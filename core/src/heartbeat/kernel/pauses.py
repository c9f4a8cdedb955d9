"""This node stood still: its processes were stopped, or the whole machine was suspended and its clock with it.

Whoever was not heard meanwhile may have spoken, so nobody is judged for it; and the others may have gone on.
"""

from heartbeat.kernel.desk import Desk
from heartbeat.kernel.detector import Detector
from heartbeat.kernel.fencing import Fencing
from heartbeat.kernel.groups import LocalGroup
from heartbeat.kernel.hold import Hold
from heartbeat.kernel.membership import Membership


class Pauses:
    """Tells the parts what a pause means for them."""

    def __init__(
        self,
        desk: Desk,
        detector: Detector,
        membership: Membership,
        fencing: Fencing,
        hold: Hold,
        groups: tuple[LocalGroup, ...],
    ) -> None:
        self._desk, self._detector, self._membership = desk, detector, membership
        self._fencing, self._hold, self._groups = fencing, hold, groups

    def notice(self, last_s: float) -> None:
        """Between two beats of ours nothing should last longer than a keepalive: if it did, we were the silent one.

        ``last_s``: time of the last step.
        """
        timers, gap_s = self._desk.cluster.timers, self._desk.now_s - last_s
        late_s = gap_s - timers.keepalive_s
        self._hold.woke(gap_s)
        if late_s <= timers.deadtime_s / 2:
            return
        self._detector.postpone(late_s)
        self._others_went_on("this node stood still in the middle of the start")
        if last_s < self._desk.born_s + timers.initdead_s:
            # Who has not been heard yet gets a deadtime, too: it was this node that could not hear.
            least_s = self._desk.now_s + timers.deadtime_s - timers.initdead_s
            self._desk.born_s = max(self._desk.born_s, least_s)
        self._desk.decide(
            "self.paused",
            self._desk.node(self._desk.me),
            f"this node stood still for {late_s:.3f} s: no verdict on others for now",
            f"{gap_s:.3f} s between two steps, keepalive is {timers.keepalive_s:g} s",
            alarm=True,
        )

    def suspended(self, seconds: float) -> None:
        """The machine was suspended for so long. Our clock does not show it, so nobody seems to have been silent."""
        self._desk.decide(
            "self.suspended",
            self._desk.node(self._desk.me),
            f"this machine was suspended for {seconds:.3f} s",
            "the clock that counts suspended time went on without the one that does not",
            alarm=True,
        )
        self._hold.slept(seconds)
        if seconds > self._desk.cluster.timers.deadtime_s / 2:
            self._detector.postpone(0.0)  # what is silent now was nearly so before, and may have spoken since
            self._others_went_on("this machine was suspended in the middle of the start")

    def _others_went_on(self, why: str) -> None:
        self._fencing.hold_back(self._desk.cluster.timers.deadtime_s)
        self._membership.doubt()
        for group in self._groups:
            group.give_up_start(why)
