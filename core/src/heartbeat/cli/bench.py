"""``hb bench``: what the cluster costs and how fast it is, measured on this machine."""

import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from types import FrameType
from typing import NoReturn, TypeVar

import click
import msgspec

from heartbeat.cli import EXIT_NO, EXIT_USAGE
from heartbeat.cli.bench_kernel import kernel
from heartbeat.cli.bench_messaging import messaging
from heartbeat.cli.table import Cell, table
from heartbeat.lab.bench import Bench
from heartbeat.lab.bench_figures import FIGURES, Deaths, Figure, Measured, measured, measured_deaths, with_nodes
from heartbeat.lab.control import LabError

T = TypeVar("T")
ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Ctrl-C, and what else may end a command early."""


class Report(msgspec.Struct, frozen=True):
    """What ``--json`` prints."""

    realtime: bool
    """Did the daemons run in real time?"""
    locked: bool
    """Was their memory locked?"""
    root: bool
    load: tuple[float, float]
    """The machine's load average over a minute, before and after."""
    figures: tuple[Measured, ...]


@click.group()
def bench() -> None:
    """The figures of docs/performance.md, measured again on this machine."""


bench.add_command(messaging)
bench.add_command(kernel)


@bench.command()
@click.option("--json", "in_json", is_flag=True, help="As JSON.")
@click.option("--runs", type=click.IntRange(min=1), metavar="N", help="How often each figure is measured.")
@click.option(
    "--only",
    multiple=True,
    metavar="FIGURE",
    help="Only this one (coldstart) or family (deaths-100); repeatable.",
)
@click.option(
    "--nodes",
    type=click.IntRange(3, 32),
    metavar="N",
    help="So many nodes: their cost, and how soon they agree on a view.",
)
@click.option("--lab", "name", default="bench", show_default=True, metavar="NAME", help="Name of the lab.")
def failover(name: str, *, in_json: bool, runs: int | None, only: tuple[str, ...], nodes: int | None) -> None:
    """Outages, cost and false deaths of a cluster of two nodes in namespaces; minutes. Progress goes to stderr.

    Exits with 1 when a figure misses its target, with 2 where no lab can run. Nothing here says how your machines
    will do: it says how this one does.
    """
    from heartbeat.pils.registry import PluginRegistry

    figures = FIGURES if nodes is None else with_nodes(nodes)
    wanted = [figure for figure in figures if not only or any(_means(word, figure) for word in only)]
    if not wanted:
        raise click.BadParameter(f"there are {', '.join(figure.name for figure in figures)}", param_hint="--only")
    for number in ENDS:
        signal.signal(number, _end)
    before = os.getloadavg()[0]
    maker = Bench(PluginRegistry(), name)
    try:
        results = tuple(_measure(maker, figure, runs or figure.runs) for figure in wanted)
    except LabError as wrong:
        click.echo(f"hb bench: {wrong}", err=True)
        sys.exit(EXIT_USAGE)
    seen = maker.conditions
    load = (before, os.getloadavg()[0])
    report = Report(bool(seen and seen.realtime), bool(seen and seen.locked), os.geteuid() == 0, load, results)
    if in_json:
        click.echo(msgspec.json.format(msgspec.json.encode(report), indent=2))
    else:
        click.echo("\n".join(_page(report)))
    if not all(result.reached for result in results):
        sys.exit(EXIT_NO)


def _means(word: str, figure: Figure) -> bool:
    """Is it the figure's name, or the begin of it up to a dash?"""
    return figure.name == word or figure.name.startswith(f"{word}-")


def _measure(maker: Bench, figure: Figure, runs: int) -> Measured:
    click.echo(f"{figure.title}:", err=True)
    if figure.is_deaths:
        return measured_deaths(figure, list(_shown(maker.deaths(figure, runs), _death)))
    return measured(figure, list(_shown(maker.samples(figure, runs), lambda value: f"{value * figure.scale:.2f}")))


def _shown(samples: Iterable[T], text: Callable[[T], str]) -> Iterator[T]:
    """Show each sample on stderr as it comes."""
    for sample in samples:
        click.echo(f"  {text(sample)}", err=True)
        yield sample


def _death(run: Deaths) -> str:
    discarded = "" if run.counts else ", discarded"
    return f"{run.silent}, {run.stall}{discarded}"


def _end(number: int, _: FrameType | None) -> NoReturn:
    """Leave by an exception, so that the lab is taken down; nothing more interrupts that."""
    for each in ENDS:
        signal.signal(each, signal.SIG_IGN)
    sys.exit(128 + number)


def _page(report: Report) -> list[str]:
    rows: list[list[Cell]] = []
    for one in report.figures:
        figures = ["-" if value is None else f"{value:.2f}" for value in (one.median, one.p99, one.max)]
        reached = ("reached", "green") if one.reached else ("missed", "red")
        rows.append([one.title, str(one.n), *figures, one.unit, f"<= {one.target:g}", reached])
    lines = table(rows, ["figure", "n", "median", "p99", "max", "unit", "target", ""])
    lines += [f"{one.title}: {note}" for one in report.figures for note in one.notes]
    yes = [
        word for word, so in (("real-time", report.realtime), ("locked", report.locked), ("root", report.root)) if so
    ]
    no = [word for word in ("real-time", "locked", "root") if word not in yes]
    said = ", ".join([*yes, *(f"not {word}" for word in no)])
    return [*lines, f"conditions: {said}; load {report.load[0]:.1f} before, {report.load[1]:.1f} after"]
