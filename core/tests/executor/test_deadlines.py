"""At the deadline: SIGTERM, SIGKILL a second later, unknown. A service's pipe is never waited for."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from heartbeat.executor.process import is_alive
from heartbeat.model.operation import Action, Outcome

if TYPE_CHECKING:
    from core.tests.executor.conftest import Executor

Until = Callable[[Callable[[], bool], str], None]


def test_a_time_out_is_unknown_never_failed(executor: "Executor") -> None:
    late = executor.daemon.finished(executor.run(Action.STOP, "stop=sleep", deadline_s=0.2))
    assert (late.outcome, late.detail) == (Outcome.UNKNOWN, "no answer within 0.2 s; its processes were ended")
    assert late.took_s < 0.9, "SIGTERM sufficed, so nobody waited for the grace to pass"


def test_what_ignores_sigterm_gets_sigkill_a_second_later(executor: "Executor", wait_until: Until) -> None:
    number = executor.run(Action.STOP, "stop=stubborn", deadline_s=0.2)
    late = executor.daemon.finished(number)
    assert late.outcome is Outcome.UNKNOWN
    assert 1.2 <= late.took_s < 2
    wait_until(lambda: not is_alive(executor.noted_at("stop")[1]), "the child is gone")


def test_the_whole_group_ends_and_the_subject_waits_for_that(executor: "Executor", tmp_path: Path) -> None:
    number = executor.run(Action.START, f"start=hang-with-child:{tmp_path / 'pid'}", deadline_s=0.3)
    stop = executor.run(Action.STOP)
    late = executor.daemon.finished(number)
    assert late.outcome is Outcome.UNKNOWN
    assert not is_alive(int((tmp_path / "pid").read_text()))
    assert executor.daemon.finished(stop).outcome is Outcome.DONE
    assert executor.noted_at("stop")[0] - executor.noted_at("start")[0] > 1.2, "after the script that trapped SIGTERM"


def test_the_turn_that_does_not_come_within_the_deadline_is_unknown(executor: "Executor") -> None:
    slow = executor.run(Action.STOP, "stop=sleep:0.6")
    late = executor.daemon.finished(executor.run(Action.START, deadline_s=0.2))
    assert late.outcome is Outcome.UNKNOWN
    assert late.detail == "not begun within 0.2 s: stop of it was still under way"
    assert executor.daemon.finished(slow).outcome is Outcome.DONE
    assert executor.noted() == ["stop"]


def test_a_service_that_keeps_stdout_open_holds_nothing_up(executor: "Executor") -> None:
    started_s = time.monotonic()
    assert executor.result(Action.START, "start=service").outcome is Outcome.DONE
    assert executor.result(Action.STOP).outcome is Outcome.DONE
    assert time.monotonic() - started_s < 2


def test_a_service_may_talk_for_ever(executor: "Executor", tmp_path: Path, wait_until: Until) -> None:
    assert executor.result(Action.START, f"start=chatty:{tmp_path / 'pid'}").outcome is Outcome.DONE
    pid = int((tmp_path / "pid").read_text())
    written = Path(f"/proc/{pid}/io")
    wait_until(lambda: int(written.read_text().split("wchar: ")[1].split()[0]) > 200_000, "more than a pipe holds")
    assert is_alive(pid)
    assert executor.result(Action.MONITOR, "monitor=running").outcome is Outcome.RUNNING
    os.kill(pid, signal.SIGKILL)
