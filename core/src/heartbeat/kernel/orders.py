"""Orders: which member carries a case out, and what the members tell each other of it.

The one who leads picks a member whose device reaches the target: itself if it can, else it orders another one. Who
hears the target refuses to shoot it for its silence.
"""

from heartbeat.kernel.attempts import Attempts
from heartbeat.kernel.case import Case, Stage
from heartbeat.kernel.cases import LIMIT, LIMIT_WINDOW_S, Cases
from heartbeat.kernel.channel import Channel
from heartbeat.kernel.desk import Desk
from heartbeat.kernel.detector import Detector
from heartbeat.kernel.devices import Devices
from heartbeat.kernel.exclusion import Exclusion
from heartbeat.kernel.ledger import Ledger
from heartbeat.kernel.membership import Membership
from heartbeat.model.names import Nid
from heartbeat.model.proof import Proof
from heartbeat.wire.messages import FenceOrder, FenceReport, State

DEVICE_TIMEOUT_S = 60.0
"""Longest time for a colleague's device."""


class Orders:
    """Given, taken and reported on, in the present view."""

    def __init__(
        self,
        desk: Desk,
        channel: Channel,
        detector: Detector,
        membership: Membership,
        ledger: Ledger,
        exclusion: Exclusion,
        devices: Devices,
        cases: Cases,
        attempts: Attempts,
    ) -> None:
        self._desk, self._channel, self._detector, self._membership = desk, channel, detector, membership
        self._ledger, self._exclusion, self._devices = ledger, exclusion, devices
        self._cases, self._attempts = cases, attempts

    # Given.

    def give(self, case: Case) -> None:
        """Have a case carried out that is due, here or by another member."""
        desk, nid = self._desk, case.target.nid
        if self._cases.tally.is_full(desk.name(nid)):
            self._cases.give_up(case, f"it was fenced {LIMIT} times within {LIMIT_WINDOW_S / 60:g} minutes")
            return
        able = [m for m in self._membership.view.nids if m != nid and self._can(m, nid)]
        if not able:
            self._cases.failed(case, f"no device of this view's members reaches {desk.name(nid)}")
            return
        case.by = desk.me if desk.me in able else able[0]
        if case.by == desk.me:
            self._attempts.begin(case)
        else:
            case.not_before_s = desk.now_s + DEVICE_TIMEOUT_S * 2
            self._channel.post(
                FenceOrder(self._membership.view.id, case.number, case.target, case.by, case.why, case.for_cause),
                to=case.by,
            )

    def _can(self, member: Nid, target: Nid) -> bool:
        if member == self._desk.me:
            return bool(self._devices.names(target))
        beat = self._detector.peers[member].beat
        return beat is not None and target in beat.can_fence

    # Taken.

    def ordered(self, order: FenceOrder) -> None:
        """The one who leads wants this node to switch somebody off."""
        nid = order.target.nid
        is_void = order.view != self._membership.view.id or self._membership.is_flushing
        if order.by != self._desk.me or is_void or nid == self._desk.me or self._cases.is_shooting(nid):
            return
        case = Case(order.target, 0, order.id)
        case.why, case.by, case.for_cause = order.why, self._desk.me, order.for_cause
        refusal = "" if self._devices.names(nid) else "its devices do not reach it any more"
        is_fresh = self._detector.age_s(nid) < self._desk.cluster.timers.warntime_s
        is_heard = self._detector.peers[nid].alive and is_fresh and not order.for_cause
        if is_heard:
            refusal = "it still hears it"
        if refusal:
            state = "refused" if is_heard else "failed"
            self._attempts.tell(case, state, None, f"{self._desk.name(self._desk.me)} refuses: {refusal}")
            return
        self._cases.add(case)
        case.cause = self._desk.decide(
            "fence.ordered",
            self._desk.node(order.target.nid),
            f"the coordinator has {self._desk.name(order.target.nid)} switched off",
            order.why,
        )
        self._attempts.begin(case)

    # Reported.

    def reported(self, sender: Nid, report: FenceReport) -> None:
        """Another member tells how its fence goes; a result for another id or life changes nothing here."""
        nid = report.target.nid
        if nid == self._desk.me:
            return
        if report.proved is not None and self._ledger.prove(report.proved):
            self._cases.tally.count(self._desk.name(nid))
            self._desk.decide(
                "fence.proved",
                self._desk.node(nid),
                f"{self._desk.name(nid)} is off: {report.detail}",
                f"{self._desk.name(sender)} reports it",
            )
        case = self._cases.get(nid)
        if case and case.operation:
            return  # this node's own attempt goes on, whatever another one's brought
        if report.state in ("failed", "refused") and (case is None or case.number != report.id):
            return  # of an attempt that nobody waits for any more
        if case is None or case.target != report.target:
            case = self._seen(sender, report)
        case.by = sender
        if report.state == "begun":
            case.stage = Stage.UNDER_WAY
        elif report.state == "proved":
            case.stage = Stage.PROVED
        elif report.state == "failed":
            self._cases.failed(case, report.detail)
        elif report.state == "refused":
            self._refused(case, report.detail)

    def _seen(self, sender: Nid, report: FenceReport) -> Case:
        """Take up a case that another member carries out."""
        case = self._cases.add(Case(report.target, 0, report.id))
        case.cause = self._desk.decide(
            "fence.seen",
            self._desk.node(report.target.nid),
            f"{self._desk.name(sender)} switches {self._desk.name(report.target.nid)} off",
            f"{self._desk.name(sender)} reports it",
        )
        return case

    def _refused(self, case: Case, detail: str) -> None:
        """It is not silent: it gets the time that whoever beats outside the view has to stop."""
        nid = case.target.nid
        self._cases.drop(nid)
        self._exclusion.refused(nid)
        self._desk.decide(
            "fence.refused",
            self._desk.node(nid),
            f"{self._desk.name(nid)} is not fenced for its silence: {detail}",
            case.cause,
            detail,
        )

    # Views.

    def view_installed(self, states: tuple[State, ...]) -> None:
        """A case of another's that no member of the view carries out any more is taken up anew by whoever leads now.

        Its end may have been told where this node could not hear it, and a member that started anew knows nothing of
        it: who went by such a case for ever would refuse a node that all the others want.
        """
        shooting = {state.member.nid: state.shooting for state in states}
        for nid, case in [*self._cases.items()]:
            is_over = case.by != self._desk.me and case.target not in shooting.get(case.by, ())
            if case.stage is Stage.UNDER_WAY and is_over:
                case.stage, case.not_before_s = Stage.WAITING, self._desk.now_s
            if case.stage is Stage.PROVED and self._ledger.proof(nid, case.target.incarnation) is Proof.NONE:
                self._cases.drop(nid)
