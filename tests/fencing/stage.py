"""Real kernels in a simulated cluster; real drivers at simulated switches, whose relays are its power."""

from typing import TYPE_CHECKING, Any

from heartbeat.kernel import events as ev
from heartbeat.model.cluster import Cluster, Timers
from heartbeat.model.group import Group, Resource
from heartbeat.model.names import GroupName, Nid, NodeName
from heartbeat.model.operation import Action, Result
from heartbeat.sim.machine import Machines
from heartbeat.sim.world import World
from heartbeat.wire import api

from tests.fencing.ground import NODES, Ground, operate

if TYPE_CHECKING:
    from heartbeat.config.cluster_config import DeviceConfig

TIMERS = Timers(keepalive_s=0.2, warntime_s=0.5, deadtime_s=1.0, initdead_s=5.0)
DATE = "2026-03-01 02:10 +0000"
REBOOT_S = 5.0
"""How long an outlet that reboots is off: the default of APC's strips."""
BOOT_S = 0.5


class WiredMachines(Machines):
    """Orders go through the drivers; who has no power left is gone, and who has it again boots."""

    def __init__(self, world: World, ground: Ground) -> None:
        super().__init__(world)
        self._ground = ground
        self._configs: dict[Nid, dict[str, DeviceConfig]] = {
            Nid(nid): {it.name: it for it in ground.devices(name)[0]} for nid, name in enumerate(NODES)
        }

    def devices_answer(self, nid: Nid, problem: str = "") -> None:
        for name, device in self._configs[nid].items():
            told = operate(device, Action.HOSTS, "")
            hosts = device.hosts or told.hosts
            event = ev.DevicesKnown(name, hosts, 1.0, "" if hosts else told.detail or "no answer")
            self._world.at(0.01, lambda event=event: self._world.step(nid, event))  # type: ignore[misc]

    def _act(self, nid: Nid, operation: Any) -> Result:
        run = operation.run
        if run.group:
            return super()._act(nid, operation)
        result = operate(self._configs[nid][run.subject], run.action, run.host)
        self.follow_relays()
        return result

    def follow_relays(self) -> None:
        """Let the machines be as their power is."""
        for relays in {id(it): it for feeds in self._ground.feeds.values() for it, _ in feeds}.values():
            for outlet in sorted(getattr(relays, "is_rebooting", ())):
                relays.is_rebooting.discard(outlet)  # type: ignore[attr-defined]
                self._world.at(REBOOT_S, lambda relays=relays, outlet=outlet: self._turn_on(relays, outlet))  # type: ignore[misc]
        for nid, name in enumerate(NODES):
            runs = self._ground.runs(name)
            if self.powered[Nid(nid)] and not runs:
                self._world.crash(Nid(nid))
            elif runs and not self.powered[Nid(nid)]:
                self._world.at(BOOT_S, lambda nid=nid: self._boot(Nid(nid)))  # type: ignore[misc]

    def _turn_on(self, relays: Any, outlet: int) -> None:
        relays.turn(outlet, on=True)
        self.follow_relays()

    def _boot(self, nid: Nid) -> None:
        if not self.powered[nid] and self._ground.runs(NODES[nid]):
            self._world.start(nid)


def cluster_on(ground: Ground) -> World:
    """Return a cluster that runs, two groups on it, fenced through the ground's devices."""
    groups = tuple(
        Group(GroupName(name), NodeName(home), (Resource(name, "agent", {}, True, 20.0, 20.0),))
        for name, home in (("a", "node1"), ("b", "node2"))
    )
    names = tuple(NodeName(name) for name in NODES)
    world = World(Cluster("linux-ha", names, TIMERS, groups, has_device=names))
    world.machines = WiredMachines(world, ground)
    world.boot_all()
    world.run(2.0)
    return world


def rehearse(world: World, node: str, *, window_s: float = 600.0) -> tuple[api.Done, str]:
    """Rehearse a node, led by another; return the answer and the code that was kept of it."""
    leader = Nid(next(nid for nid, name in enumerate(NODES) if name != node))
    ticket = world.ask(leader, api.Rehearse(node, window_s, DATE, "ana"))
    world.run(60.0)
    answer = world.answer(leader, ticket)
    assert isinstance(answer, api.Done)
    kernel = world.nodes[leader].kernel
    assert kernel is not None
    records = kernel.status(world.now_s).rehearsals
    return answer, next((it.code for it in records if it.node == node), "")
