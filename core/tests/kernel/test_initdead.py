"""initdead expires just as the late node's first frame comes: both orders at the same instant, neither unsafe."""

from collections.abc import Callable
from typing import Any

import pytest
from heartbeat.kernel import effects as fx
from heartbeat.kernel import events as ev
from heartbeat.model.operation import Action, Outcome, Result
from heartbeat.model.proof import Proof
from heartbeat.sim.many import Tally
from heartbeat.sim.run import Run
from heartbeat.sim.schedule import GroupShape, Schedule, Shape
from heartbeat.wire.messages import Propose

INITDEAD_S = 5.0
OFF = Result(Outcome.DONE, "reads off", Proof.READ_BACK)

Make = Callable[..., Any]


@pytest.fixture
def waiting(make_lone: Make, make_cluster: Make, make_group: Make) -> Make:
    """Return a maker of node1 of two that has looked at all its groups and waits for node2: initdead is now."""

    def make(*, device: bool) -> Any:
        groups = (make_group("data", "node1", "fs!"), make_group("ip", "node1"))
        lone = make_lone(make_cluster(2, *groups, device=device))
        for stored in [effect for effect in lone.effects if isinstance(effect, fx.Persist)]:
            lone.step(ev.Persisted(stored.key))
        for effect in lone.step(ev.ExecutorChanged(ready=True)):
            if isinstance(effect, fx.Run):
                lone.step(ev.OperationFinished(effect.id, Result(Outcome.STOPPED)))
        if device:
            lone.step(ev.DevicesKnown("switch", ("node1", "node2"), 1.0))
        for _ in range(round(INITDEAD_S / 0.1) - 1):
            lone.step(ev.Wake(), after_s=0.1)
        lone.now_s = 100.0 + INITDEAD_S
        return lone

    return make


def runs(lone: Any, action: Action) -> list[str]:
    return [e.subject for e in lone.effects if isinstance(e, fx.Run) and e.action is action and not e.on_hold]


def fence(lone: Any) -> int:
    (number,) = [e.id for e in lone.effects if isinstance(e, fx.Run) and e.action is Action.FENCE]
    return int(number)


def starts(lone: Any) -> bool:
    """Does what was prepared act now? The data's start was, while it waited."""
    return any(isinstance(effect, fx.Go) for effect in lone.effects) or "fs" in runs(lone, Action.START)


def proposes(lone: Any) -> bool:
    return any(isinstance(message, Propose) for message in lone.sent)


@pytest.mark.parametrize("device", [True, False])
def test_the_frame_first_is_a_life_in_time(waiting: Make, beat_of: Make, *, device: bool) -> None:
    lone = waiting(device=device)
    lone.frame(1, beat_of(lone.cluster, 1, phase="boot", row=()))
    assert not runs(lone, Action.FENCE)
    lone.step(ev.Wake())
    assert not runs(lone, Action.FENCE), "nobody is shot for having been late"
    assert not starts(lone), "and what it may hold is asked for first"
    assert {group.why for group in lone.kernel.status(lone.now_s).groups} == {"node2 is heard but not in the view"}


def test_the_timer_first_shoots_and_what_shares_data_waits_for_the_proof_of_the_life_that_came(
    waiting: Make, beat_of: Make
) -> None:
    lone = waiting(device=True)
    lone.step(ev.Wake())
    first = fence(lone)
    assert runs(lone, Action.START) == ["ip"], "of a node never heard no address answers"
    lone.frame(1, beat_of(lone.cluster, 1, phase="boot"))
    lone.step(ev.Wake())
    assert not any(isinstance(effect, fx.Cancel) for effect in lone.effects), "the off command may have left"
    assert not proposes(lone), "it is under fire: it joins nothing"
    lone.step(ev.OperationFinished(first, OFF))
    assert not starts(lone), "off was read of a node never heard; this life may have begun since"
    while not runs(lone, Action.FENCE):
        lone.step(ev.Wake(), after_s=0.1)
        assert not starts(lone)
    lone.step(ev.OperationFinished(fence(lone), OFF))
    assert starts(lone)


def test_the_timer_first_without_a_device_starts_what_shares_no_data_and_lets_the_late_one_join(
    waiting: Make, beat_of: Make
) -> None:
    lone = waiting(device=False)
    lone.step(ev.Wake())
    assert runs(lone, Action.START) == ["ip"]
    lone.frame(1, beat_of(lone.cluster, 1, phase="boot"))
    lone.step(ev.Wake(), after_s=0.02)
    assert proposes(lone)
    assert not starts(lone)


@pytest.mark.parametrize("device", [True, False])
@pytest.mark.parametrize("nodes", [2, 3])
def test_a_boot_at_any_moment_around_it_breaks_no_law(nodes: int, *, device: bool) -> None:
    """The last node's first frame reaches the others from 12 ms before to 12 ms after the end of their initdead."""
    groups = (GroupShape(0, shares_data=True), GroupShape(nodes - 1), GroupShape(nodes - 1, shares_data=True))
    shape = Shape(nodes, groups, 0.2, 0.5, 1.0, 2.0, device=device)
    tally = Tally()
    for step in range(-12, 13):
        late_s = shape.initdead_s + step / 1000
        boots = tuple(late_s if node == nodes - 1 else 0.0 for node in range(nodes))
        for alone in (boots, boots[::-1]):
            schedule = Schedule(shape, step + 100, alone, chaos_s=shape.initdead_s + 2)
            tally.add(step, Run(schedule).go(), 0.0)
    assert tally.violations == {}
