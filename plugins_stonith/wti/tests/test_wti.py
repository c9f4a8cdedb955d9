"""WTI switches: the conformance kit against the command line and the SNMP agent, and what is their own."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from heartbeat.plugin import AccessDenied, PluginError, Power, ResetFailed, StonithDevice
from heartbeat.testing.contract import checked
from heartbeat.testing.device import DeviceSimulator, Fault
from heartbeat.testing.snmp_agent import Value
from heartbeat.testing.stonith import StonithConformance
from heartbeat.testing.well_known_port import WellKnownPort
from heartbeat_stonith_wti import WtiMpc, WtiNps
from heartbeat_stonith_wti.plug_table import plugs
from heartbeat_stonith_wti.simulator import COLUMNS, NAMES, RULE, SECRET, MpcAgent, NpsSwitch

README = Path(__file__).parents[1] / "README.md"


class PlugsAlone(MpcAgent):
    """An MPC without groups: all its hosts can be read."""

    groups = ()

    def hosts(self) -> list[str]:
        return self.relays.hosts()


class TestNps(StonithConformance):
    plugin = WtiNps
    simulator = NpsSwitch
    readme = README


class TestMpc(StonithConformance):
    plugin = WtiMpc
    simulator = PlugsAlone
    readme = README


def wti(switch: DeviceSimulator, **changes: str) -> StonithDevice:
    plugin = WtiMpc if isinstance(switch, MpcAgent) else WtiNps
    return plugin(checked(plugin, switch.params() | changes))


@pytest.mark.parametrize("prompt", ["NPS", "TPS", "IPS", "BB", "NBB", "RSM", "MPC", "VMR"])
def test_each_family_is_known_by_its_prompt_and_may_ask_for_a_user(prompt: str) -> None:
    with contextlib.closing(NpsSwitch("super", prompt)) as switch:
        wti(switch).switch("node1", Power.OFF)
        assert switch.relays.journal == [(2, False)]
        assert switch.abandoned() == 0


def test_a_switch_that_asks_for_a_user_whom_nobody_named_says_which_parameter() -> None:
    with contextlib.closing(NpsSwitch("super")) as switch:
        params = {name: value for name, value in switch.params().items() if name != "login"}
        with pytest.raises(AccessDenied, match="give `login`"):
            WtiNps(checked(WtiNps, params)).status()


def test_a_wrong_password_is_told_without_it() -> None:
    with contextlib.closing(NpsSwitch()) as switch, pytest.raises(AccessDenied) as told:
        wti(switch, password="another-secret").status()
    assert "another-secret" not in str(told.value)


def test_a_question_whether_it_is_meant_is_answered() -> None:
    with contextlib.closing(NpsSwitch(asks=True)) as switch:
        wti(switch).switch("twin", Power.OFF)
        assert not switch.is_on("twin")


def test_a_table_of_several_pages_is_read_to_its_end() -> None:
    with contextlib.closing(NpsSwitch()) as switch:
        switch.page_rows = 2
        wti(switch).switch("twin", Power.OFF)
        assert wti(switch).power("twin") is Power.OFF
        assert switch.relays.journal == [(1, False), (4, False)]


def test_a_table_that_lost_a_row_is_an_error_and_not_fewer_plugs() -> None:
    with contextlib.closing(NpsSwitch()) as switch:
        switch.relays.turn(1, on=False)
        switch.lost_row = 4
        with pytest.raises(PluginError, match="broke its table of plugs off"):
            wti(switch).power("twin")


def test_a_refusal_is_told_in_the_words_of_the_switch() -> None:
    with contextlib.closing(NpsSwitch()) as switch:
        switch.misbehave(Fault.DENIES)
        with pytest.raises(ResetFailed, match="plug 2 is not switched off: Access denied"):
            wti(switch).switch("node1", Power.OFF)


ROW = "  1  | node1            | (undefined) |   {}  |    0.5 Secs     |   ON    |\n"


@pytest.mark.parametrize(("state", "power"), [("ON ", Power.ON), ("OFF", Power.OFF), ("???", Power.UNKNOWN)])
def test_the_state_is_not_the_default_beside_it(state: str, power: Power) -> None:
    table = f"{COLUMNS}{RULE}{ROW.format(state)}{RULE}\nNPS>"
    assert [(plug.number, plug.name, plug.power) for plug in plugs(table)] == [("1", "node1", power)]


@pytest.mark.parametrize(
    "table",
    [
        "",
        COLUMNS + RULE + ROW.format("OFF"),
        RULE + ROW.format("OFF") + RULE,
        COLUMNS + RULE + "  1  | node1  | OFF\n" + RULE,
        COLUMNS.replace("Status", "Seconds") + RULE + ROW.format("OFF") + RULE,
        COLUMNS + RULE + ROW.format("OFF").replace("1", "2", 1) + RULE,
    ],
    ids=["nothing", "no end", "no heading", "short row", "no status", "first plug missing"],
)
def test_a_table_that_is_not_whole_is_none(table: str) -> None:
    assert plugs(table) == []


def test_a_group_takes_orders_and_never_proves_anything() -> None:
    with contextlib.closing(MpcAgent()) as switch:
        device = wti(switch)
        assert device.hosts() == [*dict.fromkeys(NAMES), "rack"]
        device.switch("rack", Power.OFF)
        assert switch.relays.journal == [(2, False), (3, False)]
        assert device.power("rack") is Power.UNKNOWN
        assert device.power("node1") is Power.OFF


def test_of_a_plug_and_a_group_with_one_name_the_plugs_count() -> None:
    with contextlib.closing(MpcAgent()) as switch:
        wti(switch).switch("twin", Power.OFF)
        assert switch.relays.journal == [(1, False), (4, False)]


def test_the_tree_of_the_old_firmware_is_another() -> None:
    with contextlib.closing(MpcAgent()) as switch, pytest.raises(PluginError, match="is `mib-version` right"):
        wti(switch, **{"mib-version": "1"}).hosts()

    class Old(MpcAgent):
        root = "1.3.6.1.4.1.2634.3.1"

        def _objects(self) -> dict[str, Value | Callable[[], Value]]:
            return {name.replace(".300.", ".3."): value for name, value in super()._objects().items()}

        def _set(self, name: str, value: Value) -> bool:
            return super()._set(name.replace("2634.3.1.3.", "2634.3.1.300."), value)

    with contextlib.closing(Old()) as switch:
        device = wti(switch, **{"mib-version": "1"})
        assert device.hosts() == ["rack", "twin"]
        device.switch("rack", Power.OFF)
        assert device.power("rack") is Power.UNKNOWN
        assert switch.relays.journal == [(2, False), (3, False)]


def test_the_old_lines_are_read_as_they_stand() -> None:
    assert WtiNps.positional == ("ipaddr", "password")
    assert WtiMpc.positional == ("ipaddr", "port", "community", "mib-version")


@pytest.mark.skipif(shutil.which("stonith") is None, reason="cluster-glue is not here: its client cannot be asked")
@pytest.mark.skipif(os.geteuid() != 0, reason="only root may serve port 23, which the client takes for granted")
def test_the_command_line_satisfies_the_client_of_cluster_glue() -> None:
    """``stonith -t wti_nps`` of cluster-glue 1.0: an independent reading of the same dialogue."""
    with contextlib.closing(NpsSwitch()) as made, contextlib.closing(WellKnownPort(23, made.menu.port)) as there:
        words = f"{there.address} {SECRET}"
        argv = ["stonith", "-t", "wti_nps", "-p", words, "-T", "off", "node1"]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=100, check=False)
        assert done.returncode == 0, done.stderr
        assert made.relays.journal == [(2, False)]


@pytest.mark.skipif(shutil.which("stonith") is None, reason="cluster-glue is not here: its client cannot be asked")
@pytest.mark.skipif(os.geteuid() != 0, reason="only root may serve port 161, which the client takes for granted")
def test_the_agent_satisfies_the_client_of_cluster_glue() -> None:
    """``stonith -t wti_mpc``, which knows groups alone."""
    with (
        contextlib.closing(MpcAgent()) as made,
        contextlib.closing(WellKnownPort(161, made.agent.port, is_udp=True)) as there,
    ):
        words = f"{there.address} 161 {SECRET} 3"
        argv = ["stonith", "-t", "wti_mpc", "-p", words, "-T", "off", "rack"]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=100, check=False)
        assert done.returncode == 0, done.stderr
        assert made.relays.journal == [(2, False), (3, False)]


@pytest.mark.skipif(
    not all(map(shutil.which, ("fence_wti", "telnet"))),
    reason="fence-agents or telnet is not here: their client cannot be asked",
)
@pytest.mark.parametrize("user", ["", "super"])
def test_the_command_line_satisfies_fence_wti(user: str) -> None:
    """``fence_wti`` of fence-agents, which reads back as we do."""
    with contextlib.closing(NpsSwitch(user)) as switch:
        argv = ["fence_wti", "-a", "127.0.0.1", "-u", str(switch.menu.port), "-p", SECRET, "-n", "2", "-o", "off"]
        argv += ["-l", user] if user else []
        done = subprocess.run(argv, capture_output=True, text=True, timeout=100, check=False)
        assert done.returncode == 0, done.stderr
        assert switch.relays.journal == [(2, False)]
