"""Inspections: all members look at their STONITH devices in turn, before the night in which one is needed.

One node at a time and one device at a time, for many devices take one session. Everybody is told what was seen. No
fence ever waits for it: a round ends where a fence begins.
"""

from collections.abc import Sequence

import msgspec

from heartbeat.kernel.case import Stage
from heartbeat.kernel.channel import Channel
from heartbeat.kernel.desk import Desk
from heartbeat.kernel.effects import Answer
from heartbeat.kernel.fencing import Fencing
from heartbeat.kernel.membership import Membership
from heartbeat.kernel.sightings import Sightings
from heartbeat.model import fence_codes as codes
from heartbeat.model.inspection import FenceFinding, Inspection, Look, Seen, Trouble
from heartbeat.model.names import Nid
from heartbeat.model.operation import Action, Outcome, Result
from heartbeat.wire.api import Checked, Done, Progress
from heartbeat.wire.messages import Inspect, Inspected

DEVICE_S = 60.0
"""One device's time to show all it has: a dozen sessions at a telnet menu take half of it."""
SLACK_S = 15.0
"""Beyond that: how long another node may take to begin and to tell."""
SETTLED_S = 60.0
"""After a change of the view: a cluster that is busy has other things to do, and one that is not can wait."""
ENVELOPE_BYTES = 200
"""Of a frame: what surrounds an inspection."""

_TROUBLE = {Outcome.UNKNOWN: Trouble.SILENT, Outcome.REFUSED: Trouble.PARAMETERS}


class Round:
    """A look at everything, led by one node."""

    def __init__(self, number: int, nodes: Sequence[Nid], tickets: list[int], *, thorough: bool) -> None:
        self.number, self.thorough = number, thorough
        self.left = list(nodes)
        self.at: Nid | None = None
        """Whose turn it is."""
        self.until_s = 0.0
        self.tickets = tickets
        self.next_tickets: list[int] = []
        """Of those who want more than a mere look, which is under way."""
        self.silent: list[FenceFinding] = []


class Turn:
    """This node's own part in a round."""

    def __init__(self, number: int, leader: Nid, devices: Sequence[str], action: Action) -> None:
        self.number, self.action = number, action
        self.leader = leader
        self.left = list(devices)
        self.device = ""
        self.operation = 0


