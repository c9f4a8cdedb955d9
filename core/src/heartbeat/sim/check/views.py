"""S1 to S4: views, and who may believe itself primary."""

from heartbeat.model.names import Nid
from heartbeat.model.view import Member, Standing, View, ViewId
from heartbeat.sim.check.checker import Checker, Setting
from heartbeat.sim.observation import Born, Gone, HasStates, Installed, Lied, Observation, Stood


class Agreement(Checker):
    law = "S1"
    says = (
        "views of one id have the same members, in the same lives, everywhere and for ever;"
        " nobody is in one before all of them have what it is made of"
    )
    sees = (Installed, Born, HasStates)

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self._members: dict[ViewId, tuple[Member, ...]] = {}
        self._have: dict[ViewId, set[Nid]] = {}

    def see(self, observation: Observation) -> None:
        if isinstance(observation, HasStates):
            self._have.setdefault(observation.ballot, set()).add(observation.nid)
            return
        if isinstance(observation, Born):
            if observation.has_forgotten:
                # Its service goes on without a disk; the ids that it gave since then it may give once more.
                nid = observation.nid
                self._members = {key: view for key, view in self._members.items() if key.coordinator != nid}
            return
        assert isinstance(observation, Installed)
        view = observation.view
        if view.id.coordinator in self.setting.amnesiacs:
            return
        first = self._members.setdefault(view.id, view.members)
        if first != view.members:
            self.broken(
                observation,
                f"{self.name(observation.member.nid)} installs view {view.id} with {view.members}, it was {first}",
            )
        have = {*self._have.get(view.id, ()), view.id.coordinator}
        if not have.issuperset(view.nids):
            lacking = ", ".join(self.name(nid) for nid in view.nids if nid not in have)
            self.broken(
                observation, f"{self.name(observation.member.nid)} installs view {view.id} before {lacking} can"
            )


class SelfInclusion(Checker):
    law = "S2"
    says = "a node is in its own view, in its present life"
    sees = (Installed,)

    def see(self, observation: Observation) -> None:
        assert isinstance(observation, Installed)
        if observation.member not in observation.view.members:
            self.broken(observation, f"{self.name(observation.member.nid)} is not in its view {observation.view.id}")


class Increase(Checker):
    law = "S3"
    says = "the ids of a node's views grow, over its restarts too"
    sees = (Installed, Born)

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self._last: dict[Nid, ViewId] = {}

    def see(self, observation: Observation) -> None:
        if isinstance(observation, Born):
            if observation.has_forgotten:
                self._last.pop(observation.nid, None)
            return
        assert isinstance(observation, Installed)
        nid = observation.member.nid
        if nid in self.setting.amnesiacs:
            return
        last = self._last.get(nid, ViewId())
        if observation.view.id <= last:
            self.broken(observation, f"{self.name(nid)} installs view {observation.view.id} after {last}")
        self._last[nid] = observation.view.id


class OnePrimary(Checker):
    law = "S4"
    says = "two primary views at one time have a member in common"
    sees = (Stood, Born, Gone, Lied)

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self._primary: dict[Nid, View] = {}
        self._lies = False

    def see(self, observation: Observation) -> None:
        if isinstance(observation, Lied):
            self._lies |= observation.node >= 0
        elif isinstance(observation, Born | Gone):
            self._primary.pop(observation.nid, None)
        elif isinstance(observation, Stood):
            self._stood(observation)

    def _stood(self, observation: Stood) -> None:
        nid, view = observation.member.nid, observation.view
        if observation.standing is not Standing.PRIMARY:
            self._primary.pop(nid, None)
            return
        self._primary[nid] = view
        for other, theirs in self._primary.items():
            if not self._lies and not set(theirs.nids) & set(view.nids):
                self.broken(
                    observation,
                    f"{self.name(nid)} is primary in {view.id} while {self.name(other)} is primary in {theirs.id},"
                    " which have no member in common",
                )
