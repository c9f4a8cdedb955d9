"""The people: they confirm what they have really seen, restart what is stuck, and forgive what was mended."""

from typing import TYPE_CHECKING

from heartbeat.model.names import Nid
from heartbeat.sim import inside
from heartbeat.sim.observation import Confirmed
from heartbeat.wire import api

if TYPE_CHECKING:
    from heartbeat.sim.stage import Stage


class Operator:
    """Walks from console to console; never says what is not so."""

    def __init__(self, stage: "Stage") -> None:
        self._stage = stage

    def confirm(self, nid: Nid, *, pulls_plugs: bool = False) -> None:
        """Answer the open questions of one node, for machines that are off. ``pulls_plugs``: make them so first."""
        world = self._stage.world
        node = world.nodes[nid]
        if node.kernel is None or node.frozen is not None:
            return
        for target, (request, member) in list(inside.open_confirmations(node.kernel).items()):
            other = world.nodes[target]
            if pulls_plugs:
                world.crash(target)
            if world.machines.powered[target]:
                continue
            if world.watch is not None:
                incarnation = max(other.incarnation, member.incarnation)
                world.watch.see(Confirmed(world.now_s, target, incarnation))
            world.ask(nid, api.Confirm(world.cluster.nodes[target], request))

    def tidy(self, nid: Nid) -> None:
        """Restart a machine where something is stuck that only a restart mends."""
        self._stage.world.crash(nid)
        self._stage.start(nid)

    def help(self, asked: tuple[Nid, ...], *, pulls_plugs: bool) -> None:
        """Do once what is needed on the nodes that should work: start, confirm, restart the blocked, forgive."""
        for nid in asked:
            kernel = self._stage.world.nodes[nid].kernel
            if kernel is None:
                self._stage.start(nid)
                continue
            self.confirm(nid, pulls_plugs=pulls_plugs)
            for ghost in inside.condemned(kernel):
                if ghost in asked:
                    self.tidy(ghost)
            if inside.blocked(kernel):
                self.tidy(nid)
            elif inside.failed(kernel):
                self._stage.world.ask(nid, api.Takeover("local"))
