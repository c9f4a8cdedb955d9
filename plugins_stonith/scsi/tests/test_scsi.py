"""Persistent reservations: the conformance kit against simulated disks, and what keeps a cut node cut."""

import contextlib
import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from heartbeat.plugin import BadConfig, NotInstalled, Power, ResetFailed, Unreachable, Unsupported
from heartbeat.testing.contract import checked
from heartbeat.testing.device import Fault
from heartbeat.testing.stonith import StonithConformance
from heartbeat_stonith_scsi import Scsi
from heartbeat_stonith_scsi.device import parse_disks
from heartbeat_stonith_scsi.joining import join, leave
from heartbeat_stonith_scsi.key import key_of
from heartbeat_stonith_scsi.persist import Persist
from heartbeat_stonith_scsi.simulator import SELF, ScsiDisks


class TestScsi(StonithConformance):
    plugin = Scsi
    simulator = ScsiDisks
    orders = (Power.OFF, Power.OFF)
    readme = Path(__file__).parents[1] / "README.md"


@pytest.fixture
def disks() -> Iterator[ScsiDisks]:
    with contextlib.closing(ScsiDisks()) as made:
        yield made


def scsi(disks: ScsiDisks, node: str = SELF, **changes: str) -> Scsi:
    """Return the device as one node makes it."""
    return Scsi(checked(Scsi, disks.params() | {"node": node, "disks": ",".join(disks.paths(node))} | changes))


def test_the_victim_is_cut_from_every_disk_and_nobody_else_is(disks: ScsiDisks) -> None:
    device = scsi(disks)
    device.may_switch("node1")
    device.switch("Node1", Power.OFF)
    for name in disks.names:
        assert sorted(disks.disk(name).keys) == sorted([SELF, "node2", "other"])
        assert not disks.disk(name).may_write("node1")
        assert disks.disk(name).holder == SELF, "the reservation outlives the key of its holder"
    assert [line.split()[0] for line in disks.orders()] == ["disk0", "disk1"]
    assert all(f"-A -T 5 -K {key_of(SELF):x} -S {key_of('node1'):x}" in line for line in disks.orders())
    device.switch("node1", Power.OFF)
    assert len(disks.orders()) == 2, "who is cut off is not cut off again"


def test_it_never_says_off_because_the_node_runs_on(disks: ScsiDisks) -> None:
    device = scsi(disks)
    device.switch("node1", Power.OFF)
    assert (device.can_read_power, device.power("node1")) == (False, Power.UNKNOWN)


def test_a_node_that_was_cut_off_cannot_cut_off_the_one_that_did_it(disks: ScsiDisks) -> None:
    scsi(disks, "node1").switch("node2", Power.OFF)
    with pytest.raises(
        ResetFailed, match="of node2, is not registered: either hb-scsi join has not run, or this node has"
    ):
        scsi(disks, "node2").switch("node1", Power.OFF)
    assert disks.is_on("node1")


