"""The driver on an agent and on interfaces that are not ours: net-snmp's snmpd with virtual cables in a namespace."""

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from heartbeat.plugin import Power
from heartbeat.testing.contract import checked
from heartbeat.testing.namespace import Namespace, namespaces
from heartbeat_stonith_snmp_switch import SnmpSwitch

COMMUNITY = "hunter2-hunter2"
PORT = 1161
SNMPD = shutil.which("snmpd", path="/usr/sbin:/usr/local/sbin")
pytestmark = [
    pytest.mark.needs_root,
    pytest.mark.skipif(os.geteuid() != 0 or shutil.which("ip") is None, reason="namespaces need root and ip"),
    pytest.mark.skipif(SNMPD is None, reason="snmpd is not installed"),
]


@pytest.fixture
def network(tmp_path: Path) -> Iterator[Namespace]:
    """A host with three cables to itself, and an agent that lets them be switched."""
    with namespaces(1) as (host,):
        for name in ("node1", "node10", "other"):
            host.ip("link", "add", f"p-{name}", "type", "veth", "peer", "name", f"q-{name}")
            for end in "pq":
                host.ip("link", "set", f"{end}-{name}", "up")
        config = tmp_path / "snmpd.conf"
        config.write_text(f"agentaddress udp:127.0.0.1:{PORT}\nrwcommunity {COMMUNITY} 127.0.0.1\n")
        assert SNMPD is not None
        argv = ["ip", "netns", "exec", host.name, SNMPD, "-f", "-Lf", str(tmp_path / "log"), "-C", "-c", str(config)]
        agent = subprocess.Popen(
            [*argv, "-p", str(tmp_path / "pid"), "-I", "-smux"],
            env={**os.environ, "SNMP_PERSISTENT_DIR": str(tmp_path)},
        )
        try:
            yield host
        finally:
            agent.terminate()
            agent.wait(10)


def index(host: Namespace, name: str) -> int:
    return int(host.ip("-o", "link", "show", name).partition(":")[0])


def is_up(host: Namespace, name: str) -> bool:
    return ",UP" in host.ip("-o", "link", "show", name).partition(">")[0]


def test_real_interfaces_are_closed_by_a_real_agent(network: Namespace) -> None:
    outlets = f"node1={index(network, 'p-node1')},node10={index(network, 'p-node10')}"
    raw = {"ipaddr": "127.0.0.1", "port": str(PORT), "community": COMMUNITY, "outlets": outlets, "settle": "20"}
    with network.entered():
        until_s = time.monotonic() + 20
        while not _answers(raw):
            assert time.monotonic() < until_s, "snmpd does not answer"
        device(raw).switch("node1", Power.OFF)
    assert not is_up(network, "p-node1")
    assert is_up(network, "p-node10")
    with network.entered():
        device(raw | {"open_again": "yes"}).switch("node1", Power.ON)
    assert is_up(network, "p-node1")


def _answers(raw: dict[str, str]) -> bool:
    with contextlib.suppress(Exception):
        return device(raw | {"timeout": "500ms"}).hosts() == ["node1", "node10"]
    return False


def device(raw: dict[str, str]) -> SnmpSwitch:
    return SnmpSwitch(checked(SnmpSwitch, raw))
