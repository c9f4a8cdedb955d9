"""The RPC100S: the conformance kit against its simulator, and what is its own."""

import contextlib
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from heartbeat.plugin import BadConfig, PluginError, Power, ResetFailed, TimedOut
from heartbeat.testing.contract import checked
from heartbeat.testing.device import Fault
from heartbeat.testing.serial_line import Reply, SerialLine, State
from heartbeat.testing.stonith import StonithConformance
from heartbeat_stonith_rpc100s import NwRpc100s
from heartbeat_stonith_rpc100s.simulator import Rpc100sBox


class TestRpc100s(StonithConformance):
    plugin = NwRpc100s
    simulator = Rpc100sBox
    hosts_min = 1
    readme = Path(__file__).parents[1] / "README.md"


@pytest.fixture
def box() -> Iterator[Rpc100sBox]:
    with contextlib.closing(Rpc100sBox()) as made:
        yield made


def rpc100s(box: Rpc100sBox, **changes: str) -> NwRpc100s:
    return NwRpc100s(checked(NwRpc100s, box.params() | changes))


def test_the_old_line_is_read_as_it_stands() -> None:
    assert NwRpc100s.positional == ("ttydev", "hostlist")


def test_more_than_one_host_is_refused_when_the_files_are_read() -> None:
    settings = checked(NwRpc100s, {"ttydev": "/dev/ttyS0", "hostlist": "node1 node2"})
    with pytest.raises(BadConfig, match="one outlet, and here are 2 hosts: node1 node2"):
        NwRpc100s.configured_hosts(settings)


def test_status_switches_nothing(box: Rpc100sBox) -> None:
    rpc100s(box).status()
    assert not box.relays.journal


def test_an_order_goes_only_to_a_box_that_is_alive(box: Rpc100sBox) -> None:
    box.misbehave(Fault.SILENT)
    with pytest.raises(TimedOut, match="no answer of an RPC100S"):
        rpc100s(box, timeout="300ms").switch("node1", Power.OFF)
    assert not box.relays.journal


def test_a_refusal_is_told(box: Rpc100sBox) -> None:
    box.misbehave(Fault.DENIES)
    with pytest.raises(ResetFailed, match="the box refuses to switch off"):
        rpc100s(box).switch("node1", Power.OFF)


def test_something_that_says_ok_to_everything_is_no_rpc100s() -> None:
    with contextlib.closing(SerialLine({"line": State("", {".*": Reply("OK\r\n")})}, "line")) as line:
        device = NwRpc100s(checked(NwRpc100s, {"ttydev": line.path, "hostlist": "node1"}))
        with pytest.raises(PluginError, match="is it an RPC100S"):
            device.switch("node1", Power.OFF)


def test_it_says_that_it_proves_nothing() -> None:
    assert not NwRpc100s.can_read_power


@pytest.mark.skipif(shutil.which("stonith") is None, reason="cluster-glue is not here: its client cannot be asked")
def test_the_simulator_satisfies_the_client_of_cluster_glue(box: Rpc100sBox) -> None:
    """``stonith -t nw_rpc100s`` of cluster-glue 1.0: an independent reading of the same manual."""
    words = ["stonith", "-t", "nw_rpc100s", "-p", f"{box.line.path} node1", "-T", "off", "node1"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert not box.is_on("node1")
