"""Membership: coordinator-led, numbered view changes on the largest set of nodes that all hear each other.

PROPOSE -> FLUSH (a promise, and what the member brings) -> SYNC (everybody's state to everybody) -> SYNCED -> INSTALL.
A view is installed only after all of its members hold the same SYNC; installing earlier breaks agreement. Every
message is idempotent and repeated by the coordinator until answered. A view of one needs no messages.

The history of ordered messages rides on FLUSH and SYNC: a member says SYNCED once it has what the SYNC shows it to
lack. Nothing outside sees more than ``installed``.
"""

import enum
import random
from collections.abc import Callable
from typing import Protocol

from heartbeat.kernel import quorum
from heartbeat.kernel.channel import Channel
from heartbeat.kernel.desk import Desk
from heartbeat.kernel.detector import Detector
from heartbeat.kernel.effects import Persist
from heartbeat.kernel.roll import is_recount
from heartbeat.model.names import Nid
from heartbeat.model.view import Member, Standing, View, ViewId
from heartbeat.wire.messages import Flush, Install, Propose, Refuse, Reject, State, Sync, Synced

SETTLE_S = 0.010
"""The estimate must stand still this long before it is proposed, so that several changes make one view."""
REPEAT_S = 0.030
"""A coordinator repeats what was not answered; about ten round trips of a local network."""
ROUND_S = 0.250
"""A round that takes longer is given up, and who did not answer sits out one deadtime."""
HANDOVER_S = 0.020
"""Between two looks at whether everything was handed over; what arrives is looked at at once."""
EPOCH_BLOCK = 64
"""Epochs are reserved on disk in blocks, the next one when half is used, so that no view change waits for it."""


class Phase(enum.Enum):
    BOOT = "boot"
    MEMBER = "member"


class Round:
    """The coordinator's own record of one attempt."""

    def __init__(self, ballot: ViewId, members: tuple[Member, ...], why: str, now_s: float) -> None:
        self.ballot = ballot
        self.members = members
        self.why = why
        self.states: dict[Nid, State] = {}
        self.synced: set[Nid] = set()
        self.sync: Sync | None = None
        self.repeat_s = now_s + REPEAT_S
        self.until_s = now_s + ROUND_S


class Handover(Protocol):
    """What members hand over to each other before a view is in force."""

    def is_ready(self, sync: Sync) -> bool:
        """Has this node all that it needs for the view of this SYNC? Asks for what it has not, again and again."""


