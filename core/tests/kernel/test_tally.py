"""Tallies: what was counted survives the daemon, ages with the clock, and never claims to know how long it was off."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from heartbeat.kernel import effects as fx
from heartbeat.kernel.tally import Tally
from heartbeat.model.names import Nid
from heartbeat.model.operation import Action
from heartbeat.sim.machine import Behaviour

WINDOW_S = 600.0
NODE1, NODE2 = Nid(0), Nid(1)


def _counted(make_bench: Callable[..., Any], *pauses_s: float) -> tuple[Any, bytes]:
    """Count node2 after each of these pauses; return the desk and what was left on disk."""
    bench = make_bench()
    tally = Tally(bench.desk, "fenced", 3, WINDOW_S)
    for pause_s in pauses_s:
        bench.later(pause_s)
        tally.count("node2")
    (kept,) = (effect for effect in bench.desk.effects if isinstance(effect, fx.Persist))
    assert kept.key == "fenced"
    return bench, kept.value


def _next_life(make_bench: Callable[..., Any], kept: bytes, now_s: float, *, boot_id: str = "boot-a") -> Any:
    bench = make_bench(None, 0, 2, {"fenced": kept})
    bench.desk.birth = msgspec.structs.replace(bench.desk.birth, boot_id=boot_id)
    bench.desk.now_s = bench.desk.born_s = now_s
    return bench, Tally(bench.desk, "fenced", 3, WINDOW_S)


def test_a_restarted_daemon_goes_on_counting_where_the_last_one_died(make_bench: Callable[..., Any]) -> None:
    before, kept = _counted(make_bench, 0.0, 100.0, 100.0)
    after, tally = _next_life(make_bench, kept, before.desk.now_s + 5.0)
    assert tally.is_full("node2")
    after.later(WINDOW_S - 200.0)
    assert tally.recent("node2") == 2, "the first one is over ten minutes old now"


def test_after_a_reboot_the_time_off_counts_as_none(make_bench: Callable[..., Any]) -> None:
    """The monotonic clock began anew: the ages are those of the last write, neither years nor below zero."""
    _, kept = _counted(make_bench, 0.0, 100.0, 100.0)
    after, tally = _next_life(make_bench, kept, 8.0, boot_id="boot-b")
    assert tally.is_full("node2")
    after.later(WINDOW_S - 201.0)
    assert tally.recent("node2") == 3
    after.later(2.0)
    assert tally.recent("node2") == 2


def test_names_are_counted_apart_and_old_ones_forgotten(make_bench: Callable[..., Any]) -> None:
    bench = make_bench()
    tally = Tally(bench.desk, "fenced", 3, WINDOW_S)
    tally.count("node2")
    bench.later(WINDOW_S + 1.0)
    tally.count("node3")
    assert (tally.recent("node2"), tally.recent("node3")) == (0, 1)
    (kept,) = (effect for effect in bench.desk.effects if isinstance(effect, fx.Persist))
    assert b"node2" not in kept.value


@pytest.mark.parametrize("stored", [b"", b"nonsense", b'{"boot_id": 7}'])
def test_what_cannot_be_read_counts_as_nothing(make_bench: Callable[..., Any], stored: bytes) -> None:
    _, tally = _next_life(make_bench, stored, 100.0)
    assert tally.recent("node2") == 0


def test_a_node_fenced_too_often_is_not_shot_again_by_a_daemon_that_was_restarted(
    make_world: Callable[..., Any], make_cluster: Callable[..., Any]
) -> None:
    world = make_world(make_cluster(2))
    for number in range(1, 4):
        world.crash(NODE2)
        world.run_until(lambda number=number: len(world.machines.fenced) == number, 20.0)
        world.run_until(lambda: world.nodes[NODE1].kernel._membership.view.has(NODE2), 20.0)
    world.kill_daemon(NODE1)
    world.boot(NODE1, new_boot=False)
    world.run_until(lambda: world.nodes[NODE1].kernel._membership.view.has(NODE2), 20.0)
    world.machines.behaviour["node2", "switch", Action.FENCE] = Behaviour(acts=False)
    world.crash(NODE2)
    world.run_until(lambda: "fence.given-up" in [d.kind for _, d in world.nodes[NODE1].decisions], 20.0)
    assert len(world.machines.fenced) == 3
