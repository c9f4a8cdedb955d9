"""One node's slot, as several disks hold it: what counts is what a majority answers."""

import platform
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from heartbeat.plugin import BadConfig, PluginError

from heartbeat_stonith_sbd.layout import BLOCK, Damaged, Message, Order, Place, State, unpack_message, unpack_state


@dataclass(frozen=True, slots=True)
class Slot:
    """What the answering disks hold of one slot."""

    number: int
    state: State
    """The newest one."""
    messages: tuple[Message, ...]
    """Of each disk that answered."""
    majority: int
    """So many disks are one."""
    asked_s: float
    """Monotonic: when the disks were asked. What they say is not older."""

    @property
    def is_whole(self) -> bool:
        """Did a majority of the disks answer? What another majority had taken before is then among the answers."""
        return len(self.messages) >= self.majority

    def fences(self, boot_id: uuid.UUID) -> list[Message]:
        """Return the orders to fence this life, one for each disk that holds such."""
        return [it for it in self.messages if it.boot_id == boot_id and it.order is Order.FENCE]

    def order(self) -> Message:
        """Return a new order to end the present life, from this machine."""
        sender, now_ms = platform.node().partition(".")[0], round(time.time() * 1000)
        return Message(self.state.node, self.state.boot_id, Order.FENCE, uuid.uuid4(), sender, now_ms)

    def is_told(self, boot_id: uuid.UUID) -> bool:
        """Does a majority hold the order to fence this life?"""
        return len(self.fences(boot_id)) >= self.majority


Half = bytes | PluginError
"""The two blocks of a slot on one disk, or why they could not be read."""


def slot_of(
    number: int, halves: Sequence[Half], places: Sequence[Place | None], majority: int, asked_s: float
) -> Slot | Damaged | None:
    """Return a slot from its blocks on each disk; None when it is nobody's, Damaged when that cannot be told.

    Raises BadConfig when two nodes have it: which one would be fenced?
    """
    states, messages, problems = [], [], []
    for half, place in zip(halves, places, strict=True):
        if isinstance(half, PluginError) or place is None:
            continue
        try:
            state = unpack_state(half[:BLOCK], place, number)
            message = unpack_message(half[BLOCK:], place, number)
        except Damaged as problem:
            problems.append(problem)
            continue
        states.append(state)
        messages.append(message)
    names = {it.node for it in states} | {it.node for it in messages}
    if len(names) > 1:
        both = " and ".join(sorted(name or "nobody" for name in names))
        raise BadConfig(f"slot {number} is both {both}'s: make the disks anew with hb-sbd create")
    if not states:
        return problems[0] if problems else Damaged(f"slot {number} could not be read")
    if names == {""}:
        return None
    return Slot(number, max(states, key=lambda it: it.count), tuple(messages), majority, asked_s)
