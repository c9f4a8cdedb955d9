"""Fencing: whoever fell silent without leaving is switched off, once it is known that it may act no more silently.

Here is decided whom, and when: the coordinator of a view that may fence opens a case and, when it is due, has it
carried out (``orders``: by which member; ``attempts``: how). Failure changes nothing except that it is tried again,
ever more slowly, until the node is back, a device works or a person confirms.
"""

from heartbeat.kernel.attempts import Attempts
from heartbeat.kernel.case import Case, Stage
from heartbeat.kernel.cases import Cases
from heartbeat.kernel.causes import Causes
from heartbeat.kernel.channel import Channel
from heartbeat.kernel.credit import Credit
from heartbeat.kernel.desk import Desk
from heartbeat.kernel.detector import Detector
from heartbeat.kernel.devices import Devices
from heartbeat.kernel.exclusion import Exclusion
from heartbeat.kernel.ledger import Ledger
from heartbeat.kernel.membership import Membership
from heartbeat.kernel.orders import Orders
from heartbeat.model.names import Nid
from heartbeat.model.proof import Proof
from heartbeat.model.view import Member, Standing
from heartbeat.wire.messages import FenceMe

RACE_FACTOR = 1.5
"""In two nodes the higher nid waits this many times its device's worst case, so that not both shoot."""


