"""Supervisor and executor log through a process of its own: it may hang or die, and they go on."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from heartbeat.config.cluster_config import LogConfig
from heartbeat.daemon.children import fork
from heartbeat.daemon.log import Level, Line, Sinks
from heartbeat.daemon.log_process import TEXT_MAX, LogProcess

from core.tests.daemon.waiting import wait_for


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log"


@pytest.fixture
def log(path: Path) -> Iterator[LogProcess]:
    """One that runs."""
    made = LogProcess(Sinks(LogConfig(logfile=str(path)), "node1"), lambda: None)
    made.child.start()
    yield made
    if made.child.pid:
        os.kill(made.child.pid, signal.SIGCONT)
    made.end(5)


def say(log: LogProcess, text: str) -> bool:
    return log.pipe.write(Line(time.time(), Level.INFO, text))


def hang(log: LogProcess) -> None:
    os.kill(log.child.pid, signal.SIGSTOP)
    os.waitpid(log.child.pid, os.WUNTRACED)


def texts(path: Path) -> list[str]:
    return [line.partition(": ")[2] for line in path.read_text().splitlines()] if path.exists() else []


def test_all_that_waits_is_written_at_the_end(log: LogProcess, path: Path) -> None:
    for number in range(50):
        say(log, f"line {number}")
    log.end(5)
    assert texts(path) == [f"line {number}" for number in range(50)]


def test_whoever_is_forked_may_log_and_keeps_nobody_waiting_at_the_end(log: LogProcess, path: Path) -> None:
    def work() -> int:
        say(log, "from a fork")
        signal.pause()
        return 0

    pid = fork(work, "hb-test")
    wait_for(lambda: texts(path) == ["from a fork"], "its line")
    log.end(60)
    assert log.child.pid == 0, "although the fork has its end open"
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def test_one_that_hangs_holds_up_nobody_and_what_is_lost_is_told_once(log: LogProcess, path: Path) -> None:
    said = 5000
    hang(log)
    # Were one of them to wait, the test would: nobody lets it go meanwhile.
    taken = sum([say(log, f"line {number}") for number in range(said)])
    os.kill(log.child.pid, signal.SIGCONT)
    wait_for(lambda: len(texts(path)) == taken, "it has written what waited")
    assert say(log, "at last")
    log.end(5)
    *kept, lost, last = texts(path)
    assert kept == [f"line {number}" for number in range(taken)]
    assert lost == f"{said - taken} lines were lost: the log did not keep up"
    assert last == "at last"


def test_one_that_hangs_at_the_end_is_left_behind(log: LogProcess) -> None:
    hang(log)
    say(log, "too late")
    log.end(0.05)
    assert log.child.pid == 0


def test_what_waits_when_it_dies_is_written_by_the_next(log: LogProcess, path: Path) -> None:
    hang(log)
    say(log, "who writes this?")
    os.kill(log.child.pid, signal.SIGKILL)
    os.waitpid(log.child.pid, 0)
    log.child.ended()
    log.child.tick()
    log.end(5)
    assert texts(path) == ["who writes this?"]


def test_a_line_too_long_is_cut_off(log: LogProcess, path: Path) -> None:
    say(log, "x" * 10 * TEXT_MAX)
    log.end(5)
    assert texts(path) == ["x" * TEXT_MAX]
