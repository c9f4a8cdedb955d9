"""APC strips: the conformance kit against a card's menus, command line and SNMP agents, and what is their own."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from heartbeat.plugin import AccessDenied, BadHost, PluginError, Power, ResetFailed, StonithDevice, Unreachable
from heartbeat.testing.contract import checked
from heartbeat.testing.device import DeviceSimulator, Fault
from heartbeat.testing.snmp_agent import Value
from heartbeat.testing.stonith import StonithConformance
from heartbeat.testing.well_known_port import WellKnownPort
from heartbeat_stonith_apc import ApcMaster, ApcMasterSnmp
from heartbeat_stonith_apc.simulator import ApcAgent, ApcAgentRpdu2, ApcAgentSpdu, ApcCommandCard, ApcMenuCard
from heartbeat_stonith_apc.simulator_menus import PASSWORD, USER
from heartbeat_stonith_apc.simulator_snmp import COMMUNITY
from heartbeat_stonith_apc.trees import BY_PRODUCT

README = Path(__file__).parents[1] / "README.md"


class TestMenus(StonithConformance):
    plugin = ApcMaster
    simulator = ApcMenuCard
    readme = README


class TestCommandLine(StonithConformance):
    plugin = ApcMaster
    simulator = ApcCommandCard


class TestRpdu(StonithConformance):
    plugin = ApcMasterSnmp
    simulator = ApcAgent
    readme = README


def apc(card: DeviceSimulator, **changes: str) -> StonithDevice:
    plugin = ApcMasterSnmp if isinstance(card, ApcAgent) else ApcMaster
    return plugin(checked(plugin, card.params() | changes))


@pytest.mark.parametrize(
    "way",
    [
        (),
        ("Outlet Control",),
        ("Outlet Control/Configuration",),
        ("Outlet Management", "Outlet Control"),
        ("Outlet Management", "Outlet Control/Configuration"),
    ],
    ids=" ".join,
)
def test_the_list_is_found_by_labels_in_whatever_menu_the_firmware_has_it(way: tuple[str, ...]) -> None:
    with contextlib.closing(ApcMenuCard(way=way)) as card:
        apc(card).switch("node1", Power.OFF)
        assert card.relays.journal == [(2, False)]


def test_menus_that_lead_nowhere_are_told() -> None:
    with contextlib.closing(ApcMenuCard(way=("Something Else",))) as card:
        with pytest.raises(PluginError, match="the menus do not lead to the list of outlets"):
            apc(card).power("node1")
        assert card.abandoned() == 0


def test_a_list_of_more_than_a_page_is_read_to_its_end() -> None:
    names = tuple(f"node{number}" for number in range(1, 25))
    with contextlib.closing(ApcMenuCard(names)) as card:
        device = apc(card)
        assert device.hosts() == list(names)
        device.switch("node24", Power.OFF)
        assert card.relays.journal == [(24, False)]


@pytest.mark.parametrize("card", [ApcMenuCard, ApcCommandCard])
def test_a_list_that_breaks_off_is_an_error_and_not_fewer_outlets(card: Callable[[], ApcMenuCard]) -> None:
    """Of a host with two outlets only one would be seen, and its power read as off."""
    with contextlib.closing(card()) as made:
        made.relays.turn(1, on=False)
        made.is_cut = True
        for call in (lambda: apc(made).power("twin"), lambda: apc(made).hosts()):
            with pytest.raises(PluginError, match="broke its list of outlets off"):
                call()
        assert made.abandoned() == 0


def test_the_entry_that_switches_everything_is_no_outlet() -> None:
    with contextlib.closing(ApcMenuCard()) as card, pytest.raises(BadHost):
        apc(card).switch("Master Control/Configuration", Power.OFF)


def test_a_wrong_password_is_tried_once_and_not_told() -> None:
    with contextlib.closing(ApcMenuCard()) as card:
        with pytest.raises(AccessDenied, match="check `login` and `password`") as told:
            apc(card, password="another-secret").status()
        assert "another-secret" not in str(told.value)


def test_a_card_that_somebody_else_talks_to_says_so() -> None:
    with contextlib.closing(ApcMenuCard()) as card:
        card.misbehave(Fault.BUSY)
        with pytest.raises(Unreachable, match="does another session hold it"):
            apc(card, timeout="300ms").power("node1")


def test_a_user_without_the_right_to_an_outlet_is_told() -> None:
    with contextlib.closing(ApcCommandCard()) as card:
        card.misbehave(Fault.DENIES)
        with pytest.raises(ResetFailed, match="outlet 2 is not switched off: E104"):
            apc(card).switch("node1", Power.OFF)


def test_an_explicit_map_goes_before_the_names_of_the_card() -> None:
    with contextlib.closing(ApcMenuCard()) as card:
        device = apc(card, outlets="db=2+3")
        assert device.hosts() == ["db"]
        device.switch("db", Power.OFF)
        assert card.relays.journal == [(2, False), (3, False)]
        assert device.power("db") is Power.OFF


def test_the_old_lines_are_read_as_they_stand() -> None:
    assert ApcMaster.positional == ("ipaddr", "login", "password")
    assert ApcMasterSnmp.positional == ("ipaddr", "port", "community")


@pytest.mark.parametrize("agent", [ApcAgentSpdu, ApcAgent, ApcAgentRpdu2])
def test_each_generation_is_read_by_its_own_numbers(agent: type[ApcAgent]) -> None:
    """In one of them 1 is off and 2 on."""
    with contextlib.closing(agent()) as card:
        device = apc(card)
        assert device.hosts() == ["twin", "node1", "node10"]
        for host in device.hosts():
            for power in (Power.OFF, Power.ON):
                device.switch(host, power)
                assert card.is_on(host) == (power is Power.ON)
                assert device.power(host) is power
        device.switch("twin", Power.OFF)
        card.turn(4, on=True)
        assert device.power("twin") is Power.ON


def test_a_delayed_command_that_waits_is_cancelled_before_an_order() -> None:
    with contextlib.closing(ApcAgent()) as card:
        card.pending.add(2)
        apc(card).switch("node1", Power.OFF)
        assert not card.is_on("node1")
        assert not card.pending


def test_a_community_that_may_only_read_is_told() -> None:
    with contextlib.closing(ApcAgent()) as card, pytest.raises(PluginError, match="may `community` write"):
        apc(card, community="public", timeout="300ms").switch("node1", Power.OFF)


@pytest.mark.parametrize("version", ["1", "2c"])
def test_a_missing_object_is_none_in_either_version(version: str) -> None:
    """Version 1 has an error for it, 2c a value in an answer without error."""
    with contextlib.closing(ApcAgentSpdu()) as card:
        assert apc(card, snmp_version=version).power("node1") is Power.ON


def test_a_strip_of_another_kind_is_refused_with_what_it_says() -> None:
    class Metered(ApcAgent):
        product = "99"

    with (
        contextlib.closing(Metered()) as card,
        pytest.raises(PluginError, match=r"no switched APC strip .*318\.1\.3\.4\.99"),
    ):
        apc(card).hosts()


@pytest.mark.parametrize("missing", ["name", "state"])
def test_a_table_that_breaks_off_is_an_error_and_not_fewer_outlets(missing: str) -> None:
    class Cut(ApcAgent):
        def _objects(self) -> dict[str, Value | Callable[[], Value]]:
            objects = super()._objects()
            del objects[f"{self.columns[missing]}.4"]
            return objects

    with contextlib.closing(Cut()) as card:
        card.relays.turn(1, on=False)
        with pytest.raises(PluginError, match="tells of 4 outlets"):
            apc(card).power("twin")


def test_a_state_that_is_neither_on_nor_off_is_unknown() -> None:
    for tree in BY_PRODUCT.values():
        assert {tree.power(state) for state in (0, 3, 4, 5, "1", None)} == {Power.UNKNOWN}


@pytest.mark.skipif(shutil.which("stonith") is None, reason="cluster-glue is not here: its client cannot be asked")
@pytest.mark.skipif(os.geteuid() != 0, reason="only root may serve port 161, which the client takes for granted")
def test_the_agent_satisfies_the_client_of_cluster_glue() -> None:
    """``stonith -t apcmastersnmp`` of cluster-glue 1.0: an independent reading of the same MIB."""
    with (
        contextlib.closing(ApcAgent()) as made,
        contextlib.closing(WellKnownPort(161, made.agent.port, is_udp=True)) as there,
    ):
        words = f"{there.address} 161 {COMMUNITY}"
        argv = ["stonith", "-t", "apcmastersnmp", "-p", words, "-T", "off", "node1"]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=100, check=False)
        assert done.returncode == 0, done.stderr
        assert made.relays.journal == [(2, False)]


NO_FENCE_AGENTS = "fence-agents, telnet or snmp are not here: their clients cannot be asked"


@pytest.mark.skipif(not all(map(shutil.which, ("fence_apc", "telnet"))), reason=NO_FENCE_AGENTS)
@pytest.mark.parametrize(
    "way",
    [
        ("Outlet Control",),
        ("Outlet Control/Configuration",),
        ("Outlet Management", "Outlet Control"),
        ("Outlet Management", "Outlet Control/Configuration"),
        None,
    ],
    ids=["2.x user", "2.x administrator", "3.x user", "3.x administrator", "5.x command line"],
)
def test_each_dialogue_satisfies_fence_apc(way: tuple[str, ...] | None) -> None:
    """``fence_apc`` of fence-agents: it knows the numbers of each firmware's entries, and reads back as we do."""
    with contextlib.closing(ApcMenuCard(way=way) if way else ApcCommandCard()) as card:
        argv = ["fence_apc", "-a", "127.0.0.1", "-u", str(card.menu.port), "-l", USER, "-p", PASSWORD, "-n", "2"]
        done = subprocess.run([*argv, "-o", "off"], capture_output=True, text=True, timeout=100, check=False)
        assert done.returncode == 0, done.stderr
        assert card.relays.journal == [(2, False)]


@pytest.mark.skipif(not all(map(shutil.which, ("fence_apc_snmp", "snmpget"))), reason=NO_FENCE_AGENTS)
def test_the_agent_satisfies_fence_apc_snmp() -> None:
    with contextlib.closing(ApcAgent()) as card:
        argv = [
            "fence_apc_snmp",
            "-a",
            "127.0.0.1",
            "-u",
            str(card.agent.port),
            "-c",
            COMMUNITY,
            "-n",
            "2",
            "-o",
            "off",
        ]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=100, check=False)
        assert done.returncode == 0, done.stderr
        assert card.relays.journal == [(2, False)]