class Inspections:
    """Leads rounds, and takes part in them."""

    def __init__(self, desk: Desk, channel: Channel, membership: Membership, fencing: Fencing) -> None:
        self._desk, self._channel, self._membership, self._fencing = desk, channel, membership, fencing
        self.sightings = Sightings(desk, membership)
        self._round: Round | None = None
        self._turn: Turn | None = None
        self._number = 0
        self._due_s = float("inf")
        self._is_new_view = False
        self._told: tuple[str, ...] = ()
        """Codes of the last findings, so that the journal holds changes alone."""

    # Asking.

    def asked(self, ticket: int) -> None:
        """Begin a round for somebody; who asks during one gets its answer."""
        if why := self._obstacle():
            self._desk.effects.append(Answer(ticket, Done(False, f"not looked at: {why}")))
            return
        if self._round is None:
            self._begin([ticket], thorough=True)
        else:
            (self._round.tickets if self._round.thorough else self._round.next_tickets).append(ticket)

    def client_gone(self, ticket: int) -> None:
        for tickets in (self._round.tickets, self._round.next_tickets) if self._round else ():
            if ticket in tickets:
                tickets.remove(ticket)

    def _obstacle(self) -> str:
        """Return why nobody looks now; empty: nothing is in the way."""
        if not self._membership.view.members or self._membership.is_flushing:
            return "this node is in no view; see hb status"
        open_cases = [case for case in self._fencing.cases.values() if case.stage in (Stage.WAITING, Stage.UNDER_WAY)]
        if open_cases:
            return f"{self._desk.name(open_cases[0].target.nid)} is to be switched off, and nothing may delay that"
        return ""

    def _begin(self, tickets: list[int], *, thorough: bool) -> None:
        """Begin a round; it may be over at once, where there is nothing to look at."""
        self._number += 1
        number = self._desk.birth.incarnation * 1000 + self._number
        self._round = lead = Round(number, self._membership.view.nids, tickets, thorough=thorough)
        self._next_node(lead)

    def _next_node(self, lead: Round) -> None:
        if not lead.left or self._obstacle():
            self._end(lead)
            return
        lead.at = lead.left.pop(0)
        lead.until_s = self._desk.now_s + DEVICE_S + SLACK_S
        self._tell(lead, f"{self._desk.name(lead.at)} looks at its devices")
        if lead.at == self._desk.me:
            self.ordered(self._desk.me, Inspect(lead.number, lead.thorough))
        else:
            self._channel.post(Inspect(lead.number, lead.thorough), to=lead.at)

    def _tell(self, lead: Round, text: str) -> None:
        self._desk.effects += [Answer(ticket, Progress(text)) for ticket in lead.tickets]

    def _end(self, lead: Round) -> None:
        self._round = None
        self.sightings.not_seen_by(lead.silent)
        self._due_s = self._desk.now_s + (self._desk.cluster.check_every_s or float("inf"))
        findings = self.sightings.findings()
        self._desk.effects += [Answer(ticket, Checked(self.sightings.all(), findings)) for ticket in lead.tickets]
        self._record(findings)
        if lead.next_tickets:
            self._begin(lead.next_tickets, thorough=True)

    def _record(self, findings: Sequence[FenceFinding]) -> None:
        """The journal gets what is new: found, or mended."""
        now = tuple(f"{it.code} {it.device} {it.host}" for it in findings if it.severity != "advice")
        if now == self._told:
            return
        self._told = now
        worst = next((it for it in findings if it.severity == "error"), None)
        kind, text, why = "devices.good", "every STONITH device shows what it should", "all were looked at"
        if now:
            kind, why = "devices.found", f"{len(now)} findings, {findings[0].code} first"
            text = f"STONITH: {findings[0].device or findings[0].host}: {findings[0].message}"
        self._desk.decide(kind, "cluster", text, why, alarm=worst is not None)

    # Looking.

    def ordered(self, leader: Nid, order: Inspect) -> None:
        """It is this node's turn."""
        if self._turn is not None and self._turn.operation:
            self._report(Inspected(order.round, why="it is looking already"), leader)
            return
        action = Action.CHECK if order.thorough else Action.LOOK
        self._turn = Turn(order.round, leader, sorted(self._fencing.devices.all_names()), action)
        self._next_device(self._turn)

    def _next_device(self, turn: Turn) -> None:
        why = self._obstacle()
        if not turn.left or why:
            self._turn = None
            self._report(Inspected(turn.number, why=why), turn.leader)
            return
        turn.device = turn.left.pop(0)
        nodes = " ".join(self._desk.cluster.nodes)
        turn.operation = self._desk.run(turn.action, turn.device, host=nodes, timeout_s=DEVICE_S)

    def finished(self, number: int, result: Result) -> bool:
        """Take what a device showed; False when the operation was none of these."""
        turn = self._turn
        if turn is None or turn.operation != number:
            return False
        turn.operation = 0
        if result.outcome is not Outcome.CANCELLED:
            seen = Seen(self._desk.name(self._desk.me), turn.device, inspection_of(result))
            self._report(Inspected(turn.number, self._fitting(seen)), turn.leader)
        self._next_device(turn)
        return True

    def _report(self, report: Inspected, leader: Nid) -> None:
        """Everybody keeps what was seen; the leader waits for it."""
        if report.seen is not None and len(self._membership.view.members) > 1:
            self._channel.post(report)
        elif leader != self._desk.me:
            self._channel.post(report, to=leader)
        self.reported(self._desk.me, report)

    def _fitting(self, seen: Seen) -> Seen:
        """Return it so short that one frame carries it."""
        room = max(self._desk.birth.frame_bytes - ENVELOPE_BYTES, ENVELOPE_BYTES)
        if len(msgspec.msgpack.encode(seen)) <= room:
            return seen
        brief = [Look(look.host, look.power, look.took_s, look.trouble) for look in seen.inspection.looks]
        while brief:
            seen = msgspec.structs.replace(
                seen, inspection=msgspec.structs.replace(seen.inspection, looks=tuple(brief), detail="")
            )
            if len(msgspec.msgpack.encode(seen)) <= room:
                break
            brief.pop()
        return seen

    def reported(self, nid: Nid, report: Inspected) -> None:
        """Keep what a node saw; it is the next one's turn when it says that this was all."""
        if report.seen is not None:
            self.sightings.keep(nid, report.seen)
        lead = self._round
        if lead is None or lead.number != report.round or lead.at != nid:
            return
        lead.until_s = self._desk.now_s + DEVICE_S + SLACK_S
        if report.seen is None:
            if report.why:
                lead.silent.append(self._not_checked(nid, report.why))
            self._next_node(lead)

    def _not_checked(self, nid: Nid, why: str) -> FenceFinding:
        code, name = codes.NOT_CHECKED, self._desk.name(nid)
        mend = f"hb stonith check on {name} itself, when the cluster is quiet"
        return FenceFinding(code.code, code.severity, "", name, (name,), f"{name} was not checked: {why}", mend)

    # Time.

    def view_installed(self) -> None:
        """Who left is not waited for; what they saw counts again when they are back and have looked anew."""
        self.sightings.view_installed()
        lead = self._round
        if self._turn is not None and not self._membership.view.has(self._turn.leader):
            self._turn.left.clear()
        if lead is not None:
            lead.left = [nid for nid in lead.left if self._membership.view.has(nid)]
            if lead.at is not None and not self._membership.view.has(lead.at):
                lead.silent.append(self._not_checked(lead.at, "it left the view meanwhile"))
                self._next_node(lead)
        if self._desk.cluster.check_every_s:
            self._due_s = self._desk.now_s + min(SETTLED_S, self._desk.cluster.check_every_s)
            self._is_new_view = True

    def deadline_s(self) -> float:
        if self._round is not None:
            return self._round.until_s
        return self._due_s if self._membership.coordinator == self._desk.me else float("inf")

    def wake(self) -> None:
        """Begin what is due, if this node coordinates, and wait no longer for who does not answer."""
        now_s, lead = self._desk.now_s, self._round
        if lead is not None:
            if now_s >= lead.until_s and lead.at is not None:
                lead.silent.append(self._not_checked(lead.at, "it did not answer in time"))
                self._next_node(lead)
        elif now_s >= self._due_s and self._membership.coordinator == self._desk.me:
            if self._obstacle():
                self._due_s = now_s + SETTLED_S
            else:
                # To see whether orders would be taken may write to a device's memory: not every hour.
                self._begin([], thorough=self._is_new_view)
                self._is_new_view = False


def inspection_of(result: Result) -> Inspection:
    """Return what an operation brought; one that brought nothing is a trouble of its own."""
    if result.inspection is not None:
        return result.inspection
    trouble = _TROUBLE.get(result.outcome, Trouble.OTHER)
    return Inspection(trouble=trouble, detail=(result.detail or result.outcome.value)[:160])
