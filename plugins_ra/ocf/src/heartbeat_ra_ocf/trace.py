"""Seeing each step of an agent, by the trace that agents in shell have of their own (ocf-shellfuncs)."""

import dataclasses
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from heartbeat.plugin import occasion

if TYPE_CHECKING:
    from heartbeat.plugin.program import Ended, Heard

_SHELLS = (b"sh", b"bash", b"dash", b"ksh")
_TAIL_BYTES = 64 * 1024


def traced(argv: list[str], environment: Mapping[str, str], heard: "Heard") -> "Ended":
    """Run an agent with its steps in the file of the occasion. They hold its environment, so passwords, too."""
    from heartbeat.plugin.program import run_program

    if not _is_shell_script(Path(argv[0])):
        print(f"heartbeat: {argv[0]} is no shell script, so there are no steps to show", file=sys.stderr)
        return run_program(argv, environment, heard=heard)
    file = occasion().trace_file()
    ended = run_program(argv, {**environment, "OCF_TRACE_RA": "1", "OCF_TRACE_FILE": str(file)}, heard=heard)
    # A shell without BASH_XTRACEFD has all of its stderr in the file: its reasons are taken out again.
    said = _said_in(file)
    heard("stderr", said.encode())
    return dataclasses.replace(ended, stderr=ended.stderr + said)


def _is_shell_script(path: Path) -> bool:
    with path.open("rb") as file:
        first = file.readline(256).split()
    return (
        bool(first)
        and first[0].startswith(b"#!")
        and first[-1].rpartition(b"/")[2] in (b"sh", b"bash", b"dash", b"ksh")
    )


def _said_in(file: Path) -> str:
    """Return the reasons that an agent gave for its failure, in the end of its trace."""
    with file.open("rb") as steps:
        steps.seek(max(0, os.fstat(steps.fileno()).st_size - _TAIL_BYTES))
        lines = steps.read().decode("utf-8", "replace").splitlines()
    return "".join(f"{line}\n" for line in lines if line.startswith("ocf-exit-reason:"))
