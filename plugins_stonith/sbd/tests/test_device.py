"""The device among machines that answer, are dead, have left, boot anew, or were never watched."""

import os
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from heartbeat.plugin import (
    BadConfig,
    BadHost,
    Occasion,
    PluginError,
    Power,
    ResetFailed,
    TimedOut,
    Unreachable,
    Unsupported,
)
from heartbeat.testing.contract import checked
from heartbeat.testing.device import Fault
from heartbeat_stonith_sbd import Sbd
from heartbeat_stonith_sbd.creation import Plan, create
from heartbeat_stonith_sbd.layout import Place, State, pack_state, state_block, unpack_header
from heartbeat_stonith_sbd.simulator import Machine
from heartbeat_stonith_sbd.simulator_disk import FaultyDisk, can_mount

MakeDisks = Callable[..., list[str]]
Boot = Callable[..., Machine]
MSGWAIT_S = 0.8


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> Callable[[object], None]:
    """Say which boot of the host the cluster heard, as the executor does."""

    def say(boot_id: object) -> None:
        spoken: dict[str, str] = {}
        Occasion("sbd #1", "fence", time.monotonic() + 60, host_boot_id=str(boot_id)).announce(spoken)
        monkeypatch.setenv("HB_HOST_BOOT_ID", spoken["HB_HOST_BOOT_ID"])

    return say


def sbd(disks: list[str], **changes: str) -> Sbd:
    return Sbd(checked(Sbd, {"disks": ",".join(disks), "msgwait": "0.8", "timeout": "2"} | changes))


def test_who_answers_is_off_as_soon_as_its_watchdog_had_its_time(make_disks: MakeDisks, boot: Boot) -> None:
    disks = make_disks(3)
    machine, other = boot(disks), boot(disks, "node10")
    device, began_s = sbd(disks), time.monotonic()
    device.switch("NODE1", Power.OFF)
    assert device.power("node1") is Power.OFF
    assert not machine.is_on
    assert time.monotonic() - began_s < MSGWAIT_S, "the answer shortens it"
    assert (other.is_on, device.power("node10")) == (True, Power.ON)


def test_a_dead_node_that_the_cluster_heard_is_off_after_msgwait(
    make_disks: MakeDisks, boot: Boot, heard: Callable[[object], None]
) -> None:
    disks = make_disks(1)
    machine = boot(disks)
    machine.cut()
    heard(machine.node.boot_id)
    device, began_s = sbd(disks), time.monotonic()
    device.switch("node1", Power.OFF)
    assert device.power("node1") is Power.OFF
    assert time.monotonic() - began_s >= MSGWAIT_S


def test_a_slot_of_an_earlier_boot_proves_nothing_about_the_node_of_now(
    make_disks: MakeDisks, boot: Boot, heard: Callable[[object], None]
) -> None:
    """It crashed, booted, and runs without a receiver: nothing would ever stop it."""
    disks = make_disks(1)
    boot(disks).cut()
    heard(uuid.UUID(int=99))
    device = sbd(disks)
    device.switch("node1", Power.OFF)
    with pytest.raises(
        PluginError, match=r"node1: the slot is of boot .* and the cluster heard boot .*0063, which has no"
    ):
        device.power("node1")


def test_a_receiver_that_writes_is_of_the_present_boot_whatever_was_heard(
    make_disks: MakeDisks, boot: Boot, heard: Callable[[object], None]
) -> None:
    disks = make_disks(1)
    machine = boot(disks)
    heard(uuid.UUID(int=99))
    device = sbd(disks)
    device.switch("node1", Power.OFF)
    assert device.power("node1") is Power.OFF
    assert not machine.is_on


def test_by_hand_a_silent_node_stays_unknown(make_disks: MakeDisks, boot: Boot) -> None:
    disks = make_disks(1)
    boot(disks).cut()
    device = sbd(disks)
    device.switch("node1", Power.OFF)
    with pytest.raises(PluginError, match="whether one runs there nobody has seen"):
        device.power("node1")


def test_another_process_may_read_what_the_first_one_ordered(
    make_disks: MakeDisks, boot: Boot, heard: Callable[[object], None]
) -> None:
    """The executor died in the middle of the fence: the power is read by a process that knows nothing of it."""
    disks = make_disks(1)
    machine = boot(disks)
    heard(machine.node.boot_id)
    machine.cut()
    sbd(disks).switch("node1", Power.OFF)
    assert sbd(disks).power("node1") is Power.OFF


def test_a_node_that_has_booted_anew_is_on_and_lives(make_disks: MakeDisks, boot: Boot) -> None:
    disks = make_disks(1)
    boot(disks).cut()
    device = sbd(disks, timeout="2")
    done = threading.Thread(target=device.switch, args=("node1", Power.OFF))
    done.start()
    time.sleep(0.2)
    reborn = boot(disks)
    done.join()
    assert device.power("node1") is Power.ON
    time.sleep(0.5)
    assert reborn.is_on, "an old order killed a later life"


