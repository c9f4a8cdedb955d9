"""Importing plugins in a throw-away child first: one that loops, crashes or exits there harms nobody.

The child is forked: with what a process has already imported this takes a few milliseconds, a fresh interpreter
tenths of a second. So probe before the process starts threads or an event loop.
"""

import contextlib
import os
import select
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TextIO

import msgspec

from heartbeat.pils.failure import CannotLoad, is_debugging
from heartbeat.pils.patience import LIMIT_S
from heartbeat.pils.registry import PluginRegistry
from heartbeat.plugin.errors import PluginError

_REAP_S = 1.0
"""How long a killed child may take to go; one in an uninterruptible wait is left behind."""


class Probed(msgspec.Struct, frozen=True):
    """What importing one plugin showed."""

    kind: str
    name: str
    """As asked; may be ``distribution:name``."""
    problem: str = ""
    """Why it cannot be used; empty for a good one."""
    place: str = ""
    """The plugin's own file and line, when the problem has one."""
    api: int | None = None
    title: str = ""
    notice: str = ""
    """What the administrator should know although it loads."""


def probe(
    wanted: Sequence[tuple[str, str]], registry: PluginRegistry | None = None, limit_s: float = LIMIT_S
) -> list[Probed]:
    """Import each ``(kind, name)`` in a child and return what happened, in the same order.

    One child imports them one after the other; when it dies or one import takes longer than ``limit_s``, that plugin
    is the culprit and another child goes on behind it.
    """
    registry = registry or PluginRegistry()
    found: list[Probed] = []
    while len(found) < len(wanted):
        found += _one_child(wanted[len(found) :], registry, limit_s)
    return found


@dataclass
class _Child:
    pid: int
    pipe: int


def _one_child(wanted: Sequence[tuple[str, str]], registry: PluginRegistry, limit_s: float) -> list[Probed]:
    """Return one result at least: of the plugins that the child came through, and of the one that it did not."""
    child = _forked(wanted, registry)
    found: list[Probed] = []
    problem = ""
    try:
        for line in _lines(child.pipe, limit_s):
            found.append(msgspec.json.decode(line, type=Probed))  # noqa: PERF401 - what came before a time-out counts
    except TimeoutError:
        problem = f"loading it did not end within {limit_s:g} s"
    finally:
        os.close(child.pipe)
        status = _ended(child.pid)
    if len(found) < len(wanted):
        kind, name = wanted[len(found)]
        found.append(Probed(kind, name, problem or f"its import ended the process ({_how(status)})"))
    return found


def _forked(wanted: Sequence[tuple[str, str]], registry: PluginRegistry) -> _Child:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        return _Child(pid, reading)
    try:
        os.setsid()
        _silence(keep=writing)
        for kind, name in wanted:
            os.write(writing, msgspec.json.encode(_tried(registry, kind, name)) + b"\n")
    finally:
        os._exit(0)  # no atexit, no flushing of our parent's buffers


def _silence(keep: int) -> None:
    """Give the child nothing to read, to write to, or to hold open; with HB_DEBUG it may write to stderr."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in range(2 if is_debugging() else 3):
        os.dup2(nowhere, number)
    os.closerange(3, keep)
    os.closerange(keep + 1, os.sysconf("SC_OPEN_MAX"))
    # The inherited text streams may write elsewhere (pytest), or hold text of our parent that is not to come twice.
    sys.stdin, sys.stdout, sys.stderr = os.fdopen(0, closefd=False), _writing(1), _writing(2)
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _writing(number: int) -> TextIO:
    return os.fdopen(number, "w", encoding="utf-8", errors="replace", closefd=False)


def _tried(registry: PluginRegistry, kind: str, name: str) -> Probed:
    seen = len(registry.notices)
    try:
        plugin = registry.load(kind, name)
    except CannotLoad as problem:
        return Probed(kind, name, problem.failure.cause, problem.failure.place)
    except (LookupError, PluginError) as problem:
        return Probed(kind, name, str(problem.args[0]))
    return Probed(kind, name, api=plugin.api, title=plugin.title, notice="".join(registry.notices[seen:]))


def _lines(pipe: int, limit_s: float) -> Iterator[bytes]:
    """Yield whole lines until the pipe ends; TimeoutError when the next one takes longer than ``limit_s``."""
    left, deadline_s = b"", time.monotonic() + limit_s
    while True:
        ready, _, _ = select.select([pipe], [], [], max(0.0, deadline_s - time.monotonic()))
        if not ready:
            raise TimeoutError
        chunk = os.read(pipe, 65536)
        if not chunk:
            return
        *lines, left = (left + chunk).split(b"\n")
        if lines:
            deadline_s = time.monotonic() + limit_s
        yield from lines


def _ended(pid: int) -> int | None:
    """Kill the child's session and return its wait status; None when it does not go."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
    deadline_s = time.monotonic() + _REAP_S
    while time.monotonic() < deadline_s:
        reaped, status = os.waitpid(pid, os.WNOHANG)
        if reaped:
            return status
        time.sleep(0.001)
    return None


def _how(status: int | None) -> str:
    if status is None:
        return "and it does not go"
    code = os.waitstatus_to_exitcode(status)
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"
