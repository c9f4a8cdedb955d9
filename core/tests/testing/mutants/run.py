"""Runs the kit on mutants: ``python core/tests/testing/mutants/run.py [--report] [WORD...]``.

Each mutant is a copy of a plugin with one fault, judged in a process of its own. Words choose mutants by target and
name. ``--report`` renews the list in docs/conformance.md. Ends with 1 when fewer than WANTED were caught.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from bank import ROOT, TARGETS, Mutant, Target, mutants

LIMIT_S = 100.0
"""For one mutant; one that hangs the kit was noticed, too."""
WANTED = 0.95
PAPER = ROOT / "docs" / "conformance.md"
BEGIN, END = "<!-- the bank: begin -->", "<!-- the bank: end -->"


@dataclass(frozen=True, slots=True)
class Verdict:
    mutant: Mutant
    is_caught: bool
    by: str
    """The first check that failed, or why nothing was judged."""


def judge(mutant: Mutant) -> Verdict:
    """Run the kit on one mutant; the empty old text is the plugin as it is. Raises ValueError for a stale one."""
    with tempfile.TemporaryDirectory(prefix="hb-mutant-") as folder:
        copy = Path(folder) / "src"
        shutil.copytree(mutant.target.source, copy, ignore=shutil.ignore_patterns("__pycache__"))
        file = copy / mutant.target.file
        text = file.read_text()
        if mutant.old and text.count(mutant.old) != 1:
            raise ValueError(f"{mutant.target.name}: {mutant.name}: found {text.count(mutant.old)} times")
        file.write_text(text.replace(mutant.old, mutant.new) if mutant.old else text)
        try:
            run = kit(mutant.target, copy, "-x")
        except subprocess.TimeoutExpired:
            return Verdict(mutant, True, f"the kit did not end within {LIMIT_S:g} s")
    failed = [
        line.split(" - ")[0].split("::")[-1] for line in run.stdout.splitlines() if line[:6] in ("FAILED", "ERROR ")
    ]
    if run.returncode not in (0, 1, 2):
        raise RuntimeError(f"{mutant.target.name}: {mutant.name}: pytest ended with {run.returncode}\n{run.stdout}")
    return Verdict(
        mutant, run.returncode != 0, failed[0] if failed else "it cannot be imported" if run.returncode else ""
    )


def kit(
    target: Target, source: Path, *options: str, more_paths: Sequence[Path] = (), limit_s: float = LIMIT_S
) -> subprocess.CompletedProcess[str]:
    """Run the kit on the plugin in ``source``, in a process of its own. Raises subprocess.TimeoutExpired."""
    base = source if target.is_toy else ROOT
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rfE", "--tb=line", "-p", "no:cacheprovider",
         "-c", str(ROOT / "pyproject.toml"), "--rootdir", str(base), *options,
         *(str(base / test) for test in target.tests)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (source, *more_paths))),
             "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=source, capture_output=True, text=True, check=False, timeout=limit_s,
    )  # fmt: skip


def judge_all(chosen: Sequence[Mutant], at_once: int = 3) -> Iterator[Verdict]:
    """Judge many; yield each in order, as soon as it is known."""
    with ThreadPoolExecutor(at_once) as pool:
        yield from pool.map(judge, chosen)


def reasons() -> dict[str, str]:
    """Return why known survivors survive: target and name to a sentence."""
    lines = (Path(__file__).parent / "survivors.txt").read_text().splitlines()
    return dict(line.split(" | ", 1) for line in lines if " | " in line)


def report(verdicts: Sequence[Verdict]) -> str:
    """Return the paper's part about the bank."""
    caught = sum(it.is_caught for it in verdicts)
    rows = [f"{caught} of {len(verdicts)} seeded faults are caught ({100 * caught / len(verdicts):.1f} %).", ""]
    rows += ["| plugin | faults | caught |", "|---|---|---|"]
    for target in dict.fromkeys(it.mutant.target.name for it in verdicts):
        mine = [it for it in verdicts if it.mutant.target.name == target]
        rows.append(f"| `{target}` | {len(mine)} | {sum(it.is_caught for it in mine)} |")
    rows += ["", "Not caught:", ""]
    why = reasons()
    for it in verdicts:
        if not it.is_caught:
            key = f"{it.mutant.target.name}: {it.mutant.name}"
            rows.append(f"* `{it.mutant.target.name}`, {it.mutant.name}: {why.get(key, 'no reason was given yet')}")
    return "\n".join(rows)


def replaced(text: str, begin: str, told: str, end: str) -> str:
    """Return the text with something else between two marks, each on a line of its own."""
    before, _, rest = text.partition(begin)
    return f"{before}{begin}\n{told}\n{end}{rest.partition(end)[2]}"


def main(words: list[str]) -> int:
    is_report = "--report" in words
    words = [word for word in words if not word.startswith("--")]
    chosen = [it for it in mutants() if all(word in f"{it.target.name}: {it.name}" for word in words)]
    sound = [Mutant(target, "as it is", "", "") for target in TARGETS.values()] if not words else []
    began_s = time.monotonic()
    broken = [it for it in judge_all(sound) if it.is_caught]
    for each in broken:
        print(f"the kit refuses {each.mutant.target.name} as it is: {each.by}")
    verdicts = []
    for it in judge_all(chosen):
        verdicts.append(it)
        word = "caught  " if it.is_caught else "SURVIVES"
        print(f"{word} {it.mutant.target.name}: {it.mutant.name}{it.by and ' <- ' + it.by}", flush=True)
    print(report(verdicts).partition("\n")[0], f"{time.monotonic() - began_s:.0f} s")
    if is_report:
        PAPER.write_text(replaced(PAPER.read_text(), BEGIN, report(verdicts), END))
    return int(bool(broken) or sum(it.is_caught for it in verdicts) < WANTED * len(verdicts))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
