"""Actions on devices: an acknowledgement is no proof."""

import itertools
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from heartbeat.executor.devices import FIRST_PAUSE_S
from heartbeat.model.inspection import Trouble
from heartbeat.model.operation import Action, Outcome
from heartbeat.model.proof import Proof
from heartbeat.wire.executor import Cancel

Until = Callable[[Callable[[], bool], str], None]

if TYPE_CHECKING:
    from core.tests.executor.conftest import Executor


def test_a_fence_is_done_when_the_device_reads_off(executor: "Executor") -> None:
    fenced = executor.result(Action.FENCE, to="switch", host="node1")
    assert (fenced.outcome, fenced.proof) == (Outcome.DONE, Proof.READ_BACK)
    power = executor.result(Action.POWER, to="switch", host="node1")
    assert (power.outcome, power.proof) == (Outcome.STOPPED, Proof.READ_BACK)


def test_a_device_can_know_which_boot_of_the_host_is_meant(executor: "Executor") -> None:
    for boot_id in ("b7", ""):
        failed = executor.result(Action.FENCE, "another boot", to="switch", host="node1", host_boot_id=boot_id)
        assert f"asked for boot {boot_id or 'unknown'}" in failed.detail


def test_a_fence_reads_again_until_the_device_says_off(executor: "Executor", tmp_path: Path) -> None:
    assert executor.result(Action.FENCE, "slow", to="switch", host="node1").outcome is Outcome.DONE
    reads = [float(line) for line in (tmp_path / "switch.reads").read_text().split()]
    pauses = [later - earlier for earlier, later in itertools.pairwise(reads)]
    assert len(reads) == 4
    assert all(pause >= FIRST_PAUSE_S * 1.5**number for number, pause in enumerate(pauses)), "pauses grow"


def test_still_on_at_the_deadline_is_a_failure_that_says_so(executor: "Executor") -> None:
    number = executor.run(Action.FENCE, "stuck", to="switch", host="node1", deadline_s=0.6)
    failed = executor.daemon.finished(number)
    assert (failed.outcome, failed.detail) == (Outcome.FAILED, "node1 is still on")


def test_a_device_that_cannot_be_read_back_leaves_it_unknown(executor: "Executor") -> None:
    number = executor.run(Action.FENCE, "mute", to="switch", host="node1", deadline_s=0.6)
    unknown = executor.daemon.finished(number)
    assert unknown.outcome is Outcome.UNKNOWN
    assert "no answer from the switch" in unknown.detail
    vague = executor.run(Action.FENCE, "vague", to="switch", host="node1", deadline_s=0.6)
    assert executor.daemon.finished(vague).outcome is Outcome.UNKNOWN


def test_a_device_without_eyes_was_only_asked(executor: "Executor") -> None:
    asked = executor.result(Action.FENCE, to="blind", host="node1")
    assert (asked.outcome, asked.proof) == (Outcome.DONE, Proof.ASKED)


def test_off_by_the_hosts_own_watchdog_is_no_power_that_was_read(executor: "Executor") -> None:
    fenced = executor.result(Action.FENCE, to="starved", host="node1")
    assert (fenced.outcome, fenced.proof) == (Outcome.DONE, Proof.SELF_FENCED)
    assert fenced.detail == "the watchdog of node1 has reset it"
    power = executor.result(Action.POWER, to="starved", host="node1")
    assert (power.outcome, power.proof) == (Outcome.STOPPED, Proof.SELF_FENCED)


def test_an_order_whose_answer_was_lost_is_judged_by_reading(executor: "Executor") -> None:
    fenced = executor.result(Action.FENCE, "loses the answer", to="switch", host="node1")
    assert (fenced.outcome, fenced.proof) == (Outcome.DONE, Proof.READ_BACK)


def test_a_device_that_refuses_has_failed_with_its_words(executor: "Executor") -> None:
    failed = executor.result(Action.FENCE, "refuses", to="switch", host="node1")
    assert failed.outcome is Outcome.FAILED
    assert "node1 is still on" in failed.detail
    assert "the outlet is locked" in failed.detail


def test_a_device_that_cannot_be_reached_was_asked_nothing(executor: "Executor", tmp_path: Path) -> None:
    failed = executor.result(Action.FENCE, "unreachable", to="switch", host="node1")
    assert (failed.outcome, failed.detail) == (Outcome.FAILED, "connection refused")
    assert not (tmp_path / "switch.reads").exists()


def test_a_host_that_is_not_its_own_is_refused(executor: "Executor") -> None:
    refused = executor.result(Action.FENCE, to="switch", host="node3")
    assert refused.outcome is Outcome.REFUSED
    assert "node1, node2" in refused.detail
    assert executor.result(Action.FENCE, to="switch", host="NODE1").outcome is Outcome.DONE


