"""The brick of an IPMI controller, by two clients that are not ours: ipmitool, and pyghmi in a process of its own."""

import contextlib
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from heartbeat.testing.device import Fault
from heartbeat.testing.ipmi_bmc import IpmiBmc

PYGHMI = """
import sys
from pyghmi.ipmi.command import Command
port, password, wanted = sys.argv[1:]
command = Command("127.0.0.1", "admin", password, port=int(port))
command.set_power(wanted)
print(command.get_power()["powerstate"])
"""


@pytest.fixture
def bmc() -> Iterator[IpmiBmc]:
    pytest.importorskip("pyghmi", reason="pyghmi is not installed (heartbeat-core[simulators])")
    with contextlib.closing(IpmiBmc()) as made:
        yield made


def ipmitool(bmc: IpmiBmc, *words: str, password: str = "secret") -> tuple[int, str]:
    """Return exit status and all that is said; a try of a second, so that a silent controller costs little."""
    if not shutil.which("ipmitool"):
        pytest.skip("no `ipmitool` program (package ipmitool)")
    run = subprocess.run(
        ["ipmitool", "-I", "lanplus", "-C", "3", "-H", "127.0.0.1", "-p", str(bmc.port), "-U", "admin", "-P", password,
         "-N", "1", "-R", "1", "chassis", "power", *words],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    return run.returncode, run.stdout + run.stderr


def test_ipmitool_switches_and_reads(bmc: IpmiBmc) -> None:
    assert ipmitool(bmc, "status") == (0, "Chassis Power is on\n")
    assert ipmitool(bmc, "off")[0] == 0
    assert not bmc.is_on
    assert ipmitool(bmc, "status") == (0, "Chassis Power is off\n")
    assert ipmitool(bmc, "on")[0] == 0
    assert bmc.is_on


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault.SILENT, "Unable to establish IPMI v2"),
        (Fault.REFUSES_LOGIN, "Unable to establish IPMI v2"),
        (Fault.DENIES, "Node busy"),
    ],
)
def test_ipmitool_is_told_of_a_fault_and_nothing_is_switched(bmc: IpmiBmc, fault: Fault, said: str) -> None:
    bmc.misbehave(fault)
    code, text = ipmitool(bmc, "off")
    assert code == 1
    assert said in text
    if fault is not Fault.SILENT:  # one that is silent does not tell us either
        assert bmc.is_on


def test_a_lie_is_acknowledged_and_a_slow_relay_acts_later(bmc: IpmiBmc) -> None:
    bmc.misbehave(Fault.LIES)
    assert ipmitool(bmc, "off")[0] == 0
    assert bmc.is_on
    bmc.misbehave(Fault.SLOW)
    assert ipmitool(bmc, "off")[0] == 0
    deadline_s = time.monotonic() + 20
    while bmc.is_on:
        assert time.monotonic() < deadline_s
        time.sleep(0.01)


def pyghmi(bmc: IpmiBmc, password: str, wanted: str) -> str:
    run = subprocess.run(
        [sys.executable, "-c", PYGHMI, str(bmc.port), password, wanted],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    return run.stdout.strip() or run.stderr


def test_pyghmi_switches_and_reads_and_is_refused_with_another_password(bmc: IpmiBmc) -> None:
    assert pyghmi(bmc, "secret", "off") == "off"
    assert not bmc.is_on
    assert pyghmi(bmc, "secret", "on") == "on"
    assert "Incorrect password" in pyghmi(bmc, "guessed", "off")
    assert bmc.is_on
