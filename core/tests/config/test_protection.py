"""Which devices protect which nodes, and what the administrator must acknowledge."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from heartbeat.config.load import Loaded

    from core.tests.config.conftest import LoadText

BASE = "keepalive 200ms\ndeadtime 10s\ninitdead 30\nauto_failback off\nbcast eth1\nucast eth0 10.0.0.2\n"
TWO = BASE + "node node1 node2\n"
THREE = BASE + "node node1 node2 node3\n"
SHARING = "node1 10.0.0.1 Filesystem::/dev/sdb1::/srv::ext4\n"
REAL = "stonith_host * rps10 /dev/ttyS1 node1 0 node2 1\n"
TEST = "stonith_host * null node1 node2\n"
PERSON = "stonith_host * meatware node1 node2\n"


def told(loaded: "Loaded") -> list[str]:
    return sorted({one.code for one in loaded.findings if "HB-C060" <= one.code < "HB-C080" or one.code == "HB-C020"})


@pytest.mark.parametrize(
    ("lines", "codes", "asked_is_enough"),
    [
        (REAL, [], False),
        ("", ["HB-C068"], False),
        ("acknowledge no-stonith\n", ["HB-C072"], False),
        ("acknowledge test-stonith\n", ["HB-C068", "HB-C074"], False),
        (TEST, ["HB-C066", "HB-C067", "HB-C070"], False),
        (TEST + "acknowledge no-stonith\n", ["HB-C066", "HB-C067", "HB-C070", "HB-C074"], False),
        (TEST + "acknowledge test-stonith\n", ["HB-C066", "HB-C072"], True),
        (TEST + REAL, ["HB-C063", "HB-C066"], False),
        (TEST + REAL + "acknowledge test-stonith\n", ["HB-C063", "HB-C066", "HB-C074"], False),
        (PERSON, ["HB-C070", "HB-C071"], False),
        ("stonith_host * rps10 /dev/ttyS1 node1 0\n", ["HB-C069"], False),
        ("stonith_host node1 rps10 /dev/ttyS1 node1 0\n", ["HB-C068", "HB-C069", "HB-C073"], False),
        ("stonith_host node1 rps10 /dev/ttyS1 node2 0\nstonith_host node2 rps10 /dev/ttyS1 node1 0\n", [], False),
    ],
)
def test_shared_data_of_two_nodes(
    load_text: "LoadText", lines: str, codes: list[str], *, asked_is_enough: bool
) -> None:
    loaded = load_text(ha_cf=TWO + lines, haresources=SHARING)
    assert told(loaded) == codes
    if loaded.config is not None:
        assert loaded.config.cluster.asked_is_enough is asked_is_enough


@pytest.mark.parametrize("lines", ["", TEST, REAL, PERSON])
def test_what_shares_no_data_needs_no_device(load_text: "LoadText", lines: str) -> None:
    assert not load_text(ha_cf=TWO + lines).errors


def test_a_lone_node_needs_no_device(load_text: "LoadText") -> None:
    assert not load_text(ha_cf=BASE + "node node1\n", haresources=SHARING).errors


def test_what_nobody_knows_needs_a_device(load_text: "LoadText") -> None:
    assert "HB-C068" in told(load_text(ha_cf=TWO, haresources="node1 billing\n"))
    assert "HB-C068" not in told(load_text(ha_cf=TWO + "shares_data billing no\n", haresources="node1 billing\n"))


def test_a_line_that_is_wrong_is_the_only_complaint_about_devices(load_text: "LoadText") -> None:
    assert told(load_text(ha_cf=TWO + "stonith_host * rps11 x\n", haresources=SHARING)) == ["HB-C060"]
    assert told(load_text(ha_cf=TWO + "stonith_host * rps10\n", haresources=SHARING)) == ["HB-C061"]
    assert told(load_text(ha_cf=TWO + "stonith_host * rot x\n", haresources=SHARING)) == ["HB-C020"]


def test_a_device_that_only_knows_its_hosts_when_asked_may_cover_all(load_text: "LoadText") -> None:
    loaded = load_text(ha_cf=TWO + "stonith_host * baytech 10.0.0.3 admin x\n", haresources=SHARING)
    assert loaded.config is not None
    assert loaded.config.cluster.has_device == ("node1", "node2")


def test_with_three_nodes_each_must_be_in_reach_of_another(load_text: "LoadText") -> None:
    lines = "stonith_host node1 rps10 /dev/ttyS1 node2 0 node3 1\n"
    loaded = load_text(ha_cf=THREE + lines, haresources=SHARING)
    assert told(loaded) == ["HB-C069"]
    assert loaded.config is not None
    assert loaded.config.cluster.has_device == ("node2", "node3")


@pytest.mark.parametrize(
    ("node", "devices"), [("node1", ["rps10 #1", "meatware #3"]), ("node2", ["rps10 #2", "meatware #3"])]
)
def test_each_node_gets_the_devices_it_may_use(load_text: "LoadText", node: str, devices: list[str]) -> None:
    lines = (
        "stonith_host node1 rps10 /dev/ttyS1 node2 0\n"
        "stonith_host Node2 rps10 /dev/ttyS1 node1 0\n"
        "stonith_host * meatware node1 node2\n"
    )
    loaded = load_text(ha_cf=TWO + lines, haresources=SHARING, node=node)
    assert loaded.config is not None
    assert [device.name for device in loaded.config.devices] == devices


def test_the_same_switch_in_two_lines_is_one_device(load_text: "LoadText") -> None:
    loaded = load_text(ha_cf=TWO + REAL + REAL.replace("*", "node1"), haresources=SHARING)
    assert loaded.config is not None
    assert [device.name for device in loaded.config.devices] == ["rps10 #1"]


def test_fencing_policy_is_read(load_text: "LoadText") -> None:
    loaded = load_text(ha_cf=TWO + REAL + "fence_delay 1500ms\nstonith_action off\n", haresources=SHARING)
    assert loaded.config is not None
    cluster = loaded.config.cluster
    assert (cluster.fence_delay_s, cluster.reset_after_off, cluster.has_device) == (1.5, False, ("node1", "node2"))
