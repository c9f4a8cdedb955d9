"""The kernel: one node's whole mind, composed of its parts.

The path of a failure, from the top: ``detector`` says that a node is silent; ``membership`` agrees on a view of the
rest; ``quorum`` says what that view may do; ``fencing`` makes sure that the node is off; ``director``, asking the
``planner``, orders its groups to be started; ``groups`` starts them. Each arrow is a decision with its reason.
"""

from heartbeat.kernel import events, quorum
from heartbeat.kernel.ability import Ability
from heartbeat.kernel.backing import Backing
from heartbeat.kernel.beats import Beats
from heartbeat.kernel.birth import Birth
from heartbeat.kernel.calm import Calm
from heartbeat.kernel.causes import Causes
from heartbeat.kernel.channel import Channel
from heartbeat.kernel.confirming import Confirming
from heartbeat.kernel.contest import Contest
from heartbeat.kernel.credit import Credit
from heartbeat.kernel.desk import Desk
from heartbeat.kernel.detector import Detector
from heartbeat.kernel.director import Director
from heartbeat.kernel.door import Door
from heartbeat.kernel.durability import Durability
from heartbeat.kernel.effects import Answer, Arm, Changed, Effect
from heartbeat.kernel.exclusion import Exclusion
from heartbeat.kernel.fencing import Fencing
from heartbeat.kernel.ghosts import Ghosts
from heartbeat.kernel.groups import LocalGroup
from heartbeat.kernel.hold import Hold
from heartbeat.kernel.inspections import Inspections
from heartbeat.kernel.leaving import Leaving
from heartbeat.kernel.ledger import Ledger
from heartbeat.kernel.links import Links
from heartbeat.kernel.mail import Mail
from heartbeat.kernel.membership import Membership, joiners
from heartbeat.kernel.messaging.messaging import Messaging
from heartbeat.kernel.moves import Moves
from heartbeat.kernel.news import News
from heartbeat.kernel.pauses import Pauses
from heartbeat.kernel.readiness import Readiness
from heartbeat.kernel.rehearsals import Rehearsals
from heartbeat.kernel.rehearsing import Rehearsing
from heartbeat.kernel.report import Report
from heartbeat.kernel.rest import Rest
from heartbeat.kernel.self_fence import SelfFence
from heartbeat.kernel.ties import Ties
from heartbeat.kernel.twins import Twins
from heartbeat.kernel.voters import Voters
from heartbeat.kernel.watchdog import Watchdog
from heartbeat.model.cluster import Cluster
from heartbeat.model.names import Nid
from heartbeat.model.proof import Proof
from heartbeat.model.status import ClusterStatus
from heartbeat.model.view import Standing, View
from heartbeat.wire import api
from heartbeat.wire import messages as m
from heartbeat.wire.talk import Speech

__all__ = ["Birth", "Kernel"]


