"""Should this node's watchdog be fed? With each beat, and only while nothing is lost by the machine living on.

Only the process that steps this kernel feeds it, so a daemon that hangs, or is gone for good, ends with its machine.
From three nodes on one more thing does: to hold something without a quorum that is with us. That makes of the
device a promise to the others (``promise_ms``), and of their waiting a proof: ``kernel.self_fence`` takes it.

Two nodes never starve it for the other one's silence. Each half would wait for the other one's end, and both would
end; and one that is fed in its silence proves nothing, so in two nodes nobody goes by it.
"""

from heartbeat.kernel.ability import Ability
from heartbeat.kernel.backing import Backing
from heartbeat.kernel.desk import Desk
from heartbeat.kernel.effects import Feed, Halt
from heartbeat.kernel.events import WatchdogKnown
from heartbeat.kernel.groups import LocalGroup
from heartbeat.kernel.membership import Membership
from heartbeat.model.cluster import Cluster
from heartbeat.model.watchdog import VOTERS, promise_s
from heartbeat.wire.messages import Local

SELF_FENCE_AFTER_S = 60.0
"""A group that cannot be stopped gives others' devices so long to switch this node off; twice what is asked of one."""
NEVER_S = float("-inf")
NEW_LIFE = "the others may have proved this life over by its watchdog"


def proves(cluster: Cluster) -> bool:
    """Can a watchdog prove anything in this cluster? Only where the same nodes are a quorum for everybody at any time:
    from three nodes on, and not where the voters follow the members (last_man_standing) or a half may be granted it."""
    return len(cluster.nodes) >= VOTERS and not (cluster.electorate.window_s or cluster.electorate.tie_breakers)


