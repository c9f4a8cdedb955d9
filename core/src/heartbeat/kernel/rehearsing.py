"""Rehearsing: a node is switched off for real, with nothing on it, while everybody watches whether it falls silent.

The device's word is not taken for it: the node beats until its power goes, so its silence is a witness of its own, and
who else falls silent shows a plug in the wrong outlet. Nobody is fenced meanwhile by a device that is just being tried.
"""

from heartbeat.kernel.channel import Channel
from heartbeat.kernel.desk import Desk
from heartbeat.kernel.detector import Detector
from heartbeat.kernel.director import Director
from heartbeat.kernel.drill import Drill, Step
from heartbeat.kernel.effects import Answer
from heartbeat.kernel.fencing import Fencing
from heartbeat.kernel.ledger import Ledger
from heartbeat.kernel.membership import Membership
from heartbeat.kernel.readiness import Readiness
from heartbeat.kernel.rehearsals import Rehearsals
from heartbeat.model import fence_codes as codes
from heartbeat.model.fence_codes import FenceCode
from heartbeat.model.names import Nid
from heartbeat.model.operation import Action, Outcome, Result
from heartbeat.model.proof import Proof, Proved
from heartbeat.model.rehearsal import RehearsalStage, Rehearsed
from heartbeat.model.view import Member
from heartbeat.wire.api import Done, Progress, Rehearse
from heartbeat.wire.messages import FenceReport, RehearsalStep

DRAIN_S = 120.0
"""Longest time for the groups to move away."""
CROSS_S = 1.0
"""Two who begin at once hear of each other within this; the lower nid goes on."""
STRAGGLE_S = 1.0
"""What was sent before the power went has arrived by then: capacitors and switches hold some tens of milliseconds."""
LOOK_S = 0.5
"""Between two looks where nothing else says when."""
READ_S = 30.0
ON_S = 60.0
BACK_S = 900.0
"""A server's firmware may take ten minutes."""

_WORDS = {
    Proof.NONE: "asked",
    Proof.ASKED: "asked",
    Proof.SELF_FENCED: "reset by its watchdog",
    Proof.READ_BACK: "read back",
    Proof.CONFIRMED: "confirmed",
}


