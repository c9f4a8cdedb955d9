"""Work in a process of its own, which is ended at its limit whatever it waits for.

pyghmi needs both: it keeps a thread, sockets and sessions for the life of a process and survives no fork, and each of
its waits is bounded by itself alone, with logins that begin anew in between.
"""

import contextlib
import os
import signal
import time
import warnings
from collections.abc import Callable
from multiprocessing.connection import Connection, Pipe
from typing import Any, NoReturn, TypeVar

from heartbeat.plugin import PluginError

_Result = TypeVar("_Result")
_BEGUN = "begun"


class NoResult(Exception):
    """The limit has passed, or the process ended by itself; the text says which."""

    def __init__(self, why: str, *, is_begun: bool) -> None:
        super().__init__(why)
        self.is_begun = is_begun
        """Whether the work had said so: what it does then cannot be taken back."""


def apart(work: Callable[[Callable[[], None]], _Result], limit_s: float, begun_s: float) -> _Result:
    """Return what the work returns, or raise the PluginError that it raises; NoResult after ``limit_s`` seconds.

    The work is handed a function to call just before it does what cannot be taken back; from then on it has ``begun_s``
    seconds at most. Result and error are pickled; of an error that is no plugin's only its name is told, as its text
    may hold anything.
    """
    ours, theirs = Pipe(duplex=False)
    with ours:
        with theirs:
            pid = _fork()
            if pid == 0:
                _live(work, theirs, limit_s)
        try:
            result: _Result = _heard(ours, limit_s, begun_s)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):  # somebody ignores SIGCHLD, and it is gone by itself
                os.waitpid(pid, 0)
    return result


def _fork() -> int:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # an operation has no threads; a test's are not touched
        return os.fork()


def _live(work: Callable[[Callable[[], None]], object], say: Connection, limit_s: float) -> NoReturn:
    """Never return into the copy of the caller. An orphan ends by itself, so that it orders nothing after its time."""
    try:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, limit_s)
        try:
            say.send(work(lambda: say.send(_BEGUN)))
        except PluginError as problem:
            say.send(problem)
        except Exception as problem:  # noqa: BLE001 - whatever it is, the caller must hear of it
            say.send(PluginError(f"the conversation failed with {type(problem).__name__}: report this"))
    finally:
        os._exit(0)


def _heard(hear: Connection, limit_s: float, begun_s: float) -> Any:
    """Return what the work returned."""
    is_begun, since_s = False, time.monotonic()
    deadline_s = since_s + limit_s
    while hear.poll(max(0.0, deadline_s - time.monotonic())):
        try:
            word = hear.recv()
        except EOFError:
            raise NoResult("its process was ended", is_begun=is_begun) from None
        if isinstance(word, PluginError):
            raise word
        if word != _BEGUN:
            return word
        is_begun, since_s = True, time.monotonic()
        deadline_s = min(deadline_s, since_s + begun_s)
    raise NoResult(f"{time.monotonic() - since_s:.1f} s are over", is_begun=is_begun)
