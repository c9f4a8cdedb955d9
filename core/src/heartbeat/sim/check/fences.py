"""S16: who may fence whom."""

from heartbeat.model.names import NodeName
from heartbeat.model.operation import Action
from heartbeat.model.view import Standing
from heartbeat.sim.check.checker import Checker
from heartbeat.sim.observation import Observation, Ran


class Fences(Checker):
    law = "S16"
    says = "no fence without quorum (two nodes: PENDING may), none of a node that is heard, unless for cause"
    sees = (Ran,)

    def see(self, observation: Observation) -> None:
        assert isinstance(observation, Ran)
        run = observation.run
        if run.action is not Action.FENCE:
            return
        by, target = self.name(observation.nid), run.host
        nid = self.cluster.nid(NodeName(target))
        if observation.standing is Standing.NO_QUORUM:
            self.broken(observation, f"{by} fences {target} without quorum")
        if target == by:
            self.broken(observation, f"{by} fences itself")
        age_s = observation.at_s - observation.heard_s.get(nid, float("-inf"))
        if not observation.for_cause and age_s < 0.98 * observation.deadtime_s:
            self.broken(observation, f"{by} fences {target}, which it heard {age_s:.3f} s ago")
