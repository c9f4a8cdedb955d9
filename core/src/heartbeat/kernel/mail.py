"""The mail: whom each kind of message is for."""

from collections.abc import Sequence

from heartbeat.kernel.channel import Channel
from heartbeat.kernel.director import Director
from heartbeat.kernel.fencing import Fencing
from heartbeat.kernel.groups import LocalGroup
from heartbeat.kernel.hold import Hold
from heartbeat.kernel.inspections import Inspections
from heartbeat.kernel.leaving import Leaving
from heartbeat.kernel.membership import Membership
from heartbeat.kernel.moves import Moves
from heartbeat.kernel.rehearsing import Rehearsing
from heartbeat.model.names import Nid
from heartbeat.wire import messages as m


class Mail:
    """Reads what came through the door, in its sender's order, and is for this node."""

    def __init__(
        self,
        channel: Channel,
        membership: Membership,
        director: Director,
        fencing: Fencing,
        moves: Moves,
        leaving: Leaving,
        hold: Hold,
        inspections: Inspections,
        rehearsing: Rehearsing,
        groups: Sequence[LocalGroup],
    ) -> None:
        self._channel, self._membership, self._director, self._fencing = channel, membership, director, fencing
        self._moves, self._leaving, self._hold, self._groups = moves, leaving, hold, groups
        self._inspections, self._rehearsing = inspections, rehearsing

    def read(self, nid: Nid, message: m.Message) -> None:  # noqa: C901, PLR0912 - one case per message
        """Give one message of another node to the part that it is for."""
        match message:
            case m.Nak():
                self._channel.repeat(message)
            case m.Propose():
                self._membership.on_propose(nid, message)
            case m.Refuse():
                self._membership.on_refuse(message)
            case m.Reject():
                self._membership.on_reject(nid, message)
            case m.Flush():
                self._membership.on_flush(nid, message)
            case m.Sync():
                self._membership.on_sync(nid, message)
            case m.Synced():
                self._membership.on_synced(nid, message)
            case m.Install():
                self._membership.on_install(message)
            case m.Order():
                # Who stood still starts nothing on an order that may have waited for it; a stop is always right.
                if message.action == "stop" or self._hold.resync_s is None:
                    self._director.obey(message)
            case m.FenceOrder():
                self._fencing.orders.ordered(message)
            case m.FenceReport():
                self._fencing.orders.reported(nid, message)
            case m.FenceMe():
                self._fencing.fence_for_cause(
                    nid, f"it cannot stop {self._groups[message.group].group.name}: {message.detail}"
                )
            case m.MoveRequest():
                self._moves.requested(nid, message)
            case m.MoveReply():
                self._moves.replied(message)
            case m.Inspect():
                self._inspections.ordered(nid, message)
            case m.Inspected():
                self._inspections.reported(nid, message)
            case m.RehearsalStep():
                self._rehearsing.heard(nid, message)
            case m.RehearsalKnown():
                self._rehearsing.records.told(message.record)
            case m.Leave():
                self._leaving.others_leave(nid, message)
            case m.LeaveSeen():
                self._leaving.seen(nid, message)
            case m.StaleLife():
                self._channel.told_stale(nid, message)
