"""An executor that stands still is told of once; a daemon that stood still itself accuses nobody."""

from heartbeat.daemon.executor_watch import LEAST_S, LEEWAY_S, TICK_S, ExecutorWatch


def told(watch: ExecutorWatch, ticks: list[float]) -> list[float]:
    return [silent_s for silent_s in map(watch.tick, ticks) if silent_s]


def test_silence_is_told_once_after_the_least_that_counts() -> None:
    ticks = [float(second) for second in range(1, 20)]
    assert told(ExecutorWatch(1.0, 0.0), ticks) == [LEAST_S + 1.0]


def test_a_long_deadtime_is_waited_for() -> None:
    ticks = [float(second) for second in range(1, 20)]
    assert told(ExecutorWatch(10.0, 0.0), ticks) == [11.0]


def test_whatever_it_says_is_an_answer() -> None:
    watch = ExecutorWatch(1.0, 0.0)
    for second in range(1, 20):
        assert not watch.tick(float(second))
        watch.heard(second + 0.5)


def test_a_daemon_that_stood_still_has_not_listened() -> None:
    watch = ExecutorWatch(1.0, 0.0)
    assert told(watch, [1.0, 61.0]) == []
    assert told(watch, [62.0, 63.0, 64.0]) == [4.0]


def test_a_tick_that_waited_for_the_daemon_to_be_awake_counts_in_full() -> None:
    ticks = [number * (TICK_S + LEEWAY_S) for number in range(1, 20)]
    assert told(ExecutorWatch(1.0, 0.0), ticks) == [next(tick for tick in ticks if tick > LEAST_S)]
