"""Simulated power devices in a real lab, spoken to by their own drivers from inside the nodes."""

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from heartbeat.lab.control import LabError
from heartbeat.lab.lab import Lab, user_namespace
from heartbeat.pils.registry import PluginRegistry
from heartbeat.testing.simulators import simulated_types

pytestmark = [pytest.mark.xdist_group("boxes"), pytest.mark.system]
FILES = {
    "ha.cf": "bcast eth0\nnode node1 node2\nstonith_host * lab node1,node2\n",
    "haresources": "node1 10.9.9.8/24\n",
    "authkeys": "auth 1\n1 crc\n",
}
SEED = "stonith_host node1 rps10 /dev/ttyS1 node2 0\nstonith_host node2 rps10 /dev/ttyS1 node1 0\n"


@contextlib.contextmanager
def lab_of(tmp_path: Path, *fence: str, devices: str = "") -> Iterator[Lab]:
    try:
        user_namespace()
    except LabError as impossible:
        pytest.skip(str(impossible))
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    if devices:
        (tmp_path / "ha.cf").write_text(f"bcast eth0\nnode node1 node2\n{devices}")
    (tmp_path / "authkeys").chmod(0o600)
    name = f"boxes-{os.getpid()}"
    made = Lab.up(
        tmp_path, PluginRegistry(), name=name, run=["sleep", "infinity"], boot_delay_s=0.0, daemons=False, fence=fence
    )
    try:
        yield made
    finally:
        made.down()


def lines(lab: Lab) -> list[list[str]]:
    """Return the words of the lab's own lines in ha.cf, after the directive."""
    text = (lab.disk("node1") / "ha.d" / "ha.cf").read_text()
    return [line.split()[1:] for line in text.splitlines() if line.startswith("stonith_host")]


def hb(lab: Lab, node: str, verb: str, words: list[str], host: str) -> tuple[int, str]:
    """Have a node speak to its device by hand, with what stands in its ha.cf."""
    device_type, *params = words
    named = [word for word in params if "=" in word]
    spaced = " ".join(word for word in params if "=" not in word)
    given = [*named, *([f"serial_to_targets={spaced}"] if spaced else [])]
    return lab.output(node, ["hb", "stonith", verb, "--type", device_type, *given, host])


def until(is_so: Callable[[], bool], timeout_s: float = 10.0) -> None:
    deadline_s = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < deadline_s, "it did not happen in time"
        time.sleep(0.01)


@pytest.mark.parametrize("device_type", simulated_types())
def test_a_device_of_any_type_takes_a_node_s_power_and_gives_it_back(tmp_path: Path, device_type: str) -> None:
    with lab_of(tmp_path, device_type) as lab:
        _, *words = next(it for it in lines(lab) if it[0] in ("*", "node2"))
        status, said = hb(lab, "node2", "off", words, "node1")
        assert status == 0, said
        until(lambda: not lab.node("node1").powered)
        assert lab.node("node2").powered
        status, said = hb(lab, "node2", "on", words, "node1")
        assert status == 0, said
        until(lambda: lab.node("node1").powered)
        assert [event.words[0] for event in lab.events() if event.kind == "power-off"] == ["node1"]


def test_the_seed_s_serial_line_works_as_it_is(tmp_path: Path) -> None:
    with lab_of(tmp_path, devices=SEED) as lab:
        assert lines(lab) == [line.split()[1:] for line in SEED.splitlines()]
        assert hb(lab, "node1", "power", ["rps10", "/dev/ttyS1", "node2", "0"], "node2")[1].split() == ["node2", "on"]
        status, said = hb(lab, "node2", "off", ["rps10", "pause=10ms", "/dev/ttyS1", "node1", "0"], "node1")
        assert status == 0, said
        until(lambda: not lab.node("node1").powered)


def test_a_relay_that_refuses_and_one_that_lies_take_no_power(tmp_path: Path) -> None:
    with lab_of(tmp_path, "apcmaster") as lab:
        ((_, *words),) = lines(lab)
        for mood in ("fail", "lie"):
            lab.device(mood)
            status, said = hb(lab, "node2", "off", [*words, "timeout=2"], "node1")
            assert status != 0, f"{mood}: {said}"
            assert lab.node("node1").powered
        lab.device("ok")
        assert hb(lab, "node2", "off", words, "node1")[0] == 0


def test_other_plugs_than_the_simulator_s_are_refused_with_what_would_fit(tmp_path: Path) -> None:
    with (
        pytest.raises(LabError, match=r"other plugs: for it ha\.cf would need serial_to_targets '/dev/ttyS1 node2 0'"),
        lab_of(tmp_path, devices="stonith_host node1 rps10 /dev/ttyS1 node2 5\n"),
    ):
        pass
