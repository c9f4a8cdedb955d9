"""S16: who may fence whom, and what a node that is being fenced may be meanwhile."""

from heartbeat.model.names import Nid, NodeName
from heartbeat.model.operation import Action, Outcome
from heartbeat.model.proof import Proof
from heartbeat.model.view import Member
from heartbeat.sim.check.checker import MAY_ACT, Checker, Setting
from heartbeat.sim.observation import Born, Decided, Ended, Installed, Observation, Ran


class Fences(Checker):
    law = "S16"
    says = (
        "no fence without quorum (two nodes: PENDING may), none of a node that is heard, unless for cause; who is"
        " under fire is in no view of who fires, and a life that was proved off never again"
    )
    sees = (Ran, Ended, Installed, Decided, Born)

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self._under_fire: dict[tuple[Nid, int], Member] = {}
        """(who fences, operation) to the target, until the device has answered or its executor is gone."""
        self._off: dict[tuple[Nid, Nid], int] = {}
        """(who fenced, target) to the newest life that a device called off, to this life of who fenced."""

    def see(self, observation: Observation) -> None:
        if isinstance(observation, Ran):
            if observation.run.action is Action.FENCE:
                self._fires(observation)
        elif isinstance(observation, Ended):
            self._ended(observation)
        elif isinstance(observation, Installed):
            self._installed(observation)
        elif isinstance(observation, Born) or (
            isinstance(observation, Decided) and observation.decision.kind == "executor.lost"
        ):
            self._under_fire = {key: nid for key, nid in self._under_fire.items() if key[0] != observation.nid}
            if isinstance(observation, Born):
                self._off = {key: life for key, life in self._off.items() if key[0] != observation.nid}

    def _fires(self, ran: Ran) -> None:
        by, target = self.name(ran.nid), ran.run.host
        nid = self.cluster.nid(NodeName(target))
        self._under_fire[ran.nid, ran.run.id] = Member(nid, ran.known.get(nid, 0))
        if ran.standing not in MAY_ACT:
            self.broken(ran, f"{by} fences {target} without quorum")
        if target == by:
            self.broken(ran, f"{by} fences itself")
        age_s = ran.at_s - ran.heard_s.get(nid, float("-inf"))
        if not ran.for_cause and age_s < 0.98 * ran.deadtime_s:
            self.broken(ran, f"{by} fences {target}, which it heard {age_s:.3f} s ago")

    def _ended(self, ended: Ended) -> None:
        target = self._under_fire.pop((ended.nid, ended.event.id), None)
        result = ended.event.result
        if target is not None and result.outcome is Outcome.DONE and result.proof > Proof.NONE:
            self._off[ended.nid, target.nid] = target.incarnation

    def _installed(self, installed: Installed) -> None:
        by = installed.member.nid
        for (nid, _), target in self._under_fire.items():
            if nid == by and installed.view.has(target.nid):
                self.broken(
                    installed, f"{self.name(by)} has {self.name(target.nid)} in its view, which it is switching off"
                )
        for member in installed.view.members:
            if member.incarnation <= self._off.get((by, member.nid), 0):
                self.broken(
                    installed,
                    f"{self.name(by)} has life {member.incarnation} of {self.name(member.nid)} in its view, which it"
                    " switched off",
                )
