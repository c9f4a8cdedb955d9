"""Fencing: whoever fell silent without leaving is switched off, once it is known that it may act no more silently.

The coordinator of a view that may fence picks a member with a device; that member tries the levels of its devices in
order until one proves the target off, and tells everybody. A fence that has begun is never called back: the device may
already have acted. Failure changes nothing except that it is tried again, ever more slowly, until the node is back, a
device works or a person confirms.
"""

from heartbeat.kernel.case import RETRY_LAST_S, Case, Stage
from heartbeat.kernel.causes import Causes
from heartbeat.kernel.channel import Channel
from heartbeat.kernel.credit import Credit
from heartbeat.kernel.desk import Desk
from heartbeat.kernel.detector import Detector
from heartbeat.kernel.devices import Devices
from heartbeat.kernel.exclusion import Exclusion
from heartbeat.kernel.ledger import Ledger
from heartbeat.kernel.level import Level
from heartbeat.kernel.membership import Membership
from heartbeat.kernel.switch_on import SwitchOn
from heartbeat.kernel.tally import Tally
from heartbeat.model.names import Nid
from heartbeat.model.operation import Action, Outcome, Result
from heartbeat.model.proof import Proof, Proved
from heartbeat.model.view import Member, Standing
from heartbeat.wire.messages import FenceMe, FenceOrder, FenceReport, State

RACE_FACTOR = 1.5
"""In two nodes the higher nid waits this many times its device's worst case, so that not both shoot."""
LIMIT = 3
LIMIT_WINDOW_S = 600.0
"""More than LIMIT fencings of one node within this time: something is wrong that shooting does not mend."""
DEVICE_TIMEOUT_S = 60.0
"""Longest time for a colleague's device."""
READ_LEAST_S = 2.0
"""Shortest time that a device gets to read a power; longer where it declares a longer worst case."""
READER_WITHIN_S = 10.0
"""An executor that was lost is back within a second; without one after this long, the fence counts as failed."""
PATIENCE_FACTOR, PATIENCE_LEAST_S = 4, 10.0
"""A device is read back for this many times its declared worst case, and at least so long, before it counts as failed:
one that lies about an order would otherwise keep the next attempt, and the alarm, waiting."""


