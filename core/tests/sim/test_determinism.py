"""S22: the same seed is the same run, on every machine, whatever the hash seed is."""

import os
import subprocess
import sys

from heartbeat.sim.run import Run
from heartbeat.sim.swarm import draw

SEEDS = (3, 8, 21)
PROGRAM = f"""
from heartbeat.sim.run import Run
from heartbeat.sim.swarm import draw
for seed in {SEEDS}:
    outcome = Run(draw(seed)).go()
    print(outcome.digest, outcome.steps)
"""


def traces(hash_seed: str) -> str:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    return subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True, timeout=100
    ).stdout


def test_two_runs_of_a_seed_are_the_same() -> None:
    once, again = Run(draw(5)).go(), Run(draw(5)).go()
    assert (once.digest, once.steps, once.injected) == (again.digest, again.steps, again.injected)


def test_runs_do_not_depend_on_the_hash_seed() -> None:
    assert traces("1") == traces("4242")


def test_different_seeds_are_different_runs() -> None:
    assert Run(draw(5)).go().digest != Run(draw(6)).go().digest


def test_keeping_a_log_changes_nothing() -> None:
    assert Run(draw(7), keeps_log=True).go().digest == Run(draw(7)).go().digest
