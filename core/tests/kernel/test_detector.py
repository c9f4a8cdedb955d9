"""The detector: silence is a deadline, a link is not a node, and a verdict needs time that we ourselves were awake."""

from collections.abc import Callable
from typing import Any

import pytest
from heartbeat.kernel.detector import LinkState
from heartbeat.model.names import Nid
from heartbeat.wire.messages import Heard
from hypothesis import given
from hypothesis import strategies as st

MakeBench = Callable[..., Any]
NODE2 = Nid(1)
KEEPALIVE_S, WARNTIME_S, DEADTIME_S = 0.2, 0.5, 1.0


def _link(bench: Any, link: int = 0) -> LinkState:
    state: LinkState = bench.detector.peers[NODE2].links[link].state
    return state


def _pass(bench: Any, seconds: float) -> list[str]:
    """Let time pass, and return what the detector decides at its end."""
    bench.later(seconds)
    bench.detector.wake()
    kinds: list[str] = bench.kinds
    return kinds


# Silence.


def test_silence_is_a_deadline_at_the_newest_frame(make_bench: MakeBench) -> None:
    bench = make_bench()
    bench.hears(1, 1)
    assert bench.detector.deadline_s() == pytest.approx(100.0 + WARNTIME_S)
    _pass(bench, WARNTIME_S)
    assert bench.detector.deadline_s() == pytest.approx(100.0 + DEADTIME_S)
    assert "node.silent" not in _pass(bench, DEADTIME_S - WARNTIME_S - 0.001)
    assert bench.detector.peers[NODE2].alive
    assert "node.silent" in _pass(bench, 0.001)
    assert not bench.detector.peers[NODE2].alive


def test_late_is_said_once_per_episode(make_bench: MakeBench) -> None:
    bench = make_bench()
    bench.hears(1, 1)
    assert _pass(bench, WARNTIME_S) == ["node.late"]
    assert _pass(bench, 0.1) == []
    bench.hears(1, 2)
    assert _pass(bench, WARNTIME_S) == ["node.late"]


def test_silent_is_said_once_and_names_its_measure(make_bench: MakeBench) -> None:
    bench = make_bench()
    bench.hears(1, 1)
    _pass(bench, DEADTIME_S)
    (silent,) = [d for d in bench.decisions if d.kind == "node.silent"]
    assert silent.alarm
    assert "deadtime is 1 s" in silent.reason.causes[0].fact
    assert _pass(bench, 10.0) == []


def test_what_ends_a_silence_names_it_as_its_cause(make_bench: MakeBench) -> None:
    bench = make_bench()
    bench.hears(1, 1)
    _pass(bench, DEADTIME_S)
    number = next(d.number for d in bench.decisions if d.kind == "node.silent")
    bench.later(1.0)
    bench.hears(1, 2)
    (heard,) = [d for d in bench.decisions if d.kind == "node.heard"]
    assert heard.reason.causes[0].decision == number


def test_the_more_patient_of_two_deadtimes_counts(make_bench: MakeBench) -> None:
    bench = make_bench()
    bench.hears(1, 1)
    bench.beats(1, deadtime_s=3.0)
    assert "node.silent" not in _pass(bench, 2.9)
    assert "node.silent" in _pass(bench, 0.1)


# Links.


def test_one_link_that_falls_silent_is_reported_and_the_node_is_not(make_bench: MakeBench) -> None:
    bench = make_bench()
    bench.hears(1, 1, link=0)
    bench.hears(1, 2, link=1)
    sequence = 3
    kinds: list[str] = []
    for _ in range(10):
        kinds += _pass(bench, KEEPALIVE_S)
        bench.hears(1, sequence, link=0)
        sequence += 1
    assert kinds == ["link.down"]
    assert _link(bench, 1) is LinkState.DOWN
    assert bench.detector.peers[NODE2].alive


def test_a_frame_that_another_link_brought_first_proves_its_link_but_no_life(make_bench: MakeBench) -> None:
    """A serial line with a long queue, or a recording, brings old frames for a while after their sender died."""
    bench = make_bench()
    for sequence in range(1, 10):
        bench.hears(1, sequence, link=0)
    for sequence in range(1, 10):
        bench.later(0.3)
        bench.detector.heard(NODE2, 1, sequence, fresh=False)
        bench.detector.wake()
    assert _link(bench, 1) is LinkState.UP
    assert not bench.detector.peers[NODE2].alive


def test_a_number_that_is_not_new_to_its_link_says_nothing(make_bench: MakeBench) -> None:
    bench = make_bench()
    bench.hears(1, 5)
    bench.later(0.9)
    bench.detector.heard(NODE2, 0, 5, fresh=True)
    bench.detector.heard(NODE2, 0, 4, fresh=True)
    assert bench.detector.age_s(NODE2) == pytest.approx(0.9)


def test_lost_frames_are_counted_by_the_gaps(make_bench: MakeBench) -> None:
    bench = make_bench()
    for sequence in (1, 2, 5, 6):
        bench.hears(1, sequence)
    health = bench.detector.peers[NODE2].links[0]
    assert (health.frames, health.lost) == (4, 2)


