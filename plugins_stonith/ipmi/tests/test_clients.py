"""Clients that nobody here wrote, with our controller."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator

import pytest
from heartbeat_stonith_ipmi.simulator import HOST, LOGIN, SECRET, Board


@pytest.fixture
def board() -> Iterator[Board]:
    with contextlib.closing(Board()) as made:
        yield made


def run(*argv: str, wanted: int = 0) -> str:
    """Return what a client says; fails the test when its exit status is another than the wanted one."""
    environment = {"PATH": os.environ["PATH"], "IPMI_PASSWORD": SECRET}
    done = subprocess.run(argv, capture_output=True, text=True, timeout=100, check=False, env=environment)
    assert done.returncode == wanted, done.stdout + done.stderr
    return done.stdout


@pytest.mark.skipif(not shutil.which("ipmitool"), reason="no `ipmitool` program (package ipmitool)")
def test_ipmitool_switches_and_reads(board: Board) -> None:
    port = str(board.bmc.port)
    words = ("ipmitool", "-I", "lanplus", "-C", "3", "-H", "127.0.0.1", "-p", port, "-U", LOGIN, "-E", "power")
    assert run(*words, "status") == "Chassis Power is on\n"
    run(*words, "off")
    assert not board.is_on(HOST)
    assert run(*words, "status") == "Chassis Power is off\n"


@pytest.mark.skipif(
    not all(map(shutil.which, ("fence_ipmilan", "ipmitool"))),
    reason="no `fence_ipmilan` or `ipmitool` program (packages fence-agents, ipmitool)",
)
@pytest.mark.parametrize("method", ["onoff", "cycle"])
def test_fence_ipmilan_switches_and_reads(board: Board, method: str) -> None:
    """It reads back as we do."""
    port = str(board.bmc.port)
    words = ("fence_ipmilan", "-P", "-C", "3", "-a", "127.0.0.1", "-u", port, "-l", LOGIN, "-p", SECRET, "-m", method)
    run(*words, "-o", "off")
    assert not board.is_on(HOST)
    assert run(*words, "-o", "status", wanted=2).strip() == "Status: OFF"
    run(*words, "-o", "on")
    assert board.is_on(HOST)


@pytest.mark.skipif(
    not all(map(shutil.which, ("stonith", "ipmitool"))),
    reason="no `stonith` or `ipmitool` program (packages cluster-glue, ipmitool)",
)
def test_external_ipmi_of_cluster_glue_switches(board: Board) -> None:
    """It has no parameter for the port; its users append it to the interface, which goes to ipmitool unquoted."""
    given = {
        "hostname": HOST, "ipaddr": "127.0.0.1", "userid": LOGIN, "passwd": SECRET, "passwd_method": "env",
        "interface": f"lanplus -C 3 -p {board.bmc.port}",
    }  # fmt: skip
    words = [f"{name}={value}" for name, value in given.items()]
    run("stonith", "-t", "external/ipmi", *words, "-T", "off", HOST)
    assert not board.is_on(HOST)
