"""The RPS-10: the conformance kit against its simulator, and what is its own."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from heartbeat.plugin import BadConfig, BadHost, PluginError, Power, ResetFailed, TimedOut, Unreachable
from heartbeat.plugin.uucp_lock import LOCKS
from heartbeat.testing.contract import checked
from heartbeat.testing.device import Fault
from heartbeat.testing.stonith import StonithConformance
from heartbeat_stonith_rps10 import Rps10
from heartbeat_stonith_rps10.simulator import Rps10Boxes
from heartbeat_stonith_rps10.targets import Targets


class TestRps10(StonithConformance):
    plugin = Rps10
    simulator = Rps10Boxes
    readme = Path(__file__).parents[1] / "README.md"


@pytest.fixture
def boxes() -> Iterator[Rps10Boxes]:
    with contextlib.closing(Rps10Boxes()) as made:
        yield made


def rps10(boxes: Rps10Boxes, **changes: str) -> Rps10:
    return Rps10(checked(Rps10, boxes.params() | changes))


def hasty(boxes: Rps10Boxes, **changes: str) -> Rps10:
    return Rps10(checked(Rps10, boxes.hasty_params() | changes))


def lock_of(boxes: Rps10Boxes) -> Path:
    return LOCKS / f"LCK..pts_{boxes.line.path.rpartition('/')[2]}"


def test_the_line_of_the_tutorial_is_read_as_it_stands() -> None:
    settings = checked(Rps10, {"serial_to_targets": "/dev/ttyS1 node2 0"})
    assert Rps10.configured_hosts(settings) == ("node2",)
    assert Targets.of("/dev/ttyS1 node2 0") == Targets("/dev/ttyS1", {"node2": ["0"]})


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("/dev/ttyS1", "expected /dev/ttyS0 HOST PLUG"),
        ("/dev/ttyS1 node1", "expected /dev/ttyS0 HOST PLUG"),
        ("ttyS1 node1 0", "expected /dev/ttyS0 HOST PLUG"),
        ("/dev/ttyS1 node1 10", "node1 has plug '10'"),
        ("/dev/ttyS1 node1 0 node2 0", "plug 0 would switch off node1 and node2 together"),
        ("/dev/ttyS1 node1 * node2 1", "would switch off node1 and"),
        ("/dev/ttyS1 node1 0 node2 A", "would switch off"),
    ],
)
def test_targets_that_cannot_work_are_refused_when_the_files_are_read(text: str, problem: str) -> None:
    with pytest.raises(BadConfig, match=problem.replace("*", r"\*")):
        Rps10.configured_hosts(checked(Rps10, {"serial_to_targets": text}))


def test_all_plugs_of_one_host_may_be_meant(boxes: Rps10Boxes) -> None:
    device = rps10(boxes, serial_to_targets=f"{boxes.line.path} rack A")
    assert device.power("rack") is Power.ON
    device.switch("rack", Power.OFF)
    assert not any(boxes.relays.has_power(number) for number in boxes.relays.names)
    assert device.power("rack") is Power.OFF
    boxes.relays.turn(3, on=True)
    assert device.power("rack") is Power.ON


def test_a_box_that_says_nothing_is_reset_by_dtr_and_asked_again(boxes: Rps10Boxes) -> None:
    boxes.line.is_ready = False
    rps10(boxes, timeout="300ms").switch("node1", Power.OFF)
    assert not boxes.is_on("node1")


def test_a_cable_without_a_box_is_told_as_such(boxes: Rps10Boxes) -> None:
    boxes.misbehave(Fault.SILENT)
    with pytest.raises(TimedOut, match="no RPS-10 answers; check port, speed and a cable that carries DTR"):
        hasty(boxes).status()


def test_an_address_without_a_box_is_found_by_status(boxes: Rps10Boxes) -> None:
    with pytest.raises(PluginError):
        hasty(boxes, serial_to_targets=f"{boxes.line.path} node1 0 node9 9").status()


def test_the_answer_of_another_plug_is_no_answer(boxes: Rps10Boxes) -> None:
    boxes.relays.turn(1, on=False)
    boxes.spoken_for = 1
    with pytest.raises(PluginError, match="plug 0 was asked and another one answered"):
        rps10(boxes).power("node1")


def test_a_plug_that_says_on_after_off_has_refused(boxes: Rps10Boxes) -> None:
    boxes.misbehave(Fault.DENIES)
    with pytest.raises(ResetFailed, match=r"plug 2, 3 does not go off"):
        rps10(boxes).switch("twin", Power.OFF)


def test_line_ends_may_be_the_other_way_round(boxes: Rps10Boxes) -> None:
    device = rps10(boxes)
    boxes.line.wire.fault = Fault.SPLIT
    for _ in range(3):
        boxes.line.noise(b"\n\rRPS-10 Ready\n\r")
        assert device.power("node1") is Power.ON


def test_a_port_that_is_not_there_is_named() -> None:
    device = Rps10(checked(Rps10, {"serial_to_targets": "/dev/no-such-port node1 0"}))
    with pytest.raises(Unreachable, match="/dev/no-such-port: No such file or directory"):
        device.power("node1")
    with pytest.raises(BadHost):
        device.power("node2")


def test_no_lock_is_left_behind_whatever_happens(boxes: Rps10Boxes) -> None:
    rps10(boxes).status()
    assert not lock_of(boxes).exists()
    boxes.misbehave(Fault.SILENT)
    with pytest.raises(TimedOut):
        hasty(boxes).switch("node1", Power.OFF)
    assert not lock_of(boxes).exists()


def test_a_port_that_another_program_has_locked_is_left_alone(boxes: Rps10Boxes) -> None:
    lock = lock_of(boxes)
    lock.write_text(f"{os.getppid():>10}\n")
    try:
        with pytest.raises(Unreachable, match=rf"in use: {lock} belongs to process {os.getppid()}"):
            hasty(boxes).switch("node1", Power.OFF)
    finally:
        lock.unlink()
    assert boxes.is_on("node1")


KILLED = """
import sys
from heartbeat.plugin import parse_params
from heartbeat_stonith_rps10 import Rps10
params, _ = parse_params(Rps10.params, {"serial_to_targets": sys.argv[1], "timeout": "60"})
print("asking", flush=True)
Rps10(params).power("node1")
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
def test_a_driver_that_was_killed_keeps_nobody_out(boxes: Rps10Boxes, number: signal.Signals) -> None:
    targets = boxes.params()["serial_to_targets"]
    lock = lock_of(boxes)
    boxes.line.wire.fault = Fault.SILENT
    with subprocess.Popen([sys.executable, "-c", KILLED, targets], stdout=subprocess.PIPE) as driver:
        while not lock.exists():
            assert driver.poll() is None
        driver.send_signal(number)
    boxes.line.wire.fault = None
    assert rps10(boxes).power("node1") is Power.ON
    assert not lock.exists()


@pytest.mark.skipif(shutil.which("stonith") is None, reason="cluster-glue is not here: its client cannot be asked")
def test_the_simulator_satisfies_the_client_of_cluster_glue(boxes: Rps10Boxes) -> None:
    """``stonith -t rps10`` of cluster-glue 1.0: an independent reading of the same manual."""
    words = ["stonith", "-t", "rps10", "-p", f"{boxes.line.path} node1 0 node10 1", "-T", "off", "node1"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert not boxes.is_on("node1")
    assert boxes.is_on("node10")
