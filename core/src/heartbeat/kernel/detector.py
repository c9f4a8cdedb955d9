"""The failure detector: who is heard, over which link, how long ago, and whether they hear us.

Silence is a deadline at the newest frame plus deadtime, not a tick. A node is silent only when every link is;
a single link that falls silent is reported and moves nothing.
"""

import enum
from collections.abc import Iterable

import msgspec

from heartbeat.kernel.desk import Desk
from heartbeat.model.names import Nid
from heartbeat.model.view import Member, ViewId
from heartbeat.wire.messages import Beat

POSTPONED_DEADTIMES_MAX = 3
"""A machine that stands still again and again must not put off its verdict on a dead peer for ever."""
FLAP_WINDOW_S = 300.0
LINK_UP_FRAMES_MAX = 64


class LinkState(enum.Enum):
    UNKNOWN = "unknown"
    UP = "up"
    LATE = "late"
    DOWN = "down"


class LinkHealth:
    """One peer over one link."""

    __slots__ = ("downs", "frames", "last_s", "lost", "row", "sequence", "since_s", "state")

    def __init__(self, now_s: float) -> None:
        self.state = LinkState.UNKNOWN
        self.since_s = now_s
        self.last_s = now_s
        self.frames = 0
        self.lost = 0
        self.sequence = 0
        self.row = 0
        """Frames in a row, none lost, since the link went down."""
        self.downs: list[float] = []
        """When it went down, within FLAP_WINDOW_S."""

    def is_steady(self, now_s: float) -> bool:
        """Has a link that was down shown enough frames in a row? Twice as many for each time it went down."""
        flaps = sum(at > now_s - FLAP_WINDOW_S for at in self.downs) - 1
        return self.row >= min(2 << max(flaps, 0), LINK_UP_FRAMES_MAX)


class Peer:
    """Another node, as heard in its present life."""

    def __init__(self, nid: Nid, links: int, now_s: float) -> None:
        self.nid = nid
        self.links = [LinkHealth(now_s) for _ in range(links)]
        self.incarnation = 0
        self.heard_s = 0.0
        self.since_s = now_s
        self.alive = False
        """Heard within deadtime."""
        self.hears: dict[Nid, int] = {}
        """Whom its newest beat shows to be heard within deadtime, and in which life."""
        self.late = False
        self.postponed_s = 0.0
        """By how much its verdict was put off for pauses of ours since it was last heard."""
        self.spared_until_s = 0.0
        """No verdict before, because it was we who stood still."""
        self.silent_decision = 0
        self.beat: Beat | None = None
        self.said: Beat | None = None
        """The same beat without its stamps and ages."""
        self.beat_sequence = 0
        """Its frame number: what was sent before it and comes later has been said anew."""
        self.boot_id = ""

    @property
    def echo_ms(self) -> int:
        """Send time of its newest beat, by its own clock."""
        return self.beat.sent_ms if self.beat else 0


