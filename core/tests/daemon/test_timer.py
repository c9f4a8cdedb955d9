"""The timer is on time, and the newest time counts."""

import math
import time
from typing import Any

from heartbeat.daemon.timer import ExactTimer


def run_until(loop: Any, fired: list[float], count: int) -> None:
    until_s = time.monotonic() + 5
    while len(fired) < count and time.monotonic() < until_s:
        loop.call_later(0.01, loop.stop)
        loop.run_forever()


def test_it_fires_once_and_never_early(loop: Any) -> None:
    fired: list[float] = []
    timer = ExactTimer(loop, lambda: fired.append(time.monotonic()))
    at_s = time.monotonic() + 0.0123
    timer.arm(at_s)
    run_until(loop, fired, 1)
    run_until(loop, [*fired, 0.0], 1)
    assert len(fired) == 1
    assert fired[0] >= at_s
    timer.close()


def test_arming_again_replaces_the_time(loop: Any) -> None:
    fired: list[float] = []
    timer = ExactTimer(loop, lambda: fired.append(time.monotonic()))
    timer.arm(time.monotonic() + 60)
    timer.arm(at_s := time.monotonic() + 0.01)
    run_until(loop, fired, 1)
    assert at_s <= fired[0] < at_s + 30
    timer.close()


def test_a_time_in_the_past_fires_at_once_and_infinity_never(loop: Any) -> None:
    fired: list[float] = []
    timer = ExactTimer(loop, lambda: fired.append(time.monotonic()))
    timer.arm(math.inf)
    loop.call_later(0.02, loop.stop)
    loop.run_forever()
    assert fired == []
    timer.arm(0.0)
    run_until(loop, fired, 1)
    assert len(fired) == 1
    timer.close()


def test_the_same_time_can_be_armed_again_after_it_fired(loop: Any) -> None:
    fired: list[float] = []
    timer = ExactTimer(loop, lambda: fired.append(time.monotonic()))
    at_s = time.monotonic()
    for count in (1, 2):
        timer.arm(at_s)
        run_until(loop, fired, count)
    assert len(fired) == 2
    timer.close()
