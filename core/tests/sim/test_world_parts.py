"""The pieces of a world do to nodes what they say."""

import pytest
from heartbeat.kernel import effects as fx
from heartbeat.model.names import Nid
from heartbeat.model.operation import Action, Outcome
from heartbeat.sim.clock import Clock
from heartbeat.sim.machine import Behaviour
from heartbeat.sim.network import Noise
from heartbeat.sim.schedule import GroupShape, Shape
from heartbeat.sim.world import World
from heartbeat.wire.frame import Header
from heartbeat.wire.messages import Nak, Packet

A, B = Nid(0), Nid(1)


@pytest.fixture
def world() -> World:
    return World(Shape(2, (GroupShape(0),), 0.2, 0.5, 1.0, 2.0).cluster(), seed=1)


def frames_heard(world: World, noise: Noise, frames: int = 400) -> int:
    """Send frames from a to b over one link and return how many come, copies included."""
    for lane in world.network.lanes[A]:
        lane.noise = noise
    world.cut(A, (1,))
    came: list[Nid] = []
    world.step = lambda nid, event: came.append(nid)  # type: ignore[method-assign]
    for number in range(frames):
        world.network.send(A, fx.Send(Header(0, b"c", b"s", 1, b"x", number), Packet(Nak(1, 1))))
        world.run(0.05)
    world.run(60.0)
    return len(came)


def test_a_clock_stands_still_while_suspended() -> None:
    clock = Clock(50.0, 2.0)
    assert clock.read(10.0) == 70.0
    clock.suspend(10.0)
    assert clock.read(15.0) == 70.0
    clock.resume(20.0)
    assert clock.read(21.0) == 72.0
    assert clock.delay_s(74.0, 21.0) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("noise", "least", "most"),
    [
        (Noise(slow_s=0.1), 400, 400),
        (Noise(loss=0.5), 150, 250),
        (Noise(burst=0.1), 150, 350),
        (Noise(corrupt=0.5), 150, 250),
        (Noise(duplicate=0.5), 550, 650),
        (Noise(replay=0.5), 550, 650),
        (Noise(slow=0.5, slow_s=1.0), 400, 400),
        (Noise(narrow_s=0.1), 190, 260),
    ],
)
def test_noise_does_to_frames_what_it_says(world: World, noise: Noise, least: int, most: int) -> None:
    assert least <= frames_heard(world, noise) <= most


def test_a_crash_loses_what_was_not_yet_durable_or_has_it_whole(world: World) -> None:
    disk = world.nodes[A].disk
    told: list[str] = []
    disk.put(world, "lost", b"1", told.append)
    disk.put(world, "kept", b"2", told.append)
    disk.crash(lambda key: key == "kept")
    world.run(1.0)
    assert dict(disk) == {"kept": b"2"}
    assert told == []


def test_a_full_disk_says_so_and_keeps_what_it_had(world: World) -> None:
    disk = world.nodes[A].disk
    disk["key"] = b"old"
    disk.fails = True
    told: list[str] = []
    disk.put(world, "key", b"new", told.append)
    world.run(1.0)
    assert disk["key"] == b"old"
    assert told == ["no space left on device"]


def test_a_stalled_disk_writes_when_the_stall_is_over(world: World) -> None:
    disk = world.nodes[A].disk
    disk.stalled = True
    told: list[str] = []
    disk.put(world, "key", b"1", told.append)
    world.run(5.0)
    assert not told
    disk.go_on()
    assert told == [""]


def operations(world: World) -> list[tuple[float, Outcome]]:
    ended: list[tuple[float, Outcome]] = []
    world.finish = lambda nid, number, result: ended.append((world.since_s, result.outcome))  # type: ignore[method-assign]
    world.machines.powered[A] = world.machines.executor_up[A] = True
    return ended


def test_operations_of_one_resource_happen_one_after_the_other(world: World) -> None:
    ended = operations(world)
    world.machines.behaviour["node0", "g0r0", Action.START] = Behaviour(takes_s=0.5)
    world.machines.carry_out(A, fx.Run(1, Action.START, "g0r0", "g0", token=1))
    world.machines.carry_out(A, fx.Run(2, Action.PROBE, "g0r0", "g0"))
    world.run(0.49)
    assert not ended
    world.run(1.0)
    assert [outcome for _, outcome in ended] == [Outcome.DONE, Outcome.RUNNING]


def test_a_late_start_of_a_daemon_that_is_gone_does_not_act(world: World) -> None:
    ended = operations(world)
    for number, action in enumerate((Action.START, Action.STOP)):
        world.machines.carry_out(A, fx.Run(number, action, "g0r0", "g0", token=3))
        world.run(1.0)
    world.machines.start_late(A)
    world.run(1.0)
    assert [outcome for _, outcome in ended] == [Outcome.DONE, Outcome.DONE], "its daemon is there, and nothing is late"
    world.machines.daemon_left(A)
    world.machines.start_late(A)
    world.run(1.0)
    assert [outcome for _, outcome in ended[2:]] == [Outcome.CANCELLED]
    assert world.machines.active[A] == set()


def test_another_boot_knows_of_no_order(world: World) -> None:
    operations(world)
    world.machines.carry_out(A, fx.Run(1, Action.START, "g0r0", "g0", token=3))
    world.run(1.0)
    world.machines.lost_power(A)
    assert world.machines.tokens[A].highest == {}


def test_a_start_that_hangs_may_have_had_its_effect(world: World) -> None:
    ended = operations(world)
    world.machines.behaviour["node0", "g0r0", Action.START] = Behaviour(takes_s=1e9, residue=True)
    world.machines.carry_out(A, fx.Run(1, Action.START, "g0r0", "g0", token=1, timeout_s=2.0))
    world.run(3.0)
    assert ended == [(2.0, Outcome.UNKNOWN)]
    assert world.machines.active[A] == {"g0r0"}


def test_a_device_that_comes_late_shoots_after_it_was_given_up(world: World) -> None:
    ended = operations(world)
    world.machines.powered[B] = True
    world.machines.behaviour["node0", "switch", Action.FENCE] = Behaviour(takes_s=1e9, acts=False, acts_late_s=5.0)
    world.machines.carry_out(A, fx.Run(1, Action.FENCE, "switch", host="node1", timeout_s=2.0))
    world.run(3.0)
    assert ended == [(2.0, Outcome.UNKNOWN)]
    assert world.machines.powered[B]
    world.run(3.0)
    assert not world.machines.powered[B]
