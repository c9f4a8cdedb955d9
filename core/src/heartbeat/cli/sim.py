"""``hb sim``: simulated clusters by the thousand, one of them again, or the least that breaks a law."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from heartbeat.cli import EXIT_NO, EXIT_USAGE

if TYPE_CHECKING:
    from heartbeat.sim.many import Tally
    from heartbeat.sim.schedule import Schedule

SHOWN = 3
"""Violations printed of one seed."""


@click.command()
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--seeds", type=click.IntRange(1), help="Run so many seeds, on all cores.", metavar="N")
@click.option("--from", "first", type=click.IntRange(0), default=0, help="First seed.", metavar="S")
@click.option("--seed", type=click.IntRange(0), help="Run one seed again.", metavar="S")
@click.option("--until", type=float, help="End that one run after so many virtual seconds.", metavar="T")
@click.option("--dump", is_flag=True, help="Print the schedule and every decision of that one run.")
@click.option("--shrink", "into", type=click.Path(path_type=Path), help="Write the least that breaks.", metavar="OUT")
@click.option("--mutants", is_flag=True, help="Put known mistakes into the kernel: is each of them caught?")
@click.option("--mutant", "named", multiple=True, help="Only this one, or with --seed: a run of it.", metavar="NAME")
@click.option("--runs", type=click.IntRange(1), help="Run at most so many seeds for each mutant.", metavar="N")
@click.option("--processes", type=click.IntRange(1), help="Not on all cores.", metavar="N")
@click.option("--json", "json_wanted", is_flag=True, help="For scripts; the keys are stable.")
def sim(
    file: Path | None,
    seeds: int | None,
    first: int,
    seed: int | None,
    runs: int | None,
    until: float | None,
    into: Path | None,
    processes: int | None,
    named: tuple[str, ...],
    *,
    mutants: bool,
    dump: bool,
    json_wanted: bool,
) -> None:
    """Run the kernel in simulated clusters and judge it by its laws.

    Each seed is a cluster of its own, with its own faults; the same seed is the same run on every machine. FILE is a
    schedule that --shrink wrote. Exits 1 when a law was broken; with --mutants, when a mistake was not caught.
    docs/simulation.md has the laws.
    """
    if (mutants or named) and file is None and seed is None:
        from heartbeat.cli.sim_mutants import hunt_mutants

        hunt_mutants(named, first, seeds, runs, processes, json_wanted=json_wanted)
        return
    if named:
        from heartbeat.cli.sim_mutants import become

        become(named)
    if file is None and seed is None:
        _many(first, seeds or 100, processes, json_wanted=json_wanted)
        return
    schedule = _schedule(file, seed)
    if into is not None:
        _shrink(schedule, into)
    else:
        _one(schedule, until, dump=dump)


def _schedule(file: Path | None, seed: int | None) -> "Schedule":
    from heartbeat.sim import schedule, swarm

    if file is None:
        assert seed is not None
        return swarm.draw(seed)
    try:
        return schedule.read(file)
    except ValueError as wrong:
        click.echo(f"hb sim: {file} holds no schedule: {wrong}", err=True)
        sys.exit(EXIT_USAGE)


def _many(first: int, seeds: int, processes: int | None, *, json_wanted: bool) -> None:
    from heartbeat.sim.many import Tally, run_many

    tally = Tally()
    for seed, outcome, core_s in run_many(first, seeds, processes=processes or 0):
        tally.add(seed, outcome, core_s)
        if outcome.violations and not json_wanted:
            _tell_violations(seed, outcome.violations)
        if sys.stderr.isatty():
            click.echo(f"\r{tally.seeds} of {seeds} seeds, {len(tally.violations)} with violations", nl=False, err=True)
    if sys.stderr.isatty():
        click.echo("", err=True)
    click.echo(json.dumps(_as_json(first, tally), indent=2) if json_wanted else "\n".join(tally.lines()))
    sys.exit(EXIT_NO if tally.violations else 0)


def _tell_violations(seed: int, violations: list[str]) -> None:
    for text in violations[:SHOWN]:
        click.echo(f"seed {seed}: {click.style(text, fg='red')}")


def _as_json(first: int, tally: "Tally") -> dict[str, object]:
    return {
        "from": first,
        "seeds": tally.seeds,
        "virtual_s": round(tally.virtual_s, 3),
        "steps": tally.steps,
        "seeds_per_core_hour": round(tally.per_core_hour),
        "contested": tally.contested,
        "injected": dict(sorted(tally.injected.items())),
        "transitions": dict(sorted(tally.transitions.items())),
        "meetings": dict(sorted(tally.meetings.items())),
        "violations": {str(seed): texts for seed, texts in sorted(tally.violations.items())},
    }


def _one(schedule: "Schedule", until: float | None, *, dump: bool) -> None:
    from heartbeat.sim.run import Run
    from heartbeat.sim.schedule import text

    run = Run(schedule, keeps_log=dump, until_s=float("inf") if until is None else until)
    outcome = run.go()
    if dump:
        click.echo(text(schedule))
        for line in run.world.log:
            click.echo(line)
    elif outcome.violations:
        for line in outcome.last:
            click.echo(line)
    click.echo(f"trace {outcome.digest}, {outcome.virtual_s:.3f} virtual s, {outcome.steps} steps")
    for violation in outcome.violations:
        click.echo(click.style(violation, fg="red"))
    sys.exit(EXIT_NO if outcome.violations else 0)


def _shrink(schedule: "Schedule", into: Path) -> None:
    import msgspec

    from heartbeat.sim.run import Run
    from heartbeat.sim.schedule import text
    from heartbeat.sim.shrink import shrink

    violations = Run(schedule).go().violations
    if not violations:
        click.echo("hb sim: this run breaks no law: there is nothing to shrink", err=True)
        sys.exit(EXIT_NO)
    law = violations[0].partition(":")[0]
    least = shrink(schedule, law, lambda said: click.echo(said, err=True))
    why = next(each for each in Run(least).go().violations if each.startswith(law))
    into.write_text(text(msgspec.structs.replace(least, why=why)), encoding="utf-8")
    click.echo(f"{into}: {len(least.faults)} faults; {why}")
