"""HB2: importing the plugin brings a class and nothing else, soon. Tried in an interpreter of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import EntryPoint, distribution, packages_distributions
from typing import Any

from heartbeat.pils.validation.finding import Finding, Severity
from heartbeat.pils.validation.papers import Papers, normal

SLOW_S = 1.0
"""Beside what core has imported anyway; each command that names the plugin waits so long. What other processes took of
the processor meanwhile is not counted: second number of schedstat (kernel documentation, sched-stats).
"""

LIMIT_S = 10.0
"""For the whole interpreter; a busy machine is no reason to call a plugin broken."""

_TRIAL = """
import contextlib, io, json, os, sys, threading, time
from importlib.metadata import EntryPoint
import heartbeat.plugin
name, value, group, *own = sys.argv[1:]

class Importers:
    # It notes who asks for each module, and finds none itself.

    asked = set()

    def find_spec(self, module, path=None, target=None):
        frame = sys._getframe(1)
        while frame and frame.f_globals.get("__name__", "").partition(".")[0] == "importlib":
            frame = frame.f_back
        if frame and frame.f_globals.get("__name__", "").partition(".")[0] in own:
            self.asked.add(module)

def open_now():
    numbers = os.listdir("/proc/self/fd")  # one of them is this very listing's, gone by now
    return {fd: os.readlink(f"/proc/self/fd/{fd}") for fd in numbers if os.path.exists(f"/proc/self/fd/{fd}")}

def waited_s():
    try:
        return int(open("/proc/thread-self/schedstat").read().split()[1]) / 1e9
    except (OSError, IndexError, ValueError):
        return 0.0

before, threads = open_now(), threading.active_count()
known, began_s = set(sys.modules), time.perf_counter() - waited_s()
said = io.StringIO()
sys.meta_path.insert(0, Importers())
with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
    EntryPoint(name, value, group).load()
took_s = time.perf_counter() - waited_s() - began_s
told = {
    "took_s": took_s,
    "said": said.getvalue()[:200],
    "threads": threading.active_count() - threads,
    "left_open": [target for fd, target in open_now().items() if fd not in before],
    "modules": sorted(set(sys.modules) - known),
    "asked": sorted(Importers.asked & sys.modules.keys()),
}
sys.__stdout__.write("\\n" + json.dumps(told))
"""


def import_findings(papers: Papers, point: EntryPoint) -> Iterator[Finding]:
    """Yield what importing one plugin shows; the sources' ``src`` goes in front of the path when there are sources."""
    place = f"{point.group.removeprefix('heartbeat.')}:{point.name}"
    environment = dict(os.environ)
    if papers.folder is not None:
        paths = [str(papers.folder.absolute() / "src"), environment.get("PYTHONPATH", "")]
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    argv = [sys.executable, "-c", _TRIAL, point.name, point.value, point.group, *papers.packages]
    try:
        tried = subprocess.run(
            argv,
            env=environment,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        yield Finding("HB201", Severity.ERROR, place, f"its import did not end within {LIMIT_S:g} s")
        return
    try:
        told: dict[str, Any] = json.loads(tried.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        reason = next((line for line in reversed(tried.stderr.splitlines()) if line.strip()), "it ended the process")
        yield Finding("HB201", Severity.ERROR, place, f"it cannot be imported: {reason.strip()}")
        return
    yield from _judged(papers, place, told)


def _judged(papers: Papers, place: str, told: dict[str, Any]) -> Iterator[Finding]:
    if told["took_s"] > SLOW_S:
        text = f"its import takes {told['took_s']:.1f} s"
        yield Finding("HB202", Severity.WARNING, place, text, "import what is heavy in methods and in warm()")
    if told["said"].strip():
        text = f"its import prints: {told['said'].strip().splitlines()[0]!r}"
        yield Finding("HB203", Severity.WARNING, place, text, "say nothing before a method is called")
    if told["threads"] > 0:
        text = "its import starts threads, which do not survive the fork of an operation"
        yield Finding("HB204", Severity.ERROR, place, text, "start them in methods")
    if told["left_open"]:
        text = f"its import leaves {told['left_open'][0]} open"
        yield Finding("HB205", Severity.ERROR, place, text, "open it in methods, and close it there")
    for strange in _undeclared(papers, told["asked"]):
        text = f"it imports {strange}, which it does not require"
        yield Finding("HB206", Severity.ERROR, place, text, f"add {strange} to dependencies")
    ours = {".".join(name.split(".")[:2]) for name in told["modules"] if name.startswith("heartbeat.")}
    if normal(papers.name) == "heartbeat-core":
        return
    if rooms := sorted(ours - {"heartbeat.plugin", "heartbeat.testing"}):
        text = f"it imports {', '.join(rooms)}, which may change any day"
        yield Finding("HB207", Severity.WARNING, place, text, "heartbeat.plugin is the one door")


def _undeclared(papers: Papers, modules: Sequence[str]) -> list[str]:
    """Return distributions whose modules the plugin asked for though nothing that it requires brings them.

    What a library asks for is the library's business: msgspec takes typing-extensions when somebody else has it here.
    """
    owners = packages_distributions()
    used = {normal(name) for top in {it.partition(".")[0] for it in modules} for name in owners.get(top, ())[:1]}
    declared = _closure([papers.name, *papers.requires])
    return sorted(used - declared)


def _closure(requirements: Sequence[str]) -> set[str]:
    """Return the names of the required distributions, and of what those require."""
    found: set[str] = set()
    left = [_bare(text) for text in requirements]
    while left:
        name = left.pop()
        if name in found:
            continue
        found.add(name)
        try:
            left += [_bare(text) for text in distribution(name).requires or () if "extra ==" not in text]
        except ModuleNotFoundError:
            continue
    return found


def _bare(requirement: str) -> str:
    return normal("".join(char if char.isalnum() or char in "-_." else " " for char in requirement).split()[0])
