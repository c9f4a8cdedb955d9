"""The table of known-wrong kernels: how many seeds of the swarm each lives for, and which law ends it.

``python -m tests.sim.mutant_table [--runs N] [--seeds N] [--again] [NAME...]`` hunts those that are not caught yet,
each from where the last hunt of it ended, and keeps what it finds in tests/sim/mutants.json; ``--again`` runs the seeds
that caught the others once more, and hunts whoever escapes them now. Either renews docs/mutants.md. It can be
ended at any time, and several can hunt side by side.
"""

import argparse
import datetime as dt
import fcntl
import hashlib
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import msgspec
from heartbeat.sim.many import NICE
from heartbeat.sim.mutants import ALL, AWAITED
from heartbeat.sim.mutants.hunt import Found, hunt
from heartbeat.sim.mutants.mutant import Mutant

ROOT = Path(__file__).resolve().parents[2]
RESULTS = Path(__file__).with_name("mutants.json")
LOCK = Path(tempfile.gettempdir()) / "heartbeat-mutants.lock"
PAGE = ROOT / "docs" / "mutants.md"
SEEDS, RUNS = 100_000, 300
"""Tried of each in one hunt: seeds of a night, and of those at most so many that have what the mistake needs."""
EARLY = 2_000
SHOWN = 200
"""Characters of a violation."""


class Kept(msgspec.Struct, omit_defaults=True):
    """What is known of one mutant."""

    mistake: str
    """A digest of its edits: another mistake of the same name is hunted anew."""
    seeds: int
    runs: int
    commit: str
    date: str
    seed: int | None = None
    """The one that caught it."""
    law: str = ""


_FILE = msgspec.json.Decoder(dict[str, Kept])


def digest(one: Mutant) -> str:
    return hashlib.blake2b(msgspec.json.encode(one.edits), digest_size=6).hexdigest()


def read() -> dict[str, Kept]:
    """Return what was kept of the mutants that there still are, by name."""
    kept = _FILE.decode(RESULTS.read_bytes()) if RESULTS.exists() else {}
    return {one.name: kept[one.name] for one in ALL if one.name in kept and kept[one.name].mistake == digest(one)}


def keep(name: str, it: Kept | None) -> None:
    """Write what is known of one, beside what others that hunt at the same time have written; None: forget it."""
    with LOCK.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        kept = read() | ({name: it} if it else {})
        ordered = {one.name: kept[one.name] for one in ALL if one.name in kept and (it or one.name != name)}
        lines = ",\n".join(f'"{each}": {msgspec.json.encode(known).decode()}' for each, known in ordered.items())
        RESULTS.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")
        PAGE.write_text(page(ordered), encoding="utf-8")


def page(kept: dict[str, Kept]) -> str:
    """Return docs/mutants.md."""
    caught = [it.seeds for it in kept.values() if it.law]
    early = sum(seeds <= EARLY for seeds in caught)
    rows = "\n".join(_row(one, kept.get(one.name)) for one in ALL)
    awaited = "; ".join(f"`{name}` {why}" for name, why in AWAITED.items())
    middle = statistics.median(caught) if caught else 0
    return PREFACE.format(all=len(ALL), caught=len(caught), early=early, middle=middle, rows=rows, awaited=awaited)


def _row(one: Mutant, it: Kept | None) -> str:
    head = f"| `{one.name}` | {one.says} | {one.needs.__doc__}"
    if it is None:
        return f"{head} | | | not tried | |"
    law = it.law or "**not caught**"
    return f"{head} | {it.seeds:,} | {it.runs:,} | {law} | {it.commit}, {it.date} |"


PREFACE = """# Known-wrong kernels

The kernel with one known mistake, {all} times. A law must catch it in simulated clusters ([why, and how to try
one](simulation.md#who-watches-the-watchmen)). {caught} of them were caught, {early} within 2,000 seeds of the swarm,
half of them within {middle:g}. Who was not caught shows a kind of fault that is drawn too seldom, a law that nobody
checks, or a second guard in the kernel that makes up for the first.

*Seeds*: of `hb sim` from 0 on, until one breaks a law. *Run*: those of them that have what the mistake needs to be
seen; the others were drawn and left out. *Law*: which one, or how the run ended. The seeds that caught them were run
again at the commit in the last column, or found there.

`python -m tests.sim.mutant_table` hunts on from where the last hunt ended and renews this page; `--again` first runs
the seeds that caught the others. A test runs them, too: a change of the kernel moves what a seed does, so a few may
slip through then.

| mistake | what is wrong | needs | seeds | run | law | found at |
|---|---|---|---:|---:|---|---|
{rows}

Not there yet: {awaited}.
"""


def replay(kept: dict[str, Kept]) -> list[str]:
    """Return who escapes the seed that once caught it, on all cores."""
    known = [(one, it.seed) for one in ALL if (it := kept.get(one.name)) and it.seed is not None]
    with multiprocessing.get_context("fork").Pool(initializer=os.nice, initargs=(NICE,)) as pool:
        found = pool.starmap(hunt, [(one, seed, 1) for one, seed in known], chunksize=4)
    return [one.mutant.name for one in found if not one.violation]


def _kept(found: Found, before: Kept | None) -> Kept:
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.strip()
    date = dt.datetime.now(tz=dt.UTC).date().isoformat()
    seeds, runs = (before.seeds, before.runs) if before else (0, 0)
    return Kept(digest(found.mutant), found.seeds + seeds, found.runs + runs, commit, date, found.seed, found.law)


def hunt_on(one: Mutant, options: argparse.Namespace) -> bool:
    """Hunt it from where it was left, and keep what comes out at once; return whether it is caught."""
    before = read().get(one.name)
    if before and before.law:
        return True
    found = hunt(one, before.seeds if before else 0, options.seeds, options.runs)
    if found.problem:
        print(f"{one.name}: {found.problem}", flush=True)
        return False
    now = _kept(found, before)
    keep(one.name, now)
    told = found.violation[:SHOWN] or "not caught"
    print(f"{one.name}: {now.seeds} seeds, {now.runs} run, {found.core_s:.0f} core-s: {told}", flush=True)
    return bool(now.law)


def again(one: Mutant) -> None:
    """Run the seed once more that caught it; forget it when that is not so any more."""
    before = read().get(one.name)
    if before is None or before.seed is None:
        return
    found = hunt(one, before.seed, 1)
    if found.violation:
        keep(one.name, _kept(msgspec.structs.replace(found, seeds=0, runs=0), before))
    else:
        print(f"{one.name}: seed {before.seed} does not catch it any more", flush=True)
        keep(one.name, None)


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--again", action="store_true")
    options = parser.parse_args(words)
    alive = []
    for one in [each for each in ALL if not options.names or each.name in options.names]:
        if options.again:
            again(one)
        if not hunt_on(one, options):
            alive.append(one.name)
    print(f"not caught: {', '.join(alive)}" if alive else "all were caught")
    return int(bool(alive))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
