"""One or three disks as one: what a majority says counts, and what a majority has taken has been told.

A message that a majority took and a look that a majority answered always have a disk in common.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TypeVar

from heartbeat.plugin import BadConfig, BadHost, PluginError, TimedOut, Unreachable

from heartbeat_stonith_sbd.disk import Disk, Servant, answers
from heartbeat_stonith_sbd.layout import (
    BLOCK,
    Damaged,
    Header,
    Message,
    Place,
    State,
    pack_message,
    pack_state,
    state_block,
    unpack_header,
)
from heartbeat_stonith_sbd.slot import Half, Slot, slot_of

T = TypeVar("T")


def parse_disks(text: str) -> list[str]:
    """Return the paths of a parameter: one or three, blanks or commas between. Raises BadConfig."""
    paths = text.replace(",", " ").split()
    if len(paths) not in (1, 3):
        raise BadConfig(f"one disk or three are expected, not {len(paths)}: of two neither is a majority")
    if len(set(paths)) < len(paths) or not all(path.startswith("/") for path in paths):
        raise BadConfig("expected each disk once, by its absolute path, such as /dev/disk/by-id/wwn-0x5000c500a1b2c3d4")
    return paths


class DiskSet:
    """The open set. ``header`` is what a majority of its disks says; a disk that says otherwise counts as gone."""

    def __init__(self, paths: Sequence[str], limit_s: float, set_id: str = "") -> None:
        """``limit_s``: of each access. ``set_id``: the only set that will do, when it is not empty.

        Raises PluginError when fewer than a majority are of one set, with what is wrong with each.
        """
        self.limit_s = limit_s
        self.paths = list(paths)
        self._servants = [Servant(path) for path in paths]
        self._places: list[Place | None] = [None] * len(paths)
        try:
            self.header = self._recognised(set_id)
        except BaseException:
            self.close()
            raise

    @classmethod
    @contextmanager
    def opened(cls, paths: Sequence[str], limit_s: float, set_id: str = "") -> Iterator["DiskSet"]:
        """Open it for the block. Raises PluginError."""
        disks = cls(paths, limit_s, set_id)
        try:
            yield disks
        finally:
            disks.close()

    def close(self) -> None:
        for servant in self._servants:
            servant.end()

    @property
    def majority(self) -> int:
        return len(self.paths) // 2 + 1

    def slots(self) -> tuple[list[Slot], list[Damaged]]:
        """Return the slots that are somebody's, and what is wrong with those of which nobody can tell.

        Raises PluginError without a majority, BadConfig when two slots have one name.
        """
        asked_s = time.monotonic()
        tables = self._each(lambda disk, _: disk.read(1, 2 * self.header.slots))
        self._enough(tables)
        found = [
            slot_of(number, [_half(table, number) for table in tables], self._places, self.majority, asked_s)
            for number in range(self.header.slots)
        ]
        named = [it for it in found if isinstance(it, Slot)]
        names = [slot.state.node.lower() for slot in named]
        twice = next((name for name in names if names.count(name) > 1), "")
        if twice:
            raise BadConfig(f"{self._where}: two slots are {twice}'s: make the disks anew with hb-sbd create")
        return named, [it for it in found if isinstance(it, Damaged)]

    def slot(self, node: str) -> Slot:
        """Return a node's slot. Raises BadHost; PluginError when a majority does not hold it whole."""
        named, damaged = self.slots()
        wanted = node.strip().lower()
        found = next((slot for slot in named if wanted and slot.state.node.lower() == wanted), None)
        if found is None and damaged:
            raise Damaged(f"{self._where}: {damaged[0]}; it may be {node}'s")
        if found is None:
            names = ", ".join(slot.state.node for slot in named)
            raise BadHost(
                f"{self._where} have no slot for {node.strip() or 'a host without a name'}; they have {names}"
            )
        if not found.is_whole:
            raise Damaged(f"{self._where}: the slot of {node} is not whole on a majority of them")
        return found

    def look(self, number: int) -> Slot | None:
        """Read one slot. None when no disk tells: a receiver looks again, and counts such a look as missed."""
        asked_s = time.monotonic()
        halves = self._each(lambda disk, _: disk.read(state_block(number), 2))
        try:
            found = slot_of(number, halves, self._places, self.majority, asked_s)
        except BadConfig:
            return None
        return found if isinstance(found, Slot) else None

    def write_state(self, number: int, state: State) -> int:
        """Write a slot's state to all disks; return how many took it."""
        at = state_block(number)
        taken = self._each(lambda disk, place: disk.write(at, pack_state(place, number, state)))
        return len([it for it in taken if not isinstance(it, PluginError)])

    def write_message(self, number: int, message: Message) -> None:
        """Write a message to all disks and read it back. Raises PluginError unless a majority has it then."""
        at = state_block(number) + 1

        def put(disk: Disk, place: Place) -> None:
            block = pack_message(place, number, message)
            problem: PluginError | None = None
            try:
                disk.write(at, block)
            except PluginError as wrong:
                problem = wrong  # it may be there all the same
            if disk.read(at, 1) != block:
                raise problem or Damaged(f"{disk.path} took a message and does not have it")

        self._enough(self._each(put))

    # The disks.

    @property
    def _where(self) -> str:
        return ", ".join(self.paths)

    def _each(self, work: Callable[[Disk, Place], T]) -> list[T | PluginError]:
        """Do something on every disk at once; one that was none of the set when it was opened is looked at anew."""
        if None in self._places:
            self._look_again()
        asked = [
            servant.ask(partial(_of_the_set, work, place))
            for servant, place in zip(self._servants, self._places, strict=True)
        ]
        return answers(asked, self.limit_s, self.paths)

    def _enough(self, answered: Sequence[object]) -> None:
        problems = [it for it in answered if isinstance(it, PluginError)]
        if len(answered) - len(problems) < self.majority:
            raise _told(problems)

    def _recognised(self, set_id: str) -> Header:
        """Take the set that a majority of the disks is of."""
        found = self._headers()
        sets: dict[object, list[int]] = {}
        for number, header in enumerate(found):
            if isinstance(header, Header):
                alike = (header.place.set_id, header.watchdog_s, header.interval_s, header.msgwait_s, header.slots)
                sets.setdefault(alike, []).append(number)
        chosen = {number: found[number] for number in max(sets.values(), key=len, default=[])}
        headers = {it.place.disk: it for it in chosen.values() if isinstance(it, Header)}
        if len(headers) < self.majority:
            problems = [it for it in found if isinstance(it, PluginError)]
            raise _told(problems) if problems else BadConfig(f"{self._where} are not of one set")
        header = next(iter(headers.values()))
        if header.place.disks != len(self.paths):
            raise BadConfig(f"{self._where}: of a set of {header.place.disks} disks; name all of them")
        if set_id and str(header.place.set_id) != set_id.lower():
            raise BadConfig(f"{self._where}: of the set {header.place.set_id}; the one that is wanted is {set_id}")
        self._places = [it.place if isinstance((it := chosen.get(n)), Header) else None for n in range(len(found))]
        return header

    def _headers(self) -> list[Header | PluginError]:
        return answers([servant.ask(_header_of) for servant in self._servants], self.limit_s, self.paths)

    def _look_again(self) -> None:
        for number, it in enumerate(self._headers()):
            is_ours = isinstance(it, Header) and it.place.set_id == self.header.place.set_id
            if isinstance(it, Header) and is_ours and it.place not in self._places and self._places[number] is None:
                self._places[number] = it.place


def _half(table: bytes | PluginError, number: int) -> Half:
    """Cut a slot's two blocks out of the table, which begins with block 1."""
    return table if isinstance(table, PluginError) else table[2 * number * BLOCK : 2 * (number + 1) * BLOCK]


def _of_the_set(work: Callable[[Disk, Place], T], place: Place | None, disk: Disk) -> T:
    if place is None:
        raise Unreachable(f"{disk.path} is none of the set's disks")
    return work(disk, place)


def _header_of(disk: Disk) -> Header:
    block = disk.read(0, 1)
    try:
        return unpack_header(block)
    except (Damaged, BadConfig) as wrong:
        raise type(wrong)(f"{disk.path}: {wrong}") from None


def _told(problems: Sequence[PluginError]) -> PluginError:
    """Return one error for what is wrong with several disks. One that timed out leaves open what it has done."""
    first = next((it for it in problems if isinstance(it, TimedOut)), problems[0])
    return type(first)("; ".join(str(it) for it in problems))