def test_a_link_that_was_down_must_be_steady_longer_each_time(make_bench: MakeBench) -> None:
    bench = make_bench()
    sequence = 1
    needed: list[int] = []
    bench.hears(1, sequence)
    for _ in range(7):
        _pass(bench, DEADTIME_S)
        assert _link(bench) is LinkState.DOWN
        frames = 0
        while _link(bench) is not LinkState.UP:
            sequence, frames = sequence + 1, frames + 1
            bench.hears(1, sequence)
        needed.append(frames)
    assert needed == [2, 4, 8, 16, 32, 64, 64]


def test_a_lost_frame_starts_the_count_of_a_steady_link_again(make_bench: MakeBench) -> None:
    bench = make_bench()
    bench.hears(1, 1)
    _pass(bench, DEADTIME_S)
    bench.hears(1, 2)
    bench.hears(1, 4)
    assert _link(bench) is LinkState.DOWN
    bench.hears(1, 5)
    assert _link(bench) is LinkState.UP


def test_an_unsteady_link_keeps_its_node_alive_all_the_same(make_bench: MakeBench) -> None:
    """Hysteresis only reports: a node is as silent as its newest frame, in any state of any link."""
    bench = make_bench()
    bench.hears(1, 1)
    _pass(bench, DEADTIME_S)
    bench.hears(1, 2)
    assert _link(bench) is LinkState.DOWN
    assert bench.detector.peers[NODE2].alive


# Two ways.


def test_two_way_needs_a_row_that_shows_this_life_and_is_young(make_bench: MakeBench) -> None:
    bench = make_bench(incarnation=4)
    bench.hears(1, 1)

    def hears_me(*row: Heard) -> bool:
        bench.beats(1, row=row)
        return bool(bench.detector.hears_me(NODE2))

    assert hears_me(Heard(Nid(0), 4, 900, 0))
    assert not hears_me(Heard(Nid(0), 3, 10, 0)), "an earlier life of mine"
    assert not hears_me(Heard(Nid(0), 4, 1001, 0)), "older than deadtime"
    assert not hears_me(), "not in its row at all"


def test_who_is_silent_hears_nobody(make_bench: MakeBench) -> None:
    bench = make_bench()
    bench.hears(1, 1)
    bench.beats(1)
    assert bench.detector.hears_me(NODE2)
    _pass(bench, DEADTIME_S)
    assert not bench.detector.hears_me(NODE2)


def test_a_new_life_has_said_nothing_yet(make_bench: MakeBench) -> None:
    bench = make_bench()
    bench.hears(1, 90)
    bench.beats(1)
    bench.hears(1, 1, incarnation=2)
    assert not bench.detector.hears_me(NODE2)
    assert bench.detector.peers[NODE2].links[0].sequence == 1
    assert "node.restarted" in bench.kinds


def test_who_said_goodbye_is_not_reported_as_silent(make_bench: MakeBench) -> None:
    bench = make_bench()
    bench.hears(1, 1)
    bench.detector.departed(NODE2)
    assert _pass(bench, 100.0) == []
    assert bench.detector.deadline_s() == float("inf")


# Pauses.


def test_our_own_pause_is_not_their_silence(make_bench: MakeBench) -> None:
    bench = make_bench()
    bench.hears(1, 1)
    bench.later(5.0)
    bench.detector.postpone(2.9)
    bench.later(-2.1)
    bench.detector.wake()
    assert bench.detector.peers[NODE2].alive


def test_after_a_pause_each_peer_has_a_deadtime_however_long_it_was_silent_before(make_bench: MakeBench) -> None:
    bench = make_bench()
    bench.hears(1, 1)
    bench.later(0.9)
    bench.later(40.0)
    bench.detector.postpone(39.8)
    bench.later(0.99 * DEADTIME_S)
    bench.detector.wake()
    assert bench.detector.peers[NODE2].alive
    assert bench.detector.deadline_s() > bench.desk.now_s
    bench.later(0.02 * DEADTIME_S)
    bench.detector.wake()
    assert not bench.detector.peers[NODE2].alive


def test_pauses_postpone_a_verdict_by_three_deadtimes_in_all(make_bench: MakeBench) -> None:
    bench = make_bench()
    bench.hears(1, 1)
    for _ in range(20):
        bench.later(0.9)
        bench.detector.postpone(0.7)
        bench.detector.wake()
    assert not bench.detector.peers[NODE2].alive
    bench.hears(1, 2)
    bench.later(3.0)
    bench.detector.postpone(2.8)
    bench.detector.wake()
    assert bench.detector.peers[NODE2].alive, "a frame gives the whole patience back"


@given(st.lists(st.floats(0.01, 3.0), min_size=1, max_size=30))
def test_alive_means_heard_within_deadtime_whatever_the_rhythm(make_bench: MakeBench, gaps: list[float]) -> None:
    bench = make_bench()
    bench.hears(1, 1)
    for number, gap in enumerate(gaps, 2):
        bench.later(gap)
        bench.detector.wake()
        alive = bench.detector.peers[NODE2].alive
        assert alive == (bench.desk.now_s < bench.detector.peers[NODE2].heard_s + DEADTIME_S)
        assert bench.detector.deadline_s() > bench.desk.now_s
        bench.hears(1, number)
