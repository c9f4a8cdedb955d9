"""Checks and rehearsals of devices in the middle of chaos: no law is broken for them, and nothing is held back.

A hundred more by hand: ``python -m core.tests.sim.test_trials 100 5000`` (how many, from which seed).
"""

import random
import sys

import msgspec
import pytest
from heartbeat.model.names import Nid
from heartbeat.sim.run import Outcome, Run
from heartbeat.sim.swarm import draw
from heartbeat.wire import api

CHECK_EVERY_S = 3.0
"""Some twenty rounds in a run of a minute; at work it is an hour."""
ASK_S = 1.5
"""Between two rehearsals that somebody asks for."""


def trial(seed: int) -> Outcome | None:
    """Run a seed's chaos with checks and rehearsals in it; None where the seed has no device."""
    schedule = draw(seed)
    if not schedule.shape.device:
        return None
    shape = msgspec.structs.replace(schedule.shape, check_every_s=CHECK_EVERY_S)
    run = Run(msgspec.structs.replace(schedule, shape=shape))
    world, chance = run.world, random.Random(seed)

    def ask() -> None:
        leader, target = Nid(chance.choice(run.stage.nids)), chance.choice(world.cluster.nodes)
        node = world.nodes[leader]
        if node.kernel is not None and node.frozen is None:
            date = f"2026-03-01 {world.since_s:08.3f}"
            world.ask(leader, api.Rehearse(target, chance.uniform(1.0, 60.0), date, off_for_s=chance.uniform(0.0, 3.0)))
            if chance.random() < 0.2:
                world.ask(leader, api.CheckDevices())
        world.at(ASK_S, ask)

    world.at(ASK_S, ask)
    return run.go()


MADE_TO_BREAK = ("S16:", "L8:")
"""A rehearsal switches off who is heard, and changes the view of a cluster in peace: that is what it is."""


def broken(outcome: Outcome) -> list[str]:
    """Return the laws that were broken, but for those that a rehearsal is made to break."""
    return [it for it in outcome.violations if not it.startswith(MADE_TO_BREAK)]


SEEDS = [seed for seed in range(60) if draw(seed).shape.device][:12]


@pytest.mark.parametrize("seed", SEEDS)
def test_no_law_is_broken_for_a_trial(seed: int) -> None:
    outcome = trial(seed)
    assert outcome is not None
    assert not broken(outcome), broken(outcome)[:5]


def test_the_trials_really_happen() -> None:
    """At least one of these seeds has a rehearsal that went well, and one that was called off."""
    seen: set[str] = set()
    for seed in SEEDS[:6]:
        outcome = trial(seed)
        assert outcome is not None
        seen |= {kind for pair in outcome.transitions for kind in pair.replace(" -> ", " ").split()}
    assert {"rehearsal.begun", "rehearsal.off"} <= seen, sorted(seen)


if __name__ == "__main__":
    many, first = int(sys.argv[1]), int(sys.argv[2])
    bad = 0
    for number in range(first, first + many):
        ended = trial(number)
        if ended is not None and broken(ended):
            bad += 1
            print(number, broken(ended)[:2], flush=True)
    print(f"{many} seeds from {first}: {bad} with violations")
