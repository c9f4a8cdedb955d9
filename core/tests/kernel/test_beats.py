"""When a beat leaves: nodes fall into step, and nobody speaks before having read what has arrived."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from heartbeat.kernel import effects as fx
from heartbeat.kernel import events as ev
from heartbeat.wire import messages as m

if TYPE_CHECKING:
    from heartbeat.sim.world import World

MakeLone = Callable[..., Any]
BeatOf = Callable[..., m.Beat]


def just_beaten(make_lone: MakeLone, beat_of: BeatOf) -> Any:
    """A kernel that has heard enough of the other node, and whose own beat has left in this moment."""
    lone = make_lone()
    for _ in range(8):
        lone.frame(1, beat_of(lone.cluster, 1))
    lone.step(ev.Wake(), lone.cluster.timers.keepalive_s)
    assert beats(lone)
    return lone


def beats(lone: Any) -> int:
    return sum(isinstance(message, m.Beat) for message in lone.sent)


@pytest.mark.parametrize("share", [0.51, 0.7, 0.999])
def test_a_beat_that_is_due_soon_follows_another_s(make_lone: MakeLone, beat_of: BeatOf, share: float) -> None:
    lone = just_beaten(make_lone, beat_of)
    after_s = share * lone.cluster.timers.keepalive_s
    lone.frame(1, beat_of(lone.cluster, 1), after_s=after_s)
    assert not beats(lone), "more may wait to be read"
    assert [effect.at_s for effect in lone.effects if isinstance(effect, fx.Arm)] == [lone.now_s]
    lone.step(ev.Wake())
    assert beats(lone) == 1


def test_a_beat_that_has_only_just_left_is_not_sent_again(make_lone: MakeLone, beat_of: BeatOf) -> None:
    lone = just_beaten(make_lone, beat_of)
    keepalive_s = lone.cluster.timers.keepalive_s
    lone.frame(1, beat_of(lone.cluster, 1), after_s=0.4 * keepalive_s)
    lone.step(ev.Wake())
    assert not beats(lone)
    lone.step(ev.Wake(), 0.61 * keepalive_s)
    assert beats(lone) == 1


def test_who_does_not_know_that_it_is_heard_is_greeted_once_all_is_read(make_lone: MakeLone, beat_of: BeatOf) -> None:
    lone = make_lone()
    lone.step(ev.Wake(), 0.1)
    lone.frame(1, beat_of(lone.cluster, 1))
    assert not beats(lone), "more may wait to be read"
    assert fx.Arm(lone.now_s) in lone.effects
    lone.step(ev.Wake())
    assert beats(lone) == 1


def test_nodes_that_boot_at_once_greet_all_who_came_with_one_beat(
    make_world: Callable[..., "World"], make_cluster: Callable[..., Any]
) -> None:
    world = make_world(make_cluster(8), at_rest=False)
    sent: list[float] = []
    world.on_effect = lambda nid, effect: (
        sent.append(world.now_s) if isinstance(effect, fx.Send) and isinstance(effect.packet.message, m.Beat) else None
    )
    world.boot_all()
    world.run(world.cluster.timers.keepalive_s)
    assert {len(node.kernel._membership.view.members) for node in world.nodes.values() if node.kernel} == {8}
    assert len(sent) < 8 * 7 * 2, "each greeted each of the others more than once"


def test_my_own_beat_leaves_in_a_flood_and_nobody_is_judged_in_it(make_lone: MakeLone, beat_of: BeatOf) -> None:
    lone = just_beaten(make_lone, beat_of)
    timers = lone.cluster.timers
    in_flood = ev.Wake(more_waits=True)
    lone.step(in_flood, 0.1 * timers.keepalive_s)
    assert not beats(lone), "not due"
    for _ in range(3 + int(timers.deadtime_s / timers.keepalive_s)):
        lone.step(in_flood, 1.01 * timers.keepalive_s)
        assert beats(lone) == 1
        assert "node.silent" not in kinds(lone)
    lone.step(ev.Wake())
    assert "node.silent" in kinds(lone), "everything has been read"


def test_a_node_that_stood_still_reads_all_of_a_flood_before_it_speaks(make_lone: MakeLone, beat_of: BeatOf) -> None:
    lone = just_beaten(make_lone, beat_of)
    for _ in range(2):
        lone.step(ev.Wake(more_waits=True), lone.cluster.timers.deadtime_s)
        assert not beats(lone)
    lone.step(ev.Wake())
    assert beats(lone) == 1


def kinds(lone: Any) -> list[str]:
    return [effect.decision.kind for effect in lone.effects if isinstance(effect, fx.Record)]


@pytest.mark.parametrize("nodes", [2, 3, 5])
def test_the_nodes_of_a_cluster_come_into_step_and_beat_no_faster(
    make_world: Callable[..., "World"], make_cluster: Callable[..., Any], nodes: int
) -> None:
    world = make_world(make_cluster(nodes), at_rest=False)
    for nid in sorted(world.nodes):
        world.boot(nid)
        world.run(0.07)
    world.run(5.0)
    kernels = [node.kernel for node in world.nodes.values() if node.kernel is not None]
    sent = [kernel._channel.sequence for kernel in kernels]
    keepalive_s = world.cluster.timers.keepalive_s
    world.run(50 * keepalive_s)
    assert all(kernel._channel.sequence - before in (50, 51) for kernel, before in zip(kernels, sent, strict=True))
    world.run(0.5 * keepalive_s)
    clocks = [node.clock for node in world.nodes.values()]
    due = [kernel._beats.next_s - clock.read(world.now_s) for kernel, clock in zip(kernels, clocks, strict=True)]
    assert max(due) - min(due) < 0.02
