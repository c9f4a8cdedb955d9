"""Planned moves: a person sends groups away from this node (standby) or to it (takeover).

The node that was asked passes the request to the coordinator, which says where each group should go; the director
then moves it as it moves everything. The node that was asked watches the ledger and tells its client the end.
"""

from heartbeat.kernel.channel import Channel
from heartbeat.kernel.desk import Desk
from heartbeat.kernel.director import Director
from heartbeat.kernel.effects import Answer
from heartbeat.kernel.groups import LocalGroup
from heartbeat.kernel.ledger import Ledger
from heartbeat.kernel.membership import Membership
from heartbeat.model.cluster import Failback
from heartbeat.model.names import Nid
from heartbeat.wire.api import Done, Moved, Progress, Standby, Takeover
from heartbeat.wire.messages import Local, MoveReply, MoveRequest

REPLY_S = 5.0
"""A coordinator that does not answer a request within this is not going to."""


class Move:
    """One client's request on the node that was asked."""

    def __init__(self, ticket: int, verb: str, until_s: float, reply_s: float) -> None:
        self.ticket = ticket
        self.verb = verb
        self.until_s = until_s
        self.reply_s = reply_s
        self.groups: list[int] | None = None
        """Known once the coordinator has answered."""
        self.source: dict[int, Nid] = {}
        self.away_s: dict[int, float] = {}
        self.done: dict[int, Moved] = {}


