"""One operation by hand: an executor that serves a single request, for ``hb ra run`` and ``hb stonith``.

The operation takes the path that it takes in a cluster: a forked child in a session of its own, SIGTERM and SIGKILL
to its process group at the deadline, bounded output without secrets. The little executor lies between the command and
the child, so that follow-up work of a start (announcements) goes on when the command has ended.
"""

import contextlib
import os
import signal
import socket
from collections.abc import Mapping
from typing import NoReturn

import msgspec

from heartbeat.executor.child import FD_END, Birth
from heartbeat.executor.loader import Loader
from heartbeat.executor.operations import KILL_GRACE_S, TERM_GRACE_S
from heartbeat.executor.process import adopt_orphans, normal_scheduling
from heartbeat.executor.server import Server
from heartbeat.model.operation import Outcome, Result
from heartbeat.plugin import Registry
from heartbeat.wire.executor import Finished, Ready, Report, Run
from heartbeat.wire.local import Unpacker, pack

MARGIN_S = 5.0
"""Beyond deadline and both graces: how long the executor may take to begin and to answer."""


def run_by_hand(request: Run, registry: Registry | None = None, environment: Mapping[str, str] | None = None) -> Result:
    """Carry out one operation and return its result, as the cluster would get it; call it without threads.

    ``registry``: where the plugin comes from; by default the installed ones. ``environment``: variables set for the
    operation in addition to our own. Ctrl-C ends the operation as its deadline would, and raises KeyboardInterrupt
    when it has ended.
    """
    if registry is None:
        from heartbeat.pils.registry import PluginRegistry

        registry = PluginRegistry()
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            _fork_executor(registry, theirs, environment or {})
        return _Asking(ours).ask(request)


class _Asking:
    """The command's end of the line."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._unpacker = Unpacker()
        self._decode = msgspec.msgpack.Decoder(Report).decode
        self._executor_pid = 0

    def ask(self, request: Run) -> Result:
        self._connection.settimeout(request.deadline_s + TERM_GRACE_S + KILL_GRACE_S + MARGIN_S)
        self._connection.sendall(pack(msgspec.msgpack.encode(request)))
        try:
            return self._answer()
        except KeyboardInterrupt:
            self._end()
            raise

    def _answer(self) -> Result:
        """Read until the operation has ended."""
        while True:
            try:
                chunk = self._connection.recv(65536)
            except TimeoutError:
                self._end()
                return Result(Outcome.UNKNOWN, "the executor of this command did not answer; its process was ended")
            if not chunk:
                return Result(Outcome.UNKNOWN, "the executor of this command ended before it answered")
            for report in map(self._decode, self._unpacker.feed(chunk)):
                match report:
                    case Ready():
                        self._executor_pid = report.pid
                    case Finished():
                        return report.result

    def _end(self) -> None:
        """Have the operation ended as at its deadline, and wait for that."""
        if self._executor_pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._executor_pid, signal.SIGTERM)
        self._connection.settimeout(TERM_GRACE_S + KILL_GRACE_S + MARGIN_S)
        with contextlib.suppress(TimeoutError, OSError):
            while self._connection.recv(65536):
                pass


def _fork_executor(registry: Registry, connection: socket.socket, environment: Mapping[str, str]) -> None:
    """Fork it twice: it may outlive the command, and must then be nobody's zombie."""
    middle = os.fork()
    if middle == 0:
        status = 70  # EX_SOFTWARE of sysexits.h
        try:
            if os.fork() == 0:
                _serve(registry, connection, environment)
            status = 0
        finally:
            os._exit(status)
    os.waitpid(middle, 0)


def _serve(registry: Registry, connection: socket.socket, environment: Mapping[str, str]) -> NoReturn:
    """Be the executor: of the terminal and the pipes of the command nothing is kept."""
    status = 70
    try:
        os.setsid()
        os.environ.update(environment)
        # Also our copy of the command's end of the line: it must be seen to close when the command ends.
        os.closerange(3, connection.fileno())
        os.closerange(connection.fileno() + 1, FD_END)
        null_fd = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        for standard in range(3):
            os.dup2(null_fd, standard)
        os.chdir("/")
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        normal_scheduling()
        adopt_orphans("hb-by-hand")
        Server(Birth(Loader(registry), null_fd), connection=connection).run()
        status = 0
    finally:
        os._exit(status)
