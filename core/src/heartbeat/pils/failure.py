"""The record of a plugin that could not be loaded, and the guard that makes one of whatever went wrong."""

import os
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from heartbeat.pils.announcement import Announcement
from heartbeat.pils.patience import TookTooLong, limited
from heartbeat.plugin.errors import PluginError

Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class PluginLoadFailure:
    """Why one plugin could not be loaded."""

    kind: str
    name: str
    distribution: str
    version: str
    cause: str
    """The exception or the broken rule, in words: ``ModuleNotFoundError: No module named 'pysnmp'``."""
    place: str = ""
    """Last frame in the plugin's own files: ``/usr/lib/.../heartbeat_stonith_apc/__init__.py:12``; often empty."""

    def __str__(self) -> str:
        origin = f"{self.distribution} {self.version}".strip() or "an unnamed distribution"
        return f"{self.kind}:{self.name} of {origin} cannot be loaded: {self.cause}" + (
            f" ({self.place})" if self.place else ""
        )


class CannotLoad(PluginError):
    """A plugin is announced and cannot be loaded; the record says which and why."""

    def __init__(self, failure: PluginLoadFailure) -> None:
        super().__init__(str(failure))
        self.failure = failure


class BrokenContract(PluginError):
    """The plugin's class does not keep to its contract; the text lists how."""


def guarded(announced: Announcement, load: Callable[[], Made]) -> Made:
    """Return what ``load`` returns; whatever it raises but KeyboardInterrupt becomes CannotLoad.

    That includes SystemExit: a module that calls ``sys.exit()`` when it is imported must not end the daemon. One that
    loops is interrupted after a few seconds.
    """
    try:
        with limited():
            return load()
    except KeyboardInterrupt:
        raise
    except BaseException as problem:  # nothing that a stranger's module raises may get past here
        show_traceback(problem)
        raise CannotLoad(record(announced, problem)) from problem


def record(announced: Announcement, problem: BaseException) -> PluginLoadFailure:
    """Return the record of one failure."""
    return PluginLoadFailure(
        announced.kind,
        announced.name,
        announced.distribution,
        announced.version,
        in_words(problem),
        _place(announced, problem),
    )


def show_traceback(problem: BaseException) -> None:
    """Print it for who asked: with ``hb --debug``, or HB_DEBUG in the environment."""
    if is_debugging():
        traceback.print_exception(problem)
        sys.stderr.flush()  # a child of ours ends without


def is_debugging() -> bool:
    return os.environ.get("HB_DEBUG", "") not in ("", "0")


def in_words(problem: BaseException) -> str:
    """Return an exception in one line: a plugin's own errors speak for themselves, others with their class."""
    if isinstance(problem, PluginError):
        return str(problem)
    if isinstance(problem, TookTooLong):
        return str(problem)
    if isinstance(problem, SystemExit):
        return f"it called sys.exit({problem.code!r}) when it was imported"
    text = " ".join(str(problem).split())
    return f"{type(problem).__name__}: {text}" if text else type(problem).__name__


def _place(announced: Announcement, problem: BaseException) -> str:
    package = announced.entry_point.value.partition(":")[0].partition(".")[0].strip()
    if isinstance(problem, SyntaxError) and problem.filename and _belongs(problem.filename, package):
        return f"{problem.filename}:{problem.lineno}"
    own = [f for f in traceback.extract_tb(problem.__traceback__) if _belongs(f.filename, package)]
    return f"{own[-1].filename}:{own[-1].lineno}" if own else ""


def _belongs(filename: str, package: str) -> bool:
    path = Path(filename)
    return package in path.parent.parts or path.name == f"{package}.py"
