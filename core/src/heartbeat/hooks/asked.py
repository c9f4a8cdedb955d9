"""What hooks give to the command line: commands of their own, and lines under those of ``hb status``.

Only hooks that ha.cf names are asked, so that no installation alone changes what ``hb`` does. Where it names none,
nothing is imported for this.
"""

import json
import os
import re
import select
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from heartbeat.config.hooks import HookConfig
    from heartbeat.pils.hooks import Listeners

SECTION_S = 2.0
"""For all sections together, loading included: a person waits."""
SECTION_LINES_MAX = 50
SECTION_LINE_MAX = 200
SECTION_BYTES_MAX = 64 * 1024
"""What is read of an answer: far more than those lines."""

Command = Callable[[Sequence[str]], int]
Say = Callable[[str], None]


def configured(ha_cf: Path) -> "list[HookConfig]":
    """Return the hooks that an ha.cf names; none when it cannot be read."""
    try:
        text = ha_cf.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    if not re.search(r"(?m)^[ \t]*hook[ \t]", text):
        return []
    from heartbeat.config.hooks import hooks_of

    return hooks_of(ha_cf)[0]


def commands(ha_cf: Path, reserved: Sequence[str], say: Say) -> dict[str, Command]:
    """Return the commands of the configured hooks by name; say which hook is broken or takes a name of core's."""
    found: dict[str, Command] = {}
    for hook in configured(ha_cf):
        say_of_it = _about(hook, say)
        for name, command in _answer(hook, "cli_commands", say_of_it).items():
            if name in reserved or name in found:
                say_of_it(f"the command {name} is there already, and stays what it is")
            elif re.fullmatch(r"[a-z][a-z0-9-]*", str(name)) and callable(command):
                found[name] = command
            else:
                say_of_it(f"{name!r} is no command: a name in small letters and something to call")
    return found


def _about(hook: "HookConfig", say: Say) -> Say:
    return lambda text: say(f"hook {hook.name}: {text}")


def _answer(hook: "HookConfig", question: str, say: Say, **about: object) -> Any:
    from heartbeat.plugin.errors import PluginError

    problems: list[str] = []
    try:
        asked = _listener(hook, problems).ask(question, **about)
    except (LookupError, PluginError) as broken:
        problems.append(str(broken.args[0] if broken.args else broken))
        asked = []
    for problem in problems:
        say(problem)
    answer = asked[0][1] if asked else None
    return answer if isinstance(answer, Mapping if question == "cli_commands" else Sequence) else {}


def _listener(hook: "HookConfig", problems: list[str]) -> "Listeners":
    from heartbeat.hooks.ear import in_words
    from heartbeat.pils.hooks import Listeners
    from heartbeat.pils.registry import PluginRegistry

    listeners = Listeners(PluginRegistry(), lambda _, problem: problems.append(in_words(problem)))
    listeners.add(hook.plugin, hook.params)
    return listeners


def sections(
    hooks: "Sequence[HookConfig]", status: Mapping[str, Any], limit_s: float = SECTION_S
) -> dict[str, list[str]]:
    """Return the lines that each hook has for a status, asked side by side in children; a problem is a line, too."""
    until_s = time.monotonic() + limit_s
    children = [(hook, *_forked(hook, status)) for hook in hooks]
    found = {}
    for hook, pid, pipe in children:
        answer = _received(pipe, until_s)
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        lines = [f"no answer within {limit_s:g} s"] if answer is None else _lines(answer)
        if lines:
            found[hook.name] = lines
    return found


def _forked(hook: "HookConfig", status: Mapping[str, Any]) -> tuple[int, int]:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        return pid, reading
    try:
        os.setsid()
        nowhere = os.open(os.devnull, os.O_RDWR)
        for number in range(3):
            os.dup2(nowhere, number)
        problems: list[str] = []
        lines = _answer(hook, "status_sections", problems.append, status=status) or []
        told = [str(line)[:SECTION_LINE_MAX] for line in lines[:SECTION_LINES_MAX]]
        os.write(writing, json.dumps([*told, *problems]).encode())
    finally:
        os._exit(0)


def _received(pipe: int, until_s: float) -> bytes | None:
    """Return what came until the pipe ended; None when it did not end in time."""
    chunks = b""
    with os.fdopen(pipe, "rb", buffering=0) as end:
        while len(chunks) <= SECTION_BYTES_MAX:
            ready, _, _ = select.select([end], [], [], max(0.0, until_s - time.monotonic()))
            if not ready:
                return None
            chunk = end.read(65536)
            if not chunk:
                break
            chunks += chunk
    return chunks


def _lines(answer: bytes) -> list[str]:
    try:
        return [str(line) for line in json.loads(answer)]
    except ValueError:
        return ["it ended before it answered"]
