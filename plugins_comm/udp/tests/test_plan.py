"""How lines of ha.cf become links: no network needed."""

import subprocess
import sys
from pathlib import Path

from heartbeat.plugin import DirectiveLine, LinkPlan, Medium, parse_params
from heartbeat_comm_udp import Broadcast, Multicast, Multicast6, Unicast, Unicast6


def planned(kind: type[Medium], directive: str, *lines: str) -> list[LinkPlan]:
    return kind.plan(directive, [DirectiveLine(tuple(line.split()), number) for number, line in enumerate(lines, 1)])


def test_each_interface_of_a_bcast_line_is_a_link() -> None:
    plans = planned(Broadcast, "bcast", "eth0 eth1", "eth2")
    assert [(plan.name, plan.params, plan.line) for plan in plans] == [
        ("bcast/eth0", {"interface": "eth0"}, 1),
        ("bcast/eth1", {"interface": "eth1"}, 1),
        ("bcast/eth2", {"interface": "eth2"}, 2),
    ]


def test_the_old_name_udp_names_its_links_so() -> None:
    assert [plan.name for plan in planned(Broadcast, "udp", "eth0")] == ["udp/eth0"]


def test_an_interface_listed_twice_is_said_with_both_lines() -> None:
    first, second = planned(Broadcast, "bcast", "eth0", "eth0")
    assert not first.problems
    assert second.line == 2
    assert second.problems == ("eth0 is listed already in line 1",)


def test_ucast_lines_of_one_interface_are_one_link_with_many_peers() -> None:
    plans = planned(Unicast, "ucast", "eth0 10.0.0.1", "eth1 10.1.0.1", "eth0 10.0.0.2", "eth0 10.0.0.1")
    assert [(plan.name, plan.params, plan.line) for plan in plans] == [
        ("ucast/eth0", {"interface": "eth0", "peers": "10.0.0.1 10.0.0.2"}, 1),
        ("ucast/eth1", {"interface": "eth1", "peers": "10.1.0.1"}, 2),
    ]


def test_what_ucast_plans_is_what_its_parameters_take() -> None:
    (plan,) = planned(Unicast6, "ucast6", "eth0 fd00::1", "eth0 fd00::2")
    params, problems = parse_params(Unicast6.params, plan.params)
    assert not problems
    assert params.hosts("peers") == ("fd00::1", "fd00::2")
    assert params.number("port") == 694


def test_a_ucast_line_without_peer_is_a_problem_of_that_line_only() -> None:
    good, bad = planned(Unicast, "ucast", "eth0", "eth0 10.0.0.2")
    assert (good.params["peers"], good.problems) == ("10.0.0.2", ())
    assert (bad.line, bad.problems) == (1, ("expected ucast INTERFACE PEER, found 1 word",))


def test_the_seeds_mcast_line_is_understood() -> None:
    (plan,) = planned(Multicast, "mcast", "eth0 225.0.0.1 694 1 0")
    assert plan.name == "mcast/eth0"
    assert not plan.problems
    params, problems = parse_params(Multicast.params, plan.params)
    assert not problems
    assert (params.text("group"), params.number("port"), params.number("ttl"), params.number("loop")) == (
        ("225.0.0.1", 694, 1, 0)
    )


def test_two_groups_on_one_interface_have_two_names() -> None:
    plans = planned(Multicast, "mcast", "eth0 225.0.0.1 694 1 0", "eth0 225.0.0.2 694 1 0", "eth0 225.0.0.2 694 1 0")
    assert [plan.name for plan in plans][:2] == ["mcast/eth0", "mcast/eth0/225.0.0.2"]
    assert plans[2].problems == ("this group is listed already in line 2",)


def test_an_address_that_is_no_group_is_refused_with_the_range() -> None:
    (plan,) = planned(Multicast, "mcast", "eth0 10.0.0.1 694 1 0")
    assert plan.problems == ("10.0.0.1 is no multicast group; expected an address of 224.0.0.0 to 239.255.255.255",)
    (plan,) = planned(Multicast6, "mcast6", "eth0 225.0.0.1 694 1 0")
    assert "ff00::/8" in plan.problems[0]


def test_too_many_words_are_refused_with_the_form() -> None:
    (plan,) = planned(Multicast, "mcast", "eth0 225.0.0.1 694 1 0 1")
    assert plan.problems == ("expected mcast INTERFACE GROUP PORT TTL LOOP, found 6 words",)


def test_a_time_to_live_out_of_range_is_refused() -> None:
    (plan,) = planned(Multicast, "mcast", "eth0 225.0.0.1 694 256 0")
    _, problems = parse_params(Multicast.params, plan.params)
    assert [problem.name for problem in problems] == ["ttl"]


def test_reading_a_configuration_needs_no_event_loop() -> None:
    check = "import sys, heartbeat_comm_udp; sys.exit('asyncio' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0


def test_the_readme_lists_every_parameter_and_its_default() -> None:
    readme = (Path(__file__).parents[1] / "README.md").read_text()
    for kind in (Broadcast, Unicast, Unicast6, Multicast, Multicast6):
        for param in kind.params:
            row = next((line for line in readme.splitlines() if line.startswith(f"| `{param.name}` |")), "")
            assert ("required" if param.required else str(param.default)) in row.split("|")[3:4][0], param.name
