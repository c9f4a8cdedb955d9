"""A node that beats and cannot act is not taken for a healthy one."""

from collections.abc import Callable
from typing import Any

import pytest
from heartbeat.kernel import effects as fx
from heartbeat.kernel import events as ev
from heartbeat.kernel.ability import WINDOW_S
from heartbeat.model.names import Nid
from heartbeat.sim.world import World

ONE, TWO = Nid(0), Nid(1)


@pytest.fixture
def world(make_world: Callable[..., World], make_cluster: Callable[..., Any], make_group: Callable[..., Any]) -> World:
    return make_world(make_cluster(2, make_group("data", "node1", "data!")))


def hang(world: World, nid: Nid) -> None:
    """Its executor stands still, is killed for it, and comes back."""
    world.step(nid, ev.ExecutorHung(4.0))
    world.machines.executor_dies(nid)
    world.run(3.0)


def alarms(world: World, nid: Nid) -> list[str]:
    kernel = world.nodes[nid].kernel
    assert kernel is not None
    return [alarm.text for alarm in kernel.status(world.nodes[nid].clock.read(world.now_s)).alarms]


def test_once_is_bad_luck(world: World) -> None:
    hang(world, ONE)
    assert world.where("data") == {"node1"}
    assert not alarms(world, TWO)


def test_twice_moves_its_groups_to_a_node_that_can_act(world: World) -> None:
    hang(world, ONE)
    hang(world, ONE)
    world.run(3.0)
    assert world.where("data") == {"node2"}
    assert not world.machines.violations
    assert any("node1 cannot act reliably" in text for text in alarms(world, TWO))


def test_it_is_given_nothing_until_it_has_been_well_for_as_long(world: World) -> None:
    for _ in range(2):
        hang(world, ONE)
    world.run(3.0)
    world.crash(TWO)  # it is shot, and boots again
    world.run(10.0)
    assert world.where("data") == {"node2"}, "it waited for the one that can"
    world.run(WINDOW_S)
    world.crash(TWO)
    world.run(5.0)
    assert world.where("data") == {"node1"}


def test_nobody_is_relieved_when_nobody_is_better(world: World) -> None:
    for nid in (ONE, ONE, TWO, TWO):
        hang(world, nid)
    world.run(3.0)
    assert len(world.where("data")) == 1


def test_it_is_remembered_over_a_restart_of_the_daemon(make_lone: Callable[..., Any]) -> None:
    lone = make_lone()
    stored: dict[str, bytes] = {}
    for _ in range(2):
        lone.step(ev.ExecutorHung(4.0))
        stored |= {effect.key: effect.value for effect in lone.effects if isinstance(effect, fx.Persist)}
    assert "self.unable" in [decision.kind for decision in lone.decisions]
    again = make_lone(incarnation=2, stored=stored)
    beats = [message for message in again.sent if hasattr(message, "unable")]
    assert beats
    assert all(beat.unable for beat in beats)
