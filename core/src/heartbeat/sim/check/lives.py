"""S12 and S13: what must be on disk before others can see it, and lives that are never lived twice."""

from heartbeat.model.names import Nid
from heartbeat.sim.check.checker import Checker, Setting
from heartbeat.sim.observation import Born, Observation


class DurableLife(Checker):
    law = "S12"
    says = "an incarnation is on disk before the first frame that carries it"
    sees = (Born,)

    def see(self, observation: Observation) -> None:
        assert isinstance(observation, Born)
        if observation.durable < observation.incarnation:
            self.broken(
                observation,
                f"{self.name(observation.nid)} lives as {observation.incarnation}, its disk says {observation.durable}",
            )


class LifeOnce(Checker):
    law = "S13"
    says = "an incarnation is never used twice"
    sees = (Born,)

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self._sessions: dict[tuple[Nid, int], bytes] = {}

    def see(self, observation: Observation) -> None:
        assert isinstance(observation, Born)
        if observation.nid in self.setting.amnesiacs:
            return
        life = (observation.nid, observation.incarnation)
        if self._sessions.setdefault(life, observation.session) != observation.session:
            self.broken(observation, f"{self.name(life[0])} lives as {life[1]} for the second time")
