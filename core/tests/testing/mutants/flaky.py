"""Looks for chance in the kit: ``python core/tests/testing/mutants/flaky.py [--times N] [--order SEED] [WORD...]``.

Every check of the kit on every first-party plugin as it is, each so many times (200), in one process for each
distribution and in an order drawn from the seed. Whatever fails is chance, or one run of a check that disturbs another:
both are faults of the kit. Words choose plugins. ``--report`` renews the figure in docs/conformance.md. Ends with 1
when any failed.
"""

import argparse
import ast
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from bank import HERE, ROOT, TARGETS, Target, ours
from run import PAPER, kit, replaced

ONE_RUN_S = 300.0
"""The longest that one run of the kit on one plugin may take on a busy machine: ipmi takes 78 s alone."""
BEGIN, END = "<!-- again: begin -->", "<!-- again: end -->"


@dataclass(frozen=True, slots=True)
class Tally:
    """What came of all the runs on one plugin."""

    target: Target
    passed: int
    failed: tuple[str, ...]
    """Checks, each with the number of its turn and what it said; or why nothing was judged."""


def again(target: Target, times: int, order: int) -> Tally:
    """Run the kit on the plugin as it is, so many times."""
    try:
        run = kit(target, target.source, "-p", "again", f"--times={times}", f"--order={order}",
                  more_paths=(HERE,), limit_s=times * ONE_RUN_S)  # fmt: skip
    except subprocess.TimeoutExpired:
        return Tally(target, 0, (f"it did not end within {times * ONE_RUN_S:g} s",))
    failed = [line.rpartition("::")[2] for line in run.stdout.splitlines() if line.startswith("FAILED ")]
    passed = re.search(r"(\d+) passed", run.stdout)
    if run.returncode and not failed:
        failed.append(run.stdout[-500:])
    return Tally(target, int(passed[1]) if passed else 0, tuple(failed))


def plugins(words: list[str]) -> list[Target]:
    """Return one target of each plugin of the bank, and one of each other distribution of ours.

    Of two targets that change different files of one plugin, the first.
    """
    found = {target.tests: target for target in reversed(TARGETS.values())}
    chosen = [*reversed(found.values()), *map(_whole, _not_in_the_bank())]
    return [it for it in chosen if all(word in it.name for word in words)]


def _not_in_the_bank() -> list[Path]:
    """Return the folders of the distributions that the bank has no fault for."""
    known = {it.source.parent for it in TARGETS.values()}
    return [it.parent for it in sorted(ROOT.glob("plugins_*/*/pyproject.toml")) if it.parent not in known]


def _whole(folder: Path) -> Target:
    """Return a distribution with all classes of its tests that give a plugin to the kit."""
    checks = [
        f"{path.name}::{each.name}"
        for path in sorted(folder.glob("tests/test_*.py"))
        if "heartbeat.testing" in path.read_text()
        for each in ast.parse(path.read_text()).body
        if isinstance(each, ast.ClassDef) and any(ast.unparse(line).startswith("plugin = ") for line in each.body)
    ]
    return ours(str(folder.relative_to(ROOT)), "__init__.py", *checks)


def report(tallies: list[Tally], times: int, order: int) -> str:
    """Return the paper's part about chance."""
    checks = sum(it.passed + len(it.failed) for it in tallies)
    failed = sum(len(it.failed) for it in tallies)
    told = (
        f"{failed} of {checks} checks failed, each made {times} times in an order drawn at random, on each of "
        f"{len(tallies)} plugins as they are (`flaky.py --times {times} --order {order}`)."
    )
    return "\n".join([told, *(f"* `{it.target.name}`: {check}" for it in tallies for check in it.failed)])


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--times", type=int, default=200)
    parser.add_argument("--order", type=int, default=1)
    parser.add_argument("--at-once", type=int, default=3)
    parser.add_argument("--report", action="store_true")
    parser.add_argument("words", nargs="*")
    asked = parser.parse_args()
    tallies = []
    with ThreadPoolExecutor(asked.at_once) as pool:
        for done in as_completed(pool.submit(again, it, asked.times, asked.order) for it in plugins(asked.words)):
            tallies.append(done.result())
            print(f"{tallies[-1].target.name}: {tallies[-1].passed} passed,", *tallies[-1].failed or ["none failed"])
            sys.stdout.flush()
    told = report(sorted(tallies, key=lambda it: it.target.name), asked.times, asked.order)
    print(told)
    if asked.report:
        PAPER.write_text(replaced(PAPER.read_text(), BEGIN, told, END))
    return int(any(it.failed for it in tallies))


if __name__ == "__main__":
    sys.exit(main())
