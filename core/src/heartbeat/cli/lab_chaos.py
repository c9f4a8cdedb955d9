"""``hb lab chaos``: random troubles for your own three files, the same again for the same seed."""

import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from heartbeat.cli import EXIT_NO, EXIT_USAGE

if TYPE_CHECKING:
    from heartbeat.lab.schedule import Step
    from heartbeat.plugin import Registry


@click.command()
@click.argument("directory", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--seed", type=click.IntRange(min=0), metavar="S", help="The same seed, the same troubles. [drawn]")
@click.option("--steps", type=click.IntRange(min=1), default=50, show_default=True, metavar="N", help="Troubles.")
@click.option("--lab", "name", default="chaos", show_default=True, metavar="NAME", help="What to call the lab.")
@click.option("--keep", is_flag=True, help="Leave the lab up afterwards, to look at.")
@click.option("--dry-run", is_flag=True, help="Show the schedule and do nothing.")
@click.option("--json", "as_json", is_flag=True, help="The outcome as JSON, on stdout.")
def chaos(
    directory: Path, seed: int | None, steps: int, name: str, *, keep: bool, dry_run: bool, as_json: bool
) -> None:
    """Put up the cluster of DIRECTORY and let troubles come over it: crashes, frozen nodes, cuts of one link or all,
    killed daemons and executors, planned moves, a power switch that fails, hangs, lies or is slow.

    After each step the oracle, which watches from outside, judges the promises (docs/how-it-works.md); at the end
    every trouble is ended and the cluster must become whole. Exits with 1 when a promise was broken.
    """
    from heartbeat.cli.lab import told
    from heartbeat.lab.chaos import run
    from heartbeat.lab.lab import Lab
    from heartbeat.lab.oracle import watching
    from heartbeat.lab.plan import read_plan
    from heartbeat.lab.schedule import draw
    from heartbeat.pils.registry import PluginRegistry

    seed = secrets.randbelow(1_000_000) if seed is None else seed
    registry = PluginRegistry(config=directory)
    deadtime_s, stateless = _cluster(directory, registry)
    with told():
        plan = read_plan(directory, registry)
        schedule = draw(seed, steps, plan.nodes, [medium.interface for medium in plan.media], deadtime_s)
        if dry_run:
            for step in schedule:
                click.echo(f"{step.at_s:8.2f} s  #{step.number:<4} {step}")
            return
        click.echo(f"seed {seed}: {steps} troubles within {schedule[-1].at_s:.0f} s", err=True)
        lab = Lab.up(directory, registry, name=name)
        try:
            with watching(lab) as oracle:
                outcome = run(lab, oracle, schedule, _tell, stateless)
        finally:
            if not keep:
                lab.down()
    if as_json:
        click.echo(msgspec.json.encode({"seed": seed, **msgspec.to_builtins(outcome)}).decode())
    for sentence in outcome.broken:
        click.echo(f"broken: {sentence}", err=True)
    verdict = "a promise was broken" if outcome.broken else "every promise was kept"
    click.echo(
        f"{outcome.done} steps done, {outcome.skipped} not possible as things were; {verdict};"
        f" whole again after {outcome.whole_after_s:.1f} s",
        err=True,
    )
    sys.exit(EXIT_NO if outcome.broken else 0)


def _cluster(directory: Path, registry: "Registry") -> tuple[float, tuple[str, ...]]:
    """Return deadtime in seconds, and the resources that share no data; ends with 2 when the files have errors."""
    from heartbeat.config.load import load
    from heartbeat.model.places import places

    loaded = load(places(str(directory)), registry, need_own_node=False)
    if loaded.config is None:
        click.echo(f"hb lab chaos: the files have errors; `hb check {directory}` shows them", err=True)
        sys.exit(EXIT_USAGE)
    cluster = loaded.config.cluster
    free = tuple(one.name for group in cluster.groups for one in group.resources if not one.shares_data)
    return cluster.timers.deadtime_s, free


def _tell(step: "Step", problem: str) -> None:
    note = f"  (not done: {problem})" if problem else ""
    click.echo(f"{step.at_s:8.2f} s  #{step.number:<4} {step}{note}", err=True)
