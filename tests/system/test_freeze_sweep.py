"""A node frozen for about deadtime, at any phase of its beats: moved or not, never answered from two."""

import contextlib
import time
from collections.abc import Callable

import pytest
from heartbeat.lab.control import LabError

from tests.system.cluster import ADDRESS, Cluster
from tests.system.counts import Rounds

DEAD_S = 1.0
FRACTIONS = [round(0.7 + 0.05 * step, 2) for step in range(13)]
"""Of deadtime: from well below it to well above."""
FREEZES_EACH = 6
"""Of one cluster: no node is fenced more than three times in ten minutes."""
DEVICES = {"device": "stonith_host * lab {nodes}", "none": ""}


@pytest.mark.parametrize("device", sorted(DEVICES))
def test_a_freeze_around_deadtime_never_doubles_an_address(
    up: Callable[..., Cluster], rounds: Rounds, device: str
) -> None:
    cluster = up(f"node1 {ADDRESS}\n", device=DEVICES[device])
    chance = rounds.chance(7)
    fractions = FRACTIONS if rounds.is_long else FRACTIONS[2::5]
    for at, fraction in enumerate(fraction for _ in rounds(1, 20) for fraction in fractions):
        if at and at % FREEZES_EACH == 0:
            cluster.renew(*cluster.nodes)
        holder = settled(cluster)
        time.sleep(chance.random() * 0.2)  # the phase is what is being swept
        cluster.lab.freeze(holder)
        time.sleep(fraction * DEAD_S)
        with contextlib.suppress(LabError):  # it may be shot at this moment
            cluster.lab.thaw(holder)
        settled(cluster)


def settled(cluster: Cluster) -> str:
    """Wait until both agree on who runs the address, and it alone answers; return who."""
    cluster.until_members("node1", "node2")

    def one() -> bool:
        seen = {(group.state, group.node) for node in cluster.nodes for group in [cluster.group(node, ADDRESS)]}
        return len(seen) == 1 and {("running", n) for n in cluster.oracle.answering(ADDRESS)} == seen

    cluster.until(one, "one runs it and answers")
    return cluster.group("node1", ADDRESS).node
