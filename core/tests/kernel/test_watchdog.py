"""The watchdog: when it is fed, what it promises, and when others may take its promise for a proof."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from heartbeat.kernel import effects as fx
from heartbeat.kernel import events as ev
from heartbeat.kernel.membership import ROUND_S
from heartbeat.kernel.watchdog import SELF_FENCE_AFTER_S
from heartbeat.model.names import Nid
from heartbeat.model.operation import Action, Outcome
from heartbeat.model.proof import Proof
from heartbeat.model.watchdog import PROMISED_S, promise_s, wait_s
from heartbeat.sim.machine import Behaviour
from heartbeat.sim.world import World

ONE, TWO, THREE = Nid(0), Nid(1), Nid(2)
KEEPALIVE_S, DEAD_S, DOG_S = 0.2, 1.0, 1.5
PROMISE_S = promise_s(DEAD_S, KEEPALIVE_S, DOG_S)
WAIT_S = wait_s(PROMISE_S)

Make = Callable[..., Any]


@pytest.fixture
def world(make_world: Make, make_cluster: Make, make_group: Make) -> Callable[..., World]:
    def make(nodes: int = 3, *, device: bool = False) -> World:
        data = make_group("data", f"node{nodes}", "data!")
        made: World = make_world(
            make_cluster(nodes, data, device=device, watchdog_s=DOG_S, reset_after_off=False), keeps_log=True
        )
        made.machines.boots_again = False
        return made

    return make


def feeds(world: World, nid: Nid, seconds: float) -> list[float]:
    """Let time pass; return when a node's kernel let its device be fed."""
    times: list[float] = []

    def note(at: Nid, effect: fx.Effect) -> None:
        if at == nid and isinstance(effect, fx.Feed):
            times.append(world.now_s)

    world.on_effect = note
    world.run(seconds)
    world.on_effect = None
    return times


def told(world: World, kind: str) -> list[str]:
    return [line for line in world.log if f" {kind} " in line]


def promised_ms(world: World, by: Nid, to: Nid) -> int:
    kernel = world.nodes[to].kernel
    assert kernel is not None
    beat = kernel._detector.peers[by].beat
    assert beat is not None
    return beat.watchdog_ms


# Feeding.


@pytest.mark.parametrize("nodes", [2, 3])
def test_a_healthy_node_is_fed_with_each_beat(world: Callable[..., World], nodes: int) -> None:
    fed = feeds(world(nodes), ONE, 4.0)
    assert 18 <= len(fed) <= 23
    assert max(b - a for a, b in pairwise(fed)) < 1.5 * KEEPALIVE_S


def test_without_the_directive_nothing_is_fed(make_world: Make, make_cluster: Make) -> None:
    assert feeds(make_world(make_cluster(3)), ONE, 4.0) == []


def test_what_holds_something_without_a_quorum_is_not_fed_and_reset_in_time(world: Callable[..., World]) -> None:
    made = world()
    made.machines.behaviour["node3", "data", Action.STOP] = Behaviour(Outcome.FAILED, acts=False)
    cut_s = made.now_s
    made.cut(THREE)
    last_s = feeds(made, THREE, DEAD_S + KEEPALIVE_S)[-1]
    assert cut_s < last_s <= cut_s + DEAD_S
    made.run(last_s + DOG_S - 0.001 - made.now_s)
    assert made.machines.powered[THREE]
    made.run(0.002)
    assert not made.machines.powered[THREE]
    assert "no quorum has shown a beat of this node" in told(made, "watchdog.starves")[0]


def test_a_daemon_that_stands_still_is_reset_with_its_machine(world: Callable[..., World]) -> None:
    made = world()
    made.freeze(THREE)
    frozen_s = made.now_s
    made.run_until(lambda: not made.machines.powered[THREE], seconds=PROMISE_S)
    assert made.now_s - frozen_s <= DOG_S + KEEPALIVE_S


def test_a_daemon_that_is_killed_and_comes_back_is_fed_again_in_time(world: Callable[..., World]) -> None:
    made = world()
    made.kill_daemon(THREE)
    made.run(0.5)
    made.boot(THREE, new_boot=False)
    made.run(10 * DOG_S)
    assert made.reset_timers.resets == 0
    assert made.where("data") == {"node3"}


def test_two_nodes_do_not_starve_theirs_for_each_others_silence(world: Callable[..., World]) -> None:
    made = world(2)
    made.cut(TWO)
    made.run(5 * WAIT_S)
    assert made.reset_timers.resets == 0
    assert made.where("data") == {"node2"}
    assert told(made, "fence.self-fenced") == []


def test_a_node_that_leaves_in_order_stops_the_timer(world: Callable[..., World]) -> None:
    made = world()
    made.step(THREE, ev.Asked("a test"))
    made.run(10 * DOG_S)
    halted = made.nodes[THREE].halted
    assert halted is not None
    assert halted.clean
    assert made.reset_timers.resets == 0