def test_without_a_receiver_the_order_is_refused(make_disks: MakeDisks, boot: Boot) -> None:
    disks = make_disks(1)
    with pytest.raises(ResetFailed, match="node1: no receiver has ever used its slot: hb-sbd watch must run there"):
        sbd(disks).switch("node1", Power.OFF)
    with pytest.raises(ResetFailed, match="no receiver"):
        sbd(disks).may_switch("node1")
    machine = boot(disks, receives=False)
    machine.receiver.begin()
    sbd(disks).may_switch("node1")
    machine.receiver.leave()
    with pytest.raises(ResetFailed, match="its receiver was ended in order"):
        sbd(disks).switch("node1", Power.OFF)


def test_a_weak_watchdog_is_no_proof(make_disks: MakeDisks, boot: Boot) -> None:
    disks = make_disks(1)
    machine = boot(disks, receives=False)
    machine.weakness = "a virtual machine"
    machine.boot()
    device = sbd(disks)
    with pytest.raises(PluginError, match="may stand still together with the machine, and proves nothing"):
        device.may_switch("node1")
    device.switch("node1", Power.OFF)
    with pytest.raises(PluginError, match="may stand still together with the machine"):
        device.power("node1")


def test_nobody_is_switched_on(make_disks: MakeDisks, boot: Boot) -> None:
    disks = make_disks(1)
    boot(disks)
    with pytest.raises(Unsupported, match="it boots by itself"):
        sbd(disks).switch("node1", Power.ON)


def test_whole_names_only(make_disks: MakeDisks, boot: Boot) -> None:
    disks = make_disks(1)
    machines = [boot(disks, name) for name in ("node1", "node10")]
    for stranger in ("node", "node100", "ode1"):
        with pytest.raises(BadHost):
            sbd(disks).switch(stranger, Power.OFF)
    sbd(disks).switch("node10", Power.OFF)
    assert sbd(disks).power("node10") is Power.OFF
    assert [machine.is_on for machine in machines] == [True, False]


@pytest.mark.parametrize("lost", [0, 1, 2])
def test_two_disks_of_three_are_enough(make_disks: MakeDisks, boot: Boot, lost: int) -> None:
    disks = make_disks(3)
    machine = boot(disks)
    Path(disks[lost]).unlink()
    device = sbd(disks)
    device.switch("node1", Power.OFF)
    assert device.power("node1") is Power.OFF
    assert not machine.is_on


def test_one_disk_of_three_is_not(make_disks: MakeDisks) -> None:
    disks = make_disks(3)
    for path in disks[:2]:
        Path(path).unlink()
    for call in (sbd(disks).status, lambda: sbd(disks).power("node1"), lambda: sbd(disks).switch("node1", Power.OFF)):
        with pytest.raises(Unreachable, match=r"disk0: No such file or directory; .*disk1: No such file"):
            call()


@pytest.mark.skipif(not can_mount(), reason="needs root and /dev/fuse for a disk that hangs")
def test_one_disk_that_hangs_is_waited_for_once(make_disks: MakeDisks, boot: Boot) -> None:
    disks = make_disks(3)
    machine = boot(disks)
    faulty = FaultyDisk(Path(disks[0]))
    try:
        faulty.fault = Fault.SILENT
        device, began_s = sbd([faulty.path, *disks[1:]], timeout="0.5"), time.monotonic()
        device.switch("node1", Power.OFF)
        assert device.power("node1") is Power.OFF
        assert not machine.is_on
        assert time.monotonic() - began_s >= 0.5, "it did not hang"
    finally:
        faulty.close()


@pytest.mark.skipif(not can_mount(), reason="needs root and /dev/fuse for a disk that hangs")
def test_two_disks_that_hang_are_said_to(make_disks: MakeDisks) -> None:
    disks = make_disks(3)
    faulty = [FaultyDisk(Path(path)) for path in disks[:2]]
    try:
        for disk in faulty:
            disk.fault = Fault.SILENT
        with pytest.raises(TimedOut, match=r"does not answer within 0.2 s; .* does not answer within 0.2 s"):
            sbd([*(disk.path for disk in faulty), disks[2]], timeout="0.2").power("node1")
    finally:
        for disk in faulty:
            disk.close()


def test_disks_of_another_set_are_refused(make_disks: MakeDisks) -> None:
    ours, others = make_disks(3), make_disks(3, "other")
    own = str(unpack_header(Path(ours[0]).read_bytes()[:4096]).place.set_id)
    assert sbd(ours, set=own).hosts() == ["node1", "node10", "other"]
    with pytest.raises(BadConfig, match=f"the one that is wanted is {own}"):
        sbd(others, set=own).hosts()
    assert sbd([*ours[:2], others[0]]).hosts(), "a majority of one set"
    with pytest.raises(BadConfig, match="of a set of 3 disks; name all of them"):
        sbd(ours[:1]).hosts()


