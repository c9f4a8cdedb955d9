"""What the kernel takes for a heartbeat's frame, in a simulated cluster of many nodes that is at rest."""

import gc
import time

from heartbeat.kernel.effects import Effect
from heartbeat.kernel.events import Event, FrameReceived
from heartbeat.kernel.kernel import Kernel
from heartbeat.sim.schedule import GroupShape, Shape
from heartbeat.sim.world import World
from heartbeat.wire.messages import Beat

KEEPALIVE_S, GROUPS = 0.2, 8
BOOTS_S = 0.05
"""From one node's start to the next one's: who comes is greeted by all, and of many at one instant all greet all."""
SETTLED_S = 5.0
"""By then all nodes are in one view and every group runs."""


class _Timed(Kernel):
    """A kernel that notes how long each of its steps for a beat took."""

    took_s: list[float]

    def step(self, now_s: float, event: Event) -> list[Effect]:
        begun_s = time.perf_counter()
        effects = super().step(now_s, event)
        if isinstance(event, FrameReceived) and isinstance(event.packet.message, Beat) and not self._door.is_copy:
            self.took_s.append(time.perf_counter() - begun_s)
        return effects


def beat_steps(nodes: int, seconds: float) -> list[float]:
    """Return how long each step took that brought a new beat to any node, in so many virtual seconds of rest.

    Steps in which a beat comes over the second link are left out: they are the cheap ones.
    """
    groups = tuple(GroupShape(home=group % nodes) for group in range(GROUPS))
    shape = Shape(nodes, groups, KEEPALIVE_S, 0.5, 1.0, 2.0)
    took_s: list[float] = []
    world = World(shape.cluster(), keeps_log=False)
    world.mind = type("Timed", (_Timed,), {"took_s": took_s})
    for nid in world.nodes:
        world.at(BOOTS_S * nid, lambda nid=nid: world.boot(nid))  # type: ignore[misc]
    world.run(BOOTS_S * nodes + SETTLED_S)
    took_s.clear()
    gc.collect()
    gc.disable()  # as in the daemon, which collects when it is idle
    try:
        world.run(seconds)
    finally:
        gc.enable()
    return took_s
