"""A real lab with plain programs in its nodes: power, processes, cables, and nothing left behind."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from heartbeat.lab.client import polling
from heartbeat.lab.control import LabError, NoLab
from heartbeat.lab.lab import Lab, user_namespace
from heartbeat.lab.node import DEATH_S
from heartbeat.lab.oracle import watching
from heartbeat.pils.registry import PluginRegistry

VIRTUAL = "10.9.9.9"
pytestmark = pytest.mark.xdist_group("lab")  # one lab serves all of them


def until(so: Callable[[], bool], timeout_s: float = 10.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not so():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.005)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("cluster")
    (directory / "ha.cf").write_text("mcast eth0 225.0.0.1 694 1 0\nbcast eth1\nnode node1 node2\n")
    (directory / "haresources").write_text(f"node1 {VIRTUAL}/24\n")
    (directory / "authkeys").write_text("auth 1\n1 crc\n")
    (directory / "authkeys").chmod(0o644)
    return directory


@pytest.fixture(scope="module")
def lab(files: Path) -> Iterator[Lab]:
    try:
        user_namespace()
    except LabError as impossible:
        pytest.skip(str(impossible))
    made = Lab.up(files, PluginRegistry(), name=f"test-{os.getpid()}", run=["sleep", "infinity"], boot_delay_s=0.0)
    yield made
    made.down()


@pytest.fixture(autouse=True)
def all_is_well(lab: Lab) -> None:
    """Each test finds both nodes on and no cut."""
    lab.start("node1", "node2")
    lab.heal()


def says(lab: Lab, node: str, *argv: str) -> str:
    status, text = lab.output(node, argv)
    assert status == 0, text
    return text.strip()


def can_reach(lab: Lab, source: str, target: str) -> bool:
    return lab.output(source, ["ping", "-c1", "-W0.2", target])[0] == 0


def test_each_node_is_a_machine_of_its_own(lab: Lab) -> None:
    names = [says(lab, node, "uname", "-n") for node in ("node1", "node2")]
    boots = [says(lab, node, "cat", "/proc/sys/kernel/random/boot_id") for node in ("node1", "node2")]
    assert names == ["node1", "node2"]
    assert len({*boots, Path("/proc/sys/kernel/random/boot_id").read_text().strip()}) == 3
    assert says(lab, "node1", "stat", "-c", "%a %u", "/etc/ha.d/authkeys") == "600 0"
    assert says(lab, "node1", "getent", "hosts", "node2").startswith("10.9.9.")
    assert says(lab, "node1", "ls", "/sys/class/net").split() == ["eth0", "eth1", "lo"]


def test_a_power_cut_spares_the_disk_and_nothing_else(lab: Lab) -> None:
    before = lab.node("node1").boot_id
    says(lab, "node1", "touch", "/var/lib/heartbeat/kept", "/run/lost", "/etc/ha.d/kept")
    lab.crash("node1")
    assert not lab.node("node1").powered
    with pytest.raises(LabError, match="node1 is off"):
        lab.output("node1", ["true"])
    lab.start("node1")
    assert says(lab, "node1", "ls", "/var/lib/heartbeat/kept", "/etc/ha.d/kept")
    assert lab.output("node1", ["ls", "/run/lost"])[0] != 0
    assert lab.node("node1").boot_id != before


def test_a_node_that_resets_itself_boots_again(lab: Lab) -> None:
    """reboot(2) with LINUX_REBOOT_CMD_RESTART: the machine that hosts the lab must not even notice."""
    before = lab.node("node2").boot_id
    reset = "import ctypes; ctypes.CDLL(None).reboot(0x01234567)"
    lab.output("node2", ["/usr/bin/env", "python3", "-c", reset])
    until(lambda: lab.node("node2").boot_id not in ("", before))


def test_a_frozen_node_stands_still_and_its_kernel_answers(lab: Lab) -> None:
    count = "import itertools\nfor n in itertools.count(): open('/run/count', 'w').write(str(n))"
    lab.ask("spawn", node="node1", argv=["python3", "-c", count], log="/dev/null")
    counted = Path(lab.root("node1") / "run/count")
    until(lambda: counted.exists() and counted.read_text() != "")
    lab.freeze("node1")
    stands = counted.read_text()
    assert can_reach(lab, "client", "10.9.9.1")
    assert counted.read_text() == stands
    lab.thaw("node1")
    until(lambda: counted.read_text() not in ("", stands))
    lab.crash("node1")


def test_a_cut_takes_one_link_or_all_and_one_way_or_both(lab: Lab) -> None:
    lab.cut("node2", "eth0")
    assert not can_reach(lab, "node1", "10.9.9.2")
    assert can_reach(lab, "node1", "172.31.1.2")
    lab.heal()
    until(lambda: can_reach(lab, "node1", "10.9.9.2"))  # its unanswered neighbour request is repeated after 1 s
    lab.cut("node2", peers=["node1"])
    assert not can_reach(lab, "node1", "172.31.1.2")
    assert can_reach(lab, "client", "172.31.1.2")
    lab.heal()


@pytest.mark.parametrize(("way", "arrives"), [("in", False), ("out", True)])
def test_a_one_way_cut_lets_the_other_way_through(lab: Lab, way: str, arrives: bool) -> None:  # noqa: FBT001
    """Nobody answers over a one-way link, so broadcasts are sent both ways."""
    shout = (
        "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.setsockopt(1, 6, 1); "
        "[s.sendto(b'x', ('172.31.1.255', 9)) for _ in range(5)]"
    )
    lab.cut("node2", "eth1", way)
    there = heard(lab, "node1", "node2", shout)
    back = heard(lab, "node2", "node1", shout)
    assert (there, back) == (arrives, not arrives)


def heard(lab: Lab, sender: str, receiver: str, shout: str) -> bool:
    """Does a broadcast of one node arrive at another?"""
    listen = (
        "import socket, sys; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(('', 9)); s.settimeout(0.5)\n"
        "open('/run/listening', 'w')\ntry: s.recv(9)\nexcept TimeoutError: open('/run/deaf', 'w')\n"
        "else: open('/run/heard', 'w')"
    )
    says(lab, receiver, "rm", "-f", "/run/listening", "/run/deaf", "/run/heard")
    lab.ask("spawn", node=receiver, argv=["python3", "-c", listen], log="/dev/null")
    run = lab.root(receiver) / "run"
    until((run / "listening").exists)
    says(lab, sender, "python3", "-c", shout)
    until(lambda: (run / "deaf").exists() or (run / "heard").exists())
    return (run / "heard").exists()


def test_a_pulled_cable_takes_the_carrier(lab: Lab) -> None:
    lab.cut("node1", "bcast/eth1", unplug=True)
    assert says(lab, "node1", "cat", "/sys/class/net/eth1/carrier") == "0"
    lab.heal()
    until(lambda: says(lab, "node1", "cat", "/sys/class/net/eth1/carrier") == "1")


def test_stop_and_start_concern_the_daemon_alone(lab: Lab) -> None:
    boot_id = lab.node("node1").boot_id
    assert lab.stop("node1") != 0
    assert not lab.node("node1").daemon
    lab.start("node1")
    assert lab.node("node1").daemon
    assert lab.node("node1").boot_id == boot_id


def test_what_a_node_costs_is_measured(lab: Lab) -> None:
    usage = lab.usage("node1")
    assert usage.processes == ("sleep",)
    assert usage.pss_kib > 0
    assert not usage.realtime


def test_the_oracle_sees_two_holders_and_the_poller_the_silence(lab: Lab) -> None:
    add, remove = (["ip", "addr", word, f"{VIRTUAL}/24", "dev", "eth0"] for word in ("add", "del"))
    with watching(lab) as oracle, polling(lab, VIRTUAL) as watch:
        says(lab, "node1", *add)
        watch.steady()
        until(lambda: oracle.answering(VIRTUAL) == {"node1"})
        assert oracle.broken() == []
        says(lab, "node2", *add)
        until(lambda: "both answered one question" in "".join(oracle.broken()))
        says(lab, "node2", *remove)
        at_s = lab.crash("node1")
        lab.start("node1")
        says(lab, "node1", *add)
        again_s = watch.first(at_s + 0.001).sent_s
        watch.steady()
        assert watch.gap(at_s) >= again_s - at_s - 0.01
        assert watch.lost(at_s, again_s) > 0


def test_the_record_keeps_what_scripts_say_in_order(lab: Lab) -> None:
    says(lab, "node1", "sh", "-c", "echo start disk node1 > /run/heartbeat-lab/oracle")
    lab.crash("node1")
    lab.ask("note", text="end-of-test")
    until(lambda: any(event.kind == "end-of-test" for event in lab.events()))
    kinds = [event.kind for event in lab.events()]
    assert kinds.index("start") < len(kinds) - 1 - kinds[::-1].index("off")


def test_exec_passes_status_streams_and_death(lab: Lab) -> None:
    assert lab.output("node1", ["sh", "-c", "echo out; echo err >&2; exit 7"]) == (7, "out\nerr\n")
    assert lab.output("client", ["cat", "/sys/class/net/eth0/address"])[0] == 0
    assert lab.output("node1", ["sh", "-c", "kill -9 $$"])[0] == 137


def test_mistakes_are_told_in_one_line(lab: Lab) -> None:
    for wrong, told in (
        (lambda: lab.crash("node9"), "it has node1, node2"),
        (lambda: lab.cut("node1", "eth9"), "no link 'eth9'"),
        (lambda: lab.device("sulk"), "not 'sulk'"),
        (lambda: lab.ask("explode"), "no operation 'explode'"),
        (lambda: lab.ask("crash", nodes=3), "crash: "),
        (lambda: lab.kill("node1", "executor"), "no executor runs on node1"),
    ):
        with pytest.raises(LabError, match=told):
            wrong()


def test_a_killed_controller_leaves_no_process_and_down_cleans_up(files: Path, lab: Lab) -> None:
    name = f"doomed-{os.getpid()}"
    doomed = Lab.up(files, PluginRegistry(), name=name, run=["sleep", f"{os.getpid()}9"])
    pid = int((doomed.home / "pid").read_text().split()[0])
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    until(
        lambda: not any(f"{os.getpid()}9".encode() in read(place / "cmdline") for place in Path("/proc").glob("[0-9]*"))
    )
    with pytest.raises(NoLab):
        doomed.nodes()
    Lab.find(name).down()
    assert not doomed.home.exists()
    with pytest.raises(NoLab, match="start one with"):
        Lab.find(name)


def read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def test_a_second_lab_of_the_same_name_is_refused(files: Path, lab: Lab) -> None:
    with pytest.raises(LabError, match="is already up"):
        Lab.up(files, PluginRegistry(), name=lab.home.name)
    assert lab.node("node1").powered


def test_a_frozen_node_loses_its_power_as_fast_as_any(lab: Lab) -> None:
    """What waits for its processes outside was stopped with them, and must not hold up the end of its namespaces."""
    lab.ask("spawn", node="node1", argv=["sleep", "infinity"], log="/dev/null")
    lab.freeze("node1")
    lab.crash("node1")
    assert not lab.node("node1").powered
    at_s = {event.kind: event.at_s for event in lab.events() if event.words[:1] == ("node1",)}
    assert at_s["off"] - at_s["freeze"] < DEATH_S / 2
