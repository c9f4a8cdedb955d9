"""Which simulated power devices a lab gets, from what is asked for or from ha.cf, and the lines that reach them."""

from pathlib import Path

import pytest
from heartbeat.lab.box_plan import BoxPlan, asked_for, at_cables, line_of, misfit
from heartbeat.lab.plan import BadLab, LabPlan, read_plan
from heartbeat.pils.registry import PluginRegistry

NODES = ("node1", "node2", "node3")
SEED = "stonith_host node1 rps10 /dev/ttyS1 node2 0\nstonith_host node2 rps10 /dev/ttyS1 node1 0\n"
PLAN = LabPlan(NODES, (), ())


def cables(tmp_path: Path, lines: str) -> tuple[BoxPlan, ...]:
    (tmp_path / "ha.cf").write_text(f"bcast eth0\nnode node1 node2\n{lines}")
    (tmp_path / "haresources").write_text("")
    registry = PluginRegistry()
    return at_cables(tmp_path, read_plan(tmp_path, registry), registry)


def test_a_switch_on_the_network_feeds_all_and_is_reached_by_all() -> None:
    (box,) = asked_for(["apcmaster"], PLAN, PluginRegistry())
    assert (box.hosts, box.drivers, box.relay) == (NODES, NODES, "1.1")


def test_a_serial_device_feeds_one_node_and_hangs_on_the_next() -> None:
    boxes = asked_for(["rps10"], PLAN, PluginRegistry())
    assert [(box.hosts, box.drivers) for box in boxes] == [
        (("node1",), ("node2",)), (("node2",), ("node3",)), (("node3",), ("node1",)),
    ]  # fmt: skip


def test_a_second_device_is_a_level_of_its_own() -> None:
    assert [box.relay for box in asked_for(["baytech", "wti_nps"], PLAN, PluginRegistry())] == ["1.1", "2.1"]


def test_two_supplies_stand_side_by_side_in_one_level() -> None:
    boxes = asked_for(["baytech+wti_nps", "apcmaster"], PLAN, PluginRegistry())
    assert [(box.type, box.relay) for box in boxes] == [("baytech", "1.1"), ("wti_nps", "1.2"), ("apcmaster", "2.1")]
    assert [line_of(box, {"port": "23"}).split()[0] for box in boxes] == ["stonith_host", "stonith_and", "stonith_host"]


def test_two_serial_supplies_of_a_node_follow_one_another() -> None:
    boxes = asked_for(["rps10+rps10"], PLAN, PluginRegistry())
    assert [(box.hosts[0], box.supply) for box in boxes][:4] == [("node1", 1), ("node1", 2), ("node2", 1), ("node2", 2)]


def test_what_feeds_all_and_what_feeds_one_do_not_stand_side_by_side() -> None:
    with pytest.raises(BadLab, match=r"--fence apcmaster\+rps10: they do not feed the same nodes"):
        asked_for(["apcmaster+rps10"], PLAN, PluginRegistry())


def test_a_type_that_cannot_be_played_is_refused_by_its_option() -> None:
    with pytest.raises(BadLab, match=r"--fence rps11: no device type 'rps11'.*write rps10"):
        asked_for(["rps11"], PLAN, PluginRegistry())


def test_what_hangs_on_a_serial_port_in_ha_cf_is_there(tmp_path: Path) -> None:
    first, second = cables(tmp_path, SEED)
    assert (first.type, first.hosts, first.drivers, first.tty) == ("rps10", ("node2",), ("node1",), "/dev/ttyS1")
    assert (second.hosts, second.drivers) == (("node1",), ("node2",))


@pytest.mark.parametrize("line", ["stonith_host * lab node1,node2", "stonith_host * apcmaster 10.0.0.3 apc apc", ""])
def test_other_lines_are_left_as_they_are(tmp_path: Path, line: str) -> None:
    assert cables(tmp_path, f"{line}\n") == ()


def test_a_line_that_names_nobody_is_refused_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(BadLab, match=r"ha\.cf:3: serial_to_targets"):
        cables(tmp_path, "stonith_host node1 rps10 /dev/ttyS1 node2\n")


def test_a_plug_that_the_simulator_has_not_is_told_as_it_would_have_to_be(tmp_path: Path) -> None:
    (box,) = cables(tmp_path, "stonith_host node1 rps10 /dev/ttyS1 node2 3\n")
    there = {"serial_to_targets": "/dev/pts/5 node2 0"}
    assert misfit(box, there, "/dev/pts/5") == "/dev/ttyS1 node2 0"
    (right,) = cables(tmp_path, "stonith_host node1 rps10 /dev/ttyS1 Node2 0\n")
    assert misfit(right, there, "/dev/pts/5") == ""


def test_a_line_names_its_parameters_and_has_the_one_with_blanks_last() -> None:
    everybody = BoxPlan("apcmaster", NODES, NODES, positional=("ipaddr", "login", "password"))
    assert line_of(everybody, {"ipaddr": "127.0.0.1", "port": "23"}) == (
        "stonith_host * apcmaster ipaddr=127.0.0.1 port=23"
    )
    one = BoxPlan("rps10", ("node1",), ("node2",), positional=("serial_to_targets",))
    assert line_of(one, {"serial_to_targets": "/dev/pts/5 node1 0", "timeout": "3"}) == (
        "stonith_host node2 rps10 timeout=3 /dev/pts/5 node1 0"
    )


def test_what_no_line_can_say_is_refused() -> None:
    box = BoxPlan("odd", NODES, NODES, positional=("first", "second"))
    with pytest.raises(BadLab, match="first of its simulator cannot be said in one line"):
        line_of(box, {"first": "a b"})
