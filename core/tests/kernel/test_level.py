"""Devices that feed a node together: all of them must be off at one time, and no one's word alone is a proof."""

from collections.abc import Callable
from typing import Any

import pytest
from heartbeat.kernel import effects as fx
from heartbeat.kernel import events as ev
from heartbeat.kernel.level import Level
from heartbeat.model.names import Nid
from heartbeat.model.operation import Action, Outcome, Result
from heartbeat.model.proof import Proof

NODE1 = Nid(0)
OFF = Result(Outcome.DONE, "reads off", Proof.READ_BACK)
ASKED = Result(Outcome.DONE, "took the command", Proof.ASKED)
READS_OFF = Result(Outcome.STOPPED, "off", Proof.READ_BACK)
READS_ON = Result(Outcome.RUNNING, "on")
REFUSED = Result(Outcome.FAILED, "the outlet is locked")


def walked(level: Level, *results: Result, lied: tuple[str, ...] = ()) -> list[tuple[Action, str]]:
    """Bring a level these results and return what it asked for."""
    asked = []
    for result in results:
        step = level.next()
        assert step is not None
        asked.append(step)
        level.take(result, has_lied=step[1] in lied)
    return asked


def test_one_device_is_switched_off_and_that_is_all() -> None:
    level = Level(("a",))
    assert walked(level, OFF) == [(Action.FENCE, "a")]
    assert level.next() is None
    assert (level.result().outcome, level.result().proof) == (Outcome.DONE, Proof.READ_BACK)


def test_of_two_both_are_switched_off_and_the_first_is_read_once_more() -> None:
    level = Level(("a", "b"))
    assert walked(level, OFF, OFF, READS_OFF) == [(Action.FENCE, "a"), (Action.FENCE, "b"), (Action.POWER, "a")]
    assert level.next() is None
    assert level.result() == Result(Outcome.DONE, "reads off (a and b together)", Proof.READ_BACK)


def test_one_that_is_on_again_when_the_other_is_off_proves_nothing() -> None:
    level = Level(("a", "b"))
    walked(level, OFF, OFF, READS_ON)
    assert level.next() is None
    assert level.result() == Result(Outcome.RUNNING, "a: on")


def test_the_weakest_proof_of_all_counts_and_a_watchdogs_is_one() -> None:
    level = Level(("a", "b"))
    reset = Result(Outcome.STOPPED, "off", Proof.SELF_FENCED)
    assert len(walked(level, Result(Outcome.DONE, "reset", Proof.SELF_FENCED), OFF, reset)) == 3
    assert (level.result().outcome, level.result().proof) == (Outcome.DONE, Proof.SELF_FENCED)


@pytest.mark.parametrize("results", [(REFUSED,), (OFF, REFUSED)])
def test_when_one_fails_the_others_are_not_gone_on_with(results: tuple[Result, ...]) -> None:
    level = Level(("a", "b"))
    walked(level, *results)
    assert level.next() is None
    assert level.result().outcome is Outcome.FAILED
    assert level.result().detail == f"{'a' if len(results) == 1 else 'b'}: the outlet is locked"


def test_the_weakest_of_all_is_what_is_proved() -> None:
    level = Level(("a", "b"))
    assert walked(level, ASKED, OFF) == [(Action.FENCE, "a"), (Action.FENCE, "b")], "who cannot be asked is not asked"
    assert level.result().proof is Proof.ASKED


def test_who_has_lied_is_worth_its_word_and_no_more() -> None:
    level = Level(("a", "b"))
    walked(level, OFF, OFF, lied=("a",))
    assert level.next() is None
    assert level.result().proof is Proof.ASKED


def test_done_without_a_proof_is_no_success() -> None:
    level = Level(("a",))
    walked(level, Result(Outcome.DONE, "?", Proof.NONE))
    assert level.result().outcome is Outcome.FAILED


def test_after_an_executor_s_death_all_are_read_and_none_is_switched() -> None:
    level = Level(("a", "b"), only_read=True)
    assert walked(level, READS_OFF, READS_OFF) == [(Action.POWER, "a"), (Action.POWER, "b")]
    assert level.result().proof is Proof.READ_BACK
    other = Level(("a", "b"), only_read=True)
    walked(other, READS_OFF, READS_ON)
    assert other.result().outcome is Outcome.RUNNING


# In the kernel.


