"""Leaving in order: stop everything, say so, and go only when the others know.

LEAVE is a proof: the node names what it could not show to be stopped, and everything else is free at once, without
fencing. A node that could not stop something stays.
"""

from heartbeat.kernel.channel import Channel
from heartbeat.kernel.desk import Desk
from heartbeat.kernel.detector import Detector
from heartbeat.kernel.director import Director
from heartbeat.kernel.effects import Answer, Disarm, Halt
from heartbeat.kernel.groups import LocalGroup
from heartbeat.kernel.ledger import LEFT, Ledger
from heartbeat.kernel.membership import REPEAT_S, Membership
from heartbeat.model.names import Nid
from heartbeat.model.proof import Proof, Proved
from heartbeat.model.view import Member
from heartbeat.wire.api import Done, Moved, Progress
from heartbeat.wire.messages import Leave, LeaveSeen, Local

LOOK_S = 10.0
"""How long a node that leaves waits for the first look at what runs here; without an executor it will never come."""


class Leaving:
    """This node's own way out, and what it makes of others' LEAVE."""

    def __init__(
        self,
        desk: Desk,
        channel: Channel,
        detector: Detector,
        membership: Membership,
        ledger: Ledger,
        director: Director,
        groups: tuple[LocalGroup, ...],
    ) -> None:
        self._desk, self._channel, self._detector, self._membership = desk, channel, detector, membership
        self._ledger, self._director, self._groups = ledger, director, groups
        self.is_leaving = False
        self.is_gone = False
        self._cause = 0
        self._tickets: list[int] = []
        self._had: list[str] = []
        self._seen: set[Nid] = set()
        self._unproved_told: dict[Nid, Leave] = {}
        self._since_s: float | None = None
        """When the first LEAVE was sent."""
        self._repeat_s = float("inf")
        self._look_until_s = float("inf")

    def ask(self, why: str, ticket: int | None = None) -> None:
        """Begin to leave; asked again, the second asker waits for the same end."""
        if ticket is not None:
            self._tickets.append(ticket)
        if self.is_leaving:
            return
        self.is_leaving = True
        self._look_until_s = self._desk.now_s + LOOK_S
        self._had = [group.group.name for group in self._groups if group.state is Local.RUNNING]
        self._director.leaving.add(self._desk.me)
        self._cause = self._desk.decide("leave.asked", "cluster", "this node leaves the cluster in order", why)
        self._tell(Progress("stopping what runs here"))
        self._ledger.dirty = self._desk.urgent = True
        for group in self._groups:
            if group.state is Local.BLOCKED:
                # What could not be stopped then may be stopped now: the person asks anew.
                group.stop(0, "this node leaves the cluster")

    def deadline_s(self) -> float:
        looking = self.is_leaving and self._since_s is None and self._desk.now_s < self._look_until_s
        return min(self._repeat_s, self._look_until_s if looking else float("inf"))

    def wake(self) -> None:
        if not self.is_leaving or self.is_gone:
            return
        if self._since_s is None:
            self._stop_groups()
        if self._since_s is not None:
            self._say_goodbye(self._since_s)

    def _stop_groups(self) -> None:
        for group in self._groups:
            group.drop_preparation()
            if group.state is Local.RUNNING or group.is_busy:
                group.stop(0, "this node leaves the cluster")
        if any(group.is_busy for group in self._groups):
            return
        if self._desk.now_s < self._look_until_s and any(group.state is Local.UNKNOWN for group in self._groups):
            return  # the executor is only coming up: what was looked at can be given up without a fence
        blocked = [group for group in self._groups if group.state is Local.BLOCKED]
        if blocked:
            self._stay(blocked)
            return
        if any(group.state is Local.RUNNING for group in self._groups):
            return
        self._since_s = self._repeat_s = self._desk.now_s

    def _stay(self, blocked: list[LocalGroup]) -> None:
        """What cannot be stopped must not be left alone: the daemon goes on guarding it."""
        names = ", ".join(group.group.name for group in blocked)
        details = "; ".join(group.detail for group in blocked)
        self._desk.decide(
            "leave.failed",
            "cluster",
            f"this node does not leave: {names} could not be stopped",
            details,
            self._cause,
            alarm=True,
        )
        self._tell(Done(False, f"not left: {details}"))
        self.is_leaving = False
        self._director.leaving.discard(self._desk.me)
        self._tickets.clear()
        self._ledger.dirty = self._desk.urgent = True

    def _say_goodbye(self, since_s: float) -> None:
        now = self._desk.now_s
        others = {nid for nid in self._membership.view.nids if nid != self._desk.me and self._detector.peers[nid].alive}
        if others <= self._seen or now >= since_s + self._detector.deadtime_s:
            self._go(sorted(others - self._seen))
        elif now >= self._repeat_s:
            self._repeat_s = now + REPEAT_S
            self._channel.send(Leave(self._desk.member, self._unproved()))

    def _unproved(self) -> tuple[int, ...]:
        """What was never looked at (no executor, so far) is not proved stopped."""
        return tuple(group.index for group in self._groups if group.state is not Local.STOPPED)

    def _go(self, unaware: list[Nid]) -> None:
        self.is_gone, self._repeat_s = True, float("inf")
        if unaware:
            heard = f"{', '.join(self._desk.name(nid) for nid in unaware)} did not acknowledge within deadtime"
        else:
            heard = "every other member knows"
        unproved = ", ".join(self._groups[index].group.name for index in self._unproved())
        text = f"has left without showing that {unproved} is stopped" if unproved else LEFT
        self._desk.decide(
            "leave.done",
            "cluster",
            f"this node {text}" if unproved else "this node has left in order and holds nothing",
            heard,
            self._cause,
            alarm=bool(unproved),
        )
        moved = tuple(Moved(name, self._desk.name(self._desk.me), "", None) for name in self._had)
        self._tell(Done(not unproved, text, moved))
        if not unproved and self._desk.cluster.watchdog_s:
            self._desk.effects.append(Disarm())
        self._desk.effects.append(Halt(text, clean=not unproved))

    def _tell(self, answer: Done | Progress) -> None:
        self._desk.effects += [Answer(ticket, answer) for ticket in self._tickets]

    def client_gone(self, ticket: int) -> None:
        self._tickets = [t for t in self._tickets if t != ticket]

    # Others.

    def others_leave(self, nid: Nid, leave: Leave) -> None:
        """A node says goodbye: what it does not name is free."""
        self._channel.send(LeaveSeen(leave.member), to=nid)
        if leave.member != Member(nid, self._detector.peers[nid].incarnation):
            return
        if leave.unproved:
            if self._unproved_told.get(nid) == leave:
                return
            self._unproved_told[nid] = leave
            names = ", ".join(self._groups[i].group.name for i in leave.unproved if 0 <= i < len(self._groups))
            self._desk.decide(
                "node.left-unproved",
                self._desk.node(nid),
                f"{self._desk.name(nid)} left without showing that {names} is stopped",
                "its LEAVE says so",
                alarm=True,
            )
            return
        if self._ledger.prove(Proved(nid, leave.member.incarnation, Proof.CONFIRMED, LEFT)):
            self._director.cause = self._desk.decide(
                "node.left",
                self._desk.node(nid),
                f"{self._desk.name(nid)} left in order and holds nothing",
                f"{self._desk.name(nid)} said so in its LEAVE",
            )

    def seen(self, nid: Nid, message: LeaveSeen) -> None:
        if message.member == self._desk.member:
            self._seen.add(nid)
