"""Bounds: does everything that a message names exist here?

A frame is authentic, so its sender belongs to the cluster; it may still run other software or read other files. What
names a node or a group that is not there, or a number beyond what a cluster ever counts to, is dropped whole.
"""

from collections.abc import Sequence

import msgspec

from heartbeat.model.names import Nid
from heartbeat.model.view import Member, ViewId
from heartbeat.wire import messages as m
from heartbeat.wire import talk

COUNT_MAX = 2**53
"""No epoch, token or incarnation gets here by counting; one that did could not be counted on and sent."""
KEPT_MAX = 2**16
"""Places of the history that a node keeps; far above what the window lets it have (messaging.order)."""
DEADTIME_MAX_S = 86400.0
PATIENCE_MAX_S = 7200.0
"""For so long a rehearsal may hold fences back: the slowest device, four times, and ten minutes off."""


class Bounds(msgspec.Struct, frozen=True):
    """How many nodes and groups there are."""

    nodes: int
    groups: int

    def allow(self, packet: m.Packet) -> bool:
        """Return whether every part of the kernel may take this packet as it is."""
        return 0 <= packet.stream <= COUNT_MAX and self._message(packet.message)

    def _message(self, message: m.Message) -> bool:
        match message:
            case m.Beat():
                return self._beat(message)
            case m.Propose() | m.Sync():
                states = message.states if isinstance(message, m.Sync) else ()
                return self._view(message.members) and _ballot(message.ballot) and self._states(message.members, states)
            case m.Flush():
                return _ballot(message.ballot) and self._state(message.state)
            case m.Refuse():
                return _ballot(message.ballot) and _ballot(message.promised)
            case m.Order():
                return self._group(message.group) and self._node(message.node) and _count(message.token)
            case m.FenceOrder() | m.FenceReport() | m.RehearsalStep():
                return self._member(message.target) and self._switched(message)
            case m.FenceMe():
                return self._group(message.group)
            case m.MoveReply():
                return all(self._group(group) for group in message.groups)
            case m.Leave():
                return self._member(message.member)
            case talk.Talk() | talk.Want() | talk.Again() | talk.Lack() | talk.Fill() | talk.Raw():
                return self._speech(message)
            case _:
                return True

    def _switched(self, message: m.FenceOrder | m.FenceReport | m.RehearsalStep) -> bool:
        match message:
            case m.FenceOrder():
                return self._node(message.by)
            case m.FenceReport():
                return message.proved is None or message.proved.nid == message.target.nid
            case m.RehearsalStep():
                return 0.0 <= message.patience_s <= PATIENCE_MAX_S

    def _speech(self, said: talk.Speech) -> bool:
        match said:
            case talk.Talk():
                counts = (said.view.epoch, said.sent, *said.row, said.held, said.given)
                return _counts(counts) and len(said.row) <= self.nodes and self._says(said.says)
            case talk.Want():
                return self._node(said.of) and 0 < said.first <= said.last <= COUNT_MAX
            case talk.Again():
                return self._node(said.of) and self._says(said.says)
            case talk.Lack():
                return _ballot(said.ballot) and 0 < said.first <= said.last <= COUNT_MAX
            case talk.Fill():
                return _count(said.first) and all(self._member(entry.origin) for entry in said.entries)
            case talk.Raw():
                return True

    def _says(self, says: tuple[talk.Say, ...]) -> bool:
        runs = (run for say in says if isinstance(say.what, talk.Places) for run in say.what.runs)
        numbers = all(0 < say.number <= COUNT_MAX and all(map(_count, say.past)) for say in says)
        return numbers and all(self._node(nid) and _count(number) for nid, number in runs)

    def _spoken(self, spoken: talk.Spoken) -> bool:
        is_row = all(self._node(nid) and _count(number) for nid, number in spoken.row)
        is_said = all(self._member(origin) and _count(number) for origin, number in spoken.said)
        is_kept = 0 <= spoken.floor <= spoken.given <= spoken.held <= min(COUNT_MAX, spoken.floor + KEPT_MAX)
        return is_row and is_said and is_kept and all(_ballot(view) and _count(at) for view, at in spoken.roots)

    def _beat(self, beat: m.Beat) -> bool:
        tokens = [holding.token for holding in beat.holdings]
        counts = (beat.sent, beat.stream_high, beat.epoch, beat.view.epoch, beat.rests.epoch, *tokens)
        is_sound = 0.0 < beat.deadtime_s <= DEADTIME_MAX_S and _counts(counts)
        return is_sound and all(self._member(Member(each.nid, each.incarnation)) for each in beat.outsiders)

    def _states(self, members: tuple[Member, ...], states: tuple[m.State, ...]) -> bool:
        if not states:
            return True
        return tuple(state.member for state in states) == members and all(self._state(state) for state in states)

    def _state(self, state: m.State) -> bool:
        counts = (state.token, state.stream, *(h.token for h in state.holdings))
        proved = all(self._node(proof.nid) and _count(proof.incarnation) for proof in state.proofs)
        members = all(self._member(member) for member in (state.member, *state.shooting))
        return members and proved and self._spoken(state.spoken) and _counts(counts)

    def _view(self, members: tuple[Member, ...]) -> bool:
        nids = [member.nid for member in members]
        return bool(nids) and nids == sorted(set(nids)) and all(self._member(member) for member in members)

    def _member(self, member: Member) -> bool:
        return self._node(member.nid) and _count(member.incarnation)

    def _node(self, nid: Nid) -> bool:
        return 0 <= nid < self.nodes

    def _group(self, group: int) -> bool:
        return 0 <= group < self.groups


def _count(number: int) -> bool:
    return 0 <= number <= COUNT_MAX


def _counts(numbers: Sequence[int]) -> bool:
    return min(numbers) >= 0 and max(numbers) <= COUNT_MAX


def _ballot(ballot: ViewId) -> bool:
    return _count(ballot.epoch)
