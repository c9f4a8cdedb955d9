"""The short steps of a calm cluster do exactly what whole rounds would have done, whatever happens to it."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from heartbeat.kernel import effects as fx
from heartbeat.kernel import events as ev
from heartbeat.kernel.birth import Birth
from heartbeat.kernel.kernel import Kernel
from heartbeat.model.cluster import Cluster
from heartbeat.model.names import Nid
from heartbeat.sim.run import Run
from heartbeat.sim.swarm import draw
from heartbeat.sim.world import World

if TYPE_CHECKING:
    from heartbeat.model.status import ClusterStatus


class Thorough(Kernel):
    """Gives every part its turn in each step."""

    def is_calm(self) -> bool:
        return False


class Twofold(Kernel):
    """A kernel beside a thorough twin that is given the same; what they want must be the same.

    When to wake up they may see differently, as long as it is the quick one that wakes up earlier.
    """

    def __init__(self, cluster: Cluster, birth: Birth) -> None:
        super().__init__(cluster, birth)
        self._twin = Thorough(cluster, birth)
        self.steps = self.short = 0

    def _only_beat(self, *, all_read: bool) -> None:
        self.short += 1
        super()._only_beat(all_read=all_read)

    def step(self, now_s: float, event: ev.Event) -> list[fx.Effect]:
        wanted, expected = super().step(now_s, event), self._twin.step(now_s, event)
        self.steps += 1
        assert _acts(wanted) == _acts(expected), f"at {now_s}, {event}"
        assert self._armed_s <= self._twin._armed_s, f"at {now_s}, {event}"
        status: ClusterStatus = self.status(now_s)
        assert status == self._twin.status(now_s), f"at {now_s}, {event}"
        return wanted


def _acts(wanted: list[fx.Effect]) -> list[fx.Effect]:
    return [effect for effect in wanted if not isinstance(effect, fx.Arm)]


@pytest.mark.parametrize("seed", range(6))
def test_a_short_step_does_what_a_whole_round_would(seed: int) -> None:
    run = Run(draw(seed))
    run.world.mind = Twofold
    assert run.go().violations == []


def test_most_steps_of_a_healthy_cluster_are_short(make_cluster: Callable[..., Cluster]) -> None:
    world = World(make_cluster(2))
    minds: list[Twofold] = []

    def mind(cluster: Cluster, birth: Birth) -> Twofold:
        minds.append(Twofold(cluster, birth))
        return minds[-1]

    world.mind = mind
    world.boot_all()
    world.run(10)
    settled = [(mind.steps, mind.short) for mind in minds]
    world.run(10)
    grown: list[Any] = [(m.steps - steps, m.short - short) for m, (steps, short) in zip(minds, settled, strict=True)]
    assert all(short == steps > 100 for steps, short in grown)


def test_while_a_node_is_away_every_part_has_its_turn(make_cluster: Callable[..., Cluster]) -> None:
    world = World(make_cluster(3, device=False))
    world.mind = Twofold
    world.boot_all()
    world.run(5)
    world.crash(Nid(2))
    world.run(5)
    kernel = world.nodes[Nid(0)].kernel
    assert isinstance(kernel, Twofold)
    short = kernel.short
    world.run(5)
    assert kernel.short == short > 0
