"""Ambushes wait for what a node does, strike once, and lose the very message that they wait for."""

from heartbeat.kernel.effects import Persist
from heartbeat.model.names import Nid
from heartbeat.sim import ambush, pairs
from heartbeat.sim.network import Noise
from heartbeat.sim.run import Run
from heartbeat.sim.schedule import Fault, GroupShape, Schedule, Shape
from heartbeat.sim.stage import Stage

A, B, C = Nid(0), Nid(1), Nid(2)
SHAPE = Shape(3, (GroupShape(0), GroupShape(1, shares_data=True, resources=2)), 0.2, 0.5, 1.0, 2.0, device=True)


def staged(*faults: Fault) -> Stage:
    """Return a cluster of three that has run for four seconds under these faults."""
    stage = Stage(Schedule(SHAPE, 1, (0.0, 0.0, 0.0), faults), keeps_log=True)
    stage.begin()
    stage.world.run(4.0)
    return stage


def installed_s(stage: Stage) -> float:
    """Return when node1 was first in a view that node0 made."""
    line = next(line for line in stage.world.log if "node1  view.installed" in line and ".0:" in line)
    return float(line.split()[0])


def test_who_sends_what_is_waited_for_dies_at_that_moment_and_only_once() -> None:
    stage = staged(Fault(0.0, "ambush", -1, -1, for_s=0.5, word="Propose/crash"))
    assert stage.injected["crash"] == 1
    assert [line for line in stage.world.log if "node.restarted" in line], "it was switched on again after for_s"


def test_an_ambush_for_another_node_lets_this_one_pass() -> None:
    assert staged(Fault(0.0, "ambush", 2, -1, word="Propose/crash")).injected["crash"] == 0


def test_the_message_that_is_waited_for_can_be_lost_itself() -> None:
    first_s, late_s = (
        installed_s(staged(Fault(0.0, "ambush", int(A), other, for_s=0.01, word="Install/part"))) for other in (C, B)
    )
    assert late_s > first_s, "node1's INSTALL was lost, and came with the repetition"


def test_an_operation_can_be_waited_for_too() -> None:
    stage = staged(Fault(0.0, "ambush", int(A), -1, for_s=0.5, word="start/executor"))
    assert [line for line in stage.world.log if "executor.lost" in line]


def test_ambushes_and_pairs_are_drawn_from_the_seed_alone_and_carried_out() -> None:
    drawn = [draw(seed, SHAPE, 15.0) for draw in (ambush.draw, pairs.draw) for seed in range(60)]
    assert drawn == [draw(seed, SHAPE, 15.0) for draw in (ambush.draw, pairs.draw) for seed in range(60)]
    assert 20 < sum(bool(faults) for faults in drawn) < 60
    kinds = {fault.kind for faults in drawn for fault in faults}
    assert {"ambush", "agent", "device", "ask", "executor", "freeze", "noise"} <= kinds
    assert {fault.noise for faults in drawn for fault in faults} >= {Noise(replay=0.4, duplicate=0.2)}


def test_a_run_with_nothing_but_pairs_ends_and_keeps_the_laws() -> None:
    some = next(faults for seed in range(60) if (faults := pairs.draw(seed, SHAPE, 10.0)))
    assert Run(Schedule(SHAPE, 3, (0.0, 0.0, 0.0), some, chaos_s=10.0)).go().violations == []


def test_nodes_change_sides_just_when_somebody_stores_something() -> None:
    turned = Fault(3.0, "turn", other=0b110, value=float(0b011), word="epoch/0.5")
    stage = Stage(Schedule(SHAPE, 1, (0.0, 0.0, 0.0), (turned,), chaos_s=20.0), keeps_log=True)
    stage.begin()
    stage.world.run(4.0)
    assert {(a, b) for a, b, _ in stage.world.cuts} == {(A, C), (C, A), (B, C), (C, B)}
    stage.ambushes._saw(A, Persist("epoch", b"9"))
    stage.world.run(0.4)
    assert (A, C, 0) in stage.world.cuts
    stage.world.run(0.2)
    assert {(a, b) for a, b, _ in stage.world.cuts} == {(A, B), (B, A), (A, C), (C, A)}
    stage.mend_all()
    assert not stage.world.cuts