class Shooting:
    """node2 of two, alone and about to shoot node1: strips a and b together, then a controller c."""

    def __init__(self, make_lone: Any, cluster: Any, beat_of: Any, *known: ev.DevicesKnown) -> None:
        self.lone = make_lone(cluster, me=1)
        self.lone.step(ev.ExecutorChanged(ready=True))
        for device in known:
            self.lone.step(device)
        self.lone.frame(0, beat_of(cluster, 0, row=()))

    def first(self) -> fx.Run:
        for _ in range(60):
            if run := self._runs(self.lone.step(ev.Wake(), 0.1)):
                return run[0]
        pytest.fail("nothing is fenced")

    def ends(self, run: fx.Run, result: Result) -> list[fx.Run]:
        return self._runs(self.lone.step(ev.OperationFinished(run.id, result)))

    @staticmethod
    def _runs(effects: list[fx.Effect]) -> list[fx.Run]:
        actions = (Action.FENCE, Action.POWER, Action.ON)
        return [effect for effect in effects if isinstance(effect, fx.Run) and effect.action in actions]

    def proof(self) -> Proof:
        proof: Proof = self.lone.kernel._ledger.proof(NODE1, 1)
        return proof


def known(name: str, level: int, supplies: int, *, hosts: tuple[str, ...] = ("node1",), worst_s: float = 1.0) -> Any:
    return ev.DevicesKnown(name, hosts, worst_s, "", serialises=True, level=level, supplies=supplies)


@pytest.fixture
def shooting(make_lone: Any, make_cluster: Any, make_group: Any, beat_of: Any) -> Callable[..., Shooting]:
    return lambda *devices: Shooting(make_lone, make_cluster(2, make_group("data", "node1", "fs!")), beat_of, *devices)


def test_nothing_is_proved_before_both_supplies_are_off_and_all_are_off_before_any_is_on(
    shooting: Callable[..., Shooting],
) -> None:
    shot = shooting(known("a", 1, 2), known("b", 1, 2))
    first = shot.first()
    (second,) = shot.ends(first, OFF)
    assert shot.proof() is Proof.NONE
    (again,) = shot.ends(second, OFF)
    assert shot.proof() is Proof.NONE
    then = shot.ends(again, READS_OFF)
    assert shot.proof() is Proof.READ_BACK
    told = [(run.action, run.subject) for run in (first, second, again, *then)]
    assert told == [
        (Action.FENCE, "a"), (Action.FENCE, "b"), (Action.POWER, "a"), (Action.ON, "a"), (Action.ON, "b"),
    ]  # fmt: skip


def test_the_next_level_is_tried_when_one_supply_does_not_go_off(shooting: Callable[..., Shooting]) -> None:
    shot = shooting(known("c", 2, 1), known("b", 1, 2), known("a", 1, 2))
    (second,) = shot.ends(shot.first(), OFF)
    (other,) = shot.ends(second, REFUSED)
    assert (other.action, other.subject) == (Action.FENCE, "c")
    shot.ends(other, OFF)
    assert shot.proof() is Proof.READ_BACK


def test_levels_are_tried_in_the_order_of_the_file_whatever_their_names(shooting: Callable[..., Shooting]) -> None:
    assert shooting(known("a", 2, 1), known("z", 1, 1)).first().subject == "z"


@pytest.mark.parametrize(
    "other", [(), (known("b", 1, 2, hosts=("somebody-else",)),)], ids=["not known yet", "does not feed it"]
)
def test_a_level_of_which_a_device_is_missing_is_not_used(shooting: Callable[..., Shooting], other: Any) -> None:
    """Strip a alone would read off, and the node might run on from strip b."""
    shot = shooting(known("a", 1, 2), *other)
    kinds = set()
    for _ in range(60):
        assert shot._runs(shot.lone.step(ev.Wake(), 0.1)) == []
        kinds |= {decision.kind for decision in shot.lone.decisions}
    assert "fence.failed" in kinds


def test_after_the_executor_s_death_one_reading_of_two_is_no_proof(shooting: Callable[..., Shooting]) -> None:
    shot = shooting(known("a", 1, 2), known("b", 1, 2))
    shot.ends(shot.first(), OFF)
    shot.lone.step(ev.ExecutorChanged(ready=False, detail="killed"))
    (first,) = shot._runs(shot.lone.step(ev.ExecutorChanged(ready=True)))
    assert (first.action, first.subject) == (Action.POWER, "a")
    (second,) = shot.ends(first, READS_OFF)
    assert shot.proof() is Proof.NONE
    assert (second.action, second.subject) == (Action.POWER, "b")
    assert shot.ends(second, READS_ON) == []
    assert shot.proof() is Proof.NONE


def test_who_races_reckons_with_all_devices_of_a_level(make_lone: Any, make_cluster: Any) -> None:
    lone = make_lone(make_cluster(2), me=1)
    for name, level, worst_s in (("a", 1, 2.0), ("b", 1, 3.0), ("c", 2, 4.0)):
        lone.step(ev.DevicesKnown(name, ("node1",), worst_s, "", level=level, supplies=2 if level == 1 else 1))
    assert lone.kernel._fencing.devices.race_s(NODE1) == 5.0
