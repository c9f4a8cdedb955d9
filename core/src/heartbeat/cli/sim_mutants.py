"""``hb sim --mutants``: known mistakes in the kernel, and the seeds until each is caught."""

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from statistics import median
from typing import TYPE_CHECKING

import click

from heartbeat.cli import EXIT_NO, EXIT_USAGE

if TYPE_CHECKING:
    from heartbeat.sim.mutants.hunt import Found
    from heartbeat.sim.mutants.mutant import Mutant

SEEDS = 2000
"""Tried of each mutant unless told otherwise; on two cores a night has about fifty times as many for all."""


def hunt_mutants(
    named: tuple[str, ...],
    first: int,
    seeds: int | None,
    runs: int | None,
    processes: int | None,
    *,
    json_wanted: bool,
) -> None:
    """Hunt the named mutants, all without a name; exit 1 when one was not caught."""
    from heartbeat.sim.mutants.hunt import hunt_all

    some, found = _named(named), []
    for one in hunt_all(some, first, seeds or SEEDS, runs or 0, processes=processes or 0):
        found.append(one)
        if not json_wanted:
            click.echo(_line(one))
        if sys.stderr.isatty():
            click.echo(f"\r{len(found)} of {len(some)} mutants\r", nl=False, err=True)
    click.echo(json.dumps(_as_json(found), indent=2) if json_wanted else "\n".join(_summary(found)))
    sys.exit(0 if all(one.violation for one in found) else EXIT_NO)


def become(named: tuple[str, ...]) -> None:
    """Put the mistakes into this process's kernel for the rest of its life."""
    from heartbeat.sim.mutants.mutant import Stale, Unread, applied

    rest = ExitStack()
    for one in _named(named):
        try:
            rest.enter_context(applied(one))
        except (Stale, Unread) as wrong:
            click.echo(f"hb sim: {one.name}: {wrong}", err=True)
            sys.exit(EXIT_NO)
    click.get_current_context().call_on_close(rest.close)


def _named(named: tuple[str, ...]) -> tuple["Mutant", ...]:
    from heartbeat.sim.mutants import ALL

    unknown = sorted(set(named) - {one.name for one in ALL})
    if unknown:
        known = ", ".join(one.name for one in ALL)
        click.echo(f"hb sim: there is no mutant {', '.join(unknown)}; there are {known}", err=True)
        sys.exit(EXIT_USAGE)
    return tuple(one for one in ALL if not named or one.name in named)


def _line(one: "Found") -> str:
    if one.problem:
        return click.style(f"{'not tried':>22}  {one.mutant.name}: {one.problem}", fg="red")
    told = f"{one.mutant.name}: {one.mutant.says}"
    if not one.violation:
        return click.style(f"{one.seeds:6} seeds, not caught  {told}", fg="red")
    return f"{one.seeds:6} seeds {one.law:>9}  {told}"


def _summary(found: list["Found"]) -> Iterator[str]:
    from heartbeat.sim.mutants import AWAITED

    caught = [one for one in found if one.violation]
    core_s = sum(one.core_s for one in found)
    yield f"{len(caught)} of {len(found)} mutants caught, {sum(one.seeds for one in found)} seeds, {core_s:.0f} core-s"
    if caught:
        slowest = max(caught, key=lambda one: one.seeds)
        middle = median(one.seeds for one in caught)
        yield f"seeds until caught: {middle:g} in the middle, {slowest.seeds} at most ({slowest.mutant.name})"
    alive = [one.mutant.name for one in found if not one.violation]
    if alive:
        yield "not caught: " + ", ".join(alive)
    for name, why in AWAITED.items():
        yield f"not there yet: {name}, {why}"


def _as_json(found: list["Found"]) -> dict[str, object]:
    from heartbeat.sim.mutants import AWAITED

    return {
        "mutants": {
            one.mutant.name: {
                "says": one.mutant.says,
                "caught": bool(one.violation),
                "seeds": one.seeds,
                "runs": one.runs,
                "seed": one.seed,
                "law": one.law,
                "violation": one.violation,
                "problem": one.problem,
                "core_s": round(one.core_s, 3),
            }
            for one in sorted(found, key=lambda each: each.mutant.name)
        },
        "not_there_yet": AWAITED,
    }
