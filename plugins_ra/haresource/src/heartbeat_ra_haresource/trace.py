"""Seeing each step of a script: ``sh -x``, where it is one of a shell."""

import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from heartbeat.plugin import occasion

if TYPE_CHECKING:
    from heartbeat.plugin.program import Ended

_SHELLS = ("sh", "bash", "dash", "ksh", "zsh", "mksh")


def traced(argv: list[str], environment: Mapping[str, str]) -> "Ended":
    """Run a script with its steps, and its stderr, in the file of the occasion."""
    from heartbeat.plugin.program import run_program

    shell = shell_of(Path(argv[0]))
    if not shell:
        print(f"heartbeat: {argv[0]} is no shell script, so there are no steps to show", file=sys.stderr)
        return run_program(argv, environment, heard=lambda name, chunk: _write(1 if name == "stdout" else 2, chunk))
    file = os.open(occasion().trace_file(), os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
    try:
        _write(file, f"# {shlex.join(argv)}\n".encode())
        ended = run_program(
            [*shell, "-x", *argv],
            environment,
            heard=lambda name, chunk: _write(1 if name == "stdout" else file, chunk),
        )
        _write(file, f"# exit status {ended.code}\n".encode())
    finally:
        os.close(file)
    return ended


def shell_of(script: Path) -> list[str]:
    """Return the interpreter's words from a script's first line when it is a shell, else nothing."""
    try:
        with script.open("rb") as file:
            first = file.readline(256).decode("utf-8", "replace")
    except OSError:
        return []
    words = first[2:].split() if first.startswith("#!") else []
    if words and Path(words[0]).name == "env":
        words = [word for word in words[1:] if not word.startswith("-")][:1]
    return words if words and Path(words[0]).name in _SHELLS else []


def _write(fd: int, chunk: bytes) -> None:
    os.write(fd, chunk)
