"""A node flooded with traffic beats on, and takes nobody for dead."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.system.cluster import ADDRESS, Cluster

FLOOD = Path(__file__).with_name("flood.py")
FLOOD_S = 6
"""Several deadtimes."""


@pytest.mark.parametrize("what", ["garbage", "copies"])
def test_a_flood_is_nobodys_death(up: Callable[..., Cluster], what: str) -> None:
    cluster = up(f"node1 {ADDRESS}\n", more="auto_failback off\nacknowledge test-stonith\n")
    cluster.until_members("node1", "node2")
    cluster.until_runs(ADDRESS, "node1")
    status, said = cluster.lab.output("node2", [sys.executable, str(FLOOD), what, "eth0", "eth1", str(FLOOD_S)])
    print(f"flood of {what}: {said.strip()}")
    assert status == 0, said
    frames, beats, _ = said.split()[:3]
    assert int(frames) > 10_000, "this is no flood"
    assert int(beats) > 0
    cluster.were_shot()
    for node in cluster.nodes:
        assert not cluster.count(node, "node.silent"), cluster.story()
        assert not cluster.count(node, "self.paused"), cluster.story()
    assert cluster.group("node1", ADDRESS).node == "node1"
