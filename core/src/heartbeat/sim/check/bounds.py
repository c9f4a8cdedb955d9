"""S21 and S23: nothing grows without end, and what does not count changes nothing."""

from heartbeat.kernel import effects as fx
from heartbeat.sim.check.checker import Checker
from heartbeat.sim.observation import Bogus, Observation, Size
from heartbeat.wire.messages import StaleLife


class Bounded(Checker):
    law = "S21"
    says = "queues are bounded"
    sees = (Size,)

    def see(self, observation: Observation) -> None:
        assert isinstance(observation, Size)
        if observation.length > observation.bound:
            self.broken(
                observation,
                f"{self.name(observation.nid)}: {observation.length} {observation.queue}, bound {observation.bound}",
            )


class Inert(Checker):
    law = "S23"
    says = "a frame of a stranger, of a former life, of another session or seen before changes nothing but counters"
    # Its sender may be told that it is out of date: it could be a node that lost its disk.
    sees = (Bogus,)

    def see(self, observation: Observation) -> None:
        assert isinstance(observation, Bogus)
        wrong = [effect for effect in observation.effects if not (isinstance(effect, fx.Arm) or _is_answer(effect))]
        if wrong:
            self.broken(observation, f"a frame {observation.what} made {self.name(observation.nid)} do {wrong[0]}")


def _is_answer(effect: fx.Effect) -> bool:
    return isinstance(effect, fx.Send) and isinstance(effect.packet.message, StaleLife)
