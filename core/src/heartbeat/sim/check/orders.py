"""S10: what a node does for the cluster, a member of its view has really told it to do."""

from heartbeat.model.operation import Action
from heartbeat.model.view import ViewId
from heartbeat.sim.check.checker import Checker, Setting
from heartbeat.sim.observation import Observation, Ordered, Ran


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
            view = observation.view
            key = (view.id, observation.token, observation.run.group, observation.nid)
            is_first = observation.run.subject == self._first(observation.run.group)
            if is_first and view.id.coordinator >= 0 and view.nids[0] != observation.nid and key not in self._sent:
                self.broken(
                    observation,
                    f"{self.name(observation.nid)} starts {observation.run.group} with token {observation.token},"
                    " which nobody ordered",
                )

    def _first(self, group: str) -> str:
        return next(each.resources[0].name for each in self.cluster.groups if each.name == group)
