"""Devices of every type that can be played: their drivers take a node's power, and what they bring back is so.

Of each type, what goes wrong with it: the node dies, the device refuses, lies, acts late. `make test` has six types die
and one case of everything else; `make test-long` has all of all. The survivor is the node of lower name, which does not
wait before it shoots.
"""

import os
from collections.abc import Callable, Iterator

import pytest
from heartbeat.pils.registry import PluginRegistry
from heartbeat.plugin import StonithDevice
from heartbeat.testing.simulators import simulated_types

from tests.system.cluster import ADDRESS, Cluster
from tests.system.counts import LONG

GROUP = f"node2 {ADDRESS} toy::a\n"
DIES = ("apcmaster", "apcmastersnmp", "apcsmart", "baytech", "rps10", "wti_nps")
SHORT = [*((name, "dies") for name in DIES), ("baytech", "refuses"), ("rps10", "lies"), ("wti_nps", "acts late")]
FAULTS = ("dies", "refuses", "lies", "acts late")
LATE_S = 2.0
GIVES_UP_S = 120.0
"""A device that lies is read back for four times its declared worst case (kernel/attempts.py)."""


def cases() -> Iterator[tuple[str, str]]:
    if not os.environ.get(LONG):
        yield from (case for case in SHORT if case[0] in simulated_types())
        return
    yield from ((name, fault) for name in simulated_types() for fault in FAULTS)


def can_read_power(device_type: str) -> bool:
    driver = PluginRegistry().load("stonith", device_type)
    assert issubclass(driver, StonithDevice)
    return driver.can_read_power


@pytest.mark.parametrize(("device_type", "fault"), list(cases()))
def test_what_shares_data_moves_when_the_device_reads_off_and_not_before(
    up: Callable[..., Cluster], device_type: str, fault: str
) -> None:
    cluster = up(GROUP, device="", more="auto_failback off\n", fence=[device_type])
    cluster.until_runs(ADDRESS, "node2")
    mood = {"refuses": "fail", "lies": "lie", "acts late": "slow"}.get(fault, "ok")
    cluster.lab.device(mood, LATE_S)
    (cluster.lab.crash if fault == "dies" else cluster.lab.freeze)("node2")
    if not can_read_power(device_type):
        ends = ("fence.failed",) if fault == "refuses" else ("fence.failed", "fence.proved")
        cluster.until(lambda: any(cluster.count("node1", end) for end in ends), "the fence ends", GIVES_UP_S)
        # node2 may boot, when it is switched on again, and take up what it had.
        cluster.stays(lambda: "node1" not in cluster.started("toy::a"), "its word alone moves nothing", 3.0)
        return
    if fault in ("refuses", "lies"):
        cluster.until_decided("node1", "fence.failed", timeout_s=GIVES_UP_S)
        assert cluster.started("toy::a") == ["node2"]
        cluster.lab.device("ok")
    cluster.until_runs(ADDRESS, "node1")
    off_s = next(event.at_s for event in cluster.lab.events() if event.kind == "off" and event.words[0] == "node2")
    (begun_s,) = (it.at_s for it in cluster.lab.events() if it.kind == "start" and it.words[1] == "node1")
    assert off_s < begun_s
    assert set(cluster.shots()) == {"node2"}


def test_a_node_with_two_supplies_is_off_when_both_are(up: Callable[..., Cluster]) -> None:
    """One strip lies: the other one's word proves nothing, though it is true; then the controller behind them does."""
    cluster = up(GROUP, device="", more="auto_failback off\n", fence=["rps10+rps10"])
    cluster.until_runs(ADDRESS, "node2")
    cluster.lab.device("lie", relay="1.2")
    cluster.lab.freeze("node2")
    cluster.until_decided("node1", "fence.failed", timeout_s=GIVES_UP_S)
    assert cluster.lab.node("node2").powered, "it runs on from the other supply"
    assert cluster.started("toy::a") == ["node2"]
    cluster.lab.device("ok")
    cluster.until_runs(ADDRESS, "node1")
    assert "together" in cluster.journal("node1", "fence.proved")[-1].text


def test_a_further_level_is_tried_when_the_first_one_refuses(up: Callable[..., Cluster]) -> None:
    cluster = up(GROUP, device="", more="auto_failback off\n", fence=["wti_nps", "baytech"])
    cluster.until_runs(ADDRESS, "node2")
    cluster.lab.device("fail", relay="1.1")
    cluster.lab.freeze("node2")
    cluster.until_runs(ADDRESS, "node1")
    assert cluster.count("node1", "fence.failed") == 0
    assert cluster.shots() == ["node2", "node2"]
