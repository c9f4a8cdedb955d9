"""S9, S11, L4 and L9: one history of committed messages, held by enough, and everything said comes in the end."""

from heartbeat.kernel.quorum import outlives
from heartbeat.model.delivery import Delivery
from heartbeat.model.names import Nid
from heartbeat.model.view import Member, ViewId
from heartbeat.sim.check.checker import Checker, Setting
from heartbeat.sim.observation import Given, Gone, Installed, Observation, Unheard, Words


class OneHistory(Checker):
    law = "S9"
    says = "a place of the history has one SAFE message for ever, and a message one place"
    sees = (Given,)

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self._at: dict[tuple[ViewId, int], Words] = {}
        self._places: dict[tuple[ViewId, Words], int] = {}

    def see(self, observation: Observation) -> None:
        assert isinstance(observation, Given)
        message, line, place = observation.message, observation.line, observation.place
        if message.delivery is not Delivery.SAFE:
            return
        name = self.name(observation.member.nid)
        first = self._at.setdefault((line, place), message)
        if first != message:
            self.broken(observation, f"{name} got {message} in place {place} of line {line}, it was {first}")
        once = self._places.setdefault((line, message), place)
        if once != place:
            self.broken(observation, f"{name} got {message} in place {place} of line {line}, it has place {once}")


class Held(Checker):
    law = "S11"
    says = "when a SAFE message is given out, so many nodes hold it that every later primary view has one of them"
    sees = (Given, Gone, Installed)

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self._gone_s: dict[Nid, float] = {}
        self._alone: dict[Member, bool] = {}

    def see(self, observation: Observation) -> None:
        if isinstance(observation, Gone):
            self._gone_s[observation.nid] = observation.at_s
        elif isinstance(observation, Installed):
            self._alone[observation.member] = len(observation.view.members) == 1
        elif isinstance(observation, Given) and observation.message.delivery is Delivery.SAFE:
            self._judge(observation)

    def _judge(self, given: Given) -> None:
        """Who died a moment ago may have held it, and said so: that is on its way still."""
        nodes, dead_s = len(self.cluster.nodes), self.cluster.timers.deadtime_s
        if nodes == 2 and self._alone.get(given.member):
            return  # the other one is proved away
        lately = {nid for nid, at_s in self._gone_s.items() if at_s > given.at_s - dead_s}
        if not outlives(self.cluster, tuple(sorted({*given.holders} | lately)), given.company, given.roll):
            self.broken(
                given, f"{self.name(given.member.nid)} gives out {given.message}, held by {list(given.holders)} alone"
            )


class Delivered(Checker):
    law = "L4"
    says = "what a program says SAFE is delivered, once all nodes are one view"
    sees = (Unheard,)

    def see(self, observation: Observation) -> None:
        assert isinstance(observation, Unheard)
        if observation.undelivered:
            self.broken(observation, f"{observation.undelivered} SAFE of {self.name(observation.nid)} are lost")


class Flowing(Checker):
    law = "L9"
    says = "what a program says is taken, once all nodes are one view: flow control lets go"
    sees = (Unheard,)

    def see(self, observation: Observation) -> None:
        assert isinstance(observation, Unheard)
        if observation.untaken:
            self.broken(observation, f"{observation.untaken} of {self.name(observation.nid)} wait for ever")