def test_on_is_read_back_too(executor: "Executor") -> None:
    executor.result(Action.FENCE, to="switch", host="node1")
    on = executor.result(Action.ON, to="switch", host="node1")
    assert (on.outcome, on.proof) == (Outcome.DONE, Proof.NONE)
    assert executor.result(Action.POWER, to="switch", host="node1").outcome is Outcome.RUNNING


def test_hosts_are_listed(executor: "Executor") -> None:
    assert executor.result(Action.HOSTS, to="switch").hosts == ("node1", "node2")


def test_a_fence_that_hangs_is_unknown_never_failed(executor: "Executor") -> None:
    number = executor.run(Action.FENCE, "hangs", to="switch", host="node1", deadline_s=0.4)
    assert executor.daemon.finished(number).outcome is Outcome.UNKNOWN


def test_a_fence_under_way_is_not_cancelled(
    executor: "Executor", wait_until: Callable[[Callable[[], bool], str], None]
) -> None:
    number = executor.run(Action.FENCE, "slow", to="switch", host="node1")
    wait_until((executor.folder / "switch").exists, "the order is given")
    executor.send(Cancel(number))
    assert executor.daemon.finished(number).outcome is Outcome.DONE


def test_one_device_does_one_thing_at_a_time_and_a_fence_before_what_waits(executor: "Executor") -> None:
    slow = executor.run(Action.FENCE, "stuck", to="switch", host="node1", deadline_s=0.6)
    look = executor.run(Action.POWER, to="switch", host="node1")
    fence = executor.run(Action.FENCE, to="switch", host="node2")
    started_s = time.monotonic()
    assert executor.daemon.finished(slow).outcome is Outcome.FAILED
    assert time.monotonic() - started_s > 0.1
    assert executor.daemon.finished(fence).outcome is Outcome.DONE
    assert executor.daemon.finished(look).outcome is Outcome.RUNNING


def test_the_status_is_the_device_s_own_and_needs_no_host(executor: "Executor") -> None:
    status = executor.result(Action.STATUS, to="switch")
    assert (status.outcome, status.proof) == (Outcome.DONE, Proof.NONE)


def test_a_check_looks_at_the_nodes_that_the_device_is_meant_for_and_orders_nothing(
    executor: "Executor", tmp_path: Path
) -> None:
    checked = executor.result(Action.CHECK, to="switch", host="node1 node2 node3", hostlist="node2 node9 node1")
    assert checked.outcome is Outcome.DONE
    assert checked.inspection is not None
    assert [(look.host, look.power, look.trouble) for look in checked.inspection.looks] == [
        ("node1", "on", None),
        ("node2", "on", None),
    ]
    assert checked.inspection.place == str(tmp_path / "switch")
    assert not (tmp_path / "switch").exists(), "an order would stand there"


def test_a_check_tells_the_trouble_with_each_node(executor: "Executor") -> None:
    checked = executor.result(Action.CHECK, "mute", to="switch", host="node1")
    assert checked.inspection is not None
    (look,) = checked.inspection.looks
    assert (look.power, look.trouble, look.detail) == ("", Trouble.UNREACHABLE, "no answer from the switch")


def test_a_fence_does_not_wait_for_a_check_of_its_device(
    executor: "Executor", tmp_path: Path, wait_until: Until
) -> None:
    looking = executor.run(Action.CHECK, "naps", to="switch", host="node1", deadline_s=60.0)
    wait_until((tmp_path / "switch.reads").exists, "it looks")
    fence = executor.run(Action.FENCE, to="switch", host="node1")
    began_s = time.monotonic()
    ended = executor.daemon.finished(looking)
    assert (ended.outcome, ended.detail) == (Outcome.CANCELLED, "ended, because a fence with this device came")
    assert executor.daemon.finished(fence).outcome is Outcome.DONE
    assert time.monotonic() - began_s < 5.0, "the nap is of half a minute"


def test_where_a_device_is_does_not_depend_on_whom_it_switches(executor: "Executor", tmp_path: Path) -> None:
    """Two lines for one place show as one place, whatever node each is for."""
    path = str(tmp_path / "switch")
    places = [
        executor.result(Action.CHECK, to="single", host="node1 node2", file=path, hostlist=node).inspection
        for node in ("node1", "node2")
    ]
    assert [it.place for it in places if it is not None] == [path, path]


def test_a_look_writes_nothing_and_a_check_sees_whether_orders_would_be_taken(
    executor: "Executor", tmp_path: Path
) -> None:
    looked = executor.result(Action.LOOK, "read-only", to="switch", host="node1").inspection
    assert looked is not None
    assert (looked.knows_refusals, looked.looks[0].refusal) == (False, "")
    assert not (tmp_path / "switch.written").exists()
    checked = executor.result(Action.CHECK, "read-only", to="switch", host="node1").inspection
    assert checked is not None
    assert (checked.knows_refusals, checked.looks[0].refusal) == (True, "it may only be asked")