def test_of_two_that_cut_each_other_one_wins_all_disks(disks: ScsiDisks) -> None:
    """However their commands mix: the second one's first command on the first disk is refused, and it stops there."""
    devices = {node: scsi(disks, node) for node in ("node1", "node2")}
    refused = []

    def cut(node: str, victim: str) -> None:
        try:
            devices[node].switch(victim, Power.OFF)
        except ResetFailed:
            refused.append(node)

    threads = [threading.Thread(target=cut, args=pair) for pair in (("node1", "node2"), ("node2", "node1"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1
    loser = refused[0]
    winner = "node1" if loser == "node2" else "node2"
    for name in disks.names:
        assert (disks.disk(name).may_write(winner), disks.disk(name).may_write(loser)) == (True, False)


def test_the_loser_of_the_first_disk_leaves_the_second_alone(disks: ScsiDisks) -> None:
    first = disks.disk(disks.names[0])
    first.preempt("node1", key_of("node1"), key_of("node2"), 5)
    (disks.folder / "disk0.json").write_text(json.dumps(first.state()))
    with pytest.raises(ResetFailed, match="node2/disk0: this node's key"):
        scsi(disks, "node2").switch("node1", Power.OFF)
    assert disks.orders() == []


def test_a_lie_is_found_because_the_key_is_still_there(disks: ScsiDisks) -> None:
    disks.misbehave(Fault.LIES)
    with pytest.raises(ResetFailed, match="disk0: the key of node1 is still registered"):
        scsi(disks).switch("node1", Power.OFF)


def test_a_key_on_the_second_path_of_a_node_is_cut_off_as_well(disks: ScsiDisks) -> None:
    disk = disks.disk("disk0")
    disk.register("node1-path2", None, key_of("node1"))
    (disks.folder / "disk0.json").write_text(json.dumps(disk.state()))
    scsi(disks).switch("node1", Power.OFF)
    assert not disks.disk("disk0").may_write("node1-path2")


def test_a_reservation_that_is_gone_is_made_anew_and_one_that_keeps_nobody_out_is_an_error(disks: ScsiDisks) -> None:
    disk = disks.disk("disk0")
    disk.holder = None
    (disks.folder / "disk0.json").write_text(json.dumps(disk.state()))
    with pytest.raises(ResetFailed, match="there is no reservation: a node without a key can write all the same"):
        scsi(disks).status()
    scsi(disks).switch("node1", Power.OFF)
    assert not disks.disk("disk0").may_write("node1")
    disk.holder, disk.type = SELF, 3
    (disks.folder / "disk0.json").write_text(json.dumps(disk.state()))
    with pytest.raises(ResetFailed, match="the reservation is 'Exclusive Access', which does not keep out"):
        scsi(disks).switch("node1", Power.OFF)


def test_a_node_that_never_joined_is_told_before_it_matters(disks: ScsiDisks) -> None:
    device = scsi(disks, hostlist="node1 node9")
    device.may_switch("node1")
    with pytest.raises(ResetFailed, match="node9 has no key there: has hb-scsi join run on it"):
        device.may_switch("node9")


def test_nobody_cuts_himself_off_or_switches_on(disks: ScsiDisks) -> None:
    with pytest.raises(ResetFailed, match="node1 is this node"):
        scsi(disks, "NODE1").switch("node1", Power.OFF)
    with pytest.raises(Unsupported, match="registers its key by itself when it boots"):
        scsi(disks).switch("node1", Power.ON)


def test_what_a_disk_cannot_do_is_said(disks: ScsiDisks) -> None:
    (disks.folder / "fault").write_text("unsupported")
    with pytest.raises(Unsupported, match="it knows no persistent reservations, or not this one"):
        scsi(disks).switch("node1", Power.OFF)
    with pytest.raises(NotInstalled, match="/usr/bin/no-such-program cannot be executed"):
        scsi(disks, sg_persist="/usr/bin/no-such-program").status()


def test_a_disk_that_was_reset_is_asked_again(disks: ScsiDisks) -> None:
    """It says so once, and has not done what it was asked."""
    program = disks.folder / "attentive"
    once = f"[ -e {disks.folder}/told ] || {{ touch {disks.folder}/told; exit 6; }}"
    program.write_text(f'#!/bin/sh\n{once}\nexec {disks.program} "$@"\n')
    program.chmod(0o755)
    scsi(disks, sg_persist=str(program)).switch("node1", Power.OFF)
    assert not disks.is_on("node1")


@pytest.mark.parametrize(
    ("text", "problem"),
    [("", "each disk once"), ("sda", "absolute path"), ("/dev/sda,/dev/sda", "each disk once")],
)
def test_paths_that_cannot_be_are_refused_when_the_files_are_read(text: str, problem: str) -> None:
    with pytest.raises(BadConfig, match=problem):
        Scsi.configured_hosts(checked(Scsi, {"disks": text, "hostlist": "a b"}))


def test_a_disk_of_several_paths_is_refused(tmp_path: Path) -> None:
    (tmp_path / "dm-3").touch()
    (tmp_path / "mpatha").symlink_to(tmp_path / "dm-3")
    with pytest.raises(BadConfig, match="sg_persist registers one of them: name each path"):
        parse_disks(str(tmp_path / "mpatha"))


def test_a_key_is_the_name_s_and_for_good() -> None:
    """Nodes of different versions must know each other's: the number never changes."""
    assert key_of("node1") == key_of(" NODE1 ") == 0x484257BBF117DC40
    assert len({key_of(f"node{number}") for number in range(1000)}) == 1000


# Joining.


def test_a_node_joins_once_in_each_boot_and_not_after_it_was_cut_off(disks: ScsiDisks, tmp_path: Path) -> None:
    for name in disks.names:
        (disks.folder / f"{name}.json").write_text("{}")
    marks = tmp_path / "run"
    join(disks.disks("node1"), "node1", marks=marks)
    join(disks.disks("node2"), "node2", marks=tmp_path / "run2", outlives_power_loss=True)
    assert [disks.disk(name).holder for name in disks.names] == ["node1", "node1"]
    assert [line.split()[-3] for line in disks.orders() if "-Z" in line] == ["-Z", "-Z"]
    join(disks.disks("node1"), "node1", marks=marks)
    scsi(disks, "node2").switch("node1", Power.OFF)
    with pytest.raises(ResetFailed, match="node1 registered in this boot and has been cut off since: boot it anew"):
        join(disks.disks("node1"), "node1", marks=marks)
    assert not disks.is_on("node1")
    join(disks.disks("node1"), "node1", marks=tmp_path / "after its next boot")
    assert disks.is_on("node1")
    leave(disks.disks("node2"), "node2", marks=tmp_path / "run2")
    join(disks.disks("node2"), "node2", marks=tmp_path / "run2")


def test_a_reservation_of_another_kind_keeps_a_node_out(disks: ScsiDisks, tmp_path: Path) -> None:
    state = {"keys": {"stranger": 5}, "generation": 1, "holder": "stranger", "type": 3}
    (disks.folder / "disk0.json").write_text(json.dumps(state))
    with pytest.raises(ResetFailed, match="the reservation there is 'Exclusive Access'"):
        join(disks.disks("node1"), "node1", marks=tmp_path)


def hb_scsi(disks: ScsiDisks, *words: str) -> "subprocess.CompletedProcess[str]":
    argv = [sys.executable, "-c", "from heartbeat_stonith_scsi.command import main; main()", *words]
    return subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)


def test_the_command_lists_keys_by_name(disks: ScsiDisks) -> None:
    program = ["--sg-persist", str(disks.program)]
    shown = hb_scsi(disks, "list", *disks.paths(SELF)[:1], "--node", "node1", *program)
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.splitlines()[0].endswith("disk0: Write Exclusive, registrants only")
    assert f"  {key_of('node1'):#018x}  node1, holds the reservation" in shown.stdout
    assert f"  {key_of('node2'):#018x}  a node that was not named" in shown.stdout
    wrong = hb_scsi(disks, "list", f"{disks.folder}/{SELF}/none", *program)
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert "it cannot be opened (sg_persist: error opening file" in wrong.stderr


# The real program, and a client that is not ours.

SG_PERSIST = shutil.which("sg_persist")


@pytest.mark.skipif(SG_PERSIST is None, reason="sg3-utils is not here: its sg_persist cannot be asked")
def test_the_real_program_understands_every_call_of_ours() -> None:
    """On what is no SCSI disk it parses all, opens the file, and fails at the pass-through alone."""
    disk = Persist("/dev/null", str(SG_PERSIST), 10.0)
    calls = (
        disk.registered, disk.reservation, lambda: disk.register(7, outlives_power_loss=True),
        lambda: disk.unregister(7), lambda: disk.reserve(7), lambda: disk.preempt_and_abort(7, 8),
    )  # fmt: skip
    for call in calls:
        with pytest.raises(Unsupported, match=r"it is no SCSI disk .*Inappropriate ioctl"):
            call()
    with pytest.raises(Unreachable, match=r"it cannot be opened .*No such file or directory"):
        Persist("/dev/no-such-disk", str(SG_PERSIST), 10.0).registered()


@pytest.mark.skipif(SG_PERSIST is None, reason="sg3-utils is not here: its sg_persist cannot be compared")
def test_the_simulated_program_fails_where_the_real_one_does(disks: ScsiDisks) -> None:
    for words in (["-n", "-i", "-k", "-r", "-d", "/x"], ["-n", "-i", "-k", "-d", "/dev/no-such-disk"]):
        real = subprocess.run([str(SG_PERSIST), *words], capture_output=True, text=True, check=False)
        ours = subprocess.run([str(disks.program), *words], capture_output=True, text=True, check=False)
        assert real.returncode != 0
        assert ours.returncode != 0
        if "/dev/no-such-disk" in words:
            assert (ours.returncode, ours.stderr) == (real.returncode, real.stderr)


FENCE_SCSI = shutil.which("fence_scsi")
BLOCK_DEVICE = next((path for path in Path("/dev").iterdir() if path.is_block_device()), None)


@pytest.mark.skipif(FENCE_SCSI is None or BLOCK_DEVICE is None, reason="needs fence-agents and any block device's name")
def test_fence_scsi_reads_the_simulated_disks_as_we_do(disks: ScsiDisks) -> None:
    """An independent reading of what sg_persist prints. It only looks whether the path is a block device's."""
    path = Path(disks.paths(SELF)[0])
    path.parent.mkdir()
    path.symlink_to(str(BLOCK_DEVICE))
    words = [
        "fence_scsi", "-o", "status", "-k", f"{key_of('node1'):x}", "-d", str(path),
        f"--sg_persist-path={disks.program}", "--sg_turs-path=/bin/true",
    ]  # fmt: skip
    assert subprocess.run(words, capture_output=True, text=True, timeout=60, check=False).stdout.strip() == "Status: ON"
    scsi(disks).switch("node1", Power.OFF)
    assert (
        subprocess.run(words, capture_output=True, text=True, timeout=60, check=False).stdout.strip() == "Status: OFF"
    )
