"""S10 and S24: what a node starts, its view's coordinator told it to start, and nobody told it otherwise since."""

from heartbeat.model.operation import Action
from heartbeat.model.view import ViewId
from heartbeat.sim.check.checker import Checker, Setting
from heartbeat.sim.observation import Acted, Born, Gone, Observation, Ordered, Ran


class Integrity(Checker):
    law = "S10"
    says = "a start that a node did not order itself was ordered by its view's coordinator, with that token"
    sees = (Ordered, Ran)

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self._sent: set[tuple[ViewId, int, str, int]] = set()

    def see(self, observation: Observation) -> None:
        if isinstance(observation, Ordered):
            order = observation.order
            self._sent.add((order.view, order.token, self.cluster.groups[order.group].name, order.node))
        elif isinstance(observation, Ran) and observation.run.action is Action.START:
            view, run = observation.view, observation.run
            key = (view.id, run.token, run.group, observation.nid)
            is_first = run.subject == self._first(run.group)
            if is_first and view.id.coordinator >= 0 and view.nids[0] != observation.nid and key not in self._sent:
                self.broken(
                    observation,
                    f"{self.name(observation.nid)} starts {run.group} with token {run.token}, which nobody ordered",
                )

    def _first(self, group: str) -> str:
        return next(each.resources[0].name for each in self.cluster.groups if each.name == group)


class Newest(Checker):
    law = "S24"
    says = "a start acts only by the newest order for its group on its machine, and while the daemon that had it lives"
    sees = (Born, Gone, Ran, Acted)

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self._least: dict[tuple[int, str], int] = {}
        """By node and group: the least token with which a start may act."""
        self._asked: dict[tuple[int, str], int] = {}
        """By node and group: the highest token that its daemons have asked with."""
        self._boots: dict[int, int] = {}

    def see(self, observation: Observation) -> None:
        if isinstance(observation, Born):
            if self._boots.get(observation.nid) != observation.boots:
                self._forget(observation.nid)  # nothing of the old kernel is left that could come late
            self._boots[observation.nid] = observation.boots
        elif isinstance(observation, Gone):
            for key in [key for key in self._asked if key[0] == observation.nid]:
                self._least[key] = self._asked[key] + 1
        elif isinstance(observation, Ran):
            self._ran(observation)
        elif isinstance(observation, Acted) and observation.run.action is Action.START:
            self._acted(observation)

    def _forget(self, nid: int) -> None:
        self._least = {key: token for key, token in self._least.items() if key[0] != nid}
        self._asked = {key: token for key, token in self._asked.items() if key[0] != nid}

    def _ran(self, ran: Ran) -> None:
        key, token = (ran.nid, ran.run.group), ran.run.token
        if ran.run.action not in (Action.START, Action.STOP):
            return
        self._asked[key] = max(token, self._asked.get(key, 0))
        self._least[key] = max(self._asked[key] + (ran.run.action is Action.STOP), self._least.get(key, 0))

    def _acted(self, acted: Acted) -> None:
        least = self._least.get((acted.nid, acted.run.group), 0)
        if acted.run.token < least:
            self.broken(
                acted,
                f"{self.name(acted.nid)} starts {acted.run.group} with token {acted.run.token}; it takes {least}",
            )
