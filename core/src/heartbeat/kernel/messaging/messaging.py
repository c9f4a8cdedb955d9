"""Messaging: what programs say to each other over the views of their nodes.

A run goes from its program's outbox into this node's stream, which every member gets whole and in order. Unordered runs
are given out from there; ordered ones when the coordinator has given them their place and, SAFE ones, when enough hold
them. From the promise of a new view on all of this stands still, until that view is installed.
"""

import functools
from collections.abc import Callable

from heartbeat.kernel import quorum
from heartbeat.kernel.channel import Channel
from heartbeat.kernel.desk import Desk
from heartbeat.kernel.detector import Detector
from heartbeat.kernel.events import ProgramAsked, ProgramGone, ProgramsSlow
from heartbeat.kernel.membership import Membership
from heartbeat.kernel.messaging import handover
from heartbeat.kernel.messaging.causal import Causal
from heartbeat.kernel.messaging.groups import Groups
from heartbeat.kernel.messaging.log import Log
from heartbeat.kernel.messaging.mouth import Mouth
from heartbeat.kernel.messaging.order import Order
from heartbeat.kernel.messaging.outbox import Outbox
from heartbeat.kernel.messaging.pace import Pace
from heartbeat.kernel.messaging.passage import Passage
from heartbeat.kernel.messaging.patience import Patience
from heartbeat.kernel.messaging.programs import Programs
from heartbeat.kernel.messaging.streams import Streams
from heartbeat.model.delivery import Delivery
from heartbeat.model.electorate import Roll
from heartbeat.model.names import Nid
from heartbeat.model.view import View, ViewId
from heartbeat.wire import api, talk
from heartbeat.wire.messages import Beat, State, Sync

CREDIT, CREDIT_BYTES = 64, 1024 * 1024
"""What one node may have said that some member may not have; the next has to wait."""


