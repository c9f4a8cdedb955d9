"""This node's own beats: when one leaves, and what it says.

Nodes fall into step: whose beat is due within half a keepalive sends it right after another's has come. So a quiet
cluster wakes up once in a keepalive, and not once for each of its nodes: the same work costs a fifth in a process that
is awake already, its code and data still in the caches.

A beat leaves at a wake-up and not at a frame, unless there is news: before a wake-up everything that has arrived was
read, so that a node that stood still learns what happened before it speaks.

Who comes is greeted by all: a beat tells it that it is heard. One greeting serves whoever came since the last one.
"""

import msgspec

from heartbeat.kernel.ability import Ability
from heartbeat.kernel.channel import Channel
from heartbeat.kernel.desk import Desk
from heartbeat.kernel.detector import Detector
from heartbeat.kernel.director import Director
from heartbeat.kernel.durability import Durability
from heartbeat.kernel.exclusion import Exclusion
from heartbeat.kernel.fencing import Fencing
from heartbeat.kernel.leaving import Leaving
from heartbeat.kernel.ledger import Ledger
from heartbeat.kernel.membership import Membership
from heartbeat.kernel.messaging.messaging import Messaging
from heartbeat.kernel.rest import Rest
from heartbeat.kernel.watchdog import Watchdog
from heartbeat.wire.messages import Beat

GREETING_S = 0.002
"""Between two greetings, for each node beyond two. When n nodes boot at once, each greets all and all hear all of it.
A greeting costs whoever hears it over two links 0.16 to 0.36 ms in the kernel (measured with 16 nodes that boot:
docs/performance.md), so those of all others together take about an eighth of a processor, however many they are."""


class Beats:
    """Every keepalive, and at once when something in it changes."""

    def __init__(
        self,
        desk: Desk,
        channel: Channel,
        detector: Detector,
        membership: Membership,
        ledger: Ledger,
        fencing: Fencing,
        director: Director,
        leaving: Leaving,
        ability: Ability,
        messaging: Messaging,
        exclusion: Exclusion,
        rest: Rest,
        durability: Durability,
        watchdog: Watchdog,
    ) -> None:
        self._desk, self._channel, self._detector, self._membership = desk, channel, detector, membership
        self._ledger, self._fencing, self._director, self._leaving = ledger, fencing, director, leaving
        self._ability, self._messaging, self._exclusion, self._rest = ability, messaging, exclusion, rest
        self._durability, self._watchdog = durability, watchdog
        self.next_s = 0.0
        self._left_s = float("-inf")
        """When the last one left."""
        self._greets_s = float("inf")
        """When the next greeting is to leave."""
        beyond_two = max(len(desk.cluster.nodes) - 2, 0)
        self._greeting_s = min(GREETING_S * beyond_two, desk.cluster.timers.keepalive_s / 2)
        self._last: Beat | None = None
        """The last one; kept as long as no part had a turn since, so that the next one differs in ages, stamps and
        what programs said."""
        # The digests of what never changes in one life are made once.
        self._digest, self._nodes_digest = desk.cluster.digest, desk.cluster.nodes_digest

    @property
    def due_s(self) -> float:
        """Return when the next one leaves: in the rhythm, or as a greeting."""
        return min(self.next_s, self._greets_s)

    def heard(self) -> None:
        """Another node's beat was taken: fall into step with it, unless mine has only just left."""
        now, keepalive_s = self._desk.now_s, self._desk.cluster.timers.keepalive_s
        if self.next_s <= now + keepalive_s / 2:
            self.next_s = min(self.next_s, now)

    def is_punctual(self) -> bool:
        """Is the next beat not so late that this node must have stood still?"""
        return self._desk.now_s <= self.next_s + self._desk.cluster.timers.keepalive_s / 2

    def wake(self, *, all_read: bool) -> bool:
        """Send a beat when it is time and all was read, or when there is something to say; return whether one left."""
        now, keepalive_s = self._desk.now_s, self._desk.cluster.timers.keepalive_s
        if self._desk.greets:
            self._greets_s = min(self._greets_s, max(now, self._left_s + self._greeting_s))
        is_due = all_read and now >= self.due_s
        if not is_due and not self._desk.urgent:
            return False
        if now >= self.next_s:
            # Keep the rhythm, but do not send a burst to make up for a pause.
            self.next_s = max(self.next_s + keepalive_s, now + keepalive_s / 2)
        if self._leaving.is_gone:
            return False
        self._channel.send(self._make())
        self._left_s, self._greets_s = now, float("inf")
        return True

    def forget(self) -> None:
        """All parts have had their turn: the next beat may say something else than the last one did."""
        self._last = None

    def _make(self) -> Beat:
        alive = (peer for peer in self._detector.peers.values() if peer.alive)
        row = tuple(self._channel.row(peer.nid, self._detector.age_s(peer.nid), peer.echo_ms) for peer in alive)
        self._last = msgspec.structs.replace(
            self._last or self._whole(),
            row=row,
            sent=self._messaging.streams.sent,
            sent_ms=int(self._desk.now_s * 1000),
            executor_age_ms=int(self._ability.age_s * 1000),
            persist_age_ms=int(self._durability.age_s * 1000),
        )
        return self._last

    def _whole(self) -> Beat:
        """All but stamps and ages."""
        desk, cluster, membership = self._desk, self._desk.cluster, self._membership
        phase = "leaving" if self._leaving.is_leaving else membership.phase.value
        return Beat(
            cluster.nodes[desk.me],
            desk.birth.boot_id,
            self._nodes_digest,
            self._digest,
            cluster.timers.deadtime_s,
            membership.shown,
            phase,
            (),
            tuple(self._ledger.mine.values()),
            self._channel.stream_high,
            membership.epoch,
            self._fencing.devices.can_fence(),
            self._director.executor_ready,
            0,
            desk.birth.plugins,
            self._ability.is_unable(desk.me),
            self._messaging.streams.sent,
            self._exclusion.told(),
            self._rest.since,
            watchdog_ms=self._watchdog.promise_ms(),
        )
