"""BayTech RPC: the conformance kit against an RPC-5, and what the other models do differently."""

import contextlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from heartbeat.plugin import AccessDenied, PluginError, Power, ResetFailed
from heartbeat.testing.contract import checked
from heartbeat.testing.device import Fault
from heartbeat.testing.stonith import StonithConformance
from heartbeat.testing.well_known_port import WellKnownPort
from heartbeat_stonith_baytech import Baytech
from heartbeat_stonith_baytech.device import entry
from heartbeat_stonith_baytech.simulator import MENU, PASSWORD, USER, Rpc
from heartbeat_stonith_baytech.status import outlets_of


class TestBaytech(StonithConformance):
    plugin = Baytech
    simulator = Rpc
    readme = Path(__file__).parents[1] / "README.md"


def baytech(unit: Rpc, **changes: str) -> Baytech:
    return Baytech(checked(Baytech, unit.params() | changes))


@pytest.mark.parametrize("model", ["RPC-3", "RPC-5", "RPC3-NC", "RPC-4", "RPC-18", "RPC-28A", "DS-RPC", "RPC "])
def test_each_model_is_known_by_its_prompt(model: str) -> None:
    with contextlib.closing(Rpc(model, ("twin", "node1", "node10", "twin"))) as unit:
        device = baytech(unit)
        assert device.hosts() == ["twin", "node1", "node10"]
        device.switch("twin", Power.OFF)
        assert unit.relays.journal == [(1, False), (4, False)]
        assert device.power("twin") is Power.OFF
        assert (unit.abandoned(), unit.resets) == (0, 0)


@pytest.mark.parametrize("start", ["quiet", "user", "password", "menu", "prompt"])
def test_it_gets_in_wherever_the_configuration_begins(start: str) -> None:
    with contextlib.closing(Rpc(start=start)) as unit:
        baytech(unit, timeout="2").switch("node1", Power.OFF)
        assert not unit.is_on("node1")


def test_a_wrong_password_is_tried_once_and_not_told() -> None:
    with contextlib.closing(Rpc()) as unit, pytest.raises(AccessDenied) as told:
        baytech(unit, password="another-secret").status()
    assert "another-secret" not in str(told.value)


def test_a_question_whether_it_is_meant_is_answered() -> None:
    with contextlib.closing(Rpc(asks=True)) as unit:
        baytech(unit).switch("node1", Power.OFF)
        assert not unit.is_on("node1")


def test_an_outlet_that_is_off_already_takes_the_order() -> None:
    with contextlib.closing(Rpc()) as unit:
        for _ in range(2):
            baytech(unit).switch("node1", Power.OFF)
        assert not unit.is_on("node1")


def test_a_locked_outlet_refuses_and_that_is_told() -> None:
    with contextlib.closing(Rpc()) as unit:
        unit.misbehave(Fault.DENIES)
        with pytest.raises(ResetFailed, match=r"outlet 2 is not switched off: Outlet 2 is locked"):
            baytech(unit).switch("node1", Power.OFF)


@pytest.mark.parametrize("model", ["RPC-5", "RPC3-NC"])
def test_a_list_that_lost_a_row_is_an_error_and_not_fewer_outlets(model: str) -> None:
    with contextlib.closing(Rpc(model, ("twin", "twin", "node1"))) as unit:
        unit.relays.turn(1, on=False)
        unit.lost = 2
        with pytest.raises(PluginError, match="broke its list of outlets off"):
            baytech(unit).power("twin")


def test_an_entry_of_a_menu_is_found_by_its_label_because_another_resets_the_unit() -> None:
    assert entry(MENU, "Outlet Control") == "1"
    assert entry(MENU, "Logout") == "6"
    assert not entry(MENU, "Something Else")


@pytest.mark.parametrize(
    ("answer", "rows"),
    [
        (
            "   1       node1                 1       On\n   2       db 1                  2       Off\n\n",
            "node1 on,db 1 off",
        ),
        ("  1  node1       On\n\n", "node1 on"),
        (" 1)...Outlet  1       : On   \n 2)...node 2          : Off   Locked\n", "Outlet  1 on,node 2 off"),
        (" 1) . . . node1 : Off\n", "node1 off"),
        (" 1)...a  : On     3)...c : On\n 2)...b  : Off    4)...d : Off\n", "a on,b off,c on,d off"),
        ("   1       node1                 1       On\nRPC-5>", ""),
        (" 1)...a  : On\n 3)...c : Off\n", ""),
        (" 1)...a  : On\n 1)...c : Off\n", ""),
        ("", ""),
    ],
)
def test_lists_of_all_models_are_read_by_their_shape(answer: str, rows: str) -> None:
    assert ",".join(f"{outlet.name} {outlet.power.value}" for outlet in outlets_of(answer)) == rows


@pytest.mark.skipif(shutil.which("stonith") is None, reason="cluster-glue is not here: its client cannot be asked")
@pytest.mark.skipif(os.geteuid() != 0, reason="only root may serve port 23, which the client takes for granted")
def test_the_simulator_satisfies_the_client_of_cluster_glue() -> None:
    """``stonith -t baytech`` of cluster-glue 1.0: an independent reading of the same dialogue, in two sessions."""
    with contextlib.closing(Rpc()) as made, contextlib.closing(WellKnownPort(23, made.menu.port)) as there:
        words = f"{there.address} {USER} {PASSWORD}"
        argv = ["stonith", "-t", "baytech", "-p", words, "-T", "off", "node1"]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=100, check=False)
        assert done.returncode == 0, done.stderr
        assert made.relays.journal == [(2, False)]