class Rehearsing:
    """Leads one rehearsal at a time, and knows of another node's."""

    def __init__(
        self,
        desk: Desk,
        channel: Channel,
        detector: Detector,
        membership: Membership,
        ledger: Ledger,
        director: Director,
        fencing: Fencing,
        readiness: Readiness,
        rehearsals: Rehearsals,
    ) -> None:
        self._desk, self._channel, self._detector, self._membership = desk, channel, detector, membership
        self._ledger, self._director, self._fencing = ledger, director, fencing
        self._ready, self.records = readiness, rehearsals
        self._drill: Drill | None = None
        self._number = 0
        self._other: tuple[Nid, RehearsalStep] | None = None
        """The one that another node leads, and how far it is."""

    # Beginning.

    def asked(self, ticket: int, who: str, request: Rehearse) -> None:
        """Begin, or say why not."""
        device = request.device or self._ready.first_device(request.node)
        if why := self._busy() or self._ready.refusal(request, device):
            self._desk.effects.append(Answer(ticket, Done(False, f"not rehearsed: {why}")))
            return
        desk, nid = self._desk, self._desk.cluster.nodes.index(request.node)
        self._number += 1
        target = Member(Nid(nid), self._detector.peers[Nid(nid)].incarnation)
        number = desk.birth.incarnation * 1000 + self._number
        drill = self._drill = Drill(number, ticket, target, device, desk.now_s)
        drill.operator = f"{request.operator} ({who})" if request.operator else who
        drill.date, drill.off_for_s = request.date, request.off_for_s
        drill.window_end_s = desk.now_s + request.window_s
        drill.held, drill.boot_id = self._ready.held(target.nid), self._detector.boot_id(target)
        desk.decide(
            "rehearsal.begun",
            desk.node(target.nid),
            f"{request.node} is rehearsed with {device}: its groups move away first",
            f"{drill.operator} asked for it",
        )
        self._say(drill, RehearsalStage.DRAIN, f"moving the groups of {request.node} away")

    def _busy(self) -> str:
        """Return that another rehearsal is under way, led by whomever."""
        target = self._drill.target if self._drill else self._other[1].target if self._other else None
        if target is None:
            return ""
        return f"a rehearsal of {self._desk.name(target.nid)} is under way, and one node at a time is enough"

    def _say(self, drill: Drill, stage: RehearsalStage, text: str) -> None:
        """Tell all members, and who asked."""
        patience_s = self._ready.needed_s(drill.device, drill.off_for_s) + READ_S
        step = RehearsalStep(drill.number, drill.target, stage, drill.device, patience_s)
        self._channel.post(step)
        self._take(step)
        self._desk.effects.append(Answer(drill.ticket, Progress(text)))

    def _take(self, step: RehearsalStep) -> None:
        """What each stage means on every node, on the one that leads too."""
        nid, drained = step.target.nid, self._director.drained
        if step.stage is RehearsalStage.DRAIN:
            drained.add(nid)
        elif step.stage is RehearsalStage.OFF:
            self._fencing.hold_back(step.patience_s + 2 * self._detector.deadtime_s)
        else:
            drained.discard(nid)
            self._fencing.go_on()
        self._ledger.dirty = self._desk.urgent = True

    # Following.

    def heard(self, leader: Nid, step: RehearsalStep) -> None:
        """Another node leads one."""
        drill = self._drill
        if drill is not None and drill.step is Step.DRAINING and step.stage is RehearsalStage.DRAIN:
            if leader > self._desk.me:
                return  # it will hear of this one and give way
            self._over(drill, f"{self._desk.name(leader)} began one at the same time")
        self._other = None if step.stage is RehearsalStage.OVER else (leader, step)
        self._take(step)

    def view_installed(self, *, has_newcomers: bool) -> None:
        """A view without the one who leads: whoever fell instead of the target was switched by the wrong plug."""
        self.records.view_installed(has_newcomers=has_newcomers)
        if self._other is None or self._membership.view.has(self._other[0]):
            return
        (leader, step), self._other = self._other, None
        self._take(RehearsalStep(step.round, step.target, RehearsalStage.OVER, step.device, 0.0))
        if step.stage is not RehearsalStage.OFF:
            return
        name, target = self._desk.name(leader), self._desk.name(step.target.nid)
        text = f"{name}, which was to switch {target} off, fell silent itself: are their outlets swapped?"
        self._desk.decide("rehearsal.broken", self._desk.node(step.target.nid), text, f"{name} is silent", alarm=True)
        self._fencing.devices.distrust(step.device, text)
        if step.device in self._fencing.devices.all_names():
            self._desk.run(Action.ON, step.device, host=target, timeout_s=ON_S)

    # Leading.

    def deadline_s(self) -> float:
        drill, now_s = self._drill, self._desk.now_s
        if drill is None or drill.operation:
            return float("inf")
        closes_s = drill.window_end_s - self._ready.needed_s(drill.device, drill.off_for_s) - drill.since_s
        times = {
            Step.DRAINING: (CROSS_S, DRAIN_S, closes_s),
            Step.WATCHING: (self._straggle_s, self._straggle_s + self._desk.cluster.timers.keepalive_s),
            Step.KEPT_OFF: (drill.off_for_s,),
            Step.COMING_BACK: (BACK_S,),
        }
        later = [drill.since_s + after_s for after_s in times.get(drill.step, ()) if drill.since_s + after_s > now_s]
        return min(later, default=now_s + LOOK_S)

    @property
    def _straggle_s(self) -> float:
        """For so long after the power went a frame, or the silence of one that is well, says nothing."""
        return max(STRAGGLE_S, 2 * self._desk.cluster.timers.keepalive_s)

    def wake(self) -> None:
        drill = self._drill
        if drill is None:
            return
        if drill.step is Step.DRAINING:
            self._drain(drill)
        elif drill.step in (Step.WATCHING, Step.KEPT_OFF):
            self._watch(drill)
        elif drill.step is Step.COMING_BACK:
            self._await_back(drill)

    def _drain(self, drill: Drill) -> None:
        desk, nid = self._desk, drill.target.nid
        age_s = desk.now_s - drill.since_s
        here = self._ready.staying(nid, drill.held)
        names = [desk.cluster.groups[index].name for index in here]
        why = self._ready.not_whole()
        if self._detector.peers[nid].incarnation != drill.target.incarnation:
            why = f"{desk.name(nid)} started anew"
        elif desk.now_s + self._ready.needed_s(drill.device, drill.off_for_s) >= drill.window_end_s:
            why = "the window is over before it could be done"
        elif failed := [name for index, name in zip(here, names, strict=True) if self._ready.is_homeless(nid, index)]:
            why = f"{failed[0]} failed to start on every other node"
        elif age_s >= DRAIN_S:
            why = f"{', '.join(names)} did not move away within {DRAIN_S:g} s; see hb why"
        if why:
            self._over(drill, why)
        elif age_s >= CROSS_S and not here:
            self._order_off(drill)

    def _order_off(self, drill: Drill) -> None:
        name = self._desk.name(drill.target.nid)
        self._say(drill, RehearsalStage.OFF, f"switching {name} off with {drill.device}")
        drill.goes_to(Step.OFF_ORDERED, self._desk.now_s)
        drill.ordered_s = self._desk.now_s
        self._desk.decide(
            "rehearsal.off",
            self._desk.node(drill.target.nid),
            f"{name} holds nothing and is switched off",
            drill.operator,
        )
        drill.operation = self._run(drill, Action.FENCE, self._ready.off_timeout_s(drill.device))

    def _run(self, drill: Drill, action: Action, timeout_s: float) -> int:
        host, boot_id = self._desk.name(drill.target.nid), self._detector.boot_id(drill.target)
        return self._desk.run(action, drill.device, host=host, timeout_s=timeout_s, host_boot_id=boot_id)

    def finished(self, number: int, result: Result) -> bool:
        """Take the device's word; False when the operation was none of these."""
        drill = self._drill
        if drill is None or not drill.operation or drill.operation != number:
            return False
        drill.operation = 0
        match drill.step:
            case Step.OFF_ORDERED:
                self._off_ended(drill, result)
            case Step.READING:
                self._read_again(drill, result)
            case Step.MENDING:
                self._end(drill)
            case _:
                self._on_ended(drill, result)
        return True

    def _off_ended(self, drill: Drill, result: Result) -> None:
        now_s, name = self._desk.now_s, self._desk.name(drill.target.nid)
        if result.outcome is not Outcome.DONE:
            is_on = result.outcome is Outcome.FAILED and "still on" in result.detail
            self._went_wrong(
                drill, codes.STILL_ON if is_on else codes.ORDER_FAILED, result.detail or result.outcome.value
            )
            return
        drill.off_s, drill.read_s = now_s - drill.ordered_s, now_s
        drill.proof = result.proof
        drill.goes_to(Step.WATCHING, now_s)
        how = "was asked" if drill.proof < Proof.SELF_FENCED else "reads off"
        self._desk.effects.append(Answer(drill.ticket, Progress(f"{drill.device} {how}; does {name} fall silent?")))

    def _watch(self, drill: Drill) -> None:
        peer, name = self._detector.peers[drill.target.nid], self._desk.name(drill.target.nid)
        now_s, settled_s = self._desk.now_s, drill.read_s + self._straggle_s
        fallen, boots_itself = self._fallen(drill), not self._fencing.devices.gives_power(drill.device)
        is_back = peer.incarnation > drill.target.incarnation
        if is_back and boots_itself and peer.boot_id != drill.boot_id:
            self._was_off(drill)
        elif is_back:
            self._went_wrong(
                drill, codes.CAME_BACK, f"{name} was back after {now_s - drill.ordered_s:.1f} s, switched on by nobody"
            )
        elif peer.heard_s > settled_s and fallen:
            self._went_wrong(
                drill, codes.OTHER_FELL, f"{name} goes on, and {fallen} fell silent: their outlets are swapped"
            )
        elif peer.heard_s > settled_s:
            self._went_wrong(
                drill,
                codes.NOT_OFF,
                f"the device reads off and {name} goes on: the outlet feeds something else, or not it alone",
            )
        elif fallen and now_s > settled_s and not peer.alive:
            self._went_wrong(drill, codes.OTHER_FELL, f"{fallen} fell silent together with {name}")
        elif drill.step is Step.WATCHING and not peer.alive and now_s > settled_s:
            if boots_itself:
                self._was_off(drill)
            else:
                drill.goes_to(Step.KEPT_OFF, now_s)
        elif drill.step is Step.KEPT_OFF and now_s >= drill.since_s + drill.off_for_s:
            drill.goes_to(Step.READING, now_s)
            drill.operation = self._run(drill, Action.POWER, READ_S)

    def _fallen(self, drill: Drill) -> str:
        """Return who else was not heard since the order; one beat may be late, so not at once."""
        others = (nid for nid in self._desk.others if nid != drill.target.nid)
        away = [self._desk.name(nid) for nid in others if self._detector.peers[nid].heard_s <= drill.read_s]
        return " and ".join(away)

    def _read_again(self, drill: Drill, result: Result) -> None:
        name = self._desk.name(drill.target.nid)
        if drill.proof >= Proof.SELF_FENCED and result.outcome is not Outcome.STOPPED:
            said = result.detail or result.outcome.value
            self._went_wrong(drill, codes.CAME_BACK, f"nobody has switched {name} on, and its power reads {said}")
            return
        self._was_off(drill)

    def _was_off(self, drill: Drill) -> None:
        """Tell everybody, and have it back: switched on, or booting by itself where its device switches nobody on."""
        name = self._desk.name(drill.target.nid)
        level = max(drill.proof, Proof.ASKED)
        proved = Proved(drill.target.nid, drill.target.incarnation, level, f"rehearsed with {drill.device}")
        report = FenceReport(0, drill.target, "proved", proved, proved.how)
        self._fencing.orders.reported(self._desk.me, report)
        self._channel.post(report)
        if not self._fencing.devices.gives_power(drill.device):
            self._say(
                drill, RehearsalStage.ON, f"{name} is silent; {drill.device} switches nobody on: it must boot itself"
            )
            drill.goes_to(Step.COMING_BACK, self._desk.now_s)
            self._await_back(drill)
            return
        self._say(drill, RehearsalStage.ON, f"{name} is off and silent; switching it on")
        drill.goes_to(Step.ON_ORDERED, self._desk.now_s)
        drill.operation = self._run(drill, Action.ON, ON_S)

    def _on_ended(self, drill: Drill, result: Result) -> None:
        if result.outcome is not Outcome.DONE:
            drill.text = f"it could not be switched on: {result.detail or result.outcome.value}"
        drill.goes_to(Step.COMING_BACK, self._desk.now_s)
        self._await_back(drill)

    def _await_back(self, drill: Drill) -> None:
        desk, nid = self._desk, drill.target.nid
        if self._membership.view.has(nid) and self._detector.peers[nid].incarnation > drill.target.incarnation:
            self._end(drill)
        elif desk.now_s >= drill.since_s + BACK_S:
            late = f"{desk.name(nid)} was not back {BACK_S / 60:g} minutes after it was switched on"
            drill.code, drill.text = codes.STAYED_AWAY.code, drill.text or late
            self._end(drill)

    # Ending.

    def _went_wrong(self, drill: Drill, code: FenceCode, text: str) -> None:
        """Whatever the outlet feeds gets its power back at once."""
        drill.code, drill.text = code.code, text
        if code is codes.OTHER_FELL:
            self._fencing.devices.distrust(drill.device, text)
        drill.goes_to(Step.MENDING, self._desk.now_s)
        drill.operation = self._run(drill, Action.ON, ON_S)

    def _end(self, drill: Drill) -> None:
        desk = self._desk
        good = not drill.code
        level = f"{_WORDS[drill.proof]}, and silent" if good else ""
        back_s = desk.now_s - drill.since_s if good else 0.0
        name, me = desk.name(drill.target.nid), desk.name(desk.me)
        record = Rehearsed(
            name, drill.date, drill.operator, me, drill.device, good, level, drill.code, drill.text, drill.off_s, back_s
        )
        self._finish(drill)
        self.records.ended(record)
        text = f"{name} was off after {drill.off_s:.1f} s ({level}), and back {back_s:.1f} s after it was switched on"
        desk.effects.append(Answer(drill.ticket, Done(good, text if good else f"{drill.code}: {drill.text}")))

    def _over(self, drill: Drill, why: str) -> None:
        """It ends before anybody was switched off: there is nothing to keep of it."""
        name = self._desk.name(drill.target.nid)
        self._desk.decide(
            "rehearsal.cancelled", self._desk.node(drill.target.nid), f"{name} is not rehearsed: {why}", why
        )
        self._finish(drill)
        self._desk.effects.append(Answer(drill.ticket, Done(False, f"not rehearsed: {why}")))

    def _finish(self, drill: Drill) -> None:
        self._say(drill, RehearsalStage.OVER, "over")
        self._drill = None
