"""The devices of a running cluster are looked at from every node, nobody is switched, and no fence waits for it."""

import contextlib
import json
import os
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from heartbeat.lab.lab import Lab
from heartbeat.lab.oracle import watching
from heartbeat.pils.registry import PluginRegistry

from tests.system.cluster import ADDRESS, Cluster, write_files

GROUP = f"node1 {ADDRESS} toy::a\n"
MORE = "auto_failback off\nacknowledge test-stonith\n"


def checked(cluster: Cluster, node: str) -> tuple[int, dict[str, Any]]:
    status, text = cluster.hb(node, "stonith", "check", "--json")
    found: dict[str, Any] = json.loads(text[text.index("{") :])
    return status, found


def test_every_node_looks_and_nobody_is_switched(up: Callable[..., Cluster]) -> None:
    cluster = up(GROUP, more=MORE)
    cluster.until_runs(ADDRESS, "node1")
    status, found = checked(cluster, "node2")
    assert (status, [it["code"] for it in found["findings"]]) == (0, ["HB-F026"]), found
    looks = [(one["node"], look["host"], look["power"]) for one in found["seen"] for look in one["looks"]]
    assert looks == [(node, host, "on") for node in ("node1", "node2") for host in ("node1", "node2")]
    assert cluster.shots() == []
    for node in ("node1", "node2"):
        assert [(it.node, it.state) for it in cluster.status(node).devices] == [
            ("node1", "doubtful"),
            ("node2", "doubtful"),
        ]
    assert "devices, as checked" in cluster.hb("node1", "status")[1]


def test_a_device_that_is_gone_is_an_alarm_before_anybody_needs_it(up: Callable[..., Cluster]) -> None:
    cluster = up(GROUP, more=MORE, device="stonith_host * lab {nodes} /run/heartbeat-lab/nowhere.sock")
    cluster.until_runs(ADDRESS, "node1")
    status, found = checked(cluster, "node1")
    assert status == 1
    assert {it["code"] for it in found["findings"]} == {"HB-F001", "HB-F016"}
    assert any("HB-F001" in alarm.text for alarm in cluster.status("node2").alarms)
    assert cluster.hb("node2", "status")[0] == 1


def rehearsed(cluster: Cluster, by: str, node: str) -> tuple[int, str]:
    now = datetime.now().astimezone()
    window = f"{now - timedelta(minutes=30):%H:%M}-{now + timedelta(minutes=30):%H:%M}"
    sure = ("--window", window, "--yes-i-am-sure", node, "--off-for", "1s")
    return cluster.hb(by, "stonith", "rehearse", node, *sure)


def test_a_node_is_rehearsed_for_real_and_both_journals_keep_it(up: Callable[..., Cluster]) -> None:
    cluster = up(GROUP, more=MORE)
    cluster.until_runs(ADDRESS, "node1")
    status, text = rehearsed(cluster, "node2", "node1")
    assert status == 0, text
    cluster.until_members("node1", "node2")
    assert cluster.started("toy::a")[:2] == ["node1", "node2"], "it moved before the power went"
    for node in ("node1", "node2"):
        cluster.until_decided(node, "rehearsal.good")
        (record,) = cluster.status(node).rehearsals
        assert (record.node, record.by, record.good, record.level) == ("node1", "node2", True, "read back, and silent")
    assert "fencing rehearsed" in cluster.hb("node1", "status")[1]


def test_a_device_that_lies_is_found_by_the_beats_of_its_node(up: Callable[..., Cluster]) -> None:
    cluster = up(GROUP, more=MORE)
    cluster.until_runs(ADDRESS, "node1")
    cluster.lab.device("lie")
    status, text = rehearsed(cluster, "node1", "node2")
    assert status == 1
    assert "HB-F04" in text
    cluster.lab.device("ok")
    assert cluster.group("node1", ADDRESS).node == "node1"
    cluster.until_members("node1", "node2")


@contextlib.contextmanager
def switched_by(device_type: str, folder: Path) -> Iterator[Cluster]:
    """Put a cluster up whose power is a simulated device of this type, spoken to by its real driver."""
    files = write_files(folder / "cluster", GROUP, device="", more="auto_failback off\n")
    lab = Lab.up(files, PluginRegistry(), name=f"trial-{os.getpid()}", fence=[device_type])
    try:
        with watching(lab) as oracle:
            cluster = Cluster(lab, oracle)
            yield cluster
            cluster.judge()
    finally:
        lab.down()


@pytest.mark.parametrize("device_type", ["apcmastersnmp", "wti_nps"])
def test_a_device_of_a_maker_is_found_good_and_rehearsed_through_its_own_protocol(
    tmp_path: Path, device_type: str
) -> None:
    with switched_by(device_type, tmp_path) as cluster:
        cluster.until_runs(ADDRESS, "node1")
        status, found = checked(cluster, "node2")
        assert (status, found["findings"]) == (0, [])
        assert not [it for it in cluster.lab.events() if it.kind == "off"]
        status, text = rehearsed(cluster, "node2", "node1")
        assert status == 0, text
        (record,) = cluster.status("node2").rehearsals
        assert (record.device, record.level) == (f"{device_type} #1", "read back, and silent")
        assert [it.words[0] for it in cluster.lab.events() if it.kind == "off"] == ["node1"]
