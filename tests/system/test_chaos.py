"""Random troubles, drawn from a seed: the short form of ``hb lab chaos``."""

from collections.abc import Callable

import pytest
from heartbeat.lab.chaos import run
from heartbeat.lab.schedule import Step, draw

from tests.system.cluster import ADDRESS, Cluster
from tests.system.counts import Rounds

SHARING = "auto_failback off\nacknowledge test-stonith\ntimeout toy start 3s\ntimeout toy stop 3s\n"
TROUBLES, TROUBLES_LONG = 15, 1000
"""About twenty-five seconds; a part of a night's takes a minute and a half, and has a seed of its own."""


@pytest.mark.parametrize(("seed", "nodes"), [(1, 2), (2, 2), (3, 3)])
def test_no_promise_is_broken_and_the_cluster_becomes_whole(
    up: Callable[..., Cluster], rounds: Rounds, seed: int, nodes: int
) -> None:
    names = tuple(f"node{number}" for number in range(1, nodes + 1))
    cluster = up(f"node1 {ADDRESS} toy::a\nnode2 192.0.2.11 toy::b\n", nodes=names, more=SHARING)
    cluster.until_members(*names)
    told: list[str] = []

    def tell(step: Step, problem: str) -> None:
        told.append(f"{step.at_s:.2f} {step} {problem}".strip())

    numbers = rounds(TROUBLES, TROUBLES_LONG)
    links = [medium.interface for medium in cluster.lab.plan.media]
    outcome = run(cluster.lab, cluster.oracle, draw(seed + 100 * numbers[0], len(numbers), names, links, 1.0), tell)
    assert not outcome.broken, "\n".join([*outcome.broken, *told, cluster.story()])
    assert outcome.done > len(numbers)
