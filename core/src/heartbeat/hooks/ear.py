"""One listener in a process of its own: loads it, tells it one fact after another, says how each went."""

import contextlib
import ctypes
import os
import signal
import socket
import sys
from collections.abc import Mapping
from typing import NoReturn

import msgspec

from heartbeat.hooks.fact import Fact
from heartbeat.plugin.errors import PluginError

MESSAGE_MAX = 1024 * 1024
"""Longest fact, bytes; the status of a large cluster is a tenth of it."""
TEXT_MAX = 500
PR_SET_PDEATHSIG = 1
"""linux/prctl.h"""


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """The listener is loaded and made."""

    hears: list[str]


class Broken(msgspec.Struct, frozen=True, tag="broken"):
    """It cannot be: not installed, broken at import, bad parameters."""

    problem: str


class Heard(msgspec.Struct, frozen=True, tag="heard"):
    """It came back from a fact; ``problem`` is what it raised, empty when nothing."""

    problem: str


def become_ear(end: socket.socket, output: int, name: str, params: Mapping[str, str]) -> NoReturn:
    """Be the child of a fork: never returns. ``output`` takes what the listener prints."""
    status = 1
    try:
        _leave_parent(end.fileno(), output)
        _listen(end, name, params)
        status = 0
    except SystemExit as end_of_it:
        status = end_of_it.code if isinstance(end_of_it.code, int) else 1
    except BrokenPipeError:
        status = 0  # the parent hung up
    except BaseException as problem:  # noqa: BLE001 - one line, and no traceback
        print(in_words(problem), file=sys.stderr)
    finally:
        sys.stdout.flush()
        os._exit(status)  # no atexit, no flushing of the parent's buffers


def _leave_parent(end: int, output: int) -> None:
    """A session, signals, descriptors and streams of its own; end with the parent, whatever ends that."""
    os.setsid()
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.closerange(3, end)
    os.closerange(end + 1, os.sysconf("SC_OPEN_MAX"))
    sys.stdin = os.fdopen(0, closefd=False)
    sys.stdout, sys.stderr = (
        os.fdopen(number, "w", encoding="utf-8", errors="replace", buffering=1, closefd=False) for number in (1, 2)
    )
    os.nice(5)
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:  # noqa: PTH123 - no file of ours
        file.write("500")  # who eats all memory goes first, before anything of the cluster


def _listen(end: socket.socket, name: str, params: Mapping[str, str]) -> None:
    from heartbeat.pils.hooks import FACTS, Listeners
    from heartbeat.pils.registry import PluginRegistry

    problems: list[str] = []
    listeners = Listeners(PluginRegistry(), lambda _, problem: problems.append(in_words(problem)))
    try:
        listeners.add(name, params)
    except (LookupError, PluginError) as problem:
        _send(end, Broken(_clipped(str(problem.args[0] if problem.args else problem))))
        return
    _send(end, Ready([fact for fact in FACTS if fact in listeners.heard()]))
    decoder = msgspec.msgpack.Decoder(Fact)
    while packet := end.recv(MESSAGE_MAX):
        fact = decoder.decode(packet)
        problems.clear()
        listeners.tell(fact.name, **fact.about)
        _send(end, Heard("; ".join(problems)))
    listeners.close()


def _send(end: socket.socket, message: Ready | Broken | Heard) -> None:
    end.send(msgspec.msgpack.encode(message))


def in_words(problem: BaseException) -> str:
    """Return what was raised, in one line."""
    text = str(problem.args[0]) if isinstance(problem, PluginError) and problem.args else str(problem)
    return _clipped(text if isinstance(problem, PluginError) else f"{type(problem).__name__}: {text}".rstrip(": "))


def _clipped(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= TEXT_MAX else text[: TEXT_MAX - 4] + " ..."