class Fencing:
    """All cases this node knows of, and the ones it carries out."""

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
        self.standing = Standing.NO_QUORUM
        self.devices = Devices(desk)
        self.cases: dict[Nid, Case] = {}
        self._tally = Tally(desk, "fenced", LIMIT, LIMIT_WINDOW_S)
        self._switch_on = SwitchOn(desk, detector)
        self._number = 0
        self._held_until_s = 0.0
        self._exclusion, self._causes = exclusion, causes

    # Questions.

    def is_shooting(self, nid: Nid) -> bool:
        """True while the off command may be on its way: the target is in no view, whatever it beats."""
        case = self.cases.get(nid)
        return case is not None and case.stage is Stage.UNDER_WAY

    def shooting(self) -> tuple[Member, ...]:
        """Return whom this node is switching off itself."""
        mine = (case for case in self.cases.values() if case.by == self._desk.me and case.stage is Stage.UNDER_WAY)
        return tuple(sorted(case.target for case in mine))

    def problem(self, nid: Nid) -> str:
        case = self.cases.get(nid)
        return case.problem if case else ""

    # Cases.

    def deadline_s(self) -> float:
        unread_s = min((c.not_before_s for c in self.cases.values() if c.is_unknown), default=float("inf"))
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
        self._close_returned()
        for case in [*self.cases.values()]:
            if case.is_unknown and self._desk.now_s >= case.not_before_s:
                self._not_read(case, "no executor came back to read the power")
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
                self._send_out(case)

    def hold_back(self, seconds: float) -> None:
        """This node stood still: what lies in its sockets may show that the target lives."""
        self._held_until_s = max(self._held_until_s, self._desk.now_s + seconds)

    def go_on(self) -> None:
        """What the fences were held back for is over."""
        self._held_until_s = self._desk.now_s

    def proof_withdrawn(self, nid: Nid, cause: int) -> None:
        """The target spoke after it was proved off: it is fenced anew, with another device if there is one."""
        case = self.cases.pop(nid, None)
        for device in case.level.devices if case else ():
            self.devices.lied(device, nid)
        self._detector.peers[nid].silent_decision = cause

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
            self._start_case(Member(nid, peer.incarnation), why, 0, for_cause=True).is_outside = True
            return
        silence = "is silent and did not leave"
        if not peer.incarnation:
            silence = "has never been heard and initdead has passed"
        elif self._ledger.is_condemned(nid, peer.incarnation):
            silence = "was proved off and speaks all the same"
        self._start_case(Member(nid, peer.incarnation), f"{self._desk.name(nid)} {silence}", peer.silent_decision)

    def _start_case(self, target: Member, why: str, cause: int, *, for_cause: bool = False) -> Case:
        self._number += 1
        number = self._desk.birth.incarnation * 1000 + self._number
        case = self.cases[target.nid] = Case(target, cause, number)
        case.why, case.for_cause = why, for_cause
        delay_s = 0.0 if for_cause else self._delay_s(target.nid)
        case.not_before_s = self._desk.now_s + delay_s
        text = f"{self._desk.name(target.nid)} must be switched off: {why}"
        if delay_s:
            text += f"; waiting {delay_s:g} s first"
        case.cause = self._desk.decide(
            "fence.wanted", self._desk.node(target.nid), text, *([cause] if cause else []), why
        )
        return case

    def _delay_s(self, target: Nid) -> float:
        """Two nodes that lost each other would both shoot: the higher nid waits until the other has long shot."""
        delay_s = self._desk.cluster.fence_delay_s
        if len(self._desk.cluster.nodes) == 2 and self._desk.me > target:
            delay_s += RACE_FACTOR * self.devices.race_s(target)
        return delay_s

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
            self._start_case(target, why, 0, for_cause=True)

    def _leads(self, case: Case) -> bool:
        if case.for_cause:
            others = (n for n in self._membership.view.nids if n != case.target.nid)
            return min(others, default=None) == self._desk.me
        return self._membership.coordinator == self._desk.me

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
                    del self.cases[nid]
            elif peer.alive or has_let_go:
                del self.cases[nid]
                name = self._desk.name(nid)
                text, why = f"{name} is heard again before it was shot", f"a frame of {name} arrived"
                if has_let_go:
                    text, why = f"{name} has stopped what it held", f"{name} says so, and takes no orders now"
                self._desk.decide("fence.cancelled", self._desk.node(nid), f"{text}: not fenced", why, case.cause)

    def _send_out(self, case: Case) -> None:
        desk, nid = self._desk, case.target.nid
        if self._tally.is_full(desk.name(nid)):
            self._give_up(case, f"it was fenced {LIMIT} times within {LIMIT_WINDOW_S / 60:g} minutes")
            return
        able = [m for m in self._membership.view.nids if m != nid and self._can(m, nid)]
        if not able:
            self._failed(case, f"no device of this view's members reaches {desk.name(nid)}")
            return
        case.by = desk.me if desk.me in able else able[0]
        if case.by == desk.me:
            self._begin(case)
        else:
            case.not_before_s = desk.now_s + DEVICE_TIMEOUT_S * 2
            self._channel.post(
                FenceOrder(self._membership.view.id, case.number, case.target, case.by, case.why, case.for_cause),
                to=case.by,
            )

    def _can(self, member: Nid, target: Nid) -> bool:
        if member == self._desk.me:
            return bool(self.devices.names(target))
        beat = self._detector.peers[member].beat
        return beat is not None and target in beat.can_fence

    def ordered(self, order: FenceOrder) -> None:
        nid = order.target.nid
        is_void = order.view != self._membership.view.id or self._membership.is_flushing
        if order.by != self._desk.me or is_void or nid == self._desk.me or self.is_shooting(nid):
            return
        case = Case(order.target, 0, order.id)
        case.why, case.by, case.for_cause = order.why, self._desk.me, order.for_cause
        refusal = "" if self.devices.names(nid) else "its devices do not reach it any more"
        is_fresh = self._detector.age_s(nid) < self._desk.cluster.timers.warntime_s
        is_heard = self._detector.peers[nid].alive and is_fresh and not order.for_cause
        if is_heard:
            refusal = "it still hears it"
        if refusal:
            state = "refused" if is_heard else "failed"
            self._report(case, state, None, f"{self._desk.name(self._desk.me)} refuses: {refusal}")
            return
        self.cases[nid] = case
        case.cause = self._desk.decide(
            "fence.ordered",
            self._desk.node(order.target.nid),
            f"the coordinator has {self._desk.name(order.target.nid)} switched off",
            order.why,
        )
        self._begin(case)

    def _begin(self, case: Case) -> None:
        nid = case.target.nid
        case.stage, case.by = Stage.UNDER_WAY, self._desk.me
        if not self._detector.peers[nid].incarnation:
            self._credit.spend(nid)
        case.ladder = self.devices.levels(nid)
        case.cause = self._desk.decide(
            "fence.begun",
            self._desk.node(nid),
            f"switching {self._desk.name(nid)} off with {' and '.join(case.ladder[0])}",
            case.cause,
        )
        self._report(case, "begun", None, "")
        self._next_level(case)

    def _next_level(self, case: Case) -> None:
        case.level = Level(case.ladder.pop(0))
        self._go_on(case)

    def _go_on(self, case: Case) -> bool:
        """Have the level's next step done; False when it has none."""
        step = case.level.next()
        if step is None:
            return False
        action, device = step
        worst_s = self.devices.worst_off_s(device)
        timeout_s = max(READ_LEAST_S, worst_s)
        if action is Action.FENCE:
            timeout_s = max(PATIENCE_LEAST_S, PATIENCE_FACTOR * worst_s)
        host, boot_id = self._desk.name(case.target.nid), self._detector.boot_id(case.target)
        case.operation = self._desk.run(action, device, host=host, timeout_s=timeout_s, host_boot_id=boot_id)
        return True

    def finished(self, number: int, result: Result) -> bool:
        """Take a device's result; False when it was not one of ours."""
        if self._switch_on.finished(number, result):
            return True
        case = next((c for c in self.cases.values() if c.operation == number), None)
        if case is None:
            return False
        case.operation = 0
        case.level.take(result, has_lied=self.devices.has_lied(case.level.device, case.target.nid))
        if self._go_on(case):
            return True
        result = case.level.result()
        if case.is_reading:
            self._power_read(case, result)
            return True
        good = result if result.outcome is Outcome.DONE else None
        if good and good.proof < self._ledger.needed(shares_data=True) and case.ladder:
            case.weak, good = good, None
        if good or (case.weak and not case.ladder):
            self._proved(case, good or case.weak or result)
        elif case.ladder:
            self._next_level(case)
        else:
            self._report(case, "failed", None, result.detail)
            self._failed(case, result.detail or result.outcome.value)
        return True

    def _proved(self, case: Case, result: Result) -> None:
        nid = case.target.nid
        how = result.detail or f"switched off, proof: {result.proof.name.lower()}"
        proved = Proved(nid, case.target.incarnation, result.proof, how)
        case.stage, case.problem = Stage.PROVED, ""
        self._tally.count(self._desk.name(nid))
        case.weak = None
        case.cause = self._desk.decide(
            "fence.proved", self._desk.node(nid), f"{self._desk.name(nid)} is off: {how}", case.cause
        )
        self._ledger.prove(proved)
        self._report(case, "proved", proved, how)
        if self._desk.cluster.reset_after_off:
            for device in filter(self.devices.gives_power, case.level.devices):
                self._switch_on.begin(device, nid)

    def _failed(self, case: Case, problem: str) -> None:
        case.stage, case.problem = Stage.WAITING, problem
        case.not_before_s = self._desk.now_s + case.retry_s
        name = self._desk.name(case.target.nid)
        case.cause = self._desk.decide(
            "fence.failed",
            self._desk.node(case.target.nid),
            f"{name} could not be switched off: {problem}; next attempt in {case.retry_s:g} s",
            problem,
            case.cause,
            alarm=True,
        )
        case.retry_s = min(2 * case.retry_s, RETRY_LAST_S)
        self._ledger.dirty = True

    def _give_up(self, case: Case, problem: str) -> None:
        case.stage, case.problem = Stage.GIVEN_UP, problem
        self._desk.decide(
            "fence.given-up",
            self._desk.node(case.target.nid),
            f"{self._desk.name(case.target.nid)} is not fenced again: {problem}",
            problem,
            case.cause,
            alarm=True,
        )

    def _report(self, case: Case, state: str, proved: Proved | None, detail: str) -> None:
        if len(self._membership.view.members) > 1:
            self._channel.post(FenceReport(case.number, case.target, state, proved, detail))

    def reported(self, sender: Nid, report: FenceReport) -> None:
        """Another member tells how its fence goes; a result for another id or life changes nothing here."""
        nid = report.target.nid
        if nid == self._desk.me:
            return
        if report.proved is not None and self._ledger.prove(report.proved):
            self._tally.count(self._desk.name(nid))
            self._desk.decide(
                "fence.proved",
                self._desk.node(nid),
                f"{self._desk.name(nid)} is off: {report.detail}",
                f"{self._desk.name(sender)} reports it",
            )
        case = self.cases.get(nid)
        if case and case.operation:
            return  # this node's own attempt goes on, whatever another one's brought
        if report.state in ("failed", "refused") and (case is None or case.number != report.id):
            return  # of an attempt that nobody waits for any more
        if case is None or case.target != report.target:
            case = self.cases[nid] = Case(report.target, 0, report.id)
            case.cause = self._desk.decide(
                "fence.seen",
                self._desk.node(nid),
                f"{self._desk.name(sender)} switches {self._desk.name(nid)} off",
                f"{self._desk.name(sender)} reports it",
            )
        case.by = sender
        if report.state == "begun":
            case.stage = Stage.UNDER_WAY
        elif report.state == "proved":
            case.stage = Stage.PROVED
        elif report.state == "failed":
            self._failed(case, report.detail)
        elif report.state == "refused":
            self._refused(case, report.detail)

    def _refused(self, case: Case, detail: str) -> None:
        """It is not silent: it gets the time that whoever beats outside the view has to stop."""
        nid = case.target.nid
        del self.cases[nid]
        self._exclusion.refused(nid)
        self._desk.decide(
            "fence.refused",
            self._desk.node(nid),
            f"{self._desk.name(nid)} is not fenced for its silence: {detail}",
            case.cause,
            detail,
        )

    def executor_lost(self) -> None:
        """A fence under way is of unknown outcome: the off command may have left, so the target stays under fire."""
        for case in self.cases.values():
            if case.operation:
                case.operation, case.is_unknown, case.is_reading = 0, True, False
                case.not_before_s = self._desk.now_s + READER_WITHIN_S
                name = self._desk.name(case.target.nid)
                case.cause = self._desk.decide(
                    "fence.unknown",
                    self._desk.node(case.target.nid),
                    f"it is unknown whether {name} was switched off: its power is read once the executor is back",
                    "the executor was lost in the middle of it",
                    case.cause,
                    alarm=True,
                )
        self._switch_on.executor_lost()

    def executor_back(self) -> None:
        """Read the power where the last executor took the answer with it, rather than switch all over again."""
        self._switch_on.executor_back()
        for case in self.cases.values():
            if case.is_unknown:
                case.is_unknown, case.is_reading = False, True
                case.level = Level(case.level.devices, only_read=True)
                self._go_on(case)

    def _power_read(self, case: Case, result: Result) -> None:
        case.is_reading = False
        if result.outcome is Outcome.DONE:
            reads = f"{' and '.join(case.level.devices)} read{'s' if len(case.level.devices) == 1 else ''}"
            how = f"{reads} {self._desk.name(case.target.nid)} off"
            self._proved(case, Result(Outcome.DONE, how, result.proof))
        else:
            problem = f"the executor was lost in the middle of it, and its power reads: {result.detail}"
            self._not_read(case, problem)

    def _not_read(self, case: Case, problem: str) -> None:
        case.is_unknown = False
        self._report(case, "failed", None, problem)
        self._failed(case, problem)

    def view_installed(self, states: tuple[State, ...]) -> None:
        """A case of another's that no member of the view carries out any more is taken up anew by whoever leads now.

        Its end may have been told where this node could not hear it, and a member that started anew knows nothing of
        it: who went by such a case for ever would refuse a node that all the others want.
        """
        shooting = {state.member.nid: state.shooting for state in states}
        for nid, case in [*self.cases.items()]:
            is_over = case.by != self._desk.me and case.target not in shooting.get(case.by, ())
            if case.stage is Stage.UNDER_WAY and is_over:
                case.stage, case.not_before_s = Stage.WAITING, self._desk.now_s
            if case.stage is Stage.PROVED and self._ledger.proof(nid, case.target.incarnation) is Proof.NONE:
                del self.cases[nid]
