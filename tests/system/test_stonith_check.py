"""The devices of a running cluster are looked at from every node, nobody is switched, and no fence waits for it."""

import json
from collections.abc import Callable
from typing import Any

from tests.system.cluster import ADDRESS, Cluster

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
