"""Ports of a switch: the conformance kit against the simulator, and what is their own."""

import contextlib
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from heartbeat.plugin import AccessDenied, Params, PluginError, Power, ResetFailed, Unsupported
from heartbeat.testing.contract import checked
from heartbeat.testing.device import Fault
from heartbeat.testing.stonith import StonithConformance
from heartbeat_stonith_snmp_switch import SnmpSwitch
from heartbeat_stonith_snmp_switch.ports import _state
from heartbeat_stonith_snmp_switch.simulator import COMMUNITY, SwitchAgent


class TestSnmpSwitch(StonithConformance):
    plugin = SnmpSwitch
    simulator = SwitchAgent
    readme = Path(__file__).parents[1] / "README.md"


@pytest.fixture
def switch() -> Iterator[SwitchAgent]:
    with contextlib.closing(SwitchAgent()) as made:
        yield made


def device(switch: SwitchAgent, **changes: str) -> SnmpSwitch:
    params: Params = checked(SnmpSwitch, switch.params() | changes)
    return SnmpSwitch(params)


@pytest.mark.parametrize("version", ["1", "2c"])
def test_all_ports_of_a_node_are_closed_and_no_other(switch: SwitchAgent, version: str) -> None:
    driver = device(switch, snmp_version=version)
    assert driver.hosts() == ["node1", "node10", "twin"]
    driver.switch("twin", Power.OFF)
    assert switch.told == {1: 1, 2: 1, 3: 1, 4: 2, 5: 2, 6: 1}
    assert [port.power for port in driver.ports("twin")] == [Power.OFF, Power.OFF]


def test_a_port_that_was_told_to_close_and_works_is_a_failure(switch: SwitchAgent) -> None:
    """It shows ifAdminStatus down, which is what others look at."""
    switch.misbehave(Fault.LIES)
    with pytest.raises(ResetFailed, match=r"took the order, and port 4, 5 is not closed after 0\.3 s"):
        device(switch, settle="300ms").switch("twin", Power.OFF)
    assert switch.told[4] == 2
    assert switch.is_on("twin")


def test_a_port_that_closes_late_is_waited_for(switch: SwitchAgent) -> None:
    switch.misbehave(Fault.SLOW)
    device(switch, settle="10").switch("node1", Power.OFF)
    assert not switch.is_on("node1"), "the order returned before the port was closed"


def test_what_was_cut_off_is_not_let_in_again_by_the_cluster(switch: SwitchAgent) -> None:
    driver = device(switch, open_again="no")
    driver.switch("node1", Power.OFF)
    with pytest.raises(Unsupported, match=r"port 2 of node1 stays closed: restart the node"):
        driver.switch("node1", Power.ON)
    assert not switch.is_on("node1")
    device(switch, open_again="yes").switch("node1", Power.ON)
    assert switch.is_on("node1")


def test_a_closed_port_is_no_proof_that_a_node_is_off(switch: SwitchAgent) -> None:
    driver = device(switch)
    driver.switch("node1", Power.OFF)
    assert driver.power("node1") is Power.UNKNOWN
    assert not SnmpSwitch.can_read_power


def test_ports_by_their_index(switch: SwitchAgent) -> None:
    driver = device(switch, outlets="alpha=2+3,beta=6")
    assert driver.hosts() == ["alpha", "beta"]
    driver.switch("alpha", Power.OFF)
    assert [port for port, told in switch.told.items() if told == 2] == [2, 3]


def test_a_community_that_may_only_read_is_found_without_an_order(switch: SwitchAgent) -> None:
    device(switch).may_switch("node1")
    with pytest.raises(AccessDenied, match="takes no order"):
        device(switch, community="public", timeout="300ms").may_switch("node1")
    assert switch.relays.journal == []


@pytest.mark.parametrize(
    ("told", "does", "power"),
    [
        (2, 2, Power.OFF), (2, 7, Power.OFF), (2, 6, Power.OFF), (1, 1, Power.ON), (1, 2, Power.ON), (2, 1, Power.ON),
        (2, 3, Power.UNKNOWN), (2, 5, Power.UNKNOWN), (3, 2, Power.UNKNOWN), ("2", "2", Power.UNKNOWN),
    ],
)  # fmt: skip
def test_only_a_port_that_was_told_to_close_and_has_closed_is_closed(
    told: int | str, does: int | str, power: Power
) -> None:
    """Above all not one whose cable is pulled, nor one that is dormant (5) or tests itself (3)."""
    assert _state(told, does) is power


def test_an_agent_without_ports_is_no_switch(switch: SwitchAgent) -> None:
    switch.agent._objects = {}
    with pytest.raises(PluginError, match="it is no switch"):
        device(switch).hosts()


@pytest.mark.skipif(
    not all(map(shutil.which, ("fence_ifmib", "snmpset"))),
    reason="fence-agents or snmp is not here: their client cannot be asked",
)
def test_the_simulator_satisfies_fence_ifmib(switch: SwitchAgent) -> None:
    argv = ["fence_ifmib", "-a", "127.0.0.1", "-u", str(switch.agent.port), "-c", COMMUNITY, "-n", "Gi1/0/2"]
    done = subprocess.run([*argv, "-o", "off"], capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    assert switch.relays.journal == [(2, False)]
