"""Links: which lines make which, with what settings, and which of them fail together."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from core.tests.config.conftest import LoadText

REST = "node node1 node2\nauto_failback off\n"


def links(load_text: "LoadText", lines: str, **facts: object) -> dict[str, dict[str, str]]:
    loaded = load_text(ha_cf=REST + lines, **facts)
    assert loaded.config is not None, loaded.errors
    return {medium.link: medium.params for medium in loaded.config.media}


def found(load_text: "LoadText", lines: str, **facts: object) -> list[tuple[str, int]]:
    loaded = load_text(ha_cf=REST + lines, **facts)
    return [(one.code, one.line) for one in loaded.findings if "HB-C050" <= one.code < "HB-C060"]


def test_each_interface_of_a_bcast_line_is_a_link(load_text: "LoadText") -> None:
    assert list(links(load_text, "bcast eth0 eth1\n")) == ["bcast/eth0", "bcast/eth1"]


def test_lines_with_one_interface_make_one_ucast_link(load_text: "LoadText") -> None:
    made = links(load_text, "ucast eth0 10.0.0.1\nbcast eth1\nucast eth0 10.0.0.2\n")
    assert made == {
        "ucast/eth0": {"interface": "eth0", "peers": "10.0.0.1 10.0.0.2"},
        "bcast/eth1": {"interface": "eth1"},
    }


def test_links_stand_in_the_order_of_their_lines(load_text: "LoadText") -> None:
    made = links(load_text, "ping 10.0.0.9\nucast eth0 10.0.0.2\nserial /dev/ttyS0\nbcast eth1\n")
    assert list(made) == ["ping/10.0.0.9", "ucast/eth0", "serial//dev/ttyS0", "bcast/eth1"]


@pytest.mark.parametrize("lines", ["udpport 695\nbcast eth0\n", "bcast eth0\nudpport 695\n"])
def test_udpport_counts_wherever_it_stands(load_text: "LoadText", lines: str) -> None:
    assert links(load_text, "ucast eth1 10.0.0.2\n" + lines)["bcast/eth0"]["port"] == "695"


def test_a_port_of_its_own_is_stronger_than_udpport_and_udpport_than_services(load_text: "LoadText") -> None:
    lines = "mcast eth0 225.0.0.1 700 1 0\nbcast eth1\n"
    assert links(load_text, lines, udpport=1694)["bcast/eth1"]["port"] == "1694"
    made = links(load_text, "udpport 695\n" + lines, udpport=1694)
    assert (made["mcast/eth0"]["port"], made["bcast/eth1"]["port"]) == ("700", "695")


def test_the_old_order_is_told_where_it_changed_the_meaning(load_text: "LoadText") -> None:
    def told(lines: str) -> list[str]:
        return [one.code for one in load_text(ha_cf=REST + lines).findings if one.code == "HB-C018"]

    assert told("bcast eth0\nucast eth1 10.0.0.2\nudpport 695\n") == ["HB-C018"] * 2
    assert told("udpport 695\nbcast eth0\nucast eth1 10.0.0.2\n") == []
    assert told("bcast eth0\nucast eth1 10.0.0.2\nudpport 694\n") == [], "what counted anyway"


@pytest.mark.parametrize(
    ("lines", "codes"),
    [
        ("bcast eth0 eth1\n", []),
        ("bcast eth0\n", [("HB-C054", 3)]),
        ("bcast eth0\nping 10.0.0.9\n", [("HB-C054", 3)]),
        ("bcast eth0\nucast eth0 10.0.0.2\n", [("HB-C055", 3)]),
        ("bcast eth0\nserial /dev/ttyS0\n", []),
        ("ping 10.0.0.9\n", [("HB-C053", 0)]),
        ("", [("HB-C053", 0)]),
        ("bcast eth0 eth0 eth1\n", [("HB-C052", 3)]),
        ("bcast eth0 eth9\n", [("HB-C056", 3)]),
        ("bcast eth0\nhbaping fc0\n", []),
    ],
)
def test_links_that_fail_together_are_told(load_text: "LoadText", lines: str, codes: list[tuple[str, int]]) -> None:
    assert found(load_text, lines) == codes


def test_a_lone_node_needs_no_second_link(load_text: "LoadText") -> None:
    loaded = load_text(ha_cf="node node1\nbcast eth0\n")
    assert not [one for one in loaded.findings if "HB-C053" <= one.code <= "HB-C055"]


def test_interfaces_of_another_host_are_not_missed(load_text: "LoadText") -> None:
    loaded = load_text(ha_cf=REST + "bcast eth8 eth9\n", hostname="laptop", need_own_node=False)
    assert not [one for one in loaded.findings if one.code == "HB-C056"]
