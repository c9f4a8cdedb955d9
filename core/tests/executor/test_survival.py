"""Deaths: the daemon's, the executor's, and two executors that meet."""

import os
import signal
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from heartbeat.executor.ledger import Ledger
from heartbeat.executor.process import is_alive, start_ticks
from heartbeat.model.operation import Action, Outcome
from heartbeat.wire.executor import Cancel, Finished

if TYPE_CHECKING:
    from core.tests.executor.conftest import Executor

Until = Callable[[Callable[[], bool], str], None]


def test_the_socket_is_for_its_owner_alone(executor: "Executor") -> None:
    assert stat.S_IMODE(executor.places.executor_socket.stat().st_mode) == 0o600
    assert executor.first.pid == executor.pid


def test_work_outlives_the_daemon_and_the_next_one_is_told(executor: "Executor", wait_until: Until) -> None:
    number = executor.run(Action.STOP, f"stop=await:{executor.folder / 'told'}")
    wait_until(lambda: "stop" in executor.noted(), "it acts")
    executor.daemon.close()
    executor.daemon = executor.connect()
    assert executor.daemon.ready().pid == executor.pid
    running = executor.daemon.running()
    assert (running.id, running.subject, running.action) == (number, "actor", Action.STOP)
    (executor.folder / "told").touch()
    assert executor.daemon.finished(number).outcome is Outcome.DONE


def test_an_answer_that_nobody_heard_waits_for_the_next_daemon(executor: "Executor", wait_until: Until) -> None:
    number = executor.run(Action.STOP, f"stop=await:{executor.folder / 'hung-up'}")
    wait_until(lambda: "stop" in executor.noted(), "it acts")
    executor.daemon.close()
    (executor.folder / "hung-up").touch()
    child = executor.noted_at("stop")[1]
    wait_until(lambda: start_ticks(child) is None, "its process is reaped, and so its answer was heard")
    executor.daemon = executor.connect()
    executor.daemon.ready()
    assert executor.daemon.finished(number).outcome is Outcome.DONE


def test_a_new_connection_replaces_the_old(executor: "Executor") -> None:
    newer = executor.connect()
    newer.ready()
    with pytest.raises(EOFError):
        executor.daemon.receive()
    executor.daemon = newer
    assert executor.result(Action.STOP).outcome is Outcome.DONE


def test_nonsense_costs_the_connection_and_nothing_else(executor: "Executor") -> None:
    executor.daemon._socket.sendall(b"GET / HTTP/1.1\r\n\r\n")
    with pytest.raises(EOFError):
        executor.daemon.receive()
    executor.daemon = executor.connect()
    executor.daemon.ready()
    assert executor.result(Action.STOP).outcome is Outcome.DONE


def test_what_would_start_something_is_dropped_with_its_daemon(executor: "Executor", wait_until: Until) -> None:
    held = executor.run(Action.START, subject="one", on_hold=True)
    busy = executor.run(Action.STOP, "stop=sleep:0.4", subject="two")
    waiting = executor.run(Action.START, subject="two")
    stop = executor.run(Action.STOP, subject="two")
    wait_until(lambda: "stop" in executor.noted(), "the first stop acts")
    executor.daemon.close()
    executor.daemon = executor.connect()
    executor.daemon.ready()
    answers: dict[int, Outcome] = {}
    while len(answers) < 4:
        report = executor.daemon.receive()
        if isinstance(report, Finished):
            answers[report.id] = report.result.outcome
    assert answers == {
        held: Outcome.CANCELLED,
        waiting: Outcome.CANCELLED,
        busy: Outcome.DONE,
        stop: Outcome.DONE,
    }
    assert "start" not in executor.noted()


@pytest.fixture
def standing_still(executor: "Executor") -> Iterator["Executor"]:
    """An executor that does not turn: what is sent to it waits in its sockets."""
    os.kill(executor.pid, signal.SIGSTOP)
    yield executor
    os.kill(executor.pid, signal.SIGCONT)


def go_on(executor: "Executor") -> None:
    """Let it read what waited, with a new daemon behind that, and see the new one's stop through."""
    executor.daemon = executor.connect()
    os.kill(executor.pid, signal.SIGCONT)
    number = executor.run(Action.STOP, subject="another")
    while getattr(executor.daemon.receive(), "id", 0) != number:
        pass


