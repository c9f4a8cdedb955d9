"""S18: a group's resources are together, started left to right and stopped right to left."""

from heartbeat.model.names import Nid
from heartbeat.model.operation import Action, Outcome
from heartbeat.sim.check.checker import Checker, Setting
from heartbeat.sim.observation import Born, Ended, Observation, Ran


class InOrder(Checker):
    law = "S18"
    says = "a resource starts when all to its left have started here, and stops when all to its right have stopped"
    sees = (Ran, Ended, Born)

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self._up: dict[tuple[Nid, str], set[str]] = {}
        """(node, group) to resources whose start has succeeded and whose stop has not begun, in this life."""
        self._starting: dict[tuple[Nid, int], Ran] = {}
        self._running: dict[tuple[Nid, str], int] = {}
        """(node, group) to the start or stop under way: one at a time."""

    def see(self, observation: Observation) -> None:
        if isinstance(observation, Born):
            self._up = {key: up for key, up in self._up.items() if key[0] != observation.nid}
            self._running = {key: n for key, n in self._running.items() if key[0] != observation.nid}
        elif isinstance(observation, Ended):
            self._ended(observation)
        elif isinstance(observation, Ran) and observation.run.group:
            self._ran(observation)

    def _ended(self, ended: Ended) -> None:
        started = self._starting.pop((ended.nid, ended.event.id), None)
        if started is not None and ended.event.result.outcome is Outcome.DONE:
            self._up.setdefault((ended.nid, started.run.group), set()).add(started.run.subject)

    def _ran(self, ran: Ran) -> None:
        key = (ran.nid, ran.run.group)
        names = next([r.name for r in g.resources] for g in self.cluster.groups if g.name == ran.run.group)
        at = names.index(ran.run.subject)
        up = self._up.setdefault(key, set())
        if ran.run.action is Action.START:
            self._starting[ran.nid, ran.run.id] = ran
            missing = [name for name in names[:at] if name not in up]
            if missing:
                self.broken(ran, f"{self.name(ran.nid)} starts {ran.run.subject} before {', '.join(missing)}")
        elif ran.run.action is Action.STOP:
            left = [name for name in names[at + 1 :] if name in up]
            if left:
                self.broken(ran, f"{self.name(ran.nid)} stops {ran.run.subject} before {', '.join(left)}")
            up.discard(ran.run.subject)
