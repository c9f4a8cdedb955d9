"""HB5: the author's own tests, which run the conformance kit against the simulator; the device is not needed."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from heartbeat.pils.validation.finding import Finding, Severity, tier
from heartbeat.pils.validation.papers import Papers

LIMIT_S = 600.0

_KIT = re.compile(r"Conformance\b|StonithContract\b")
"""The kit's base classes; StonithContract is for a device without a simulator: a person, a null device."""


def runs_the_kit(folder: Path) -> bool:
    """Does a test beside these sources subclass the conformance kit?"""
    tests = sorted(folder.glob("tests/**/test_*.py"))
    return any(_KIT.search(path.read_text(encoding="utf-8", errors="replace")) for path in tests)


def claimed_tier(papers: Papers, *, proven: bool) -> str:
    """Return the tier of sources whose tests pass, without running them: the workspace's do, each time."""
    is_tested = papers.folder is not None and runs_the_kit(papers.folder)
    looked_at = {"HB1", "HB2", *(("HB3", "HB4", "HB5") if is_tested else ())}
    return tier([], looked_at, proven=proven)


def behaviour_findings(papers: Papers) -> Iterator[Finding]:
    """Yield what the tests in the sources' folder show. Call it for papers with a folder only."""
    assert papers.folder is not None
    if not runs_the_kit(papers.folder):
        text = "no test in tests/ subclasses the conformance kit"
        yield Finding("HB501", Severity.ERROR, papers.place, text, "see heartbeat.testing")
        return
    source = str(papers.folder.absolute() / "src")
    path = os.pathsep.join(filter(None, [source, os.environ.get("PYTHONPATH", "")]))
    argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"]
    try:
        tested = subprocess.run(
            argv,
            cwd=papers.folder,
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
        yield Finding("HB502", Severity.ERROR, papers.place, line, f"cd {papers.folder} && python -m pytest")