class Messaging:
    """One node's part."""

    def __init__(
        self,
        desk: Desk,
        channel: Channel,
        detector: Detector,
        membership: Membership,
        state: Callable[[], State],
        is_primary: Callable[[], bool],
        roll: Callable[[], Roll],
    ) -> None:
        self._desk, self._membership, self._state, self._is_primary = desk, membership, state, is_primary
        self._roll = roll
        self._detector = detector
        self._view = View(membership.view.id, ())
        self.streams, self.log, self.outbox = Streams(self._view, desk.me), Log(), Outbox()
        self._causal, self._order = Causal(()), Order(self._view, self.log)
        self._groups = Groups(desk.me)
        self._pace = Pace()
        self._mouth = Mouth(desk, channel, detector)
        self._programs = Programs(desk, self._groups)
        self._patience = Patience(desk, membership, self._lags)
        self._passage: Passage | None = None
        self._inbox: list[tuple[Nid, talk.Speech]] = []
        self._asked: list[ProgramAsked | ProgramGone | ProgramsSlow] = []
        self._is_stirred = True
        """Something of what ``due_s`` goes by may have changed since it was told."""
        self.due_s = float("-inf")
        """When this part wants its turn, whatever else happens: as its last turn left it, for a quiet cluster asks
        several times in each keepalive."""
        self._is_choked = False
        """Programs here do not read: nothing more is taken from others, as if it were lost on the way."""

    # What others ask of it.

    def spoken(self) -> talk.Spoken:
        """Return what this node brings into a view."""
        log, flows = self.log, self.streams.flows
        return talk.Spoken(
            tuple((nid, flow.contiguous) for nid, flow in flows.items()),
            log.line,
            tuple(log.roots),
            log.floor,
            log.held,
            log.given,
            tuple(sorted(log.said.items())),
            self._groups.mine(),
        )

    def is_ready(self, sync: Sync) -> bool:
        """Has this node all that it must bring into the view of this SYNC? Ask for what it has not."""
        if self._desk.member not in (state.member for state in sync.states):
            return False
        if self._passage is None or self._passage.heritage.ballot != sync.ballot:
            heritage = handover.inherit(self._desk.me, self._desk.cluster, sync.ballot, sync.states)
            self._passage = Passage(heritage, self.log, self.streams, self._mouth.say)
        return self._passage.is_ready(self._desk.now_s)

    @property
    def is_frozen(self) -> bool:
        """A view is over with the promise of another one."""
        return self._membership.is_flushing or not self._view.members

    def installed(self, view: View, states: tuple[State, ...]) -> None:
        """Give out the rest of the view before, and begin the next."""
        is_ready = self.is_ready(Sync(view.id, view.members, states))
        assert is_ready and self._passage is not None, "INSTALL before SYNCED"  # noqa: PT018
        heritage, self._passage = self._passage.heritage, None
        self._give_out_plain()
        self._inherit(heritage)
        self._view = view
        self.streams, self._causal = Streams(view, self._desk.me), Causal(view.nids)
        self._pace, self._inbox = Pace(), []
        self._patience.begin()
        # What a minority holds may be dropped: which of this node's runs have their place, a primary view knows.
        self.outbox.view_ended(self.log.said.get(self._desk.member, 0) if heritage.is_primary else 0)
        self._order = Order(view, self.log)
        if heritage.is_primary:
            self._enter(functools.cache(self._outlives))
        self._programs.install(view, states, is_primary=self._may_order, has_gap=heritage.has_gap)
        brought = next(state.spoken.programs for state in states if state.member == self._desk.member)
        for verb, group, program in self._groups.changed_since(brought):
            self._move(verb, group, program)

    def heard(self, nid: Nid, beat: Beat) -> None:
        """A member's beat tells how much it has said."""
        is_open = not (self.is_frozen or self._is_choked)
        if is_open and beat.view == self._view.id and nid in self.streams.flows:
            self._is_stirred |= self.streams.told(nid, beat.sent, self._desk.now_s)

    # Programs.

    def _wants(self, program: int, request: api.ToCluster) -> None:
        """A program of this node wants something."""
        match request:
            case api.Join():
                if not self._groups.has_room(request.group, self._mouth.brought_bytes):
                    self._programs.refuse(program, "too many programs of this node are in groups")
                    return
                self._programs.welcome(program, self._mouth.body_bytes)
                if self._groups.join(request.group, program):
                    self._move(talk.Verb.JOIN, request.group, program)
            case api.Leave():
                if self._groups.leave(request.group, program):
                    self._move(talk.Verb.LEAVE, request.group, program)
            case api.Say():
                self._hand_over(program, request)

    def program(self, event: ProgramAsked | ProgramGone | ProgramsSlow) -> None:
        """Note what a program wants or does; it is looked at when this step's other news are."""
        self._asked.append(event)

    def _gone(self, program: int) -> None:
        """A program hung up."""
        for group in self._groups.of(program):
            self._groups.leave(group, program)
            self._move(talk.Verb.LEAVE, group, program)

    def _hand_over(self, program: int, say: api.Say) -> None:
        delivery = say.delivery
        run = talk.Run(say.group, program, 0, delivery, say.others, body=say.body)
        if len(say.body) > self._mouth.body_bytes:
            self._programs.refuse(program, f"{len(say.body)} bytes are too long: {self._mouth.body_bytes} go at once")
        elif delivery is Delivery.RAW:
            self._programs.taken(program)
            if not self.is_frozen:
                self._programs.give(self._desk.me, run)
                self._mouth.shout(talk.Raw(run))
        elif self.outbox.is_full(program):
            self._programs.refuse(program, "too much waits to be said: wait until it was taken")
        else:
            self.outbox.put(run)

    def _move(self, verb: talk.Verb, group: str, program: int) -> None:
        """Have everybody know that a program came or went. Where the view is over, the next one's members tell it."""
        if not self.is_frozen:
            delivery = Delivery.AGREED if self._may_order else Delivery.FIFO
            self.outbox.put(talk.Run(group, program, 0, delivery, verb=verb))

    # Frames.

    def take(self, nid: Nid, speech: talk.Speech) -> None:
        """Note what came; it is read when this step's other news are."""
        self._inbox.append((nid, speech))

    def read(self) -> None:
        """Read what came."""
        inbox, self._inbox = self._inbox, []
        for nid, speech in inbox:
            self._one(nid, speech)
        asked, self._asked = self._asked, []
        for event in asked:
            if isinstance(event, ProgramAsked):
                self._wants(event.program, event.request)
            elif isinstance(event, ProgramGone):
                self._gone(event.program)
            else:
                self._is_choked = event.are_slow

    def _one(self, nid: Nid, speech: talk.Speech) -> None:
        match speech:
            case talk.Talk():
                if self._is_of_view(speech.view, nid):
                    self._talk(nid, speech)
            case talk.Again():
                self._again(speech)
            case talk.Want():
                if speech.view == self._view.id:
                    self._mouth.repeat(nid, speech, self.streams.kept(speech.of, speech.first, speech.last))
            case talk.Lack():
                if speech.ballot == self._membership.promised:
                    self._mouth.fill(nid, speech, self.log.some(speech.first, speech.last))
            case talk.Fill():
                if self._passage is not None:
                    self._passage.fill(speech)
            case talk.Raw():
                if not self.is_frozen and self._view.has(nid):
                    self._programs.give(nid, speech.run)

    def _is_of_view(self, view: object, nid: Nid) -> bool:
        return view == self._view.id and self._view.has(nid) and not self.is_frozen

    def _talk(self, nid: Nid, said: talk.Talk) -> None:
        now = self._desk.now_s
        if not self._is_choked:
            self._came(nid, self.streams.take(nid, said.says, now))
            self.streams.told(nid, said.sent, now)
        came_on = self.streams.acked(nid, said.row)
        if self._has_rank:
            came_on |= self.log.told(nid, said.held, min(said.given, said.held))
        if came_on:
            self._pace.progress(now)
            self._patience.came_on(nid)
        if said.asks:
            self._pace.asked()

    def _again(self, again: talk.Again) -> None:
        if again.view != self._view.id or again.of not in self.streams.flows:
            return
        now = self._desk.now_s
        if not self.is_frozen:
            self._came(again.of, self.streams.take(again.of, again.says, now))
        elif self._passage is not None:
            for say in self._passage.again(again.of, again.says, now):
                self._causal.came(again.of, say)  # places of this view are history's by now, and come with it

    def _came(self, of: Nid, says: list[talk.Say]) -> None:
        """What a member said is here, in its order."""
        for say in says:
            self._causal.came(of, say)
            if isinstance(say.what, talk.Places):
                self._order.announced(say.what)
            elif say.what.delivery.is_ordered:
                self._order.came(of, say.number, say.what)
        if says:
            self._pace.trifle(self._desk.now_s)

    # Each step.

    def wake(self) -> bool:
        """Say what waits, give places, give out what may be, and tell how far this node is.

        Returns whether some member should have answered by now: then everything is to be looked at.
        """
        is_new = self._is_stirred or self._inbox or self._asked
        if not is_new and self._desk.now_s < self.due_s:
            return False  # so it is in nearly all steps of a quiet cluster
        self._is_stirred = False
        self.read()
        if self.is_frozen:
            self.due_s = float("inf")
            return False
        if self._is_primary() and not self._has_rank:
            self._become_primary()
        self._say()
        self._order_and_give()
        is_late = self._tell()
        self.due_s = min(self.streams.deadline_s(), self._pace.deadline_s())
        return is_late

    def look(self) -> None:
        """In a step in which everything is looked at: is somebody too slow, and which link is the best?"""
        self._is_stirred = True
        self._mouth.look(self._view.nids)
        if not self.is_frozen:
            others = [nid for nid in self._view.nids if nid != self._desk.me and self._detector.peers[nid].alive]
            self._patience.look(others)
            self._programs.standing(is_primary=self._may_order)

    def slow_s(self) -> float:
        """Return when a member's time is over."""
        return float("inf") if self.is_frozen else self._patience.deadline_s()

    def _say(self) -> None:
        for run, is_taken in self.outbox.take(self._may_say, is_primary=self._may_order):
            past = self._causal.past() if run.delivery is Delivery.CAUSAL else ()
            say = self.streams.say(run, past)
            self._mouth.add(say)
            self._came(self._desk.me, [say])
            if is_taken:
                self._programs.taken(run.program)

    def _may_say(self) -> bool:
        return self.streams.unstable < CREDIT and self.streams.bytes_out < CREDIT_BYTES

    def _order_and_give(self) -> None:
        held, given = self.log.held, self.log.given
        if self._may_order:
            if self._view.nids[0] == self._desk.me:
                for places in self._order.give():
                    self._order.announced(places)
                    self._mouth.add(self.streams.say(places))
            self._order.fill()
            for place, entry in self.log.ready():
                self._give_out(place, entry, self.log.line)
        self._give_out_plain()
        if self.log.held > held:
            self._pace.news(self._desk.now_s)
        elif self.log.given > given:
            self._pace.trifle(self._desk.now_s)

    def _give_out(self, place: int, entry: talk.Entry, line: ViewId) -> None:
        """Only now a run of mine has its place for good: a tail that few hold may be dropped with its view."""
        if entry.origin == self._desk.member:
            self.outbox.placed(entry.run.number)
        self._programs.give(entry.origin.nid, entry.run, place, line)

    def _give_out_plain(self) -> None:
        for of, run in self._causal.ready():
            self._programs.give(of, run)

    def _tell(self) -> bool:
        now, mouth = self._desk.now_s, self._mouth
        if len(self._view.members) < 2:
            mouth.clear()
            self._pace.told(now)
            return False
        for whom, want in self.streams.wants(now):
            mouth.say(want, whom)
        is_restless = bool(len(self.outbox)) or self.streams.is_unstable or (self._may_order and self.log.is_unstable)
        asks = self._pace.pokes(now, is_restless=is_restless)
        if asks or mouth.has_says or self._pace.is_due(now):
            if self._pace.is_asked:
                mouth.loudly()
            mouth.tell(self._view.id, self.streams, self.log, asks=asks)
            self._pace.told(now)
        return asks

    # Views.

    @property
    def _has_rank(self) -> bool:
        """The history goes on in this view."""
        return bool(self._view.members) and self.log.rank == self._view.id

    @property
    def _may_order(self) -> bool:
        return self._has_rank and self._is_primary()

    def _inherit(self, heritage: handover.Heritage) -> None:
        """What is held now, all members of the next view hold, as far as they go on."""
        if not heritage.goes_on:
            self.log.skip()
            return
        for place, entry in self.log.rest(heritage.until):
            self._give_out(place, entry, heritage.old_line)

    def _enter(self, outlives: Callable[[tuple[Nid, ...]], bool]) -> None:
        self.log.enter([nid for nid in self._view.nids if nid != self._desk.me], outlives)

    def _outlives(self, others: tuple[Nid, ...]) -> bool:
        """Is what this node and these others hold committed?"""
        return quorum.outlives(self._desk.cluster, (*others, self._desk.me), self._view.nids, self._roll())

    def _become_primary(self) -> None:
        """This node is alone, and the other one of two was proved away since the view was installed."""
        heritage = handover.alone(self._state(), self._view.id)
        self.log.cut(heritage.after, goes_on=True)
        self.log.rise(heritage.line, heritage.roots, heritage.said)
        self._inherit(heritage)
        self.outbox.view_ended(self.log.said.get(self._desk.member, 0))
        self._order = Order(self._view, self.log)
        self._enter(lambda _: True)

    def _lags(self, nid: Nid) -> bool:
        return self.streams.lags(nid) or (self._has_rank and self.log.lags(nid))
