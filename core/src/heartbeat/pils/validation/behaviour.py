"""HB5: the author's own tests, which run the conformance kit against the simulator; the device is not needed."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

from heartbeat.pils.validation.finding import Finding, Severity, tier
from heartbeat.pils.validation.papers import Papers

LIMIT_S = 600.0

_KIT = "heartbeat.testing"


def tested_classes(folder: Path) -> set[str]:
    """Return the names of the classes that tests beside these sources give to the conformance kit.

    That is what a class says in a file which imports the kit: ``plugin = AcmePdu``. Nothing is imported.
    """
    return {name for _, name in _given_to_the_kit(folder)}


def _given_to_the_kit(folder: Path) -> Iterator[tuple[Path, str]]:
    """Yield each file of tests and the name of a class that it gives to the kit."""
    for path in sorted(folder.glob("tests/**/*.py")):
        text = path.read_text(encoding="utf-8", errors="replace")
        if _KIT not in text:
            continue
        try:
            classes = [it for it in ast.walk(ast.parse(text)) if isinstance(it, ast.ClassDef)]
        except SyntaxError:  # running the tests tells where
            continue
        yield from ((path, name) for one in classes for line in one.body if (name := _plugin_said(line)))


def kit_folders(papers: Papers) -> list[str]:
    """Return the folders with tests of the plugins, relative to the sources: those that put one through the kit.

    That is ``tests`` for most; of a distribution that is much else besides, as core is, not all of its tests.
    """
    assert papers.folder is not None
    classes = {it.attr for it in papers.points}
    found = {path.parent for path, name in _given_to_the_kit(papers.folder) if name in classes}
    return sorted(str(it.relative_to(papers.folder)) for it in found if found.isdisjoint(it.parents))


def _plugin_said(line: ast.stmt) -> str:
    """Return ``AcmePdu`` for ``plugin = AcmePdu``, ``plugin: type = acme.AcmePdu`` and the like, else nothing."""
    if isinstance(line, ast.Assign):
        targets = line.targets
    elif isinstance(line, ast.AnnAssign):
        targets = [line.target]
    else:
        return ""
    if not any(isinstance(it, ast.Name) and it.id == "plugin" for it in targets):
        return ""
    return getattr(line.value, "id", "") or getattr(line.value, "attr", "")


def is_tested(papers: Papers, point: EntryPoint) -> bool:
    """Does a test beside the sources put this plugin through the kit? Another name of one that is tested is, too."""
    return papers.folder is not None and point.attr in tested_classes(papers.folder)


def claimed_tier(papers: Papers, point: EntryPoint, *, proven: bool) -> str:
    """Return the tier of a plugin whose tests pass, without running them: the workspace's do, each time."""
    looked_at = {"HB1", "HB2", *(("HB3", "HB4", "HB5") if is_tested(papers, point) else ())}
    return tier([], looked_at, proven=proven)


def behaviour_findings(papers: Papers) -> Iterator[Finding]:
    """Yield what the tests of the plugins in the sources' folder show. Call it for papers with a folder only."""
    assert papers.folder is not None
    untested = [it for it in papers.points if not is_tested(papers, it)]
    yield from map(_not_tested, untested)
    if untested != list(papers.points):
        yield from _run(papers, papers.folder)


def _not_tested(point: EntryPoint) -> Finding:
    place = f"{point.group.removeprefix('heartbeat.')}:{point.name}"
    text = f"no class in tests/ gives {point.attr or point.value} to the conformance kit"
    advice = f"subclass a conformance class of {_KIT} with plugin = {point.attr or 'the class'}"
    return Finding("HB501", Severity.ERROR, place, text, advice)


def _run(papers: Papers, folder: Path) -> Iterator[Finding]:
    source = str(folder.absolute() / "src")
    path = os.pathsep.join(filter(None, [source, os.environ.get("PYTHONPATH", "")]))
    argv = [sys.executable, "-m", "pytest", "-q", "-rfE", "-p", "no:cacheprovider", *kit_folders(papers)]
    try:
        tested = subprocess.run(
            argv,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": path},
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        yield Finding("HB502", Severity.ERROR, papers.place, f"its tests did not end within {LIMIT_S:g} s")
        return
    if tested.returncode == 0:
        return
    failed = [line for line in tested.stdout.splitlines() if line.startswith(("FAILED ", "ERROR "))]
    said = failed or [line for line in (tested.stdout + tested.stderr).splitlines() if line.strip()][-1:]
    for line in said[:20]:
        yield Finding("HB502", Severity.ERROR, papers.place, line, f"cd {folder} && python -m pytest")
