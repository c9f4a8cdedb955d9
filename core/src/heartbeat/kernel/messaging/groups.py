"""Groups: names under which programs find each other, and who is in them on which node.

Within a view a program comes and goes with a run of its own, in the order of all others. A new view has the programs
that its members brought into it, so nobody's table can differ for longer than a view.
"""

from collections.abc import Iterable, Sequence

from heartbeat.model.names import Nid
from heartbeat.wire.messages import State
from heartbeat.wire.talk import Run, Verb

Programs = tuple[tuple[str, tuple[int, ...]], ...]
"""(group, numbers of programs), as a node brings it into a view."""


BROUGHT_BYTES = 12
"""Of one program in one group, besides the group's name."""


class Groups:
    """What the view agrees on, and what this node's programs want to be in."""

    def __init__(self, me: Nid) -> None:
        self._me = me
        self._members: dict[str, tuple[tuple[Nid, int], ...]] = {}
        self._mine: dict[str, set[int]] = {}

    # What programs here want.

    def join(self, group: str, program: int) -> bool:
        """Return False when it wanted that before."""
        programs = self._mine.setdefault(group, set())
        if program in programs:
            return False
        programs.add(program)
        return True

    def has_room(self, group: str, room: int) -> bool:
        """Can one more be brought into a view, where all that this node brings may have so many bytes?"""
        brought = [len(each.encode()) + BROUGHT_BYTES for each, programs in self._mine.items() for _ in programs]
        return sum(brought) + len(group.encode()) + BROUGHT_BYTES <= room

    def leave(self, group: str, program: int) -> bool:
        """Return False when it did not want to be in."""
        programs = self._mine.get(group, set())
        if program not in programs:
            return False
        programs.discard(program)
        if not programs:
            del self._mine[group]
        return True

    def of(self, program: int) -> list[str]:
        """Return the groups that a program here wants to be in."""
        return sorted(group for group, programs in self._mine.items() if program in programs)

    def mine(self) -> Programs:
        """Return what this node brings into a view."""
        return tuple((group, tuple(sorted(programs))) for group, programs in sorted(self._mine.items()))

    def changed_since(self, brought: Programs) -> list[tuple[Verb, str, int]]:
        """Return what programs here wanted after this node had said what it brings."""
        before = {(group, program) for group, programs in brought for program in programs}
        now = {(group, program) for group, programs in self._mine.items() for program in programs}
        joins = [(Verb.JOIN, *each) for each in sorted(now - before)]
        return joins + [(Verb.LEAVE, *each) for each in sorted(before - now)]

    # What the view agrees on.

    def apply(self, of: Nid, run: Run) -> bool:
        """A program of a member comes or goes; return whether that is news."""
        before = self.members(run.group)
        who = {(of, run.program)}
        after = tuple(sorted({*before} | who if run.verb is Verb.JOIN else {*before} - who))
        self._members[run.group] = after
        if not after:
            del self._members[run.group]
        return after != before

    def install(self, states: Iterable[State]) -> set[str]:
        """A view came with these programs; return the groups that are not as they were."""
        members: dict[str, list[tuple[Nid, int]]] = {}
        for state in states:
            for group, programs in state.spoken.programs:
                members.setdefault(group, []).extend((state.member.nid, program) for program in programs)
        before, self._members = self._members, {group: tuple(sorted(each)) for group, each in members.items()}
        return {
            group for group in before.keys() | self._members.keys() if before.get(group) != self._members.get(group)
        }

    def members(self, group: str) -> tuple[tuple[Nid, int], ...]:
        """Return (node, program) of everybody in a group, sorted."""
        return self._members.get(group, ())

    def here(self, group: str) -> tuple[int, ...]:
        """Return the programs of this node that are in a group."""
        return tuple([program for nid, program in self.members(group) if nid == self._me])

    def known(self) -> Sequence[str]:
        """Return every group that has a member."""
        return sorted(self._members)