class Moves:
    """Both sides: asking, and answering as coordinator."""

    def __init__(
        self,
        desk: Desk,
        channel: Channel,
        membership: Membership,
        ledger: Ledger,
        director: Director,
        groups: tuple[LocalGroup, ...],
    ) -> None:
        self._desk, self._channel, self._membership = desk, channel, membership
        self._ledger, self._director, self._groups = ledger, director, groups
        self._moves: dict[int, Move] = {}
        self._number = 0

    # Asking.

    def asked(self, ticket: int, who: str, request: Standby | Takeover) -> None:
        verb = "standby" if isinstance(request, Standby) else "takeover"
        if request.which not in ("all", "local", "foreign"):
            self._answer(ticket, Done(False, f"{request.which!r} is none of all, local and foreign"))
            return
        if self._membership.coordinator < 0:
            self._answer(ticket, Done(False, "this node is in no view yet; see hb status"))
            return
        if self._desk.cluster.failback is Failback.LEGACY and request.which != "foreign" and verb == "standby":
            text = "auto_failback is legacy: this node's own groups come home at once; set it to on or off in ha.cf"
            self._answer(ticket, Done(False, text))
            return
        self._number += 1
        now = self._desk.now_s
        self._moves[self._number] = Move(ticket, verb, now + request.timeout_s, now + REPLY_S)
        self._desk.decide(
            f"asked.{verb}", "cluster", f"{who} asks for {verb} {request.which}", f"{who} asked on this node"
        )
        if verb == "takeover":
            for group in self._groups:
                # A person wants it here: earlier failures here are forgiven.
                group.failures = 0
            self._desk.urgent = self._ledger.dirty = True
        message = MoveRequest(self._number, verb, request.which, who)
        if self._membership.coordinator == self._desk.me:
            self.requested(self._desk.me, message)
        else:
            self._channel.post(message, to=self._membership.coordinator)

    def replied(self, reply: MoveReply) -> None:
        move = self._moves.get(reply.id)
        if reply.to != self._desk.me or move is None:
            return
        if not reply.good or not reply.groups:
            self._finish(reply.id, Done(reply.good, reply.text))
            return
        move.groups = list(reply.groups)
        for index in reply.groups:
            move.source[index] = self._holder(index)
        self._answer(move.ticket, Progress(reply.text))

    def _holder(self, index: int) -> Nid:
        active = [nid for nid in self._membership.view.nids if self._ledger.state(nid, index) is not Local.STOPPED]
        return active[0] if active else Nid(-1)

    def client_gone(self, ticket: int) -> None:
        self._moves = {number: move for number, move in self._moves.items() if move.ticket != ticket}

    # Answering, as coordinator.

    def requested(self, sender: Nid, request: MoveRequest) -> None:
        """Send each group that the request names to where it should be, or say why not."""
        if self._membership.coordinator != self._desk.me:
            self._reply(sender, request.id, False, "the coordinator changed meanwhile: ask again", ())
            return
        wanted = self._named(sender, request)
        if not wanted:
            self._reply(sender, request.id, True, "nothing to move", ())
            return
        targets: dict[int, Nid] = {}
        for index in wanted:
            target = self._here(sender, index) if request.verb == "takeover" else self._elsewhere(sender, index)
            if target is None:
                self._reply(sender, request.id, False, self._no_target(sender, request.verb, index), ())
                return
            targets[index] = target
        self._director.sent_to.update(targets)
        moving = list(targets)
        for index in moving:
            group, target = self._groups[index], self._director.sent_to[index]
            group.decision = self._desk.decide(
                "group.sent",
                group.subject,
                f"{group.group.name} is sent to {self._desk.name(target)}",
                f"{request.who} asked {self._desk.name(sender)} for {request.verb} {request.which}",
            )
        self._ledger.dirty = True
        self._reply(
            sender, request.id, True, f"moving {', '.join(self._groups[i].group.name for i in moving)}", tuple(moving)
        )

    def _named(self, asker: Nid, request: MoveRequest) -> list[int]:
        named: list[int] = []
        for index, group in enumerate(self._desk.cluster.groups):
            is_local = self._desk.cluster.nid(group.home) == asker
            if request.which != "all" and is_local != (request.which == "local"):
                continue
            held_here = self._ledger.state(asker, index) in (Local.RUNNING, Local.STARTING, Local.STOPPING)
            if held_here == (request.verb == "standby"):
                named.append(index)
        return named

    def _elsewhere(self, source: Nid, index: int) -> Nid | None:
        """Return the best other node: the group's home if it is another one, else the first that can take it."""
        able = [nid for nid in self._membership.view.nids if nid != source and self._director.can_take(index, nid)]
        home = self._desk.cluster.nid(self._desk.cluster.groups[index].home)
        return home if home in able else min(able, key=lambda nid: (self._director.load(nid), nid), default=None)

    def _here(self, asker: Nid, index: int) -> Nid | None:
        """Return the asker if it could run the group; its earlier failures are being forgiven."""
        return asker if self._director.is_able(index, asker) else None

    def _no_target(self, asker: Nid, verb: str, index: int) -> str:
        name = self._groups[index].group.name
        if verb == "takeover":
            return f"{self._desk.name(asker)} cannot take {name} now: it leaves, or its executor is not ready"
        return f"no other node of this view can take {name}"

    def _reply(self, to: Nid, number: int, good: bool, text: str, groups: tuple[int, ...]) -> None:  # noqa: FBT001
        reply = MoveReply(to, number, good, text, groups)
        if to == self._desk.me:
            self.replied(reply)
        else:
            self._channel.post(reply, to=to)

    # Watching.

    def deadline_s(self) -> float:
        return min((m.reply_s if m.groups is None else m.until_s for m in self._moves.values()), default=float("inf"))

    def wake(self) -> None:
        for number, move in [*self._moves.items()]:
            if move.groups is None:
                if self._desk.now_s >= move.reply_s:
                    self._finish(number, Done(False, "the coordinator did not answer; see hb status"))
                continue
            for index in move.groups:
                self._watch(move, index)
            if len(move.done) == len(move.groups):
                self._finish_moved(number, move)
            elif self._desk.now_s >= move.until_s:
                self._finish(
                    number, Done(False, "not done in time; it goes on, see hb status", tuple(move.done.values()))
                )

    def _watch(self, move: Move, index: int) -> None:
        if index in move.done:
            return
        source = move.source[index]
        name = self._groups[index].group.name
        if source >= 0 and index not in move.away_s and self._ledger.state(source, index) is not Local.RUNNING:
            move.away_s[index] = self._desk.now_s
        runs_on = [nid for nid in self._membership.view.nids if self._ledger.state(nid, index) is Local.RUNNING]
        is_on_its_way = not runs_on or (runs_on == [source] and index not in move.away_s)
        if is_on_its_way and not (index in self._director.waiting and self._is_settled(index)):
            return
        away_s = self._desk.now_s - move.away_s[index] if index in move.away_s and runs_on else None
        target = self._desk.name(runs_on[0]) if runs_on else ""
        origin = self._desk.name(source) if source >= 0 else ""
        move.done[index] = Moved(name, origin, target, away_s)
        where = f"runs on {target}" if target else "runs nowhere: " + self._director.waiting.get(index, "see hb why")
        self._answer(move.ticket, Progress(f"{name} {where}"))

    def _is_settled(self, index: int) -> bool:
        return all(
            self._ledger.state(nid, index) in (Local.STOPPED, Local.BLOCKED) for nid in self._membership.view.nids
        )

    def _finish_moved(self, number: int, move: Move) -> None:
        moved = tuple(move.done[index] for index in sorted(move.done))
        me = self._desk.name(self._desk.me)
        failed = [m.group for m in moved if not m.target or (m.target == me) != (move.verb == "takeover")]
        text = f"{', '.join(failed)} did not move; see hb why" if failed else f"{len(moved)} moved"
        self._finish(number, Done(not failed, text, moved))

    def _finish(self, number: int, done: Done) -> None:
        self._answer(self._moves.pop(number).ticket, done)

    def _answer(self, ticket: int, answer: Done | Progress) -> None:
        self._desk.effects.append(Answer(ticket, answer))
