"""The forked child of one operation: becomes an ordinary process, does its work, tells the result, ends."""

import contextlib
import gc
import io
import os
import signal
import sys
import time
from dataclasses import dataclass
from typing import NamedTuple, NoReturn

import msgspec

from heartbeat.executor.agents import AgentWork
from heartbeat.executor.devices import DeviceWork
from heartbeat.executor.loader import Loader, Work
from heartbeat.executor.mask import secret_names
from heartbeat.executor.permission import Permission
from heartbeat.executor.ties import TieWork
from heartbeat.executor.verdict import judge
from heartbeat.model.operation import Outcome, Result
from heartbeat.plugin import Occasion
from heartbeat.wire.executor import Run
from heartbeat.wire.local import pack

FD_END = 1 << 20
"""Every descriptor below is closed in the child but its own few; no process here has more."""

GO = b"g"


class Told(msgspec.Struct, frozen=True, array_like=True):
    """What a child says, once, at the end of its work."""

    result: Result
    secret_names: tuple[str, ...]
    """Parameters whose values must be blotted out of the result and the output: the child knows the plugin."""


_CAUGHT = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD, signal.SIGUSR1, signal.SIGUSR2)


@dataclass(slots=True)
class Child:
    """The parent's ends of a child: process number and pipes, all non-blocking."""

    pid: int
    result_fd: int
    """One packed Told, then end of file."""
    output_fd: int
    """stdout and stderr of the child and of everything it starts."""
    go_fd: int
    """Written when an operation on hold may act; -1 when it was never on hold."""


@dataclass(frozen=True, slots=True)
class Birth:
    """What children need of the executor's own state."""

    loader: Loader
    null_fd: int
    """/dev/null, opened once."""
    oom_score_adj: bytes = b""
    """What it was before the executor lowered its own; empty when it did not."""
    permission: Permission | None = None
    """Until when resources may answer; None outside a cluster."""


class _Ends(NamedTuple):
    """The child's ends."""

    result_fd: int
    output_fd: int
    go_fd: int


def fork_child(request: Run, deadline_s: float, birth: Birth) -> Child:
    """Fork one operation's child. ``deadline_s``: monotonic; for one on hold the request's own runs from Go."""
    result_r, result_w = os.pipe2(os.O_CLOEXEC)
    output_r, output_w = os.pipe2(os.O_CLOEXEC)
    go_r, go_w = os.pipe2(os.O_CLOEXEC) if request.on_hold else (-1, -1)
    pid = os.fork()
    if pid == 0:
        _child(request, deadline_s, birth, _Ends(result_w, output_w, go_r))
    for fd in (result_w, output_w, go_r):
        if fd >= 0:
            os.close(fd)
    os.set_blocking(result_r, False)
    os.set_blocking(output_r, False)
    return Child(pid, result_r, output_r, go_w)


def _child(request: Run, deadline_s: float, birth: Birth, ends: _Ends) -> NoReturn:
    """Live and die; never returns into the executor's loop, whatever happens."""
    status = 70  # EX_SOFTWARE of sysexits.h: not even the result could be told
    try:
        gc.disable()  # a collection would touch, and so copy, every page of the heap
        _become_ordinary(birth, ends)
        _live(request, deadline_s, birth, ends)
        status = 0
    except BaseException as error:  # noqa: BLE001 - nothing may escape into the copy of the executor
        with contextlib.suppress(BaseException):
            print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
    finally:
        os._exit(status)


def _become_ordinary(birth: Birth, ends: _Ends) -> None:
    """Own session and group, no descriptors of the executor, ordinary signals: what a service may inherit."""
    os.setsid()
    signal.set_wakeup_fd(-1)
    for number in _CAUGHT:
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)  # an exception for us; subprocess restores it for programs
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    os.dup2(birth.null_fd, 0)
    os.dup2(ends.output_fd, 1)
    os.dup2(ends.output_fd, 2)
    low = 3
    for fd in sorted(fd for fd in (ends.result_fd, ends.go_fd) if fd >= 0):
        os.closerange(low, fd)
        low = fd + 1
    os.closerange(low, FD_END)
    # Not the inherited text streams: they may hold unwritten text of the executor, or write elsewhere (pytest).
    sys.stdout = _text_stream(1)
    sys.stderr = _text_stream(2)
    os.umask(0o022)
    os.chdir("/")
    if birth.oom_score_adj:
        fd = os.open("/proc/self/oom_score_adj", os.O_WRONLY)
        os.write(fd, birth.oom_score_adj)
        os.close(fd)


def _text_stream(fd: int) -> io.TextIOWrapper:
    raw = io.FileIO(fd, "w", closefd=False)
    return io.TextIOWrapper(io.BufferedWriter(raw), "utf-8", "replace", line_buffering=True)


def _live(request: Run, deadline_s: float, birth: Birth, ends: _Ends) -> None:
    work: Work | None = None
    loader = birth.loader
    try:
        _announce(request, deadline_s)
        work = loader.work(request)
        if request.on_hold:
            work.prepare()
            _wait_for_go(ends.go_fd)
            deadline_s = time.monotonic() + request.deadline_s
            _announce(request, deadline_s)
        else:
            work.prepare()
        if isinstance(work, DeviceWork | TieWork):
            work.deadline_s = deadline_s
        elif isinstance(work, AgentWork):
            work.permission = birth.permission
        result = work.act()
    except Exception as error:  # noqa: BLE001 - every way to fail is a result
        result = judge(error, loader.loaded(request.kind, request.plugin))
    except SystemExit as error:
        result = Result(Outcome.FAILED, f"the plugin ended its process: exit status {error.code}")
    sys.stdout.flush()
    plugin = loader.loaded(request.kind, request.plugin)
    _tell(Told(result, secret_names(plugin.params if plugin else (), request.params)), ends.result_fd)
    if work is not None and result.outcome is Outcome.DONE:
        work.follow_up()


def _announce(request: Run, deadline_s: float) -> None:
    it = Occasion(request.subject, request.action.value, deadline_s, request.trace, request.host_boot_id)
    it.announce(os.environ)


def _wait_for_go(go_fd: int) -> None:
    """Block until the executor says go; its end (cancelled, or dead) ends us without having acted."""
    if os.read(go_fd, 1) != GO:
        os._exit(0)
    os.close(go_fd)


def _tell(told: Told, result_fd: int) -> None:
    message = memoryview(pack(msgspec.msgpack.encode(told)))
    while message:
        message = message[os.write(result_fd, message) :]
    os.close(result_fd)
