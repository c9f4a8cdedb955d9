"""A disk that fails or does not answer: said once, shown, tried again, and nobody waits for it."""

from collections.abc import Callable
from typing import Any

import pytest
from heartbeat.kernel import effects as fx
from heartbeat.kernel import events as ev
from heartbeat.kernel.credit import Credit
from heartbeat.kernel.durability import AGAIN_S, PROBE, Durability
from heartbeat.model.names import Nid

TWO = Nid(1)


class Desked:
    """A durability and a credit at one kernel's desk, stepped by hand."""

    def __init__(self, lone: Any) -> None:
        self.desk = lone.kernel._desk
        self.durability = Durability(self.desk)
        self.credit = Credit(self.desk, self.durability)
        self.now_s = 0.0

    def step(self, after_s: float = 0.0, *effects: fx.Effect) -> list[fx.Effect]:
        self.now_s += after_s
        self.desk.now_s, self.desk.effects = self.now_s, [*effects]
        self.durability.wake()
        return list(self.desk.effects)


@pytest.fixture
def at(make_lone: Callable[..., Any]) -> Desked:
    return Desked(make_lone())


def kinds(effects: list[fx.Effect]) -> list[str]:
    return [effect.decision.kind for effect in effects if isinstance(effect, fx.Record)]


def stored(effects: list[fx.Effect]) -> dict[str, bytes]:
    return {effect.key: effect.value for effect in effects if isinstance(effect, fx.Persist)}


def fail(at: Desked, *keys: str) -> list[str]:
    at.step(0.0, *(fx.Persist(key, b"x") for key in keys))
    at.desk.effects = []
    for key in keys:
        at.durability.persisted(key, "disk full")
    return kinds(at.desk.effects)


def test_however_many_values_fail_it_is_said_once_and_costs_the_credit(at: Desked) -> None:
    assert not at.credit.obstacle(TWO)
    assert fail(at, "a", "b", "c") == ["disk.failed"]
    assert "disk full" in at.durability.problem
    assert "could not be remembered" in at.credit.obstacle(TWO)


def test_what_failed_is_written_again_with_a_probe_and_the_role_comes_back(at: Desked) -> None:
    fail(at, "a")
    assert not stored(at.step(AGAIN_S - 1.0))
    assert at.durability.deadline_s() == pytest.approx(AGAIN_S)
    assert stored(at.step(1.0)) == {"a": b"x", PROBE: b"1"}
    at.durability.persisted(PROBE, "")
    assert kinds(at.step()) == [], "what failed is not there yet"
    at.durability.persisted("a", "")
    assert kinds(at.step()) == ["disk.back"]
    assert not at.durability.problem
    assert not at.credit.obstacle(TWO)


def test_a_disk_that_does_not_answer_within_deadtime_has_failed_until_it_does(at: Desked) -> None:
    dead_s = at.desk.cluster.timers.deadtime_s
    at.step(0.0, fx.Persist("a", b"x"))
    assert at.durability.deadline_s() == dead_s
    assert not kinds(at.step(0.9 * dead_s))
    assert kinds(at.step(0.2 * dead_s)) == ["disk.failed"]
    assert not stored(at.step(AGAIN_S)), "a value waits: its answer is the probe"
    at.durability.persisted("a", "")
    assert kinds(at.step()) == ["disk.back"]


def test_a_node_that_stood_still_itself_does_not_accuse_its_disk(at: Desked) -> None:
    dead_s = at.desk.cluster.timers.deadtime_s
    at.step(0.0, fx.Persist("a", b"x"))
    assert not kinds(at.step(5 * dead_s))
    assert kinds(at.step(dead_s)) == ["disk.failed"], "it had its time now"


def test_an_old_value_is_never_written_over_a_newer_one(at: Desked) -> None:
    fail(at, "a")
    written = [each for each in at.step(AGAIN_S, fx.Persist("a", b"newer")) if isinstance(each, fx.Persist)]
    assert [each.value for each in written if each.key == "a"] == [b"newer"]


def test_the_status_shows_it(make_lone: Callable[..., Any]) -> None:
    lone = make_lone()
    lone.step(ev.Persisted("company", "disk full"))
    texts = [alarm.text for alarm in lone.kernel.status(lone.now_s).alarms]
    assert any("no durable role" in text and "disk full" in text for text in texts)
