"""What says nothing new brings no part to work; what does say something does, however small it is."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from heartbeat.kernel import effects as fx
from heartbeat.kernel import events as ev
from heartbeat.model.names import Nid
from heartbeat.model.view import ViewId
from heartbeat.wire import messages as m

MakeLone = Callable[..., Any]
BeatOf = Callable[..., m.Beat]
ROW = (m.Heard(Nid(0), 1, 10, 0),)


def settled(make_lone: MakeLone, beat_of: BeatOf) -> Any:
    """A kernel that has heard the same beat until it had nothing more to do about it."""
    lone = make_lone()
    for _ in range(8):
        lone.frame(1, beat_of(lone.cluster, 1))
    return lone


def test_a_repeated_beat_has_no_effect(make_lone: MakeLone, beat_of: BeatOf) -> None:
    lone = settled(make_lone, beat_of)
    assert lone.frame(1, beat_of(lone.cluster, 1)) == []


def test_a_copy_over_another_link_proves_that_link(make_lone: MakeLone, beat_of: BeatOf) -> None:
    lone = settled(make_lone, beat_of)
    lone.frame(1, beat_of(lone.cluster, 1), sequence=20)
    effects = lone.frame(1, beat_of(lone.cluster, 1), sequence=20, link=1)
    assert [decision.kind for decision in lone.decisions] == ["link.up"]
    assert any(isinstance(effect, fx.Changed) for effect in effects)
    lone.frame(1, beat_of(lone.cluster, 1), sequence=21)
    assert lone.frame(1, beat_of(lone.cluster, 1), sequence=21, link=1) == []
    assert [link.frames for link in lone.kernel.status(lone.now_s).nodes[1].links] == [10, 2]


def test_a_beat_is_sent_when_it_is_due_whatever_arrives(make_lone: MakeLone, beat_of: BeatOf) -> None:
    lone = settled(make_lone, beat_of)
    lone.frame(1, beat_of(lone.cluster, 1), after_s=lone.cluster.timers.keepalive_s)
    assert fx.Arm(lone.now_s) in lone.effects
    lone.step(ev.Wake())
    assert any(isinstance(message, m.Beat) for message in lone.sent)


def test_silence_is_judged_on_time_after_old_news(make_lone: MakeLone, beat_of: BeatOf) -> None:
    lone = settled(make_lone, beat_of)
    lone.frame(1, beat_of(lone.cluster, 1), after_s=0.05)
    heard_s, kinds = lone.now_s, []
    while lone.now_s < heard_s + lone.cluster.timers.deadtime_s:
        armed = [effect.at_s for effect in lone.effects if isinstance(effect, fx.Arm)]
        at_s = armed[-1] if armed else heard_s + 0.15
        lone.step(ev.Wake(), max(0.0, at_s - lone.now_s))
        kinds += [decision.kind for decision in lone.decisions]
    assert "node.silent" in kinds
    assert lone.now_s == pytest.approx(heard_s + lone.cluster.timers.deadtime_s)


@pytest.mark.parametrize(
    "change",
    [
        {"boot_id": "another"},
        {"digest": "another"},
        {"deadtime_s": 2.0},
        {"view": ViewId(3, Nid(1))},
        {"phase": "leaving"},
        {"holdings": (m.Holding(0, m.Local.RUNNING, 0, True),)},
        {"stream_high": 1},
        {"epoch": 1},
        {"can_fence": (Nid(0),)},
        {"executor_ok": False},
        {"row": ()},
        {"row": (m.Heard(Nid(0), 2, 10, 0),)},
        {"row": (m.Heard(Nid(0), 1, 10, 1),)},
        {"row": (m.Heard(Nid(0), 1, 501, 0),)},
    ],
)
def test_whatever_differs_is_news(make_bench: Callable[..., Any], beat_of: BeatOf, change: dict[str, Any]) -> None:
    bench = make_bench()
    detector, before = bench.detector, bench.beats(1, row=ROW)
    assert not detector.says_the_same(Nid(1), msgspec.structs.replace(before, **change))
    assert detector.says_the_same(Nid(1), before)


def test_young_ages_are_no_news_and_the_first_beat_is(make_bench: Callable[..., Any], beat_of: BeatOf) -> None:
    bench = make_bench()
    first = beat_of(bench.desk.cluster, 1, row=ROW)
    assert not bench.detector.says_the_same(Nid(1), first)
    bench.detector.beat(Nid(1), first)
    assert bench.detector.says_the_same(Nid(1), msgspec.structs.replace(first, row=(m.Heard(Nid(0), 1, 200, 0),)))


def test_each_beat_carries_another_stamp_which_is_no_news(make_bench: Callable[..., Any]) -> None:
    bench = make_bench()
    first = bench.beats(1, row=(m.Heard(Nid(0), 1, 10, 0, 100_000),), sent_ms=100_150)
    later = msgspec.structs.replace(first, row=(m.Heard(Nid(0), 1, 10, 0, 100_200),), sent_ms=100_350)
    assert bench.detector.says_the_same(Nid(1), later)
