"""Beats carry for how long executor and disk have not answered: who cannot act is seen by others, and made sure of."""

from collections.abc import Callable
from typing import Any

import pytest
from heartbeat.kernel import events as ev
from heartbeat.kernel.ability import IN_VAIN, LEAST_S
from heartbeat.model.names import Nid
from heartbeat.sim.many import Tally
from heartbeat.sim.run import Run
from heartbeat.sim.schedule import Fault, GroupShape, Schedule, Shape
from heartbeat.sim.world import World
from heartbeat.wire.messages import Beat

ONE, TWO = Nid(0), Nid(1)
LONG_S = IN_VAIN * LEAST_S

Make = Callable[..., Any]


@pytest.fixture
def world(make_world: Make, make_cluster: Make, make_group: Make) -> World:
    made: World = make_world(make_cluster(2, make_group("data", "node1", "data!"), reset_after_off=False))
    return made


def ages(lone: Any) -> list[tuple[int, int]]:
    return [(beat.executor_age_ms, beat.persist_age_ms) for beat in lone.sent if isinstance(beat, Beat)]


def alarms(world: World, nid: Nid) -> list[str]:
    kernel = world.nodes[nid].kernel
    assert kernel is not None
    return [alarm.text for alarm in kernel.status(world.now_s).alarms]


def shot(world: World) -> list[str]:
    return [target for _, _, target in world.machines.fenced]


# What a beat says.


def test_an_executor_that_was_never_ready_is_only_starting(make_lone: Make) -> None:
    lone = make_lone()
    lone.step(ev.Wake(), after_s=0.2)
    assert [executor for executor, _ in ages(lone)] == [0]


def test_its_silence_is_counted_from_its_last_answer_until_the_next(make_lone: Make) -> None:
    lone = make_lone()
    lone.step(ev.ExecutorChanged(ready=True))
    lone.step(ev.ExecutorSilent(2.5))
    lone.step(ev.Wake(), after_s=0.2)
    assert [executor for executor, _ in ages(lone)] == [2700]
    lone.step(ev.ExecutorSilent(0.0))
    assert [executor for executor, _ in ages(lone)] == [0], "and at once when it answers"


def test_one_that_is_gone_after_a_silence_has_been_silent_for_all_that_time(make_lone: Make) -> None:
    lone = make_lone()
    lone.step(ev.ExecutorChanged(ready=True))
    lone.step(ev.ExecutorSilent(2.5))
    lone.step(ev.ExecutorChanged(ready=False, detail="killed"), after_s=1.0)
    assert [executor for executor, _ in ages(lone)] == [3500]
    lone.step(ev.ExecutorChanged(ready=True), after_s=1.0)
    assert [executor for executor, _ in ages(lone)] == [0]


def test_what_waits_for_the_disk_is_told_with_its_age_until_it_is_stored(make_lone: Make) -> None:
    lone = make_lone()
    keys = [effect.key for effect in lone.effects if hasattr(effect, "key")]
    lone.step(ev.Wake(), after_s=0.5)
    assert [disk for _, disk in ages(lone)] == [500]
    for key in keys:
        lone.step(ev.Persisted(key))
    lone.step(ev.Wake(), after_s=0.2)
    assert [disk for _, disk in ages(lone)] == [0]


# What the others do.


def test_who_holds_something_and_has_had_no_executor_for_long_is_fenced_for_that(world: World) -> None:
    world.machines.executor_dies(ONE, 1000.0)
    world.run(LONG_S - 1)
    assert shot(world) == []
    world.run(2.0)
    assert shot(world) == ["node1"]
    world.run_until(lambda: world.where("data") == {"node2"}, 1.0)
    assert not world.machines.violations


def test_who_holds_nothing_is_shown_and_given_nothing(world: World) -> None:
    world.machines.executor_dies(TWO, 1000.0)
    world.run(LONG_S + 2)
    assert shot(world) == []
    assert "node2 cannot act reliably: its executor does not answer" in alarms(world, ONE)
    world.run_until(lambda: world.where("data") == {"node1"}, 1.0)


def test_where_nobody_else_can_act_what_runs_is_left_running(world: World) -> None:
    for nid in (ONE, TWO):
        world.machines.executor_dies(nid, 1000.0)
    world.run(2 * LONG_S)
    assert shot(world) == []
    assert world.where("data") == {"node1"}


def test_a_disk_that_does_not_answer_is_shown_by_the_others(world: World) -> None:
    world.nodes[TWO].disk.stalled = True
    world.crash(ONE)  # something to write about
    world.run(1.5)
    world.boot(ONE)
    world.run(4.0)
    assert any(text.startswith("node2 has no durable role") for text in alarms(world, ONE))


@pytest.mark.parametrize("device", [True, False])
def test_no_law_is_broken_for_however_long_an_executor_is_away(*, device: bool) -> None:
    groups = (GroupShape(0, shares_data=True), GroupShape(1), GroupShape(1, shares_data=True))
    shape = Shape(3, groups, 0.2, 0.5, 1.0, 2.0, device=device)
    tally = Tally()
    for seconds in (1, 4, 12, 14, 15, 16, 20):
        faults = (Fault(3.0, "executor", node=0, for_s=seconds), Fault(4.0, "executor", node=1, for_s=seconds / 2))
        schedule = Schedule(shape, seconds, (0.0, 0.0, 0.0), faults, chaos_s=26.0)
        tally.add(seconds, Run(schedule).go(), 0.0)
    assert tally.violations == {}