@pytest.mark.parametrize("device", [False, True])
def test_what_cannot_be_stopped_ends_with_its_machine_as_the_last_rung(
    world: Callable[..., World], *, device: bool
) -> None:
    """At once where no device can do it; with one, when that has not done it for long."""
    made = world(device=device)
    made.machines.behaviour["node3", "data", Action.STOP] = Behaviour(Outcome.FAILED, acts=False)
    for node in ("node1", "node2"):
        made.machines.behaviour[node, "switch", Action.FENCE] = Behaviour(Outcome.FAILED, acts=False)
    made.step(THREE, ev.Asked("a test"))
    asked_s = made.now_s
    made.run_until(lambda: not made.machines.powered[THREE], seconds=2 * SELF_FENCE_AFTER_S)
    took_s = made.now_s - asked_s
    assert took_s >= SELF_FENCE_AFTER_S if device else took_s < 3 * DOG_S
    assert "it cannot stop data" in told(made, "watchdog.starves")[0]
    made.run_until(lambda: made.where("data") != set(), seconds=WAIT_S + 5)
    assert made.where("data") <= {"node1", "node2"}


# The promise.


def test_beats_carry_what_the_device_really_has_once_it_runs(make_lone: Make, make_cluster: Make) -> None:
    lone = make_lone(make_cluster(3, watchdog_s=DOG_S))
    lone.step(ev.WatchdogKnown("iTCO_wdt", 4.0))
    lone.step(ev.Wake(), after_s=KEEPALIVE_S)
    assert [beat.watchdog_ms for beat in lone.sent] == [0], "no quorum was ever with it"


def test_the_promise_is_told_to_all_members(world: Callable[..., World]) -> None:
    made = world()
    made.run(1.0)
    assert promised_ms(made, THREE, ONE) == promised_ms(made, ONE, TWO) == round(1000 * PROMISE_S)


@pytest.mark.parametrize(
    "device", [ev.WatchdogKnown("Software Watchdog", DOG_S, "stands still"), ev.WatchdogKnown("", 0, problem="gone")]
)
def test_a_device_that_may_fail_promises_nothing(world: Callable[..., World], device: ev.WatchdogKnown) -> None:
    made = world()
    made.step(THREE, device)
    made.run(1.0)
    assert promised_ms(made, THREE, ONE) == 0
    made.crash(THREE)
    made.run(3 * WAIT_S)
    assert made.where("data") == set(), "a person must say that it is off"


# The proof.


def test_the_wait_knows_how_long_a_view_change_may_hang() -> None:
    assert PROMISED_S == 2 * ROUND_S
    assert PROMISE_S == 2 + 0.2 + 3


def test_shared_data_is_taken_when_the_wait_is_over_and_not_before(world: Callable[..., World]) -> None:
    made = world()
    made.crash(THREE)
    made.run_until(lambda: bool(told(made, "fence.self-fencing")), seconds=2 * DEAD_S)
    made.run(WAIT_S - 0.05)
    assert told(made, "fence.self-fenced") == []
    assert made.where("data") == set()
    made.run(3 * KEEPALIVE_S)
    assert made.where("data") <= {"node1", "node2"} != set()
    kernel = made.nodes[ONE].kernel
    assert kernel is not None
    assert kernel._ledger.proofs[THREE].proof is Proof.SELF_FENCED


def test_a_life_that_outlives_the_wait_holding_nothing_is_another_one(world: Callable[..., World]) -> None:
    made = world()
    restarted: list[str] = []

    def again(nid: Nid, halt: fx.Halt) -> None:
        restarted.append(halt.why)
        made.at(0.5, lambda: made.start(nid))

    made.on_halt = again
    made.cut(THREE)
    made.run(WAIT_S + DEAD_S + 2)
    assert len(restarted) == 1, "and only once"
    assert made.where("data") <= {"node1", "node2"} != set()
    made.heal()
    made.run(3.0)
    assert told(made, "fence.withdrawn") == []
    kernel = made.nodes[THREE].kernel
    assert kernel is not None
    assert len(kernel._membership.view.members) == 3


def test_a_wait_counts_for_nothing_once_the_quorum_was_lost(world: Callable[..., World]) -> None:
    made = world()
    made.crash(THREE)
    made.run(0.6 * WAIT_S)
    made.cut(TWO)
    made.run(1.2 * DEAD_S)
    made.heal()
    made.run(0.6 * WAIT_S)
    assert told(made, "fence.self-fenced") == []
    made.run(WAIT_S)
    assert made.where("data") != set()


def test_a_power_that_reads_off_need_not_wait_for_it(world: Callable[..., World]) -> None:
    made = world(device=True)
    made.crash(THREE)
    took_s = made.run_until(lambda: made.where("data") != set(), seconds=WAIT_S)
    assert took_s < WAIT_S / 2


def test_a_device_that_fails_is_overtaken_by_the_wait_and_left_alone_then(world: Callable[..., World]) -> None:
    made = world(device=True)
    for node in ("node1", "node2"):
        made.machines.behaviour[node, "switch", Action.FENCE] = Behaviour(Outcome.FAILED, acts=False)
    made.crash(THREE)
    made.run_until(lambda: made.where("data") != set(), seconds=2 * WAIT_S)
    failed = len(told(made, "fence.failed"))
    assert failed >= 1
    made.run(3 * WAIT_S)
    assert len(told(made, "fence.failed")) == failed
