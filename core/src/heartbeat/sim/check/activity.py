"""S14 and the promises: what may be active, and answer, where; as the oracle sees it."""

from heartbeat.model.names import Nid
from heartbeat.model.operation import Action
from heartbeat.sim.check.checker import Checker, Setting
from heartbeat.sim.observation import Activated, Answered, Lied, Observation, Ran


class Lies:
    """About what the cluster was told a lie that it cannot see through."""

    def __init__(self) -> None:
        self._nodes: set[Nid] = set()
        self._resources: set[str] = set()

    def note(self, lied: Lied) -> None:
        if lied.node >= 0:
            self._nodes.add(lied.node)
        if lied.resource:
            self._resources.add(lied.resource)

    def excuse(self, resource: str, nodes: tuple[Nid, ...]) -> bool:
        return resource in self._resources or any(nid in self._nodes for nid in nodes)


class Exclusive(Checker):
    law = "S14"
    says = "(a) what shares data is never active on two nodes, unknown counting as active"
    sees = (Activated, Lied)

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self._lies = Lies()

    def see(self, observation: Observation) -> None:
        if isinstance(observation, Lied):
            self._lies.note(observation)
            return
        assert isinstance(observation, Activated)
        if not observation.others or not self.shares_data(observation.group):
            return
        if self._lies.excuse(observation.resource, (*observation.others, observation.nid)):
            return
        others = " and ".join(self.name(nid) for nid in observation.others)
        self.broken(
            observation, f"{observation.resource} becomes active on {self.name(observation.nid)}, it is on {others}"
        )


class Guarded(Checker):
    law = "promise b"
    says = (
        "(b) what shares no data does not answer any more where the daemon died or froze, once it starts elsewhere;"
        " nor when that daemon goes on, while the other has it; nor where the daemon sees that it is not heard"
    )
    sees = (Activated, Answered, Lied)

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self._lies = Lies()

    def see(self, observation: Observation) -> None:
        if isinstance(observation, Lied):
            self._lies.note(observation)
            return
        assert isinstance(observation, Activated | Answered)
        if self._lies.excuse(observation.resource, ()):
            return
        if isinstance(observation, Answered):
            others = " and ".join(self.name(nid) for nid in observation.others)
            self.broken(observation, f"{self.name(observation.nid)} woke and answers for {observation.resource},"
                        f" which {others} has")  # fmt: skip
            return
        assert isinstance(observation, Activated)
        if self.shares_data(observation.group):
            return
        for nid in observation.deaf:
            self.broken(
                observation,
                f"{observation.resource} starts on {self.name(observation.nid)}, and {self.name(nid)} answers, which"
                " hears all the time that it is not heard",
            )
        if observation.unguarded:
            others = " and ".join(self.name(nid) for nid in observation.unguarded)
            self.broken(
                observation,
                f"{observation.resource} starts on {self.name(observation.nid)}, and {others} still answers, unguarded",
            )


class Contested(Checker):
    law = "promise c"
    says = "(c) what shares no data is started beside a living holder only when the two do not hear each other"
    sees = (Activated, Lied, Ran)

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self._lies = Lies()
        self._ran: dict[tuple[Nid, str], Ran] = {}
        """(node, group) to the start of its first resource: what the group's start was decided on."""
        self.contested = 0
        """Times that it was permitted, and happened."""

    def see(self, observation: Observation) -> None:
        if isinstance(observation, Lied):
            self._lies.note(observation)
        elif isinstance(observation, Ran):
            key = (observation.nid, observation.run.group)
            if observation.run.action is Action.START and self._is_first(
                observation.run.group, observation.run.subject
            ):
                self._ran[key] = observation
        elif isinstance(observation, Activated) and observation.others and not self.shares_data(observation.group):
            self._activated(observation)

    def _is_first(self, group: str, resource: str) -> bool:
        return any(each.name == group and each.resources[0].name == resource for each in self.cluster.groups)

    def _activated(self, activated: Activated) -> None:
        if self._lies.excuse(activated.resource, (*activated.others, activated.nid)):
            return
        ran = self._ran[activated.nid, activated.group]
        hearing = [
            nid
            for nid in activated.others
            if ran.view.has(nid) or ran.at_s - ran.heard_s.get(nid, float("-inf")) < 0.98 * ran.deadtime_s
        ]
        if not hearing:
            self.contested += 1
            return
        self.broken(
            activated,
            f"{activated.resource} becomes active on {self.name(activated.nid)}, which hears or counts as a member"
            f" {' and '.join(self.name(nid) for nid in hearing)}, where it is",
        )
