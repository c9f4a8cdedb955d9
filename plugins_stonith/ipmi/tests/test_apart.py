"""Work in a process of its own: its result, its error, and its end at the limit."""

import os
import signal
import time
from collections.abc import Callable
from typing import NoReturn

import pytest
from heartbeat.plugin import AccessDenied, PluginError, Power
from heartbeat.testing.leaks import nobody_left_running, nothing_left_open
from heartbeat_stonith_ipmi.apart import NoResult, apart

LONG_S = 60.0
SECRET = "hunter2-hunter2"


def hang(begin: Callable[[], None]) -> NoReturn:
    while True:
        time.sleep(LONG_S)


def begin_and_hang(begin: Callable[[], None]) -> NoReturn:
    begin()
    hang(begin)


def refused(begin: Callable[[], None]) -> NoReturn:
    raise AccessDenied("not you")


def test_the_result_comes_back_from_another_process() -> None:
    assert apart(lambda begin: Power.OFF, LONG_S, LONG_S) is Power.OFF
    assert apart(lambda begin: os.getpid(), LONG_S, LONG_S) != os.getpid()


def test_its_error_is_ours() -> None:
    with pytest.raises(AccessDenied, match="not you"):
        apart(refused, LONG_S, LONG_S)


@pytest.mark.parametrize(
    ("work", "limit_s", "begun_s", "is_begun"),
    [(hang, 0.2, LONG_S, False), (begin_and_hang, 0.2, LONG_S, True), (begin_and_hang, LONG_S, 0.2, True)],
)
def test_what_hangs_is_ended_and_nothing_is_left(
    work: Callable[[Callable[[], None]], None], limit_s: float, begun_s: float, *, is_begun: bool
) -> None:
    began_s = time.monotonic()
    with nobody_left_running(), nothing_left_open(), pytest.raises(NoResult) as late:
        apart(work, limit_s, begun_s)
    assert late.value.is_begun is is_begun
    assert time.monotonic() - began_s < LONG_S / 2


def test_a_process_that_dies_by_itself_has_no_result() -> None:
    with pytest.raises(NoResult, match="its process was ended") as late:
        apart(lambda begin: os.kill(os.getpid(), signal.SIGKILL), LONG_S, LONG_S)
    assert late.value.is_begun is False


def test_of_an_error_that_is_no_plugins_the_name_alone_is_told() -> None:
    def fail(begin: Callable[[], None]) -> NoReturn:
        raise RuntimeError(SECRET)

    with pytest.raises(PluginError, match="failed with RuntimeError") as told:
        apart(fail, LONG_S, LONG_S)
    assert SECRET not in str(told.value)


def test_an_orphan_ends_at_its_limit() -> None:
    """Its parent was killed alone: it orders nothing after the time that it had."""
    reading, writing = os.pipe()

    def tell_and_hang(begin: Callable[[], None]) -> None:
        os.write(writing, f"{os.getpid()}\n".encode())
        hang(begin)

    parent = os.fork()
    if parent == 0:
        try:
            apart(tell_and_hang, 1.0, LONG_S)
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as told:
        int(told.readline())
        os.kill(parent, signal.SIGKILL)
        os.waitpid(parent, 0)
        assert told.read() == ""  # its end of the pipe is closed when it is gone
