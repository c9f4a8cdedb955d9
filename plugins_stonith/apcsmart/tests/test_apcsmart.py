"""The Smart-UPS: the conformance kit against its simulator, and what is its own."""

import contextlib
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from heartbeat.plugin import BadConfig, Power, TimedOut
from heartbeat.testing.contract import checked
from heartbeat.testing.device import Fault
from heartbeat.testing.stonith import StonithConformance
from heartbeat_stonith_apcsmart import ApcSmart
from heartbeat_stonith_apcsmart.simulator import SmartUpsLoad


class TestApcSmart(StonithConformance):
    plugin = ApcSmart
    simulator = SmartUpsLoad
    hosts_min = 1
    readme = Path(__file__).parents[1] / "README.md"


@pytest.fixture
def ups() -> Iterator[SmartUpsLoad]:
    with contextlib.closing(SmartUpsLoad()) as made:
        yield made


def apcsmart(ups: SmartUpsLoad, **changes: str) -> ApcSmart:
    return ApcSmart(checked(ApcSmart, ups.params() | changes))


def test_the_old_line_is_read_as_it_stands() -> None:
    assert ApcSmart.positional == ("ttydev", "hostlist")


def test_more_than_one_host_is_refused_when_the_files_are_read() -> None:
    settings = checked(ApcSmart, {"ttydev": "/dev/ttyS0", "hostlist": "node1 node2"})
    with pytest.raises(BadConfig, match="a UPS switches all that it feeds, and here are 2: node1 node2"):
        ApcSmart.configured_hosts(settings)


@pytest.mark.parametrize("alert", list("!$%+?=#&|*"))
def test_an_alert_in_the_middle_of_an_answer_is_no_part_of_it(ups: SmartUpsLoad, alert: str) -> None:
    ups.alert = alert
    assert apcsmart(ups).power("node1") is Power.ON
    ups.relays.turn(1, on=False)
    assert apcsmart(ups).power("node1") is Power.OFF


def test_a_late_sm_is_no_answer_of_a_register(ups: SmartUpsLoad) -> None:
    ups.late_sm = "SM\r\n"
    assert apcsmart(ups).power("node1") is Power.ON


def test_a_model_without_the_register_proves_nothing(ups: SmartUpsLoad) -> None:
    ups.has_register = False
    device = apcsmart(ups)
    device.switch("node1", Power.OFF)
    assert not ups.is_on("node1")
    assert device.power("node1") is Power.UNKNOWN


def test_what_is_off_is_not_switched_off_again(ups: SmartUpsLoad) -> None:
    for _ in range(3):
        apcsmart(ups).switch("node1", Power.OFF)
    assert ups.relays.journal == [(1, False)]


def test_an_order_that_comes_too_fast_is_not_taken_and_reads_so(ups: SmartUpsLoad) -> None:
    device = apcsmart(ups)
    ups.twice_s = 600
    device.switch("node1", Power.OFF)
    assert not ups.relays.journal
    assert device.power("node1") is Power.ON
    assert checked(ApcSmart, {"ttydev": "/dev/ttyS0", "hostlist": "node1"}).number("twice") > 1.5


def test_an_ordinary_cable_is_told_as_such(ups: SmartUpsLoad) -> None:
    ups.misbehave(Fault.SILENT)
    with pytest.raises(TimedOut, match=r"is it a Smart-UPS, and the smart cable"):
        apcsmart(ups, timeout="300ms").status()


@pytest.mark.skipif(shutil.which("stonith") is None, reason="cluster-glue is not here: its client cannot be asked")
def test_the_simulator_satisfies_the_client_of_cluster_glue(ups: SmartUpsLoad) -> None:
    """``stonith -t apcsmart`` of cluster-glue 1.0: an independent reading of the same protocol."""
    words = ["stonith", "-t", "apcsmart", "-p", f"{ups.line.path} node1", "-T", "off", "node1"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert not ups.is_on("node1")
