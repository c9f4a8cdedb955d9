"""A run of chaos can be drawn again, and every trouble in it ends."""

import subprocess
import sys

import pytest
from heartbeat.lab.schedule import ENDS, LASTS_DEADTIMES, Step, draw
from hypothesis import given
from hypothesis import strategies as st

NODES, LINKS = ("node1", "node2", "node3"), ("eth0", "eth1")


def test_the_same_seed_draws_the_same_troubles() -> None:
    assert draw(7, 200, NODES, LINKS, 1.0) == draw(7, 200, NODES, LINKS, 1.0)
    assert draw(7, 200, NODES, LINKS, 1.0) != draw(8, 200, NODES, LINKS, 1.0)


def test_the_draw_does_not_depend_on_the_hash_seed() -> None:
    code = f"from heartbeat.lab.schedule import draw; print(draw(3, 50, {NODES}, {LINKS}, 0.5))"
    drawn = {
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(drawn) == 1


@given(st.integers(min_value=0), st.integers(min_value=1, max_value=60), st.floats(min_value=0.05, max_value=5))
def test_every_trouble_that_lasts_ends_in_its_time(seed: int, troubles: int, deadtime_s: float) -> None:
    steps = draw(seed, troubles, NODES, LINKS, deadtime_s)
    assert [step.at_s for step in steps] == sorted(step.at_s for step in steps)
    for number in range(1, troubles + 1):
        mine = [step for step in steps if step.number == number]
        begins = mine[0]
        if begins.action not in ENDS:
            assert len(mine) == 1
            continue
        assert [step.action for step in mine] == [begins.action, ENDS[begins.action]]
        low, high = (factor * deadtime_s for factor in LASTS_DEADTIMES)
        assert low - 1e-9 <= mine[1].at_s - begins.at_s <= high + 1e-9


def test_every_kind_of_trouble_is_drawn_for_every_node() -> None:
    steps = draw(1, 2000, NODES, LINKS, 1.0)
    assert {(step.action, step.node) for step in steps} >= {
        (action, node) for action in ("crash", "freeze", "cut", "kill", "standby", "takeover", "stop") for node in NODES
    }
    assert {step.words for step in steps if step.action == "cut"} >= {("", "both"), ("eth1", "in"), ("", "out")}


@pytest.mark.parametrize(
    ("step", "text"),
    [
        (Step(0.0, 1, "cut", "node1", ("eth0", "in")), "cut node1 eth0 in"),
        (Step(0.0, 1, "heal"), "heal"),
        (Step(0.0, 1, "device", "", ("lie",)), "device lie"),
    ],
)
def test_a_step_reads_like_the_command_that_does_it(step: Step, text: str) -> None:
    assert str(step) == text
