"""Fence agents as device types, from the line in ha.cf to the relay: real agents of Debian, simulators of ours."""

import contextlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from heartbeat.cli.stonith_types import any_type
from heartbeat.executor.byhand import run_by_hand
from heartbeat.model.operation import Action, Outcome, Result
from heartbeat.model.proof import Proof
from heartbeat.pils.registry import PluginRegistry
from heartbeat.testing.device import Fault
from heartbeat.testing.outlets import OutletSimulator
from heartbeat.wire.executor import Run
from heartbeat_stonith_apc.simulator import ApcAgent, ApcCommandCard, ApcMenuCard
from heartbeat_stonith_wti.simulator import NpsSwitch

HB = Path(sys.executable).with_name("hb")
pytestmark = pytest.mark.skipif(
    not all(map(shutil.which, ("fence_apc", "telnet", "snmpget"))),
    reason="fence-agents, telnet or snmp are not here: their agents cannot be run",
)

AGENTS = {
    "fence_apc_snmp": ApcAgent,
    "fence_apc menus": ApcMenuCard,
    "fence_apc": ApcCommandCard,
    "fence_wti": NpsSwitch,
}
LIMIT_S = 60.0
LIAR_S = 12.0
"""For one that will not do it: so long it is read, then it counts as failed."""


def params_of(name: str, switch: OutletSimulator) -> dict[str, str]:
    """Return the parameters of a simulator in the words of its agent."""
    given = switch.params()
    said = {"ip": given["ipaddr"], "ipport": given["port"], "power_timeout": "3"}
    for ours, theirs in (("community", "community"), ("login", "username"), ("password", "password")):
        if ours in given:
            said[theirs] = given[ours]
    return said


def done(name: str, action: Action, host: str, given: dict[str, str], limit_s: float = LIMIT_S) -> Result:
    """Carry out one operation as the cluster would."""
    registry = PluginRegistry()
    kind = any_type(registry, name.partition(" ")[0])
    return run_by_hand(Run(1, "stonith", kind.driver, name, {**kind.base, **given}, action, limit_s, host), registry)


@pytest.mark.parametrize("name", AGENTS)
def test_off_and_on_are_proved_by_the_agent_and_true(name: str) -> None:
    with contextlib.closing(AGENTS[name]()) as switch:
        given = params_of(name, switch)
        hosts = done(name, Action.HOSTS, "", given)
        assert {host.lower() for host in hosts.hosts} >= {"node1", "node10", "twin"}, hosts
        off = done(name, Action.FENCE, "twin", given)
        assert (off.outcome, off.proof) == (Outcome.DONE, Proof.READ_BACK), off
        assert not switch.is_on("twin"), "one of its outlets feeds it still"
        assert switch.is_on("node1")
        on = done(name, Action.ON, "twin", given)
        assert on.outcome is Outcome.DONE, on
        assert switch.is_on("twin")


@pytest.mark.parametrize("name", ["fence_apc_snmp", "fence_apc menus", "fence_wti"])
@pytest.mark.parametrize("fault", [Fault.LIES, Fault.DENIES], ids=lambda it: it.name.lower())
def test_a_device_that_does_nothing_is_no_success(name: str, fault: Fault) -> None:
    with contextlib.closing(AGENTS[name]()) as switch:
        switch.misbehave(fault)
        off = done(name, Action.FENCE, "node1", params_of(name, switch), LIAR_S)
        assert switch.is_on("node1")
        assert off.outcome in (Outcome.FAILED, Outcome.UNKNOWN), off
        assert off.proof is Proof.NONE


def test_a_wrong_password_is_told_without_it() -> None:
    with contextlib.closing(ApcCommandCard()) as switch:
        given = {**params_of("fence_apc", switch), "password": "hunter3-hunter3", "verbose_level": "3"}
        off = done("fence_apc", Action.FENCE, "node1", given)
        assert off.outcome is not Outcome.DONE
        assert "Unable to connect/login" in off.detail
        assert "hunter3" not in off.detail + off.output
        assert switch.is_on("node1")


LoadedLine = Callable[[str], "subprocess.CompletedProcess[str]"]


@pytest.fixture
def checked(tmp_path: Path) -> LoadedLine:
    """Return what ``hb check`` says to two nodes with one line for a device."""

    def check(line: str) -> "subprocess.CompletedProcess[str]":
        files = {
            "ha.cf": f"bcast eth0\nnode node1 node2\nkeepalive 200ms\ndeadtime 1\n{line}\n",
            "haresources": "node1 IPaddr2::10.10.10.11/24/lo Filesystem::/dev/sdb1::/data::ext4\n",
            "authkeys": "auth 1\n1 sha1 secret-secret-secret\n",
        }
        for name, text in files.items():
            (tmp_path / name).write_text(text)
            (tmp_path / name).chmod(0o600)
        argv = [str(HB), "check", str(tmp_path), "--json"]
        return subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)

    return check


def codes(told: "subprocess.CompletedProcess[str]") -> dict[str, str]:
    return {it["code"]: it["message"] for it in json.loads(told.stdout)["findings"]}


def test_a_line_of_ha_cf_is_checked_with_what_the_agent_says_of_itself(checked: LoadedLine) -> None:
    wrong = checked("stonith_host * fence_wti outlets=node1=1,node2=2 ip=10.0.0.8 pasword=x")
    assert any("pasword is no parameter" in it or "is no parameter" in it for it in codes(wrong).values()), wrong.stdout
    assert "x is no" not in wrong.stdout
    two = checked("stonith_host * fence_ipmilan hostlist=node1,node2 ip=10.0.0.8")
    assert any("fence_ipmilan switches one machine" in it for it in codes(two).values()), two.stdout
    good = checked("stonith_host * fence_wti outlets=node1=1,node2=2 ipaddr=10.0.0.8 passwd=x")
    assert not [
        it for it in json.loads(good.stdout)["findings"] if it["severity"] == "error" and "fence_wti" in it["message"]
    ]


def test_list_and_info_tell_of_them(tmp_path: Path) -> None:
    def hb(*words: str) -> str:
        return subprocess.run([str(HB), *words], capture_output=True, text=True, timeout=60, check=True).stdout

    assert "/usr/sbin/fence_apc" in hb("stonith", "list")
    info = hb("stonith", "info", "fence_wti")
    assert "found by a catalogue: /usr/sbin/fence_wti" in info
    assert "ip, ipaddr: text; required" in info
    hb("classic", "link", str(tmp_path))
    argv = [str(tmp_path / "stonith"), "-t", "rhcs/dummy", "-n"]
    names = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=True).stdout
    assert names.startswith("random_sleep_range  status_file  type  quiet  "), "as cluster-glue tells them"
