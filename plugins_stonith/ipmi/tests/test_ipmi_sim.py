"""Our driver with OpenIPMI's ``ipmi_sim``, a controller that nobody here wrote; its machine's power lies in a file."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from heartbeat.plugin import AccessDenied, Power, ResetFailed
from heartbeat.testing.contract import checked
from heartbeat.testing.ipmi_machine import MACHINE
from heartbeat_stonith_ipmi import IpmiLan

LOGIN, SECRET, KG = "admin", "hunter2-hunter2", "sixteen-letters-"

LAN = """
name "bmc"
set_working_mc 0x20
  startlan 1
    addr 127.0.0.1 {port}
    priv_limit admin
    allowed_auths_callback none md2 md5 straight
    allowed_auths_user none md2 md5 straight
    allowed_auths_operator none md2 md5 straight
    allowed_auths_admin none md2 md5 straight
    guid {guid}
    {option}
  endlan
  chassis_control "{helper} {folder}"
  user 1 true "" "test" user 10 none md2 md5 straight
  user 2 true "{login}" "{secret}" admin 10 none md2 md5 straight
"""
EMULATED = """
mc_setbmc 0x20
mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr
mc_enable 0x20
"""
HELPER = """#!/bin/sh
# DIR [0x20] get power: prints power:1 or power:0; DIR [0x20] set power 0: acts. A file named after a fault starts it.
folder=$1; shift
[ "$1" = 0x20 ] && shift
echo "$*" >> "$folder/journal"
case "$*" in
"get power") echo "power:$(cat "$folder/power")" ;;
"set power"*) [ -e "$folder/refuses" ] && exit 1; [ -e "$folder/lies" ] || echo "$3" > "$folder/power" ;;
esac
"""


@dataclass(frozen=True)
class Foreign:
    """The running controller."""

    port: int
    folder: Path

    @property
    def is_on(self) -> bool:
        return (self.folder / "power").read_text().strip() == "1"

    def device(self, **changes: str) -> IpmiLan:
        """Return our driver for it."""
        port = str(self.port)
        raw = {"hostname": "node1", "ipaddr": "127.0.0.1", "port": port, "login": LOGIN, "password": SECRET}
        return IpmiLan(checked(IpmiLan, raw | changes))


@pytest.fixture(params=[""], ids=lambda option: option or "as it is")
def foreign(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Foreign]:
    """Run it on a port of loopback, with an option more; skip the test without the program."""
    folder = tmp_path
    program = shutil.which("ipmi_sim")
    if program is None:
        pytest.skip("no `ipmi_sim` program (package openipmi)")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (folder / "state").mkdir()
    helper = folder / "helper"
    helper.write_text(HELPER)
    helper.chmod(0o755)
    (folder / "power").write_text("1\n")
    values = {"port": port, "helper": helper, "folder": folder, "login": LOGIN, "secret": SECRET}
    (folder / "lan.conf").write_text(LAN.format(guid=MACHINE.bytes_le.hex(), option=request.param, **values))
    (folder / "bmc.emu").write_text(EMULATED)
    argv: list[str | Path] = [
        program,
        "-c",
        folder / "lan.conf",
        "-f",
        folder / "bmc.emu",
        "-s",
        folder / "state",
        "-n",
    ]
    with (
        (folder / "said").open("w") as said,
        subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=said, stderr=said, env={"PATH": os.environ["PATH"]}
        ) as running,
    ):
        try:
            _wait(port, running, folder / "said")
            yield Foreign(port, folder)
        finally:
            running.kill()


def _wait(port: int, running: "subprocess.Popen[bytes]", said: Path) -> None:
    """Return when its port is taken."""
    deadline_s = time.monotonic() + 20
    while f":{port:04X} " not in Path("/proc/net/udp").read_text():
        assert running.poll() is None, said.read_text()
        assert time.monotonic() < deadline_s, f"it does not serve: {said.read_text()}"
        time.sleep(0.02)


def test_it_is_switched_and_read(foreign: Foreign) -> None:
    device = foreign.device()
    assert device.hosts() == ["node1"]
    assert device.power("node1") is Power.ON
    for power in (Power.OFF, Power.OFF, Power.ON):
        device.switch("node1", power)
        assert device.power("node1") is power
        assert foreign.is_on == (power is Power.ON)


def test_its_machine_has_the_name_that_was_configured(foreign: Foreign) -> None:
    assert foreign.device().identity("node1").machine == str(MACHINE)


def test_an_operator_may_switch(foreign: Foreign) -> None:
    foreign.device(priv="operator").switch("node1", Power.OFF)
    assert not foreign.is_on


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"password": "another"}, "Incorrect password"),
        ({"login": "nobody"}, "Unauthorized name"),
        ({"kg": "no-such-key"}, "wrong Kg"),
    ],
)
def test_who_is_not_let_in_is_told_why(foreign: Foreign, changes: dict[str, str], told: str) -> None:
    with pytest.raises(AccessDenied, match=told):
        foreign.device(**changes).status()


@pytest.mark.parametrize("foreign", [f'bmc_key "{KG}"'], indirect=True)
def test_a_key_of_the_controller_is_part_of_the_login(foreign: Foreign) -> None:
    for kg in (KG, f"0x{KG.encode().hex()}"):
        assert foreign.device(kg=kg).power("node1") is Power.ON
    with pytest.raises(AccessDenied, match="wrong Kg"):
        foreign.device().status()


def test_a_machine_that_does_not_follow_its_controller_reads_on(foreign: Foreign) -> None:
    (foreign.folder / "lies").touch()
    foreign.device().switch("node1", Power.OFF)
    assert foreign.device().power("node1") is Power.ON


def test_a_machine_that_cannot_be_switched_is_an_error(foreign: Foreign) -> None:
    (foreign.folder / "refuses").touch()
    with pytest.raises(ResetFailed, match="refuses the order off"):
        foreign.device().switch("node1", Power.OFF)
    assert foreign.is_on
