"""The receiving side: looks at a node's slot, and feeds the watchdog after each look that shows no order to end.

Nothing here resets the machine: not to feed is all that it does, and it cannot fail to do that.
"""

import enum
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace

from heartbeat.plugin import BadConfig, PluginError, Unreachable
from heartbeat.plugin.watchdog import Watchdog

from heartbeat_stonith_sbd.disk_set import DiskSet
from heartbeat_stonith_sbd.layout import NO_ID, Message, Phase, State

ACCESS_SHARE = 4
"""An access to a disk may take a fourth of the watchdog's time-out: a look and a write then leave half of it."""
FRESH_SHARE = 2
"""A look that took longer than half the time-out feeds nobody. Safety does not need it (see death.py); it is a stall
that everybody should hear of."""


class Round(enum.Enum):
    """What came of one look."""

    FED = "a majority answered, and there is no order: the watchdog was fed"
    MISSED = "no majority of the disks answered in time: the watchdog was not fed"
    DYING = "an order to end was read: the watchdog is never fed again"


@dataclass(frozen=True, slots=True)
class Node:
    """Who receives: a name and a life."""

    name: str
    boot_id: uuid.UUID


class Receiver:
    """One life's receiver. ``begin``, then ``round`` for ever, with a pause of the disks' interval in between."""

    def __init__(
        self,
        disks: DiskSet,
        node: Node,
        arm: Callable[[float], Watchdog],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``arm``: opens, and thereby starts, the watchdog with a time-out in seconds."""
        self._disks, self._node, self._arm, self._clock = disks, node, arm, clock
        self.phase = Phase.NEVER
        self._watchdog: Watchdog | None = None
        self._state = State("")
        self._number = -1

    def begin(self) -> None:
        """Arm the watchdog, then say so on a majority of the disks. Raises PluginError; then no watchdog runs.

        An order for this very life forbids it: the machine is about to be reset, and feeding it anew would make the
        proof false that somebody has built on that.
        """
        slot = self._disks.slot(self._node.name)
        if slot.fences(self._node.boot_id) or _is_dying(slot.state, self._node.boot_id):
            raise PluginError(f"{self._node.name} is fenced in this very life: it must boot anew before it takes part")
        watchdog_s = self._disks.header.watchdog_s
        watchdog = self._arm(watchdog_s)
        try:
            if watchdog.timeout_s > watchdog_s:
                raise BadConfig(
                    f"{watchdog.identity} waits {watchdog.timeout_s:g} s, and the disks promise {watchdog_s:g} s: make "
                    f"them with --watchdog {watchdog.timeout_s:g}"
                )
            self._number = slot.number
            self._state = State(
                slot.state.node, self._node.boot_id, Phase.ARMED, bool(watchdog.weakness), watchdog.timeout_s,
                slot.state.count,
            )  # fmt: skip
            if not self._say(Phase.ARMED):
                raise Unreachable("no majority of the disks takes the word that a receiver runs")
        except BaseException:
            watchdog.disarm()
            raise
        self._disks.limit_s = watchdog.timeout_s / ACCESS_SHARE
        self._watchdog, self.phase = watchdog, Phase.ARMED

    def round(self) -> Round:
        """Look once, and feed the watchdog or not. Raises nothing but what the watchdog itself raises."""
        assert self._watchdog is not None, "begin comes first"
        if self.phase is Phase.DYING:
            self._disks.write_state(self._number, self._state)  # the same again, for a disk that comes back
            return Round.DYING
        began_s = self._clock()
        slot = self._disks.look(self._number)
        orders = slot.fences(self._node.boot_id) if slot else []
        if orders:
            return self._die(orders[0])
        if slot is None or not slot.is_whole or self._clock() - began_s > self._watchdog.timeout_s / FRESH_SHARE:
            return Round.MISSED
        self._watchdog.feed()
        self._say(Phase.ARMED)
        return Round.FED

    def leave(self) -> None:
        """End in order: only with a majority that knows, and without an order. Raises PluginError; then it goes on.

        First everybody is told, then the watchdog stops: who sees it armed may rely on it.
        """
        assert self._watchdog is not None, "begin comes first"
        slot = self._disks.look(self._number)
        if slot is None or not slot.is_whole:
            raise Unreachable("no majority of the disks answers: who watches this node would believe it watched")
        if slot.fences(self._node.boot_id) or self.phase is Phase.DYING:
            raise PluginError("an order to end is on the disks: the watchdog will reset this machine")
        if not self._watchdog.can_disarm:
            raise PluginError(f"{self._watchdog.identity} cannot be stopped (nowayout): it would reset this machine")
        if not self._say(Phase.LEFT):
            self._say(Phase.ARMED)  # for the disk that took it
            raise Unreachable("no majority of the disks takes the word that the receiver ends")
        self._watchdog.disarm()
        self._watchdog, self.phase = None, Phase.LEFT

    def _die(self, order: Message) -> Round:
        self.phase = Phase.DYING
        self._say(Phase.DYING, order.id)
        return Round.DYING

    def _say(self, phase: Phase, answered: uuid.UUID = NO_ID) -> bool:
        """Write what this receiver is, newer than all before it; return whether a majority took it."""
        self._state = replace(self._state, phase=phase, answered=answered, count=self._state.count + 1)
        return self._disks.write_state(self._number, self._state) >= self._disks.majority


def _is_dying(state: State, boot_id: uuid.UUID) -> bool:
    return state.boot_id == boot_id and state.phase is Phase.DYING
