"""Making the disks of a set: one name a slot, and times that make the waiting a proof."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from heartbeat.plugin import BadConfig, PluginError

from heartbeat_stonith_sbd.disk import Disk
from heartbeat_stonith_sbd.layout import (
    MAGIC,
    NAME_MAX,
    SLOTS_MAX,
    Header,
    Message,
    Place,
    State,
    pack_header,
    pack_message,
    pack_state,
    state_block,
)

INTERVAL_SHARE = 4
"""A receiver looks at least four times within its watchdog's time-out: a slow look or two are no reset."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What shall stand on the disks."""

    nodes: Sequence[str]
    watchdog_s: float
    msgwait_s: float
    interval_s: float

    def check(self) -> None:
        """Raises BadConfig."""
        if not 1 <= len(self.nodes) <= SLOTS_MAX:
            raise BadConfig(f"expected 1 to {SLOTS_MAX} nodes, not {len(self.nodes)}")
        lower = [node.lower() for node in self.nodes]
        twice = next((node for node in lower if lower.count(node) > 1), "")
        if twice:
            raise BadConfig(f"{twice} is named twice: which slot would be fenced?")
        for node in self.nodes:
            if not node or len(node.encode()) > NAME_MAX:
                raise BadConfig(f"a node's name has 1 to {NAME_MAX} letters, and {node!r} has {len(node)}")
        if self.msgwait_s < 2 * self.watchdog_s:
            told = f"msgwait is {self.msgwait_s:g} s, and the watchdog's time-out {self.watchdog_s:g} s"
            raise BadConfig(
                f"{told}: a receiver may go on for twice that, so msgwait is {2 * self.watchdog_s:g} s or more"
            )
        if not 0 < self.interval_s * INTERVAL_SHARE <= self.watchdog_s:
            raise BadConfig(
                f"expected an interval of at most a fourth of the watchdog's time-out, not {self.interval_s:g} s"
            )


def create(paths: Sequence[str], plan: Plan, *, overwrite: bool) -> uuid.UUID:
    """Write the set and return its identity. Raises PluginError; BadConfig for a disk that holds something else.

    The header comes last: a set that was not finished is none.
    """
    plan.check()
    set_id = uuid.uuid4()
    disks = [Disk(path) for path in paths]
    try:
        for disk in disks:
            _must_be_free(disk, overwrite=overwrite)
        for number, disk in enumerate(disks):
            place = Place(set_id, number, len(disks))
            disk.write(0, bytes(len(pack_header(_header(place, plan)))))
            for slot, node in enumerate(plan.nodes):
                disk.write(state_block(slot), pack_state(place, slot, State(node.lower())))
                disk.write(state_block(slot) + 1, pack_message(place, slot, Message(node.lower())))
        for number, disk in enumerate(disks):
            disk.write(0, pack_header(_header(Place(set_id, number, len(disks)), plan)))
    finally:
        for disk in disks:
            disk.close()
    return set_id


def _header(place: Place, plan: Plan) -> Header:
    return Header(place, plan.watchdog_s, plan.interval_s, plan.msgwait_s, len(plan.nodes))


def _must_be_free(disk: Disk, *, overwrite: bool) -> None:
    """A disk without a single byte in its first block is free. One of ours, or anybody's, needs a word more."""
    try:
        first = disk.read(0, 1)
    except PluginError as wrong:
        raise BadConfig(f"{wrong}; a slot disk needs {(1 + 2 * SLOTS_MAX) * 4} KiB at most") from None
    if any(first) and not overwrite:
        whose = "slots of a set" if first.startswith(MAGIC) else "something"
        raise BadConfig(f"{disk.path} holds {whose}; --overwrite deletes it, and no receiver may run on it then")