def test_a_copy_of_a_disk_makes_no_majority(make_disks: MakeDisks) -> None:
    disks = make_disks(3)
    Path(disks[1]).write_bytes(Path(disks[0]).read_bytes())
    Path(disks[2]).unlink()
    with pytest.raises(Unreachable, match="disk2: No such file"):
        sbd(disks).hosts()


def test_a_disk_that_waits_longer_than_the_line_says_is_told(make_disks: MakeDisks) -> None:
    with pytest.raises(BadConfig, match=r"msgwait is 0.8 s there, and 0.5 s here: write msgwait=0.8"):
        sbd(make_disks(1), msgwait="0.5").hosts()
    assert Sbd.worst_off_with(checked(Sbd, {"disks": "/dev/a", "msgwait": "60", "timeout": "1"})) == pytest.approx(62.6)


@pytest.mark.parametrize(
    ("disks", "problem"),
    [("/dev/a,/dev/b", "one disk or three"), ("sda", "absolute path"), ("/dev/a,/dev/a,/dev/b", "each disk once")],
)
def test_paths_that_cannot_be_are_refused_when_the_files_are_read(disks: str, problem: str) -> None:
    with pytest.raises(BadConfig, match=problem):
        Sbd.configured_hosts(checked(Sbd, {"disks": disks}))
    with pytest.raises(BadConfig, match="is no UUID"):
        Sbd.configured_hosts(checked(Sbd, {"disks": "/dev/a", "set": "x"}))


def test_what_is_no_disk_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(BadConfig, match="is no disk"):
        sbd([str(tmp_path / "pipe")]).hosts()


def _rewrite(path: str, slot: int, **changes: Any) -> None:
    """Give a slot another name, as two programs that allot slots at once would."""
    with Path(path).open("r+b") as disk:
        place: Place = unpack_header(disk.read(4096)).place
        disk.seek(state_block(slot) * 4096)
        disk.write(pack_state(place, slot, State(**changes)))


def test_a_slot_of_two_nodes_fences_neither(make_disks: MakeDisks, boot: Boot) -> None:
    disks = make_disks(1)
    machine = boot(disks)
    _rewrite(disks[0], 1, node="node2")
    for host in ("node1", "node2", "node10"):
        with pytest.raises(BadConfig, match="slot 1 is both node10 and node2's"):
            sbd(disks).switch(host, Power.OFF)
    assert machine.is_on


def test_a_torn_slot_is_neither_off_nor_nobody_s(make_disks: MakeDisks, boot: Boot) -> None:
    disks = make_disks(1)
    with Path(disks[0]).open("r+b") as disk:
        disk.seek(state_block(0) * 4096 + 300)
        disk.write(b"torn")
    with pytest.raises(PluginError, match=r"the state of slot 0 is torn .*; it may be node1's") as problem:
        sbd(disks).power("node1")
    assert not isinstance(problem.value, BadHost)
    assert boot(disks, "other").is_on
    assert sbd(disks).power("other") is Power.ON, "whole slots beside it can be used"


def test_two_nodes_that_fence_each_other_through_one_disk_both_end_right(make_disks: MakeDisks, boot: Boot) -> None:
    """Both orders are written before either is read: rather none than two."""
    disks = make_disks(3)
    machines = [boot(disks, name) for name in ("node1", "other")]
    devices = sbd(disks), sbd(disks)
    threads = [
        threading.Thread(target=device.switch, args=(host, Power.OFF))
        for device, host in zip(devices, ("other", "node1"), strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [device.power(host) for device, host in zip(devices, ("other", "node1"), strict=True)] == [Power.OFF] * 2
    assert [machine.is_on for machine in machines] == [False, False]


@pytest.mark.parametrize(
    ("plan", "problem"),
    [
        (Plan(["node1", "NODE1"], 5, 10, 1), "node1 is named twice"),
        (Plan(["n" * 64], 5, 10, 1), "1 to 63 letters"),
        (Plan([""], 5, 10, 1), "1 to 63 letters"),
        (Plan(["node1"], 5, 9.9, 1), "msgwait is 10 s or more"),
        (Plan(["node1"], 5, 10, 1.3), "at most a fourth"),
        (Plan([], 5, 10, 1), "1 to 64 nodes, not 0"),
    ],
)
def test_a_set_that_could_prove_nothing_is_not_made(tmp_path: Path, plan: Plan, problem: str) -> None:
    disk = tmp_path / "disk"
    disk.write_bytes(bytes(64 * 4096))
    with pytest.raises(BadConfig, match=problem):
        create([str(disk)], plan, overwrite=True)
    assert not any(disk.read_bytes())


def test_a_disk_that_is_not_empty_is_left_alone(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.write_bytes(b"somebody's data".ljust(64 * 4096, b"\0"))
    with pytest.raises(BadConfig, match="holds something; --overwrite deletes it"):
        create([str(disk)], Plan(["node1"], 5, 10, 1), overwrite=False)
    create([str(disk)], Plan(["node1"], 5, 10, 1), overwrite=True)
    with pytest.raises(BadConfig, match="holds slots of a set"):
        create([str(disk)], Plan(["node1"], 5, 10, 1), overwrite=False)