class Fencing:
    """Decides whom to switch off, and when; its parts see to it."""

    def __init__(
        self,
        desk: Desk,
        channel: Channel,
        detector: Detector,
        membership: Membership,
        ledger: Ledger,
        credit: Credit,
        exclusion: Exclusion,
        causes: Causes,
    ) -> None:
        self._desk, self._channel, self._detector = desk, channel, detector
        self._membership, self._ledger, self._credit = membership, ledger, credit
        self._exclusion, self._causes = exclusion, causes
        self.standing = Standing.NO_QUORUM
        self.devices = devices = Devices(desk)
        self.cases = cases = Cases(desk, ledger)
        around = (desk, channel, detector, membership, ledger)
        self.attempts = Attempts(*around, credit, devices, cases)
        self.orders = Orders(*around, exclusion, devices, cases, self.attempts)
        self._held_until_s = 0.0

    # Time.

    def deadline_s(self) -> float:
        unread_s = self.attempts.deadline_s()
        if not self._may_act:
            return unread_s  # what else is due is done in the step that brings a view
        waiting = [c for c in self.cases.values() if c.stage is Stage.WAITING and self._leads(c)]
        times = [max(case.not_before_s, self._held_until_s) for case in waiting]
        if self.standing.may_act:
            times += self._exclusion.deadlines_s()
        if self.standing.may_act and any(self._is_open(nid) for nid in self._absent()):
            initdead_s = self._desk.born_s + self._desk.cluster.timers.initdead_s
            if initdead_s > self._desk.now_s:
                times.append(initdead_s)
        return min([*times, unread_s])

    @property
    def _may_act(self) -> bool:
        is_viewless = self._membership.is_flushing or not self._membership.view.members
        return self.standing.may_act and not is_viewless

    def wake(self) -> None:
        """Close the cases that are over, open those that are wanted, and have those carried out that are due."""
        self._close_returned()
        self.attempts.wake()
        if not self._may_act:
            return
        if self._ledger.dirty:
            for nid, why in self._causes.found():
                self.fence_for_cause(nid, why)
        if self._membership.coordinator == self._desk.me:
            for nid in self._absent():
                if self._is_open(nid) and nid not in self.cases and not self._without_credit(nid):
                    self._open(nid)
        for case in [*self.cases.values()]:
            due_s = max(case.not_before_s, self._held_until_s)
            if case.stage is Stage.WAITING and self._leads(case) and self._desk.now_s >= due_s:
                self.orders.give(case)

    def hold_back(self, seconds: float) -> None:
        """This node stood still: what lies in its sockets may show that the target lives."""
        self._held_until_s = max(self._held_until_s, self._desk.now_s + seconds)

    def go_on(self) -> None:
        """What the fences were held back for is over."""
        self._held_until_s = self._desk.now_s

    def _leads(self, case: Case) -> bool:
        if case.for_cause:
            others = (n for n in self._membership.view.nids if n != case.target.nid)
            return min(others, default=None) == self._desk.me
        return self._membership.coordinator == self._desk.me

    # For silence.

    def _absent(self) -> list[Nid]:
        return [nid for nid in self._desk.others if not self._membership.view.has(nid)]

    def _is_open(self, nid: Nid) -> bool:
        """Should this absent node be fenced? Silent, or still holding something after its time to stop; unproved; and
        somebody's device is meant for it."""
        peer, desk = self._detector.peers[nid], self._desk
        if desk.name(nid) not in desk.cluster.has_device:
            return False
        if self._ledger.proof(nid, peer.incarnation) is not Proof.NONE:
            return False
        if self._exclusion.is_overdue(nid):
            return True
        if peer.alive or self._exclusion.is_spared(nid):
            return False
        # Never heard in this life: it may only be late. A node that merely starts late is not shot.
        return peer.incarnation > 0 or desk.now_s >= desk.born_s + desk.cluster.timers.initdead_s

    def _without_credit(self, nid: Nid) -> bool:
        """From three nodes on a majority decides who is away, and needs no credit for it."""
        is_asked = not self._detector.peers[nid].incarnation and len(self._desk.cluster.nodes) == 2
        return is_asked and self._credit.refuses(nid)

    def _open(self, nid: Nid) -> None:
        peer = self._detector.peers[nid]
        if self._exclusion.is_overdue(nid):
            why = f"{self._desk.name(nid)} beats, is in no view with this node, and does not show that it has stopped"
            self.cases.open(Member(nid, peer.incarnation), why, 0, for_cause=True).is_outside = True
            return
        silence = "is silent and did not leave"
        if not peer.incarnation:
            silence = "has never been heard and initdead has passed"
        elif self._ledger.is_condemned(nid, peer.incarnation):
            silence = "was proved off and speaks all the same"
        why, target = f"{self._desk.name(nid)} {silence}", Member(nid, peer.incarnation)
        self.cases.open(target, why, peer.silent_decision, delay_s=self._delay_s(nid))

    def _delay_s(self, target: Nid) -> float:
        """Two nodes that lost each other would both shoot: the higher nid waits until the other has long shot."""
        delay_s = self._desk.cluster.fence_delay_s
        if len(self._desk.cluster.nodes) == 2 and self._desk.me > target:
            delay_s += RACE_FACTOR * self.devices.race_s(target)
        return delay_s

    # For cause.

    def ask_for_me(self, group: int, detail: str) -> int:
        """A group of mine is blocked: have me switched off, if there are others and a device. Return the decision."""
        desk = self._desk
        has_others = len(self._membership.view.members) > 1 or not self.standing.may_act
        if desk.name(desk.me) not in desk.cluster.has_device or not has_others:
            return 0
        self._channel.post(FenceMe(group, detail))
        return desk.decide("fence.me", desk.node(desk.me), "this node asks to be switched off", detail, alarm=True)

    def fence_for_cause(self, nid: Nid, why: str) -> None:
        """A member cannot stop what it holds and asks to be switched off: another member sees to it."""
        first = min((n for n in self._membership.view.nids if n != nid), default=None)
        if first != self._desk.me or nid == self._desk.me:
            return
        target = Member(nid, self._detector.peers[nid].incarnation)
        if nid not in self.cases or self.cases[nid].target != target:
            self.cases.open(target, why, 0, for_cause=True)

    # Ends.

    def _close_returned(self) -> None:
        """A case that has not begun ends when its target beats again, or came back in another life."""
        for nid, case in [*self.cases.items()]:
            peer = self._detector.peers[nid]
            if case.stage is Stage.UNDER_WAY:
                continue
            has_let_go = case.is_outside and self._exclusion.holds_nothing(nid)
            if case.for_cause and peer.incarnation <= case.target.incarnation and not has_let_go:
                continue
            if case.stage is Stage.PROVED:
                if peer.incarnation > case.target.incarnation:
                    self.cases.drop(nid)
            elif peer.alive or has_let_go:
                self.cases.drop(nid)
                name = self._desk.name(nid)
                text, why = f"{name} is heard again before it was shot", f"a frame of {name} arrived"
                if has_let_go:
                    text, why = f"{name} has stopped what it held", f"{name} says so, and takes no orders now"
                self._desk.decide("fence.cancelled", self._desk.node(nid), f"{text}: not fenced", why, case.cause)

    def proof_withdrawn(self, nid: Nid, cause: int) -> None:
        """The target spoke after it was proved off: it is fenced anew, with another device if there is one."""
        case = self.cases.drop(nid)
        for device in case.level.devices if case else ():
            self.devices.lied(device, nid)
        self._detector.peers[nid].silent_decision = cause
