"""Who acts when: one after the other at one subject, side by side elsewhere, on hold until go."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from heartbeat.model.operation import Action, Outcome
from heartbeat.wire.executor import Cancel, Finished, Go

if TYPE_CHECKING:
    from core.tests.executor.conftest import Executor

Until = Callable[[Callable[[], bool], str], None]


def test_operations_of_one_subject_follow_each_other(executor: "Executor") -> None:
    slow = executor.run(Action.START, "start=sleep:0.2")
    stop = executor.run(Action.STOP)
    assert executor.daemon.finished(slow).outcome is Outcome.DONE
    assert executor.daemon.finished(stop).outcome is Outcome.DONE
    assert executor.noted_at("stop")[0] - executor.noted_at("start")[0] >= 0.2


def test_different_subjects_go_side_by_side(executor: "Executor") -> None:
    slow = executor.run(Action.START, "start=sleep:0.5", subject="one")
    quick = executor.run(Action.START, subject="two")
    assert executor.daemon.finished(quick).outcome is Outcome.DONE
    assert executor.daemon.finished(slow).outcome is Outcome.DONE


def test_an_operation_on_hold_prepares_and_waits_for_go(executor: "Executor", wait_until: Until) -> None:
    number = executor.run(Action.START, on_hold=True, deadline_s=0.3)
    wait_until(lambda: executor.noted() == ["prepare"], "it prepares")
    assert executor.daemon.is_silent(0.5), "on hold it has no deadline"
    assert executor.noted() == ["prepare"]
    executor.send(Go(number))
    assert executor.daemon.finished(number).outcome is Outcome.DONE
    assert executor.noted()[:2] == ["prepare", "start"]
    assert executor.noted_at("prepare")[1] == executor.noted_at("start")[1], "the same process"


def test_the_subject_is_free_while_one_is_on_hold(executor: "Executor", wait_until: Until) -> None:
    held = executor.run(Action.START, on_hold=True)
    assert executor.result(Action.PROBE, "probe=stopped").outcome is Outcome.STOPPED
    slow = executor.run(Action.STOP, "stop=sleep:0.2")
    executor.send(Go(held))
    assert executor.daemon.finished(slow).outcome is Outcome.DONE
    assert executor.daemon.finished(held).outcome is Outcome.DONE
    assert executor.noted_at("start")[0] - executor.noted_at("stop")[0] >= 0.2


def test_one_on_hold_can_be_cancelled_and_never_acts(executor: "Executor", wait_until: Until) -> None:
    number = executor.run(Action.START, on_hold=True)
    wait_until(lambda: executor.noted() == ["prepare"], "it prepares")
    executor.send(Cancel(number))
    assert executor.daemon.finished(number).outcome is Outcome.CANCELLED
    executor.send(Go(number))
    assert executor.result(Action.STOP).outcome is Outcome.DONE
    assert "start" not in executor.noted()


def test_one_that_waits_can_be_cancelled_and_one_that_acts_cannot(executor: "Executor", wait_until: Until) -> None:
    acting = executor.run(Action.STOP, "stop=sleep:0.3")
    wait_until(lambda: executor.noted() == ["stop"], "it acts")
    waiting = executor.run(Action.START)
    executor.send(Cancel(waiting))
    executor.send(Cancel(acting))
    assert executor.daemon.finished(waiting).outcome is Outcome.CANCELLED
    assert executor.daemon.finished(acting).outcome is Outcome.DONE
    assert executor.noted() == ["stop"]


def test_a_preparation_that_fails_is_told_at_once(executor: "Executor") -> None:
    number = executor.run(Action.START, on_hold=True, notes="/proc/no/such/folder")
    assert executor.daemon.finished(number).outcome is Outcome.FAILED


def test_a_start_is_done_before_its_follow_up_and_a_stop_ends_that(executor: "Executor", wait_until: Until) -> None:
    assert executor.result(Action.START, "after=sleep").outcome is Outcome.DONE
    wait_until(lambda: "after" in executor.noted(), "the follow-up begins")
    assert executor.result(Action.MONITOR, "monitor=running").outcome is Outcome.RUNNING, "a look leaves it alone"
    stopped = executor.result(Action.STOP)
    assert stopped.outcome is Outcome.DONE
    assert stopped.took_s < 1
    assert executor.noted() == ["prepare", "start", "after", "monitor", "stop"]


def test_a_stop_leaves_alone_what_the_start_put_in_its_group(executor: "Executor", wait_until: Until) -> None:
    pid_file = executor.folder / "pid"
    script = f"start=service-in-group:{pid_file} after=sleep"
    assert executor.result(Action.START, script).outcome is Outcome.DONE
    wait_until(lambda: "after" in executor.noted(), "the follow-up begins")
    assert executor.result(Action.STOP, f"stop=end:{pid_file}").output == "it was still there\n"


def test_the_same_number_sent_twice_is_one_operation(executor: "Executor") -> None:
    number = executor.run(Action.STOP, "stop=sleep:0.2")
    executor._numbers = iter([number])
    executor.run(Action.STOP)
    assert isinstance(executor.daemon.receive(), Finished)
    assert executor.daemon.is_silent(0.2)
    assert executor.noted() == ["stop"]