def test_a_start_that_waited_for_an_executor_to_go_on_is_void_when_its_daemon_is_gone(
    standing_still: "Executor",
) -> None:
    """Meanwhile the group may have been started elsewhere: for the others, this node was silent."""
    standing_still.run(Action.START)
    standing_still.run(Action.STOP, subject="two")
    standing_still.daemon.close()
    go_on(standing_still)
    assert set(standing_still.noted()) == {"stop"}, "a stop is always right"


def test_nor_does_it_act_when_another_daemon_has_come(standing_still: "Executor") -> None:
    """The one that asked stands still itself, and so did not close its connection."""
    standing_still.run(Action.START)
    go_on(standing_still)
    assert "start" not in standing_still.noted()


def test_what_waited_is_void_when_it_was_cancelled_behind_it(standing_still: "Executor") -> None:
    number = standing_still.run(Action.START)
    standing_still.send(Cancel(number))
    os.kill(standing_still.pid, signal.SIGCONT)
    assert standing_still.daemon.finished(number).outcome is Outcome.CANCELLED
    assert standing_still.noted() == []


def test_a_terminals_signals_do_not_reach_it(executor: "Executor") -> None:
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
        os.kill(executor.pid, number)
    assert executor.result(Action.STOP).outcome is Outcome.DONE
    assert os.getsid(executor.pid) == executor.pid, "no terminal's session is its own"


def test_sigterm_ends_it_with_what_is_under_way(executor: "Executor", wait_until: Until) -> None:
    number = executor.run(Action.STOP, "stop=sleep")
    wait_until(lambda: "stop" in executor.noted(), "it acts")
    os.kill(executor.pid, signal.SIGTERM)
    assert executor.daemon.finished(number).outcome is Outcome.UNKNOWN
    assert executor.wait() == 0


def test_sigterm_leaves_a_fence_to_its_end(executor: "Executor", tmp_path: Path, wait_until: Until) -> None:
    number = executor.run(Action.FENCE, "slow", to="switch", host="node1")
    wait_until((tmp_path / "switch").exists, "the order is given")
    os.kill(executor.pid, signal.SIGTERM)
    assert executor.daemon.finished(number).outcome is Outcome.DONE
    assert executor.wait() == 0


def test_a_restarted_executor_ends_what_its_predecessor_left(executor: "Executor", wait_until: Until) -> None:
    executor.run(Action.START, f"start=hang-with-child:{executor.folder / 'pid'}")
    pid_file = executor.folder / "pid"
    wait_until(lambda: pid_file.exists() and bool(pid_file.read_text()), "it hangs")
    executor.kill()
    pids = [executor.noted_at("start")[1], int(pid_file.read_text())]
    assert all(map(is_alive, pids)), "a child outlives the executor"
    executor.launch()
    executor.daemon = executor.connect_anew()
    executor.daemon.ready()
    assert not any(map(is_alive, pids)), "ended before the first daemon is answered"
    assert executor.result(Action.STOP).outcome is Outcome.DONE


def test_a_number_used_again_is_left_alone(tmp_path: Path) -> None:
    me = os.getpid()
    ledger = Ledger(tmp_path / "operations")
    ledger.enter(me, "web", "start")
    entry = (tmp_path / "operations" / str(me)).read_text()
    (tmp_path / "operations" / str(me)).write_text(entry.replace(f'"start_ticks":{start_ticks(me)}', '"start_ticks":1'))
    assert ledger.end_leftovers() == [], "and we live to say so"
    assert not list((tmp_path / "operations").iterdir())


def test_a_ledger_that_was_cut_short_is_no_obstacle(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    (tmp_path / ".77").write_bytes(b"")
    (tmp_path / "78").write_bytes(b'{"pid":')
    assert ledger.end_leftovers() == []


def test_a_second_executor_ends_the_first(executor: "Executor") -> None:
    first = executor.pid
    executor.launch()
    assert os.waitpid(first, 0)[1] == 0
    executor.daemon = executor.connect_anew()
    assert executor.daemon.ready().pid == executor.pid
    started_s = time.monotonic()
    assert executor.result(Action.STOP).outcome is Outcome.DONE
    assert time.monotonic() - started_s < 2
