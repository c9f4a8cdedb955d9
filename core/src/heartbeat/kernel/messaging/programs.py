"""The programs of this node: what is given to them, and who is in a group with them."""

from collections.abc import Iterable

from heartbeat.kernel.desk import Desk
from heartbeat.kernel.effects import Deliver
from heartbeat.kernel.messaging.groups import Groups
from heartbeat.model.names import Nid
from heartbeat.model.view import View, ViewId
from heartbeat.wire import api
from heartbeat.wire.messages import State
from heartbeat.wire.talk import Run, Verb


class Programs:
    """Turns what is delivered into effects."""

    def __init__(self, desk: Desk, groups: Groups) -> None:
        self._desk, self._groups = desk, groups
        self._view = View(ViewId(), ())
        self._is_primary = False

    def welcome(self, program: int, body_bytes: int) -> None:
        """A program wants to join a group: tell it who it is, and how much goes at once."""
        desk = self._desk
        self._tell((program,), api.Welcome(desk.name(desk.me), program, body_bytes))

    def refuse(self, program: int, text: str) -> None:
        self._tell((program,), api.Refused(text))

    def taken(self, program: int) -> None:
        """A run of a program is on its way: it may hand over another one."""
        self._tell((program,), api.Taken(1))

    def give(self, of: Nid, run: Run, place: int = 0, line: ViewId = ViewId()) -> None:  # noqa: B008 - immutable
        """A run is delivered. ``place``: in the history of this line; 0 for what has none."""
        if run.verb is not Verb.SAY:
            if self._groups.apply(of, run):
                self._company(run.group)
            return
        programs = self._groups.here(run.group)
        if programs:
            heard = api.Heard(run.group, self._desk.name(of), run.program, run.delivery, place, run.body)
            self._desk.effects.append(Deliver(programs, heard, self._view.id, line))

    def install(self, view: View, states: Iterable[State], *, is_primary: bool, has_gap: bool) -> None:
        """A view came, with these programs."""
        changed = self._groups.install(states)
        is_all = has_gap or is_primary != self._is_primary
        self._view, self._is_primary = view, is_primary
        for group in self._groups.known():
            if is_all or group in changed:
                self._company(group, has_gap=has_gap)

    def standing(self, *, is_primary: bool) -> None:
        """What the view may do has changed, or not."""
        if is_primary != self._is_primary:
            self._is_primary = is_primary
            for group in self._groups.known():
                self._company(group)

    def _company(self, group: str, *, has_gap: bool = False) -> None:
        programs = self._groups.here(group)
        if programs:
            members = tuple((self._desk.name(nid), program) for nid, program in self._groups.members(group))
            self._tell(programs, api.Company(group, str(self._view.id), members, self._is_primary, has_gap))

    def _tell(self, programs: tuple[int, ...], what: api.ToProgram) -> None:
        self._desk.effects.append(Deliver(programs, what, self._view.id))
