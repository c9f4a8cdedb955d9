"""S17: a node that stood still blames itself first."""

from heartbeat.model.names import Nid
from heartbeat.model.operation import Action
from heartbeat.model.view import View
from heartbeat.sim.check.checker import Checker, Setting
from heartbeat.sim.observation import Born, Decided, Installed, Observation, Proposed, Ran, Woke


class Woken(Checker):
    law = "S17"
    says = (
        "after a pause of more than deadtime/2 a node calls nobody silent, drops nobody and fences nobody for deadtime"
    )
    sees = (Woke, Born, Decided, Proposed, Installed, Ran)

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self._until_s: dict[Nid, float] = {}
        self._view: dict[Nid, View] = {}

    def see(self, observation: Observation) -> None:
        dead_s = self.cluster.timers.deadtime_s
        if isinstance(observation, Woke):
            # Whoever stood still up to a keepalive longer than that may have been between two beats.
            if observation.gap_s > dead_s / 2 + self.cluster.timers.keepalive_s:
                self._until_s[observation.nid] = observation.at_s + 0.9 * dead_s
            return
        if isinstance(observation, Born):
            self._until_s.pop(observation.nid, None)
            self._view.pop(observation.nid, None)
            return
        if isinstance(observation, Installed):
            self._installed(observation)
            return
        assert isinstance(observation, Decided | Proposed | Ran)
        if observation.at_s < self._until_s.get(observation.nid, 0.0):
            self._judge(observation)

    def _installed(self, installed: Installed) -> None:
        """A view of one takes no proposal."""
        nid, view = installed.member.nid, installed.view
        before = self._view.get(nid)
        self._view[nid] = view
        is_early = installed.at_s < self._until_s.get(nid, 0.0)
        if is_early and view.nids == (nid,) and before is not None and len(before.members) > 1:
            self.broken(installed, f"{self.name(nid)} has just woken and is in a view without {before.nids}")

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
