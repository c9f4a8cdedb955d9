"""Disks that are full or stand still: no effect on beats, nor on a takeover that has its proof."""

import contextlib
import fcntl
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.system.cluster import ADDRESS, Cluster

SHARING = "auto_failback off\nacknowledge test-stonith\n"
GROUP = f"node1 {ADDRESS} toy::a\n"
SMALL = "mount -t tmpfs -o size=400k,mode=750 tmpfs /var/lib/heartbeat"
FILL = "dd if=/dev/zero of=/var/lib/heartbeat/ballast bs=1k count=4096 2>/dev/null; true"

STATE = "/var/lib/heartbeat"
FIFREEZE, FITHAW = 0xC0045877, 0xC0045878
"""linux/fs.h"""


@pytest.fixture
def cluster(up: Callable[..., Cluster]) -> Cluster:
    """Both nodes keep state and journal on a file system of their own, too small for much."""
    made = up(GROUP, more=SHARING, daemons=False)
    for node in made.nodes:
        assert made.lab.output(node, ["sh", "-c", SMALL])[0] == 0
    made.lab.start(*made.nodes)
    made.until_members(*made.nodes)
    made.until_runs(ADDRESS, "node1")
    made.until(lambda: "device" in made.said("node2"), "node2 reaches its device")
    return made


def has_no_durable_role(cluster: Cluster, node: str) -> bool:
    return any(f"{node} has no durable role" in alarm.text for alarm in cluster.status(node).alarms)


def test_a_full_disk_under_the_survivor_does_not_delay_the_takeover(cluster: Cluster) -> None:
    assert cluster.lab.output("node2", ["sh", "-c", FILL])[0] == 0
    cluster.lab.crash("node1")
    cluster.until_runs(ADDRESS, "node2", timeout_s=15.0)
    cluster.were_shot("node1")
    assert has_no_durable_role(cluster, "node2")


def test_a_full_disk_under_the_holder_is_no_death(cluster: Cluster) -> None:
    assert cluster.lab.output("node1", ["sh", "-c", FILL])[0] == 0
    cluster.hb("node2", "standby")  # something to write about
    cluster.stays(lambda: cluster.node("node2", "node1").state == "member", "node1 is a member", 3.0)
    cluster.were_shot()
    assert cluster.started("toy::a") == ["node1"]


class Frozen:
    """A file system of its own under each node's state, that can be made to stand still: whoever writes to it waits."""

    def __init__(self, devices: dict[str, str]) -> None:
        self._devices = devices
        self._fds: dict[str, int] = {}

    def mount(self, cluster: Cluster, node: str) -> None:
        words = f"mount {self._devices[node]} {STATE} && chmod 750 {STATE}"
        assert cluster.lab.output(node, ["sh", "-c", words]) == (0, "")
        # Opened now: a node that is off has no root to look under, and must thaw nevertheless.
        self._fds[node] = os.open(cluster.lab.root(node) / STATE[1:], os.O_RDONLY)

    def freeze(self, node: str) -> None:
        fcntl.ioctl(self._fds[node], FIFREEZE, 0)

    def thaw(self) -> None:
        """Whoever hangs in a frozen file system cannot be killed, so nothing may be left in one."""
        for fd in self._fds.values():
            with contextlib.suppress(OSError):  # not frozen
                fcntl.ioctl(fd, FITHAW, 0)
            os.close(fd)
        self._fds = {}


@pytest.fixture
def frozen(tmp_path: Path) -> Iterator[Frozen]:
    devices: dict[str, str] = {}
    try:
        for node in ("node1", "node2"):
            image = tmp_path / f"{node}.img"
            image.touch()
            os.truncate(image, 16 << 20)
            for command in (["mkfs.ext4", "-q", str(image)], ["losetup", "-f", "--show", str(image)]):
                try:
                    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
                except (OSError, subprocess.CalledProcessError) as impossible:
                    pytest.skip(f"no file system that can be frozen: {impossible}")
            devices[node] = done.stdout.strip()
        yield Frozen(devices)
    finally:
        for device in devices.values():
            subprocess.run(["losetup", "-d", device], timeout=20, check=False)


@pytest.fixture
def freezable(frozen: Frozen, up: Callable[..., Cluster]) -> Iterator[Cluster]:
    """State, journal and a log on a file system that can stand still."""
    made = up(GROUP, more=f"{SHARING}logfile {STATE}/ha-log\n", daemons=False)
    try:
        for node in made.nodes:
            frozen.mount(made, node)
        made.lab.start(*made.nodes)
        made.until_members(*made.nodes)
        made.until_runs(ADDRESS, "node1")
        made.until(lambda: "device" in made.said("node2"), "node2 reaches its device")
        yield made
    finally:
        frozen.thaw()


def test_a_frozen_file_system_under_the_survivor_does_not_delay_the_takeover(
    freezable: Cluster, frozen: Frozen
) -> None:
    frozen.freeze("node2")
    freezable.lab.crash("node1")
    freezable.until_runs(ADDRESS, "node2", timeout_s=15.0)
    freezable.were_shot("node1")
    freezable.until(lambda: has_no_durable_role(freezable, "node2"), "node2 shows it")
    frozen.thaw()
    freezable.until(lambda: not has_no_durable_role(freezable, "node2"), "node2 has its durable role back")


def test_a_frozen_file_system_under_the_holder_is_no_death(freezable: Cluster, frozen: Frozen) -> None:
    frozen.freeze("node1")
    freezable.hb("node2", "standby")  # something to write about
    freezable.stays(lambda: freezable.node("node2", "node1").state == "member", "node1 is a member", 3.0)
    freezable.were_shot()
    assert freezable.started("toy::a") == ["node1"]


def executor(cluster: Cluster, node: str) -> str:
    """Return the process id of a node's executor, in its namespace; empty while a new one takes its seat."""
    return (cluster.lab.root(node) / "run/heartbeat/executor.lock").read_text().partition(" ")[0].strip()


def test_a_log_on_a_frozen_file_system_keeps_nothing_from_being_started_again(
    freezable: Cluster, frozen: Frozen
) -> None:
    """The parent tells of the executor's death before it starts another: that line hangs, and the parent does not."""
    frozen.freeze("node1")
    for _ in range(2):  # the second line finds the process that writes them hanging
        before = executor(freezable, "node1")
        assert freezable.lab.output("node1", ["kill", "-KILL", before])[0] == 0
        freezable.until(lambda before=before: executor(freezable, "node1") not in ("", before), "another one")  # type: ignore[misc]
    freezable.until(lambda: not freezable.group("node2", ADDRESS).why.startswith("the executor"), "it is ready")
    freezable.until_runs(ADDRESS, "node1")
    freezable.were_shot()
    assert freezable.started("toy::a") == ["node1"]
    frozen.thaw()
    log = freezable.lab.root("node1") / STATE[1:] / "ha-log"
    freezable.until(lambda: log.read_text().count("the executor ended (SIGKILL)") == 2, "what waited is written")
