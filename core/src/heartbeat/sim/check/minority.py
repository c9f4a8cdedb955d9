"""S25: what a part of the cluster without quorum does with what it holds."""

from heartbeat.model.names import Nid
from heartbeat.sim.check.checker import Checker, Setting
from heartbeat.sim.observation import Keeping, Observation


class Yielding(Checker):
    law = "S25"
    says = "in a view without quorum a node begins to stop what it holds"
    sees = (Keeping,)
    BOUND_S = 1.0
    """It is due at once; the stage looks four times a second, and a look at what runs may be under way."""

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self._since_s: dict[tuple[Nid, str], float] = {}

    def see(self, observation: Observation) -> None:
        assert isinstance(observation, Keeping)
        nid, kept = observation.nid, observation.groups
        gone = [key for key in self._since_s if key[0] == nid and key[1] not in kept]
        for key in gone:
            del self._since_s[key]
        for group in kept:
            since_s = self._since_s.setdefault((nid, group), observation.at_s)
            if observation.at_s - since_s > self.BOUND_S:
                self.broken(observation, f"{self.name(nid)} has no quorum and lets {group} run")