class Detector:
    """Turns frames and time into states and decisions; acts on nothing."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._links = len(desk.birth.links)
        self.peers: dict[Nid, Peer] = {}
        self._newly_silent: list[Nid] = []
        self.deadtime_s = desk.cluster.timers.deadtime_s

    def born(self) -> None:
        self.peers = {nid: Peer(nid, self._links, self._desk.now_s) for nid in self._desk.others}

    def dead_after_s(self, peer: Peer) -> float:
        """The larger of my deadtime and the one the peer announces: a difference never shortens patience."""
        return max(self.deadtime_s, peer.beat.deadtime_s if peer.beat else 0.0)

    def _patience_s(self, nid: Nid) -> float:
        return self.dead_after_s(self.peers[nid]) if nid in self.peers else 0.0

    # Frames.

    def heard(self, nid: Nid, link: int, sequence: int, *, fresh: bool) -> None:
        """A frame of the peer's present life came over a link. Only a number new to that link counts as life.

        A recording of old frames is never new. A frame seen over another link first still proves this link, but not
        the node: a slow link, or a recording played into another one, must not keep a dead node alive.
        """
        peer, now = self.peers[nid], self._desk.now_s
        health = peer.links[link]
        if sequence <= health.sequence:
            return
        missing = sequence - health.sequence - 1 if health.sequence else 0
        health.lost += missing
        health.row = 1 if missing else health.row + 1
        health.sequence = sequence
        health.frames += 1
        health.last_s = now
        if health.state is not LinkState.UP and (health.state is not LinkState.DOWN or health.is_steady(now)):
            self._link_up(peer, link, health)
        if fresh:
            peer.heard_s = now
            peer.late, peer.postponed_s = False, 0.0
            if not peer.alive:
                self._alive(peer)

    def _link_up(self, peer: Peer, link: int, health: LinkHealth) -> None:
        was, health.state, health.since_s = health.state, LinkState.UP, self._desk.now_s
        if was in (LinkState.UNKNOWN, LinkState.DOWN):
            name = self._desk.birth.links[link]
            self._desk.decide(
                "link.up",
                f"link {name}",
                f"{self._desk.name(peer.nid)} is heard over {name}",
                f"first frame over {name}" if was is LinkState.UNKNOWN else f"a frame over {name} after silence",
            )

    def _alive(self, peer: Peer) -> None:
        peer.alive = True
        peer.since_s = self._desk.now_s
        self._desk.greets = True
        cause: tuple[int | str, ...] = (f"a frame of its life {peer.incarnation} arrived",)
        if peer.silent_decision:
            cause = (peer.silent_decision, *cause)
        self._desk.decide("node.heard", self._desk.node(peer.nid), f"{self._desk.name(peer.nid)} is heard", *cause)
        peer.silent_decision = 0

    def new_life(self, nid: Nid, incarnation: int) -> None:
        """The peer's daemon started anew; what was known of the link numbers is void."""
        peer = self.peers[nid]
        before, peer.incarnation, peer.beat, peer.hears = peer.incarnation, incarnation, None, {}
        peer.said = None
        peer.beat_sequence = 0
        for health in peer.links:
            health.sequence = 0
        if before:
            self._desk.decide(
                "node.restarted",
                self._desk.node(nid),
                f"{self._desk.name(nid)} started anew (life {incarnation})",
                f"its frames carry incarnation {incarnation} after {before}",
            )

    def departed(self, nid: Nid) -> None:
        """The peer said goodbye: its silence is no news."""
        peer = self.peers[nid]
        peer.alive = peer.late = False
        self._newly_silent.append(nid)
        peer.since_s = self._desk.now_s
        for health in peer.links:
            health.state, health.since_s = LinkState.UNKNOWN, self._desk.now_s

    def is_newest(self, nid: Nid, sequence: int) -> bool:
        """Is a beat of this number newer than those taken before? One that was overtaken says what is no longer so."""
        peer = self.peers[nid]
        if sequence < peer.beat_sequence:
            return False
        peer.beat_sequence = sequence
        return True

    def beat(self, nid: Nid, beat: Beat) -> None:
        peer = self.peers[nid]
        peer.beat, peer.said, peer.boot_id = beat, _without_ages(beat), beat.boot_id
        dead_s = self.dead_after_s(peer)
        hears = {h.nid: h.incarnation for h in beat.row if h.age_ms <= 1000 * max(dead_s, self._patience_s(h.nid))}
        if hears != peer.hears:
            peer.hears = hears

    def same_beat(self, nid: Nid, beat: Beat) -> None:
        """Take a beat that says what the last one said: its stamps and ages."""
        self.peers[nid].beat = beat

    # Questions.

    def newly_silent(self) -> list[Nid]:
        """Return who fell silent or left since the last time this was asked."""
        silent, self._newly_silent = self._newly_silent, []
        return silent

    def says_the_same(self, nid: Nid, beat: Beat) -> bool:
        """True when a beat says what the peer's last one said: only stamps, ages and
        what programs said differ, and ages are young.

        Young enough to be no matter for any part: the hold is the first, which asks from 0.8 of deadtime on.
        """
        before = self.peers[nid].beat
        if before is None or len(beat.row) != len(before.row) or _without_ages(beat) != self.peers[nid].said:
            return False
        young_ms = min(self._desk.cluster.timers.warntime_s, self.deadtime_s / 2) * 1000
        oldest_ms = max(beat.executor_age_ms, before.executor_age_ms, beat.persist_age_ms, before.persist_age_ms)
        for new, old in zip(beat.row, before.row, strict=True):
            if (new.nid, new.incarnation, new.contiguous) != (old.nid, old.incarnation, old.contiguous):
                return False
            oldest_ms = max(oldest_ms, new.age_ms, old.age_ms)
        return oldest_ms <= young_ms

    def least_ack(self) -> int:
        """Return up to which of my stream numbers every living peer says that it has them."""
        me, beats = self._desk.me, [peer.beat for peer in self.peers.values() if peer.alive and peer.beat]
        return min((heard.contiguous for beat in beats for heard in beat.row if heard.nid == me), default=-1)

    def hears_me(self, nid: Nid) -> bool:
        """True when the peer's newest beat shows that it hears my present life."""
        peer, me = self.peers[nid], self._desk.member
        return peer.alive and peer.hears.get(me.nid) == me.incarnation

    def is_heard_by(self, member: Nid, nid: Nid, *, within_s: float) -> bool:
        """Does the row of another member show a fresh frame of a node? Then it lives, whatever we hear of it."""
        peer, beat = self.peers[nid], self.peers[member].beat
        # The row was true when it left; it has aged since.
        since_ms = self.age_s(member) * 1000
        return beat is not None and any(
            heard.nid == nid
            and heard.incarnation >= max(peer.incarnation, 1)
            and heard.age_ms + since_ms < within_s * 1000
            for heard in beat.row
        )

    def best_link(self, nids: Iterable[Nid]) -> int:
        """Return the link over which most of these nodes are heard; of several the first."""
        peers = [self.peers[nid] for nid in nids if nid in self.peers]
        lost = [sum(peer.links[link].state is not LinkState.UP for peer in peers) for link in range(self._links)]
        return lost.index(min(lost))

    def age_s(self, nid: Nid) -> float:
        return self._desk.now_s - self.peers[nid].heard_s

    def boot_id(self, member: Member) -> str:
        """Return what this very life of a node told of its machine; empty when it was never heard."""
        peer = self.peers[member.nid]
        return peer.boot_id if peer.incarnation == member.incarnation else ""

    def view_of(self, nid: Nid) -> ViewId:
        beat = self.peers[nid].beat
        return beat.view if beat else ViewId()

    # Time.

    def deadline_s(self) -> float:
        warn = self._desk.cluster.timers.warntime_s
        next_s = float("inf")
        for peer in self.peers.values():
            if peer.alive:
                next_s = min(next_s, self._due_s(peer) if peer.late else peer.heard_s + warn)
            for health in peer.links:
                if health.state is LinkState.UP:
                    next_s = min(next_s, health.last_s + warn)
                elif health.state is LinkState.LATE:
                    next_s = min(next_s, health.last_s + self.dead_after_s(peer))
        return next_s

    def postpone(self, gap_s: float) -> None:
        """We slept for so long: it was our silence, not theirs, so each gets a deadtime from now. But not for ever.

        What counts against the limit is the time that a verdict waits while we are awake.
        """
        now = self._desk.now_s
        for peer in self.peers.values():
            left_s = POSTPONED_DEADTIMES_MAX * self.deadtime_s - peer.postponed_s
            due_s = max(self._due_s(peer), now)
            wait_s = min(now + self.dead_after_s(peer) - due_s, left_s)
            if peer.alive and wait_s > 0:
                peer.heard_s += gap_s
                peer.spared_until_s = due_s + wait_s
                peer.postponed_s += wait_s
            for health in peer.links:
                health.last_s += gap_s

    def _due_s(self, peer: Peer) -> float:
        """Return when a peer that says nothing more is silent."""
        return max(peer.heard_s + self.dead_after_s(peer), peer.spared_until_s)

    def wake(self) -> None:
        # Whoever was heard so lately, over every link, is neither late nor silent: most are, in most steps.
        now, warn_s = self._desk.now_s, self._desk.cluster.timers.warntime_s
        for peer in self.peers.values():
            for link, health in enumerate(peer.links):
                if now >= health.last_s + warn_s:
                    self._judge_link(peer, link, health)
            if peer.alive:
                self._judge_node(peer)

    def _judge_link(self, peer: Peer, link: int, health: LinkHealth) -> None:
        desk, silence = self._desk, self._desk.now_s - health.last_s
        if health.state is LinkState.UP and desk.now_s >= health.last_s + desk.cluster.timers.warntime_s:
            health.state, health.since_s, desk.changed = LinkState.LATE, desk.now_s, True
        if health.state is LinkState.LATE and desk.now_s >= health.last_s + self.dead_after_s(peer):
            health.state, health.since_s = LinkState.DOWN, desk.now_s
            health.row = 0
            health.downs = [*health.downs[-5:], desk.now_s]
            name = desk.birth.links[link]
            desk.decide(
                "link.down",
                f"link {name}",
                f"{desk.name(peer.nid)} is no longer heard over {name}",
                f"nothing over {name} for {silence:.3f} s, deadtime is {self.dead_after_s(peer):g} s",
                alarm=True,
            )

    def _judge_node(self, peer: Peer) -> None:
        desk, silence = self._desk, self._desk.now_s - peer.heard_s
        if not peer.late and desk.now_s >= peer.heard_s + desk.cluster.timers.warntime_s:
            peer.late = True
            desk.decide(
                "node.late",
                desk.node(peer.nid),
                f"{desk.name(peer.nid)} is late: nothing heard for {silence:.3f} s",
                f"no frame on any link for {silence:.3f} s, warntime is {desk.cluster.timers.warntime_s:g} s",
            )
        if desk.now_s >= self._due_s(peer):
            peer.alive = False
            self._newly_silent.append(peer.nid)
            peer.since_s = desk.now_s
            desk.urgent = True  # whoever is asked for a view knows by then whom we hear
            peer.silent_decision = desk.decide(
                "node.silent",
                desk.node(peer.nid),
                f"{desk.name(peer.nid)} is silent: nothing heard for {silence:.3f} s",
                f"no frame on any link for {silence:.3f} s, deadtime is {self.dead_after_s(peer):g} s",
                alarm=True,
            )


def _without_ages(beat: Beat) -> Beat:
    return msgspec.structs.replace(beat, row=(), sent=0, sent_ms=0, executor_age_ms=0, persist_age_ms=0)


def planned_by(beat: Beat) -> tuple[object, ...]:
    """Return what of a beat planning goes by, beside holdings."""
    return beat.digest, beat.executor_ok, beat.unable, beat.outsiders
