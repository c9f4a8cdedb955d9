"""What a lab reads out of the three files."""

from pathlib import Path

import pytest
from heartbeat.lab.plan import BadLab, LabPlan, read_plan
from heartbeat.pils.registry import PluginRegistry

TWO_MEDIA = """
keepalive 200ms
mcast eth0 225.0.0.1 694 1 0
bcast eth1     # the crossover cable
node Node1 node2
"""


def plan(tmp_path: Path, ha_cf: str, haresources: str = "") -> LabPlan:
    (tmp_path / "ha.cf").write_text(ha_cf)
    (tmp_path / "haresources").write_text(haresources)
    return read_plan(tmp_path, PluginRegistry())


def test_nodes_are_lower_case_and_in_the_order_of_the_file(tmp_path: Path) -> None:
    assert plan(tmp_path, "bcast eth0\nnode Zeus\nnode apollo zeus\n").nodes == ("zeus", "apollo")


def test_every_interface_of_a_medium_is_one_bridge(tmp_path: Path) -> None:
    media = plan(tmp_path, TWO_MEDIA + "bcast eth0 eth2\n").media
    assert [medium.interface for medium in media] == ["eth0", "eth1", "eth2"]
    assert media[0].links == ("mcast/eth0", "bcast/eth0")


def test_a_virtual_address_brings_its_subnet_to_the_first_medium(tmp_path: Path) -> None:
    first = plan(tmp_path, TWO_MEDIA, "node1 10.10.10.1 apache\n").media[0]
    assert first.nodes == (("10.10.10.2/24",), ("10.10.10.3/24",))
    assert first.client == ("10.10.10.254/24",)


def test_or_to_the_interface_that_the_resource_names(tmp_path: Path) -> None:
    made = plan(tmp_path, TWO_MEDIA, "node1 IPaddr2::192.168.7.9/28/eth1:0/192.168.7.15\n")
    assert made.media[1].nodes[0] == ("192.168.7.1/28",)
    assert made.media[1].client == ("192.168.7.14/28",)
    assert [(service.address, service.interface) for service in made.services] == [("192.168.7.9", "eth1")]


def test_an_interface_without_service_gets_a_private_subnet_of_its_own(tmp_path: Path) -> None:
    networks = {medium.nodes[0][0].rpartition(".")[0] for medium in plan(tmp_path, TWO_MEDIA).media}
    assert networks == {"172.31.0", "172.31.1"}


def test_ucast_peers_are_given_to_the_nodes_in_order(tmp_path: Path) -> None:
    made = plan(tmp_path, "ucast eth0 10.1.1.7\nucast eth0 10.1.1.9\nnode a b c\n")
    assert [addresses[0] for addresses in made.media[0].nodes] == ["10.1.1.7/24", "10.1.1.9/24", "10.1.1.1/24"]


def test_an_ipv6_service_brings_both_families(tmp_path: Path) -> None:
    made = plan(tmp_path, TWO_MEDIA, "node1 IPaddr2::[fd00::1]/64\n")
    assert made.media[0].nodes[0] == ("fd00::2/64", "172.31.0.1/24")
    assert made.services[0].address == "fd00::1"


def test_haresources_lines_may_be_continued_and_other_agents_are_no_addresses(tmp_path: Path) -> None:
    made = plan(tmp_path, TWO_MEDIA, "node1 10.10.10.11 datadisk::drbd0 \\\n   IPsrcaddr::10.10.10.12 apache\n")
    assert [service.address for service in made.services] == ["10.10.10.11"]


def test_a_link_is_found_by_its_own_name_or_its_interface(tmp_path: Path) -> None:
    made = plan(tmp_path, TWO_MEDIA)
    assert made.medium("eth1") == made.medium("bcast/eth1") == 1
    with pytest.raises(BadLab, match="it has eth0, mcast/eth0, eth1, bcast/eth1"):
        made.medium("eth9")


@pytest.mark.parametrize(
    ("ha_cf", "problem"),
    [
        ("bcast eth0\n", "no node line"),
        ("node a b\n", "no medium with a network interface"),
        ("bcast eth0\nnode client\n", "none is called 'client'"),
        ("bcast eth0\nnode a/b\n", "ha.cf:2: 'a/b' is not a node name"),
    ],
)
def test_files_that_make_no_lab_are_refused_with_the_reason(tmp_path: Path, ha_cf: str, problem: str) -> None:
    with pytest.raises(BadLab, match=problem):
        plan(tmp_path, ha_cf)


def test_a_subnet_too_small_for_all_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadLab, match="no address left"):
        plan(tmp_path, TWO_MEDIA, "node1 10.0.0.1/30\n")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "ha.cf").write_text(TWO_MEDIA)
    with pytest.raises(BadLab, match="haresources: No such file"):
        read_plan(tmp_path, PluginRegistry())
