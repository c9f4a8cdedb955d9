"""Killing a call on its way, as an executor does at the deadline: at every point where it touches the world.

A forked child counts its calls of the functions below and kills its whole process group before one of them, so a point
is a place in the code and not a moment, and the same in every run. Needs no pytest.
"""

import contextlib
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from types import FrameType

TOUCHES = frozenset({
    "open", "close", "connect", "send", "sendall", "sendto", "sendmsg", "recv", "recv_into", "recvfrom", "recvmsg",
    "read", "write", "preadv", "pwritev",
    "select", "poll", "flock", "lockf", "link", "symlink", "rename", "replace", "unlink", "mkdir",
    "fork_exec", "kill", "do_handshake",
})  # fmt: skip
"""Names of the functions, written in C, through which Python reaches sockets, files, locks and processes."""

POINTS_MAX = 12
"""Of a long way, so many points evenly spread: a connection by ssh touches the world some hundred times."""

LIMIT_S = 30
"""A child that was forked while a thread of the simulator held a lock, OpenSSL's for one, may wait for it for ever: it
is killed then, which is a point on the way as good as another."""


def killed_on_the_way(call: Callable[[], object]) -> Iterator[int]:
    """Kill the call at one point after the other; yield each point, counted from 1, when its process is gone.

    The call runs in children of this process and is followed to its end once, before the first point.
    """
    whole = _touches_of(call)
    for number in range(min(whole, POINTS_MAX)):
        point = 1 + number * whole // min(whole, POINTS_MAX)
        _in_a_child(lambda point=point: _followed(call, point))  # type: ignore[misc]  # the usual binding of a loop
        yield point


def _touches_of(call: Callable[[], object]) -> int:
    reading, writing = os.pipe()
    with os.fdopen(reading) as told:
        _in_a_child(lambda: os.write(writing, b"%d" % _followed(call)))
        os.close(writing)
        return int(told.read() or "0")


def _in_a_child(work: Callable[[], object]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the simulator has threads; the child leaves them alone
        child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    try:
        os.setsid()
        signal.signal(signal.SIGALRM, signal.SIG_DFL)  # it ends the process, whatever it waits for
        signal.alarm(LIMIT_S)
        work()
    finally:
        os._exit(0)


def _followed(call: Callable[[], object], last: int = 0) -> int:
    """Make the call and return how often it touched the world; die before its ``last`` touch."""
    count = 0

    def follow(frame: FrameType, event: str, called: object) -> None:
        nonlocal count
        if event == "c_call" and getattr(called, "__name__", "") in TOUCHES:
            count += 1
            if count == last:
                os.killpg(0, signal.SIGKILL)

    threading.setprofile(follow)
    sys.setprofile(follow)
    with contextlib.suppress(BaseException):  # how it ends is the business of other checks
        call()
    sys.setprofile(None)
    return count