class Kernel:
    """``step`` is the whole interface; ``status`` only looks. The first event must be Wake."""

    def __init__(self, cluster: Cluster, birth: Birth) -> None:
        self._desk = desk = Desk(cluster, birth)
        self._channel = channel = Channel(desk)
        self._detector = detector = Detector(desk)
        self._ledger = ledger = Ledger(desk)
        self._ability = Ability(desk, detector, ledger)
        self._links = Links(desk)
        numbered = enumerate(cluster.groups)
        self._groups = groups = tuple(LocalGroup(desk, index, group, self._fence_me) for index, group in numbered)
        self._membership = membership = Membership(
            desk, channel, detector, state=self._state, is_excluded=self._is_excluded, installed=self._installed
        )
        self._durability = Durability(desk)
        self._credit = Credit(desk, self._durability)
        self._exclusion = Exclusion(desk, detector, membership, ledger)
        self._rest = Rest(desk, membership)
        causes = Causes(desk, membership, ledger, self._ability)
        self._fencing = Fencing(desk, channel, detector, membership, ledger, self._credit, self._exclusion, causes)
        ghosts = Ghosts(desk, ledger, self._fencing, groups)
        self._door = Door(desk, channel, detector, ledger, Twins(desk, channel, detector), ghosts)
        self._contest = Contest(desk, membership, groups)
        backing = Backing(desk, membership)
        self._hold = Hold(desk, detector, membership, ledger, groups, self._rest, backing)
        self._watchdog = Watchdog(desk, membership, backing, self._ability, groups)
        self._self_fence = SelfFence(desk, channel, detector, membership, ledger, backing)
        self._pauses = Pauses(desk, detector, membership, self._fencing, self._hold, groups)
        judges = (self._contest, self._ability, self._exclusion, self._rest)
        self._director = Director(desk, channel, detector, membership, ledger, groups, *judges)
        self._voters = Voters(desk, detector, membership)
        asks = (self._state, lambda: self._director.standing is Standing.PRIMARY, lambda: self._voters.roll)
        self._messaging = Messaging(desk, channel, detector, membership, *asks)
        self._ties = Ties(desk, membership, self._is_away)
        membership.handovers = (self._voters, self._messaging)
        self._moves = Moves(desk, channel, membership, ledger, self._director, groups)
        self._leaving = Leaving(desk, channel, detector, membership, ledger, self._director, groups)
        speaks = (self._fencing, self._director, self._leaving, self._ability, self._messaging, self._exclusion)
        speaks_too = (self._rest, self._durability, self._watchdog)
        self._beats = Beats(desk, channel, detector, membership, ledger, *speaks, *speaks_too)
        hears = (self._director, self._ability, self._contest, self._hold, self._rest, self._messaging, self._beats)
        self._news = News(desk, channel, detector, membership, ledger, *hears)
        self._connect()
        self._is_born, self._last_s, self._armed_s = False, 0.0, float("-inf")
        self._is_old_news = False
        """This step's frame came before, is a beat that says what the last one said, or brings what programs say."""
        self._why, self._judged = "not in a view yet", (Standing.NO_QUORUM, "")
        """The second is the view, by what its members brought into it."""
        self._view_since_s, self._view_decision = 0.0, 0
        # The digest of what never changes in one life is made once.
        self._nodes_digest = cluster.nodes_digest

    def _connect(self) -> None:
        """Make those that only look at the other parts, or pass things on to them."""
        desk, channel, detector, membership = self._desk, self._channel, self._detector, self._membership
        ledger, groups = self._ledger, self._groups
        self._inspections = Inspections(desk, channel, membership, self._fencing)
        records = Rehearsals(desk, channel, self._fencing)
        looks_at = (ledger, self._director, self._fencing)
        ready = Readiness(desk, detector, membership, *looks_at, self._inspections.sightings)
        acts = (*looks_at, ready, records)
        self._rehearsing = Rehearsing(desk, channel, detector, membership, *acts)
        looks = (self._hold, self._inspections, self._rehearsing)
        self._mail = Mail(
            channel, membership, self._director, self._fencing, self._moves, self._leaving, *looks, groups
        )
        self._confirming = Confirming(desk, channel, detector, membership, ledger, self._director)
        looked = (self._inspections.sightings, records, self._watchdog)
        report_on = (self._fencing, self._director, self._leaving, groups, self._durability, *looked)
        self._report = Report(desk, detector, membership, ledger, self._exclusion, self._ability, *report_on)
        some = (membership, self._fencing, self._director, self._moves, self._leaving, channel, self._durability)
        more = (*some, self._inspections, self._rehearsing, self._voters)
        parts = (*more, self._ties, self._self_fence, self._watchdog)
        slow = (*(part.deadline_s for part in parts), *(group.deadline_s for group in groups), self._messaging.slow_s)
        looked_at = (self._fencing, self._hold, self._ability, self._watchdog)
        self._calm = Calm(desk, detector, membership, ledger, *looked_at, slow)

    # The step.

    def step(self, now_s: float, event: events.Event) -> list[Effect]:
        """Return what to do, in order, because of one event at one monotonic time."""
        desk = self._desk
        desk.now_s, desk.effects = now_s, []
        desk.urgent = desk.greets = desk.changed = self._is_old_news = False
        if not self._is_born:
            self._be_born()
        self._pauses.notice(self._last_s)
        self._last_s = now_s
        is_wake = isinstance(event, events.Wake)
        if not is_wake:
            self._take(event)
        if isinstance(event, events.Wake) and event.more_waits:
            self._beat_in_a_flood()
            return desk.effects
        if (self._is_old_news or is_wake) and self.is_calm():
            if self._messaging.wake():
                self._calm.end()
            self._only_beat(all_read=is_wake)
            return desk.effects
        self._messaging.read()
        self._refresh_mine()
        self._detector.wake()
        for nid in self._detector.newly_silent():
            self._channel.fell_silent(nid)
        self._membership.wake()
        self._weigh()
        self._exclusion.wake(has_quorum=self._director.standing.may_act)
        self._protect()
        for part in (self._confirming, self._inspections, self._rehearsing, self._ability):
            part.wake()
        for group in self._groups:
            group.wake()
        self._leaving.wake()
        self._refresh_mine()
        self._director.wake()
        self._refresh_mine()
        self._moves.wake()
        self._messaging.look()
        self._messaging.wake()
        for last in (self._ties, self._channel, self._durability, self._voters):
            last.wake()
        self._calm.look()
        self._beats.forget()
        self._beat_and_arm(all_read=is_wake)
        if desk.changed:
            desk.effects.append(Changed())
        return desk.effects

    def _be_born(self) -> None:
        desk = self._desk
        self._is_born = True
        desk.born_s = self._last_s = self._beats.next_s = desk.now_s
        self._detector.born()
        self._membership.born()
        desk.urgent = True
        desk.decide(
            "node.started",
            desk.node(desk.me),
            f"{desk.name(desk.me)} started (life {desk.birth.incarnation})",
            "the daemon was started",
        )

    def _take(self, event: events.Event) -> None:  # noqa: C901, PLR0912 - one case per event is the clearest form
        match event:
            case events.FrameReceived():
                self._frame(event)
            case events.OperationFinished():
                parts = (self._fencing.attempts, self._inspections, self._rehearsing, self._ties)
                if not any(part.finished(event.id, event.result) for part in parts):
                    any(group.finished(event.id, event.result) for group in self._groups)
            case events.ExecutorChanged():
                self._executor(event)
            case events.ExecutorHung():
                self._ability.hung(event.silent_s)
            case events.ExecutorSilent():
                self._ability.silent(event.silent_s)
            case events.HoldKnown():
                self._hold.known(event.resource, event.how)
            case events.WatchdogKnown():
                self._watchdog.known(event)
            case events.DevicesKnown():
                self._fencing.devices.known(
                    event.device,
                    event.hosts,
                    event.worst_off_s,
                    event.problem,
                    serialises=event.serialises,
                    gives_power=event.gives_power,
                    level=event.level,
                    supplies=event.supplies,
                )
            case events.ClientAsked():
                self._client(event)
            case events.ClientGone():
                self._moves.client_gone(event.ticket)
                self._leaving.client_gone(event.ticket)
                self._inspections.client_gone(event.ticket)
            case events.ProgramAsked() | events.ProgramGone() | events.ProgramsSlow():
                self._is_old_news = True
                self._messaging.program(event)
            case events.LinkOpened():
                self._links.opened(event.link, event.problem)
            case events.Suspended():
                self._pauses.suspended(event.seconds)
            case events.Persisted():
                self._durability.persisted(event.key, event.error)
                self._voters.persisted(event.key, event.error)
            case events.Asked():
                self._leaving.ask(event.why)

    # Frames.

    def _frame(self, event: events.FrameReceived) -> None:
        nid = self._door.admit(event)
        self._is_old_news = self._door.is_copy
        if nid is None:
            return
        packet = event.packet
        if isinstance(packet.message, m.Beat):
            if self._detector.is_newest(nid, event.header.sequence):
                self._is_old_news = self._detector.says_the_same(nid, packet.message)
                take = self._news.take_same if self._is_old_news and self.is_calm() else self._news.take
                take(nid, event.header.sequence, packet.message)
            return
        if not isinstance(packet.message, m.StaleLife) and not self._news.is_kin(nid):
            return
        if isinstance(packet.message, Speech):
            self._is_old_news = True
            if packet.to in (-1, self._desk.me):
                self._messaging.take(nid, packet.message)
            return
        ready = [packet] if packet.stream == 0 else self._channel.in_order(nid, packet)
        for each in ready:
            if each.to in (-1, self._desk.me):
                self._mail.read(nid, each.message)

    # Other events.

    def _executor(self, event: events.ExecutorChanged) -> None:
        self._director.executor_ready = event.ready
        self._ability.executor(is_ready=event.ready)
        self._ledger.dirty = self._desk.urgent = True
        if event.ready:
            self._fencing.attempts.executor_back()
            if event.detail:
                self._ability.forgot(event.detail)
            for group in self._groups:
                group.executor_came(event.tokens.get(group.group.name, 0))
            return
        self._ability.lost(event.detail)
        self._fencing.attempts.executor_lost()
        self._ties.executor_lost()
        for group in self._groups:
            group.executor_lost()

    def _client(self, event: events.ClientAsked) -> None:
        request = event.request
        match request:
            case api.Standby() | api.Takeover():
                self._moves.asked(event.ticket, event.who, request)
            case api.Stop():
                self._leaving.ask(f"{event.who} asked for it", event.ticket)
            case api.ConfirmRequests():
                self._confirming.list(event.ticket)
            case api.Confirm():
                self._confirming.asked(event.ticket, event.who, request)
            case api.CheckDevices():
                self._inspections.asked(event.ticket)
            case api.Rehearse():
                self._rehearsing.asked(event.ticket, event.who, request)
            case _:
                refused = api.Refused(f"the kernel does not answer {type(request).__name__}")
                self._desk.effects.append(Answer(event.ticket, refused))

    # What the parts ask of the whole.

    def _refresh_mine(self) -> None:
        """My own row of the ledger is what my groups say now."""
        mine = {group.index: group.holding() for group in self._groups}
        if mine != self._ledger.mine:
            self._ledger.mine = mine
            self._ledger.dirty = self._desk.urgent = self._desk.changed = True

    def _state(self) -> m.State:
        """What this node brings into the next view."""
        return m.State(
            self._desk.member,
            self._desk.birth.boot_id,
            self._membership.view.id,
            tuple(group.holding() for group in self._groups),
            tuple(proved for _, proved in sorted(self._ledger.proofs.items()) if self._channel.is_about_newest(proved)),
            self._director.token,
            self._channel.stream_high,
            self._channel.sequence,
            self._leaving.is_leaving,
            self._fencing.cases.shooting(),
            self._messaging.spoken(),
            self._voters.roll,
            self._channel.lives(),
            self._ties.granted,
            self._voters.is_recount_due,
        )

    def _is_excluded(self, nid: Nid) -> bool:
        peer = self._detector.peers[nid]
        if peer.beat is None or peer.beat.nodes_digest != self._nodes_digest:
            return True
        if self._ledger.proof(nid, peer.incarnation) is not Proof.NONE or self._ledger.is_condemned(
            nid, peer.incarnation
        ):
            return True
        return self._fencing.cases.is_shooting(nid)

    def _installed(self, view: View, states: tuple[m.State, ...], why: str) -> None:
        desk = self._desk
        self._door.learn(view, states)
        for state in states:
            nid = state.member.nid
            self._director.token = max(self._director.token, state.token)
            for proved in state.proofs:
                is_ghost = self._ledger.is_condemned(proved.nid, proved.incarnation)
                if proved.nid != desk.me and not is_ghost and self._channel.is_about_newest(proved):
                    self._ledger.prove(proved)
            if nid != desk.me:
                for packet in self._channel.covered(nid, state.stream):
                    if packet.to in (-1, desk.me):
                        self._mail.read(nid, packet.message)
                self._ledger.told(nid, state.member.incarnation, state.sequence, state.holdings)
        silent = [self._detector.peers[nid].silent_decision for nid in desk.others if not view.has(nid)]
        names = ", ".join(desk.name(nid) for nid in view.nids)
        self._view_since_s = desk.now_s
        self._view_decision = self._director.cause = desk.decide(
            "view.installed", "cluster", f"view {view.id}: {names}", *[n for n in silent if n], why
        )
        self._credit.view_installed(view)
        self._fencing.orders.view_installed(states)
        self._inspections.view_installed()
        newcomers = joiners(states) if len(view.members) > 1 else ()
        self._director.view_installed(newcomers)
        self._rehearsing.view_installed(has_newcomers=bool(newcomers))
        self._judged = quorum.judge(desk.cluster, states)
        self._voters.installed(view, states, self._judged[0], self._view_decision)
        self._ties.installed(view, states, self._judged[0])
        self._weigh()
        self._self_fence.view_installed(states, self._director.standing)
        self._messaging.installed(view, states)

    def _fence_me(self, index: int, detail: str) -> int:
        return self._fencing.ask_for_me(index, detail)

    def _protect(self) -> None:
        """Who is away is to be over before anything of it moves, and what is here is to be held."""
        self._fencing.wake()
        self._self_fence.wake()
        self._credit.bury(self._ledger, self._detector, self._membership.view)
        self._hold.wake(executor_ready=self._director.executor_ready)
        self._watchdog.wake()

    def _weigh(self) -> None:
        """Ask the quorum engine again: a view came, or a proof."""
        view = self._membership.view
        if not view.members:
            return
        standing, why = self._ties.stands(*self._judged)
        if len(self._desk.cluster.nodes) == 2:
            standing, why = quorum.standing(self._desk.cluster, view.nids, self._is_away)
        if standing is not self._director.standing or why != self._why:
            self._director.standing = self._fencing.standing = self._rest.standing = standing
            self._why = why
            self._ledger.dirty = True
            self._director.cause = self._desk.decide(
                f"quorum.{standing.value}",
                "cluster",
                f"{quorum.WORDS[standing]}: {why}",
                *self._away_causes(),
                self._view_decision,
                why,
                alarm=standing is Standing.NO_QUORUM,
            )

    def _is_away(self, nid: Nid) -> bool:
        needed = self._ledger.needed(shares_data=True)
        return self._ledger.proof(nid, self._detector.peers[nid].incarnation) >= needed

    def _away_causes(self) -> list[int]:
        absent = [nid for nid in self._desk.others if not self._membership.view.has(nid)]
        return [self._fencing.cases[nid].cause for nid in absent if nid in self._fencing.cases]

    # Time.

    def is_calm(self) -> bool:
        """Can this step be about nothing but a beat, mine or another's?"""
        return self._calm.lasts()

    def _only_beat(self, *, all_read: bool) -> None:
        """Every frame puts silence off; by how much is only asked when calm would be over before my next beat."""
        if self._beats.wake(all_read=all_read):
            self._beat_left()
        until_s = self._calm.until_s if self._beats.next_s <= self._calm.until_s else self._calm.look_ahead()
        self._arm(max(min(self._beats.due_s, until_s, self._messaging.due_s), self._desk.now_s))

    def _beat_in_a_flood(self) -> None:
        """Only my beat, when it is due: the rest waits until all that arrived was read, and is armed for then.

        A node that stood still reads everything first, so that it learns what happened before it speaks.
        """
        if self._hold.resync_s is None and self._beats.is_punctual() and self._beats.wake(all_read=True):
            self._beat_left()
        if self._desk.changed:
            self._desk.effects.append(Changed())

    def _beat_and_arm(self, *, all_read: bool) -> None:
        if self._beats.wake(all_read=all_read):
            self._beat_left()
        until_s = min(self._calm.look_ahead(), self._messaging.due_s)
        self._arm(max(min(self._beats.due_s, until_s), self._desk.now_s))

    def _beat_left(self) -> None:
        self._hold.beat_left()
        self._watchdog.beat_left()

    def _arm(self, at_s: float) -> None:
        if at_s != self._armed_s:
            self._armed_s = at_s
            self._desk.effects.append(Arm(at_s))

    # Looking.

    def status(self, now_s: float) -> ClusterStatus:
        """Return what is true now; changes nothing."""
        return self._report.status(now_s, self._why, self._view_since_s, self._links.problems)
