"""S17: a node that stood still blames itself first."""

from heartbeat.model.names import Nid
from heartbeat.model.operation import Action
from heartbeat.sim.check.checker import Checker, Setting
from heartbeat.sim.observation import Born, Decided, Observation, Proposed, Ran, Woke


class Woken(Checker):
    law = "S17"
    says = (
        "after a pause of more than deadtime/2 a node calls nobody silent, drops nobody and fences nobody for deadtime"
    )
    sees = (Woke, Born, Decided, Proposed, Ran)

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self._until_s: dict[Nid, float] = {}

    def see(self, observation: Observation) -> None:
        dead_s = self.cluster.timers.deadtime_s
        if isinstance(observation, Woke):
            # Whoever stood still up to a keepalive longer than that may have been between two beats.
            if observation.gap_s > dead_s / 2 + self.cluster.timers.keepalive_s:
                self._until_s[observation.nid] = observation.at_s + 0.9 * dead_s
            return
        if isinstance(observation, Born):
            self._until_s.pop(observation.nid, None)
            return
        assert isinstance(observation, Decided | Proposed | Ran)
        if observation.at_s < self._until_s.get(observation.nid, 0.0):
            self._judge(observation)

    def _judge(self, observation: Decided | Proposed | Ran) -> None:
        name = self.name(observation.nid)
        if isinstance(observation, Decided):
            if observation.decision.kind == "node.silent":
                self.broken(observation, f"{name} has just woken and decides: {observation.decision.text}")
        elif isinstance(observation, Proposed):
            lost = [
                m.nid for m in observation.view.members if m.nid not in {n.nid for n in observation.propose.members}
            ]
            if lost:
                self.broken(observation, f"{name} has just woken and proposes a view without {lost}")
        elif observation.run.action is Action.FENCE:
            self.broken(observation, f"{name} has just woken and fences {observation.run.host}")
