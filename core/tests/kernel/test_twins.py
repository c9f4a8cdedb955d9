"""Two machines with one name: who is heard keeps it, and a machine that booted anew is not mistaken for a twin."""

from collections.abc import Callable
from typing import Any

import pytest
from heartbeat.kernel import events as ev
from heartbeat.wire import messages as m

MakeLone = Callable[..., Any]
BeatOf = Callable[..., m.Beat]
FIRST = {"incarnation": 3, "session": b"first001"}
SECOND = {"incarnation": 4, "session": b"second01"}
NODE2 = 1


@pytest.fixture
def lone(make_lone: MakeLone, beat_of: BeatOf) -> Any:
    """A kernel that hears the first machine."""
    made = make_lone()
    made.frame(NODE2, beat_of(made.cluster, NODE2), sequence=1, **FIRST)
    return made


def kinds(lone: Any) -> list[str]:
    return [decision.kind for decision in lone.decisions]


def heard_life(lone: Any) -> int:
    return int(lone.kernel.status(lone.now_s).nodes[NODE2].incarnation)


def test_the_first_one_keeps_the_name_and_the_second_is_named_once(lone: Any, beat_of: BeatOf) -> None:
    first, second = beat_of(lone.cluster, NODE2), beat_of(lone.cluster, NODE2, boot_id="cloned")
    told = []
    for number in range(2, 12):
        lone.frame(NODE2, second, sequence=number, after_s=0.1, **SECOND)
        told += kinds(lone)
        lone.frame(NODE2, first, sequence=number, after_s=0.1, **FIRST)
        told += kinds(lone)
    assert told.count("node.twins") == 1
    assert "node.restarted" not in told
    assert heard_life(lone) == 3


def test_a_daemon_that_was_started_anew_is_heard_at_once(lone: Any, beat_of: BeatOf) -> None:
    lone.frame(NODE2, beat_of(lone.cluster, NODE2), sequence=1, after_s=0.1, **SECOND)
    assert "node.restarted" in kinds(lone)
    assert heard_life(lone) == 4


def test_a_machine_that_booted_quickly_is_heard_before_its_silence_is_judged(lone: Any, beat_of: BeatOf) -> None:
    seen: list[str] = []
    for number in range(1, 8):
        lone.frame(NODE2, beat_of(lone.cluster, NODE2, boot_id="booted"), sequence=number, after_s=0.2, **SECOND)
        seen += kinds(lone)
        lone.step(ev.Wake())
        seen += kinds(lone)
    assert heard_life(lone) == 4
    assert "node.restarted" in seen
    assert "node.silent" not in seen
    assert "node.twins" not in seen


def test_a_machine_that_boots_after_a_silence_is_no_twin(lone: Any, beat_of: BeatOf) -> None:
    lone.step(ev.Wake(), after_s=0.6)
    lone.step(ev.Wake(), after_s=0.6)
    lone.frame(NODE2, beat_of(lone.cluster, NODE2, boot_id="booted"), sequence=1, **SECOND)
    assert heard_life(lone) == 4
