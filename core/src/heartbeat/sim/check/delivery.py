"""S5 to S8: who gets which messages, and in which order, within a view and from one to the next."""

from heartbeat.model.delivery import Delivery
from heartbeat.model.names import Nid
from heartbeat.model.view import Member, ViewId
from heartbeat.sim.check.checker import Checker, Setting
from heartbeat.sim.observation import Given, Installed, Met, Observation, Said, Words


class Synchrony(Checker):
    law = "S5"
    says = (
        "members that go from one view to the same next one have delivered the same in it, or ordered messages by then,"
        " or know of their gap"
    )
    sees = (Installed, Given, Met)

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self._view: dict[Member, ViewId] = {}
        self._before: dict[Member, ViewId] = {}
        self._met: dict[Member, ViewId] = {}
        """In which view its program came."""
        self._given: dict[tuple[Member, ViewId], set[Words]] = {}
        self._ordered: dict[tuple[Member, Words], ViewId] = {}
        """In which view: who was away catches up with what others got before they met it."""
        self._gaps: set[tuple[Member, ViewId]] = set()
        self._due: list[tuple[Member, ViewId, ViewId]] = []
        """(member, old view, new view): compared once the step of its installation is over."""
        self._first: dict[tuple[ViewId, ViewId], tuple[Member, set[Words]]] = {}

    def see(self, observation: Observation) -> None:
        if isinstance(observation, Met):
            self._met.setdefault(observation.member, observation.view)
            if observation.has_gap:
                self._gaps.add((observation.member, observation.view))
            return
        if isinstance(observation, Given):
            if observation.message.delivery is not Delivery.RAW:
                self._given.setdefault((observation.member, observation.view), set()).add(observation.message)
            if observation.message.delivery.is_ordered:
                self._ordered.setdefault((observation.member, observation.message), observation.view)
            return
        assert isinstance(observation, Installed)
        self._settle(observation)
        old = self._view.get(observation.member)
        self._view[observation.member] = observation.view.id
        if old is not None and self._met.get(observation.member, old) < old:
            self._due.append((observation.member, old, observation.view.id))

    def _settle(self, observation: Installed) -> None:
        """What is given out in the step of an installation comes after it: compare it at the next."""
        due, self._due = self._due, []
        for member, old, new in due:
            if (member, new) in self._gaps:
                continue
            given = self._given.get((member, old), set())
            first, theirs = self._first.setdefault((old, new), (member, given))
            odd = [it for it in given ^ theirs if not (self._had(member, it, old) and self._had(first, it, old))]
            if odd:
                self.broken(
                    observation,
                    f"{self.name(member.nid)} and {self.name(first.nid)} go from view {old} to {new},"
                    f" and only one of them got {min(odd, key=str)}",
                )

    def _had(self, member: Member, message: Words, by: ViewId) -> bool:
        view = self._ordered.get((member, message))
        return view is not None and view <= by


class Fifo(Checker):
    law = "S6"
    says = "unordered messages of one sender come in the order in which they were said, in a view without a gap"
    sees = (Given,)

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self._last: dict[tuple[Member, Nid, int], tuple[ViewId, int]] = {}

    def see(self, observation: Observation) -> None:
        assert isinstance(observation, Given)
        message = observation.message
        if message.delivery not in (Delivery.FIFO, Delivery.CAUSAL) or message.origin in self.setting.amnesiacs:
            return  # who forgot its lives, and is told so by nobody, begins with the first one again
        key = (observation.member, message.origin, message.life)
        view, number = self._last.get(key, (ViewId(), 0))
        self._last[key] = (observation.view, message.number)
        follows = message.number == number + 1 if view == observation.view else message.number > number
        if not follows:
            self.broken(observation, f"{self.name(observation.member.nid)} got {message} after number {number}")


class Causality(Checker):
    law = "S7"
    says = "no CAUSAL message comes before an unordered one that its sender had got when it said it"
    sees = (Said, Given)

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self._known: dict[Nid, dict[tuple[Nid, int], int]] = {}
        """By node, what its present life has got: origin and life to the number of the newest."""
        self._past: dict[Words, dict[tuple[Nid, int], int]] = {}
        self._owed: dict[tuple[Member, tuple[Nid, int]], tuple[int, Words]] = {}
        """(receiver, origin and life) to the number that may not come any more, and the message that shows it."""
        self._life: dict[Nid, int] = {}

    def see(self, observation: Observation) -> None:
        if isinstance(observation, Said):
            if observation.message.delivery is Delivery.CAUSAL:
                same_life = self._life.get(observation.nid) == observation.message.life
                self._past[observation.message] = dict(self._known.get(observation.nid, {})) if same_life else {}
            return
        assert isinstance(observation, Given)
        message = observation.message
        if message.delivery in (Delivery.FIFO, Delivery.CAUSAL):
            self._got(observation, message)

    def _got(self, given: Given, message: Words) -> None:
        member, source = given.member, (message.origin, message.life)
        number, shown = self._owed.get((member, source), (0, message))
        if message.number <= number and shown != message:
            self.broken(given, f"{self.name(member.nid)} got {message} after {shown}, whose sender had it before")
        if self._life.get(member.nid) != member.incarnation:
            self._life[member.nid], self._known[member.nid] = member.incarnation, {}
        self._known[member.nid][source] = message.number
        for past, newest in self._past.get(message, {}).items():
            if past != source and newest > self._owed.get((member, past), (0, message))[0]:
                self._owed[member, past] = (newest, message)


class TotalOrder(Checker):
    law = "S8"
    says = "in one view ordered messages come in one order to everybody"
    sees = (Given, Installed)

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self._view: dict[Member, ViewId] = {}
        self._at: dict[tuple[ViewId, int], Words] = {}
        self._last: dict[Member, int] = {}

    def see(self, observation: Observation) -> None:
        if isinstance(observation, Installed):
            self._view[observation.member] = observation.view.id
            self._last.pop(observation.member, None)
            return
        assert isinstance(observation, Given)
        message = observation.message
        # What is given out on the way into the next view may have been ordered in another one.
        if not message.delivery.is_ordered or self._view.get(observation.member) != observation.view:
            return
        name, place = self.name(observation.member.nid), observation.place
        first = self._at.setdefault((observation.view, place), message)
        if first != message:
            self.broken(observation, f"{name} got {message} in place {place} of {observation.view}, others got {first}")
        if place <= self._last.get(observation.member, 0):
            self.broken(observation, f"{name} got place {place} after place {self._last[observation.member]}")
        self._last[observation.member] = place
