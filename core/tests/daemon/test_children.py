"""The supervisor's children: restarted with a back-off, ended within bounds, never back in our code."""

import os
import signal

import pytest
from heartbeat.daemon.children import EX_SOFTWARE, LONG_LIFE_S, PAUSES_S, Child, fork, how_it_ended
from heartbeat.executor.process import is_alive

from core.tests.daemon.waiting import wait_for


class Clock:
    """Seconds, set by hand."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_pauses_grow_with_deaths_in_a_row_and_a_long_life_begins_anew() -> None:
    clock = Clock()
    child = Child("daemon", lambda: 0, clock)
    pauses = []
    for _ in range(len(PAUSES_S) + 2):
        child.start()
        os.waitpid(child.pid, 0)
        pauses.append(child.ended())
        assert child.start_at_s == clock.now_s + pauses[-1]
    assert pauses == [*PAUSES_S, PAUSES_S[-1], PAUSES_S[-1]]
    assert pauses[0] == 0, "the first death costs no time"
    child.start()
    os.waitpid(child.pid, 0)
    clock.now_s += LONG_LIFE_S
    assert (child.ended(), child.deaths) == (0, 1)


def test_it_is_started_when_its_pause_is_over_and_not_before() -> None:
    clock = Clock()
    child = Child("daemon", lambda: 0, clock)
    for _ in range(2):
        child.start()
        os.waitpid(child.pid, 0)
        pause_s = child.ended()
    child.tick()
    assert child.pid == 0
    clock.now_s += pause_s
    child.tick()
    assert child.pid
    assert child.start_at_s is None
    os.waitpid(child.pid, 0)


def test_one_that_ignores_sigterm_is_killed_when_patience_ends() -> None:
    reader, writer = os.pipe()

    def work() -> int:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.write(writer, b"x")
        while True:
            signal.pause()

    child = Child("executor", work)
    child.start()
    os.read(reader, 1)
    pid = child.pid
    child.end(0.05)
    assert child.pid == 0
    assert not is_alive(pid)
    os.close(reader)
    os.close(writer)


def test_a_fork_has_a_session_of_its_own_and_ordinary_signals() -> None:
    before = signal.signal(signal.SIGTERM, lambda *_: None)

    def work() -> int:
        ordinary = signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
        return 7 if ordinary and os.getsid(0) == os.getpid() else 1

    pid = fork(work, "hb-test")
    signal.signal(signal.SIGTERM, before)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7


def test_work_that_raises_is_one_line_and_a_status(capfd: pytest.CaptureFixture[str]) -> None:
    def work() -> int:
        raise KeyError("bug")

    assert os.waitstatus_to_exitcode(os.waitpid(fork(work, "hb-test"), 0)[1]) == EX_SOFTWARE
    assert capfd.readouterr().err == "heartbeat: a process of it failed at start: KeyError('bug')\n"


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (66 << 8, "status 66"),
        (signal.SIGKILL, "SIGKILL"),
        (signal.SIGXCPU, "SIGXCPU: it ran for half of deadtime without ever waiting"),
    ],
)
def test_an_end_is_told_in_words(status: int, words: str) -> None:
    assert how_it_ended(status) == words


def test_the_kernel_ends_what_spins_at_real_time_priority() -> None:
    """RLIMIT_RTTIME: a daemon that never waits is ended, so that the hold can act."""
    if os.geteuid() != 0:
        pytest.skip("real-time scheduling needs root")

    def work() -> int:
        from heartbeat.daemon.realtime import limit_spinning

        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
        limit_spinning(0.2)
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
        while True:
            pass

    pid = fork(work, "hb-test")
    wait_for(lambda: os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None, "it is ended")
    assert how_it_ended(os.waitpid(pid, 0)[1]).startswith("SIGXCPU")
