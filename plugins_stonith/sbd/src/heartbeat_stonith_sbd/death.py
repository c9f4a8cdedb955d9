"""What the disks prove about the end of one life of a node. Pure: time and slots are handed in.

A receiver feeds its watchdog once after each look at its messages, and only when a majority of the disks answered the
look and none of them had an order for it. So for T, the watchdog's time-out, and an order that a majority has held
since P: the last feeding belongs to a look that began before P. The feeding before that one was earlier still, and at
most T lies between two feedings of a machine that lives. The last one is therefore before P + T, however long the
receiver was stopped in between, and the machine is reset before P + 2T. That is why msgwait is at least 2T.

An answer shortens it: who has answered feeds no more, and is reset T after that at the latest. In both cases our clock
may be 1 % faster than the watchdog's, and the proof is in the last look, which must show the same life and not a
receiver that goes on.
"""

import uuid
from dataclasses import dataclass

from heartbeat.plugin import Power

from heartbeat_stonith_sbd.layout import Header, Phase
from heartbeat_stonith_sbd.slot import Slot

CLOCK_RATE = 1.01
"""By so much two clocks may differ: as for the cluster's own waiting."""
NOT_FENCED = {
    Phase.NEVER: "no receiver has ever used its slot: hb-sbd watch must run there",
    Phase.LEFT: "its receiver was ended in order, so that nobody there reads a message",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """What a look says."""

    power: Power
    why: str
    """One line for a person."""
    wait_s: float = 0.0
    """So long it takes until waiting may prove more; 0: it will not."""


class Death:
    """The end of one life, watched by one process with its own clock. ``heard``: the boot id that the cluster knows."""

    def __init__(self, boot_id: uuid.UUID, heard: uuid.UUID | None) -> None:
        self.boot_id, self._heard = boot_id, heard
        self._is_known = heard == boot_id
        """The receiver is of a life that was seen: by the cluster, or by its writing while we look. Otherwise it may be
        an old one's, and the node may run without any."""
        self._told_s: float | None = None
        self._orders: set[uuid.UUID] = set()
        self._dying_s: float | None = None
        self._count = -1
        self._moved_s: float | None = None

    def look(self, slot: Slot, header: Header) -> Finding:
        """Judge a look at the slot; the looks of one process in order."""
        state = slot.state
        if state.boot_id != self.boot_id:
            return Finding(Power.ON, "it has booted anew since")
        if state.phase in NOT_FENCED:
            return Finding(Power.UNKNOWN, NOT_FENCED[state.phase])
        self._remember(slot)
        if not slot.is_told(self.boot_id) and state.phase is not Phase.DYING:
            return Finding(Power.ON, "its receiver has no order to end")
        if state.is_weak:
            return Finding(Power.UNKNOWN, "its watchdog may stand still together with the machine")
        return self._judged(slot, header)

    def _remember(self, slot: Slot) -> None:
        if self._count >= 0 and slot.state.count != self._count:
            self._is_known, self._moved_s = True, slot.asked_s
        self._count = slot.state.count
        orders = {it.id for it in slot.fences(self.boot_id)}
        if not slot.is_told(self.boot_id):
            self._told_s = None
        elif self._told_s is None or not orders <= self._orders:
            self._told_s, self._orders = slot.asked_s, orders  # an order is written once: who sees it was not away
        if slot.state.phase is Phase.DYING:
            self._dying_s = slot.asked_s if self._dying_s is None else self._dying_s

    def _judged(self, slot: Slot, header: Header) -> Finding:
        watchdog_s = CLOCK_RATE * max(slot.state.watchdog_s, header.watchdog_s)
        msgwait_s = max(CLOCK_RATE * header.msgwait_s, 2 * watchdog_s)
        if self._dying_s is not None:
            end_s, how = self._dying_s + watchdog_s, f"it has answered, and its watchdog had {watchdog_s:.1f} s since"
        else:
            assert self._told_s is not None
            end_s, how = self._told_s + msgwait_s, f"a majority has held the order for {msgwait_s:.1f} s"
        if self._moved_s is not None and self._moved_s > end_s:
            return Finding(Power.ON, "its receiver goes on in spite of the order")
        left_s = max(end_s, (self._moved_s or 0.0) + watchdog_s) - slot.asked_s
        if left_s > 0:
            return Finding(Power.UNKNOWN, "its watchdog may still have time", left_s)
        if self._dying_s is None and not self._is_known:
            return Finding(Power.UNKNOWN, self._not_known())
        return Finding(Power.OFF, how)

    def _not_known(self) -> str:
        if self._heard is None:
            return "its receiver has not answered, and whether one runs there nobody has seen: it may be on"
        return f"the slot is of boot {self.boot_id} and the cluster heard boot {self._heard}, which has no receiver"