class Membership:
    """This node's view, and how it comes to the next one."""

    def __init__(
        self,
        desk: Desk,
        channel: Channel,
        detector: Detector,
        *,
        state: Callable[[], State],
        is_excluded: Callable[[Nid], bool],
        installed: Callable[[View, tuple[State, ...], str], None],
    ) -> None:
        self._desk, self._channel, self._detector = desk, channel, detector
        self._state, self._is_excluded, self._installed = state, is_excluded, installed
        self._random = random.Random(desk.birth.seed)  # noqa: S311 - spreads retries, protects nothing
        self.phase = Phase.BOOT
        self.view = View(ViewId(), ())
        self.epoch = int(desk.birth.stored.get("epoch", b"0"))
        self._reserved = self._born_epoch = self.epoch
        self.promised = ViewId()
        self._round: Round | None = None
        self._sync: Sync | None = None
        self._is_synced = False
        self.handovers: tuple[Handover, ...] = ()
        """Set before the first step; without one nothing is handed over."""
        self._flushed_s = float("inf")
        self._stirred_s: float | None = None
        self._wanted: tuple[Member, ...] = ()
        self._picture: object = None
        """What the last estimate was made from; most steps change nothing in it."""
        self._estimate: tuple[Member, ...] = ()
        self._quiet_until_s = 0.0
        self._sits_out: dict[Nid, tuple[int, float]] = {}
        """Which life of a node did not answer a round, and until when it is left out."""
        self._stays_with: dict[Nid, tuple[Nid, ...]] = {}
        """Whom a node would not leave for a view with this one, which does not hear those."""
        self._has_majority = False
        """Of the view, as it was installed: from three nodes on; of two none is an outsider."""
        self.wants_another: Callable[[], bool] = lambda: False
        """Are the voters to be changed, which takes a view change with the same members?"""
        self.hastens: Callable[[], bool] = lambda: False
        """Was this view granted the right to go on, which takes a view change with the same members, soon?"""
        self.put_off: Callable[[], None] = lambda: None
        """That did not come about."""
        self._install_again_s = 0.0
        self._is_doubted = False
        self._doubted = ViewId()
        """What was promised when this node stood still: the others may have given it up long before it is installed."""
        self._woke_s = float("-inf")

    @property
    def coordinator(self) -> Nid:
        """Who plans in this view: its lowest nid. -1 before the first view."""
        return self.view.members[0].nid if self.view.members else Nid(-1)

    @property
    def is_flushing(self) -> bool:
        """A promise is out: the old view is no longer acted upon, even if nothing came of the promise.

        Whoever it was given to may have installed a view with what this node said of itself then. The same holds
        after a pause: the others may have gone on without this node.
        """
        return self.promised > self.view.id or self._is_doubted

    @property
    def shown(self) -> ViewId:
        """What beats show: the view, or the promise that came to nothing, so that the others make a view anew."""
        if self.is_in_round or not self.is_flushing:
            return self.view.id
        return self.promised if self.promised > self.view.id else ViewId()

    def born(self) -> None:
        """Reserve epochs for this life before it can need any."""
        self._saw_epoch(self.epoch)

    def doubt(self) -> None:
        """This node stood still: its view may be over, and the one under way, too, so it acts on the next one only."""
        self._is_doubted = self.phase is Phase.MEMBER
        self._doubted = self.promised
        self._woke_s = self._desk.now_s

    def is_over(self) -> None:
        """The others have a later view without this node: nothing is done in this one any more."""
        self._is_doubted = True

    @property
    def wanted(self) -> tuple[Nid, ...]:
        """Return who should be in the next view, as this node sees it."""
        return tuple(member.nid for member in self._wanted)

    @property
    def _patient_until_s(self) -> float:
        """After a pause the others get a deadtime to show that they hear this node again, before one is dropped."""
        drops = any(nid not in self.wanted for nid in self.view.nids)
        return self._woke_s + self._detector.deadtime_s if drops else 0.0

    @property
    def is_in_round(self) -> bool:
        """A coordinator may still complete the promise."""
        return self._flushed_s != float("inf")

    # Who should be in?

    def estimate(self) -> tuple[Member, ...]:
        """Return me and the peers that all hear each other, greedily: drop whoever misses most, then who is new,
        then the higher nid, the same on every node."""
        peers = [nid for nid in self._desk.others if self._is_candidate(nid)]
        known = self._detector.peers
        picture = (self.view.id, [(nid, known[nid].incarnation, known[nid].hears) for nid in peers])
        if picture != self._picture:
            self._picture, self._estimate = picture, self._clique(peers)
        return self._estimate

    def _clique(self, peers: list[Nid]) -> tuple[Member, ...]:
        peers = [*peers]
        while True:
            missing = {i: sum(not self._edge(i, j) for j in peers if j != i) for i in peers}
            worst = max(peers, key=lambda i: (missing[i], not self.view.has(i), i), default=None)
            if worst is None or not missing[worst]:
                break
            peers.remove(worst)
        members = [Member(nid, self._detector.peers[nid].incarnation) for nid in peers]
        return tuple(sorted([self._desk.member, *members]))

    def _is_candidate(self, nid: Nid) -> bool:
        if not self._detector.hears_me(nid):
            return False  # asked first: of many nodes that boot at once it drops most
        life, until_s = self._sits_out.get(nid, (0, 0.0))
        if life == self._detector.peers[nid].incarnation and until_s > self._desk.now_s:
            return False  # a life that starts meanwhile is not to blame
        if self._stays(nid) or self._does_without_me(nid):
            return False
        return not self._is_excluded(nid)

    def _stays(self, nid: Nid) -> bool:
        """Does it still hear others for whom it refused this node, and this node still not hear them?"""
        if nid not in self._stays_with:
            return False
        hears, peers = self._detector.peers[nid].hears, self._detector.peers
        others = (other for other in self._stays_with.get(nid, ()) if other in peers and other in hears)
        return any(not self._detector.hears_me(other) for other in others)

    def _does_without_me(self, nid: Nid) -> bool:
        """Does it say that this node is to stay outside, and counts more? Then it comes for us when it wants us."""
        beat, me = self._detector.peers[nid].beat, self._desk.member
        if beat is None or not beat.outsiders:
            return False
        if (me.nid, me.incarnation) not in ((each.nid, each.incarnation) for each in beat.outsiders):
            return False
        return beat.view > self.view.id or not self._has_majority

    def _edge(self, i: Nid, j: Nid) -> bool:
        return self._row_shows(i, j) and self._row_shows(j, i)

    def _row_shows(self, i: Nid, j: Nid) -> bool:
        return self._detector.peers[i].hears.get(j) == self._detector.peers[j].incarnation

    # Time.

    def deadline_s(self) -> float:
        times = [self._flushed_s + 2 * ROUND_S]
        if self._round:
            times.append(min(self._round.repeat_s, self._round.until_s))
        elif self._stirred_s is not None and not self._waits_for_coordinator:
            times.append(max(self._propose_s(), self._quiet_until_s, self._patient_until_s))
        initdead_s = self._desk.born_s + self._desk.cluster.timers.initdead_s
        if self.phase is Phase.BOOT and initdead_s > self._desk.now_s:
            times.append(initdead_s)
        if self._sync is not None and not self._is_synced:
            times.append(self._desk.now_s + HANDOVER_S)
        times += [until for _, until in self._sits_out.values() if until > self._desk.now_s]
        return min(times)

    def wake(self) -> None:
        """Look whether the view should change, and drive the attempt that is under way."""
        now = self._desk.now_s
        self._hand_over()
        if self._round:
            self._drive(self._round)
        if self.is_in_round and now >= self._flushed_s + 2 * ROUND_S:
            self._flushed_s, self._sync = float("inf"), None
            self._desk.urgent = True
        wanted = self.estimate()
        if wanted != self._wanted:
            self._wanted, self._stirred_s = wanted, None
        if not self._is_due(wanted):
            self._stirred_s = None
        elif self._stirred_s is None:
            self._stirred_s = now
        if self._stirred_s is None or self._round or now < max(self._propose_s(), self._quiet_until_s):
            return
        if self._waits_for_coordinator or now < self._patient_until_s:
            return
        self._propose(wanted)

    @property
    def _waits_for_coordinator(self) -> bool:
        """A promise is out to a node that lives: it may complete its round until that is given up."""
        peer = self._detector.peers.get(self.promised.coordinator)
        return self.is_in_round and peer is not None and peer.alive

    def _is_due(self, wanted: tuple[Member, ...]) -> bool:
        if self.phase is Phase.BOOT and len(wanted) == 1 and len(self._desk.cluster.nodes) > 1:
            # Alone at start: others may only be late. From initdead on they count as absent.
            return self._desk.now_s >= self._desk.born_s + self._desk.cluster.timers.initdead_s
        if (
            wanted != self.view.members
            or (self.is_flushing and not self.is_in_round)
            or self.wants_another()
            or self.hastens()
        ):
            return True
        return any(self._detector.view_of(nid) != self.view.id for nid in self.view.nids if nid != self._desk.me)

    def _propose_s(self) -> float:
        """Return when I may propose: at once alone, after settling as coordinator, much later as a stand-in."""
        assert self._stirred_s is not None
        if len(self._wanted) == 1:
            return self._stirred_s
        if self._wanted[0].nid == self._desk.me:
            # Where only a beat with another view id disagrees, give the INSTALL on its way time to arrive.
            return self._stirred_s + (SETTLE_S if self._wanted != self.view.members or self.hastens() else ROUND_S)
        return self._stirred_s + stand_in_s(self._detector.deadtime_s, self._desk.me)

    # Coordinator.

    def _propose(self, wanted: tuple[Member, ...]) -> None:
        desk = self._desk
        if wanted[0].nid != desk.me:
            wanted = tuple(member for member in wanted if member.nid >= desk.me)
            if wanted == self.view.members and not self.is_flushing:
                self._stirred_s = desk.now_s  # it is the view already; who should propose may do so yet
                return
        self._saw_epoch(self.epoch + 1)
        ballot = ViewId(self.epoch, desk.me)
        why = self._why(wanted)
        self._stirred_s = None
        if len(wanted) == 1:
            self.promised, self._round = ballot, None
            self._install(Sync(ballot, wanted, (self._state(),)), why)
            return
        self._round = Round(ballot, wanted, why, desk.now_s)
        self._promise(ballot)
        self._round.states[desk.me] = self._state()
        self._channel.send(Propose(ballot, wanted, why))

    def _why(self, wanted: tuple[Member, ...]) -> str:
        name = self._desk.name
        joined = [name(m.nid) for m in wanted if m not in self.view.members and m.nid != self._desk.me]
        gone = [name(m.nid) for m in self.view.members if m not in wanted]
        words = [f"{', '.join(joined)} joined"] if joined else []
        words += [f"{', '.join(gone)} left or fell silent"] if gone else []
        return " and ".join(words) or ("first view" if not self.view.members else "views differed")

    def _drive(self, current: Round) -> None:
        now = self._desk.now_s
        if now >= current.until_s:
            self._blame(current)
            self._give_up()
        elif now >= current.repeat_s:
            current.repeat_s = now + REPEAT_S
            self._channel.send(current.sync or Propose(current.ballot, current.members, current.why))

    def _blame(self, current: Round) -> None:
        """Who did not answer sits out one deadtime; where it was about the voters, only their change does."""
        answered = current.synced if current.sync else set(current.states)
        if current.sync and is_recount(current.ballot, current.sync.states):
            self.put_off()
            return
        for member in current.members:
            if member.nid not in answered and member.nid != self._desk.me:
                self._sits_out[member.nid] = (member.incarnation, self._desk.now_s + self._detector.deadtime_s)

    def _give_up(self) -> None:
        self._round = None
        self._flushed_s, self._sync = float("inf"), None
        self._quiet_until_s = self._desk.now_s + self._random.random() * 0.050

    def on_flush(self, nid: Nid, message: Flush) -> None:
        current = self._round
        if current is None or message.ballot != current.ballot or nid in current.states:
            return
        member = message.state.member
        if member.nid != nid or member not in current.members:
            return  # not asked, or another life than the one that was: its state is no part of this view
        current.states[nid] = message.state
        if len(current.states) == len(current.members):
            states = tuple(current.states[member.nid] for member in current.members)
            current.sync = self._sync = Sync(current.ballot, current.members, states)
            current.repeat_s = self._desk.now_s + REPEAT_S
            self._channel.send(current.sync)
            self._hand_over()

    def on_synced(self, nid: Nid, message: Synced) -> None:
        current = self._round
        if current is None or message.ballot != current.ballot or current.sync is None or nid not in current.states:
            return
        current.synced.add(nid)
        self._complete(current)

    def _complete(self, current: Round) -> None:
        if current.sync is not None and self._is_synced and len(current.synced) == len(current.members) - 1:
            self._round = None
            self._channel.send(Install(current.ballot))
            self._install(current.sync, current.why)

    def on_refuse(self, message: Refuse) -> None:
        self._saw_epoch(message.promised.epoch)
        if self._round and message.ballot == self._round.ballot:
            self._give_up()

    def on_reject(self, nid: Nid, message: Reject) -> None:
        if self._round and message.ballot == self._round.ballot:
            self._stays_with[nid] = message.parts_from
            self._give_up()
            self._quiet_until_s += REPEAT_S

    # Member.

    def on_propose(self, nid: Nid, message: Propose) -> None:
        ballot = message.ballot
        self._saw_epoch(ballot.epoch)
        if ballot == self.promised and self.is_in_round:
            self._channel.send(Flush(ballot, self._state()), to=nid)
            return
        known = max(self.promised, self.view.id, ViewId(self._born_epoch, self._desk.me))
        if ballot <= known:  # an earlier life of this node may have been in views up to where this one began
            self._channel.send(Refuse(ballot, known), to=nid)
            return
        if self._desk.member not in message.members:
            return
        unheard = tuple(m.nid for m in message.members if m.nid != self._desk.me and not self._hears(m))
        parts_from = self._parts_from(nid, message.members)
        if unheard or parts_from:
            self._channel.send(Reject(ballot, unheard, parts_from), to=nid)
            return
        self._round = None
        self._promise(ballot)
        self._channel.send(Flush(ballot, self._state()), to=nid)

    def _parts_from(self, proposer: Nid, members: tuple[Member, ...]) -> tuple[Nid, ...]:
        """Return the fellow members that a view no larger than what this node wants would part it from, only because
        the proposer does not hear them. A node between two that do not hear each other would else go to and fro."""
        wanted, warn_s = self.estimate(), self._desk.cluster.timers.warntime_s
        if len(members) > len(wanted):
            return ()
        left = (m.nid for m in wanted if m not in members and m.nid != self._desk.me and self.view.has(m.nid))
        return tuple(n for n in left if not self._edge(proposer, n) and self._detector.age_s(n) < warn_s)

    def _hears(self, member: Member) -> bool:
        peer = self._detector.peers[member.nid]
        return peer.alive and peer.incarnation == member.incarnation and not self._is_excluded(member.nid)

    def _promise(self, ballot: ViewId) -> None:
        self.promised, self._sync, self._is_synced = ballot, None, False
        self._flushed_s = self._desk.now_s

    def on_sync(self, nid: Nid, message: Sync) -> None:
        if message.ballot != self.promised or not self.is_in_round or self._round is not None:
            return
        if self._is_synced:
            self._channel.send(Synced(message.ballot), to=nid)
            return
        self._sync = message
        self._hand_over()

    def _hand_over(self) -> None:
        """Say SYNCED, or as coordinator count myself, once nothing is missing here."""
        sync = self._sync
        if sync is None or self._is_synced or not all(each.is_ready(sync) for each in self.handovers):
            return
        self._is_synced = True
        if self._round is not None:
            self._complete(self._round)
        else:
            self._channel.send(Synced(sync.ballot), to=sync.ballot.coordinator)

    def leave_out(self, nid: Nid, seconds: float) -> None:
        """Go on without this life of a node for so long."""
        self._sits_out[nid] = (self._detector.peers[nid].incarnation, self._desk.now_s + seconds)

    def on_install(self, message: Install) -> None:
        if message.ballot == self.promised and self._sync and self._is_synced:
            self._install(self._sync, self._why(self._sync.members))

    def on_beat_view(self, nid: Nid, shown: ViewId, epoch: int) -> None:
        """A member that still shows an older view than mine may have lost the INSTALL."""
        self._saw_epoch(epoch)
        now = self._desk.now_s
        lags = self.coordinator == self._desk.me and self.view.has(nid) and shown < self.view.id
        if lags and now >= self._install_again_s:
            self._install_again_s = now + REPEAT_S
            self._channel.send(Install(self.view.id), to=nid)

    def _saw_epoch(self, epoch: int) -> None:
        self.epoch = max(self.epoch, epoch)
        if self.epoch + EPOCH_BLOCK // 2 >= self._reserved:
            self._reserved = self.epoch + EPOCH_BLOCK
            self._desk.effects.append(Persist("epoch", str(self._reserved).encode()))

    def _install(self, sync: Sync, why: str) -> None:
        self.view = View(sync.ballot, sync.members)
        self._has_majority = quorum.judge(self._desk.cluster, sync.states)[0] is Standing.PRIMARY
        self.phase = Phase.MEMBER
        self._is_doubted = sync.ballot == self._doubted
        self._stays_with = {nid: others for nid, others in self._stays_with.items() if not self.view.has(nid)}
        self._flushed_s, self._sync, self._stirred_s = float("inf"), None, None
        self._desk.urgent = True
        self._installed(self.view, sync.states, why)


def stand_in_s(deadtime_s: float, nid: Nid) -> float:
    """Return how long a node waits for who should propose, until it proposes without them: one after the other."""
    return 3 * deadtime_s + 0.2 * nid


def joiners(states: tuple[State, ...]) -> tuple[Nid, ...]:
    """Return who joined: all but the largest group that comes from one view. After an even heal that is everybody."""
    sizes: dict[ViewId, int] = {}
    for state in states:
        if state.old.epoch:
            sizes[state.old] = sizes.get(state.old, 0) + 1
    largest = [old for old, size in sizes.items() if size == max(sizes.values())]
    stayed = largest[0] if len(largest) == 1 else None
    return tuple(state.member.nid for state in states if state.old != stayed)