class Watchdog:
    """This node's own, if its files name one (``Cluster.watchdog_s``)."""

    def __init__(
        self,
        desk: Desk,
        membership: Membership,
        backing: Backing,
        ability: Ability,
        groups: tuple[LocalGroup, ...],
    ) -> None:
        self._desk, self._membership, self._backing = desk, membership, backing
        self._ability, self._groups = ability, groups
        self.device: WatchdogKnown | None = None
        """What is known of the device; None before it was opened, which the first feeding does."""
        self._backed_s = NEVER_S
        """The newest moment at which a quorum is known to have been with this node."""
        self._has_promised = False
        self._fed_s = NEVER_S
        """When it could be fed last."""
        self._is_hungry = False
        self._hunger = ""
        """Why it is not fed, as it was told."""
        self._is_over = False

    @property
    def is_used(self) -> bool:
        return self._desk.cluster.watchdog_s > 0

    def known(self, device: WatchdogKnown) -> None:
        """The device was opened, or something is wrong with it."""
        desk, before, self.device = self._desk, self.device, device
        if device == before:
            return
        desk.urgent = True
        if device.problem:
            text, why = f"the watchdog does not run: {device.problem}", device.problem
            desk.decide("watchdog.missing", desk.node(desk.me), text, why, alarm=True)
            return
        text = (
            f"the watchdog runs ({device.identity}): this machine is reset {device.timeout_s:g} s after the last beat"
        )
        if device.weakness:
            text += f"; to the others that proves nothing: {device.weakness}"
        elif not proves(desk.cluster):
            text += "; to the others that proves nothing in such a cluster"
        desk.decide("watchdog.armed", desk.node(desk.me), text, "the device was opened and told its time-out")

    def show(self) -> str:
        """Return what ``hb nodes`` says of this node."""
        if self.device is None or self.device.problem:
            return "this node"
        return (
            f"this node; its watchdog resets it {self.device.timeout_s:g} s after it was fed ({self.device.identity})"
        )

    def problem(self) -> str:
        """Return what is wrong with the watchdog at the moment; empty when nothing is."""
        if self._hunger:
            return f"the watchdog is not fed: {self._hunger}"
        if self.device is not None and self.device.problem:
            return f"the watchdog does not run: {self.device.problem}"
        if self.device is not None and self.device.weakness and proves(self._desk.cluster):
            return f"the watchdog proves nothing to the others: {self.device.weakness}"
        return ""

    @property
    def is_settled(self) -> bool:
        """Will beats go on promising what the last one did, while nothing happens?"""
        is_weak = self.device is not None and bool(self.device.weakness)
        return not self.is_used or not proves(self._desk.cluster) or self._has_promised or is_weak

    @property
    def is_armed(self) -> bool:
        return self.device is not None and not self.device.problem

    def promise_ms(self) -> int:
        """Promise the others, and return for a beat, when this life ends (``model.watchdog.promise_s``).

        0: no promise, as before the first quorum.
        """
        device, timers = self.device, self._desk.cluster.timers
        if device is None or not self.is_armed or device.weakness:
            return 0
        if not self._has_promised and not self._is_backed:
            return 0  # the agreement on a first view may be older than what would end this life at once
        self._has_promised = True
        return round(1000 * promise_s(timers.deadtime_s, timers.keepalive_s, device.timeout_s))

    # Time.

    def beat_left(self) -> None:
        """A beat has left, after everything that had arrived was read: feed the device if it may be."""
        if self.is_used and not self._is_over and not self.hunger():
            self._fed_s = self._desk.now_s
            self._desk.effects.append(Feed(self._desk.now_s + self._desk.cluster.timers.keepalive_s))

    def wake(self) -> None:
        """Tell when feeding ends and when it goes on, and end a life that the others may take for over."""
        if not self.is_used or self._is_over:
            return
        hunger = self.hunger()
        self._is_hungry = bool(hunger)
        self._tell(hunger)
        self._end_life()

    def deadline_s(self) -> float:
        """Return when there is something to tell, though nothing happens: that it starves, or that it begins to."""
        if not self.is_used:
            return float("inf")
        times = [self._last_rung_s()]
        if self._is_hungry and not self._hunger:
            times.append(self._fed_s + self._desk.cluster.timers.deadtime_s)
        return min((at_s for at_s in times if at_s > self._desk.now_s), default=float("inf"))

    def hunger(self) -> str:
        """Return why the device must not be fed now; empty when it may be."""
        is_backed = self._is_backed
        if self._holds_nothing:
            return ""
        if why := self._stalled() or self._last_rung():
            return why
        if not proves(self._desk.cluster):
            return ""  # PENDING feeds: see above
        if is_backed:
            return ""
        return "no quorum has shown a beat of this node within deadtime, and it has not shown that it holds nothing"

    @property
    def _holds_nothing(self) -> bool:
        return all(group.state is Local.STOPPED for group in self._groups)

    @property
    def _is_backed(self) -> bool:
        if not proves(self._desk.cluster):
            return False
        since_s = self._backing.since_s()
        self._backed_s = max(self._backed_s, since_s)
        return self._desk.now_s <= self._backed_s + self._desk.cluster.timers.deadtime_s

    def _stalled(self) -> str:
        """An executor that is gone for good can stop nothing; where nobody can take over, what runs is left running."""
        others = (nid for nid in self._membership.view.nids if nid != self._desk.me)
        if self._ability.is_stalled(self._desk.me) and not all(map(self._ability.is_unable, others)):
            return "its executor does not answer, so it can stop nothing of what it holds"
        return ""

    def _last_rung(self) -> str:
        """What can neither be stopped nor is switched off by others ends with the machine, if another one is there."""
        if self._desk.now_s < self._last_rung_s():
            return ""
        blocked = self._blocked()
        assert blocked is not None
        waited = f", and nobody switched this node off within {SELF_FENCE_AFTER_S:g} s" if self._has_device else ""
        return f"it cannot stop {blocked.group.name}: {blocked.detail}{waited}"

    def _last_rung_s(self) -> float:
        """Return when it comes to that."""
        blocked = self._blocked()
        if blocked is None or len(self._membership.view.members) < 2:
            return float("inf")
        return blocked.since_s + (SELF_FENCE_AFTER_S if self._has_device else 0.0)

    def _blocked(self) -> LocalGroup | None:
        """Return the group that has been blocked for longest."""
        groups = (group for group in self._groups if group.state is Local.BLOCKED)
        return min(groups, key=lambda group: group.since_s, default=None)

    @property
    def _has_device(self) -> bool:
        return self._desk.name(self._desk.me) in self._desk.cluster.has_device

    def _tell(self, hunger: str) -> None:
        """Say it when it has lasted for a deadtime: in each new view a keepalive passes before anybody backs us."""
        desk, device = self._desk, self.device
        if not hunger:
            self._fed_s = desk.now_s
        lasted_s = desk.now_s - self._fed_s
        is_due = desk.now_s >= self._fed_s + desk.cluster.timers.deadtime_s if hunger else True
        if device is None or device.problem or bool(hunger) == bool(self._hunger) or not is_due:
            return
        if hunger:
            left_s = max(device.timeout_s - lasted_s, 0.0)
            text = f"the watchdog is not fed: in {left_s:.1f} s this machine is reset, unless that ends: {hunger}"
            desk.decide("watchdog.starves", desk.node(desk.me), text, hunger, alarm=True)
        else:
            text, why = "the watchdog is fed again: this machine lives on", f"it is over that {self._hunger}"
            desk.decide("watchdog.fed", desk.node(desk.me), text, why)
        self._hunger = hunger

    def _end_life(self) -> None:
        """The others wait until a machine that holds something would be reset, and then call this life over.

        One that holds nothing lives on, so its daemon begins a new life before they are done with waiting.
        """
        after_s = 2 * self._desk.cluster.timers.deadtime_s
        if not (self._has_promised and self._holds_nothing) or self._is_backed:
            return
        if self._desk.now_s < self._backed_s + after_s:
            return
        self._is_over = True
        desk = self._desk
        desk.decide(
            "self.new-life",
            desk.node(desk.me),
            f"this daemon begins a new life: it holds nothing, and {NEW_LIFE}",
            f"no quorum was with it for {after_s:g} s",
        )
        desk.effects.append(Halt(NEW_LIFE, clean=False))
