"""``hb bench messaging``: how fast programs on several nodes talk to each other, measured on this machine."""

import os
import sys

import click
import msgspec

from heartbeat.cli import EXIT_NO, EXIT_USAGE
from heartbeat.cli.table import Cell, table
from heartbeat.lab.bench_messages import FIGURES, MessagesBench, Rated, TalkFigure
from heartbeat.lab.control import LabError

YES, NO = ("reached", "green"), ("missed", "red")


class MessagingReport(msgspec.Struct, frozen=True):
    """What ``--json`` prints."""

    realtime: bool
    locked: bool
    root: bool
    load: tuple[float, float]
    """The machine's load average over a minute, before and after."""
    figures: tuple[Rated, ...]


@click.command()
@click.option("--json", "in_json", is_flag=True, help="As JSON.")
@click.option("--only", multiple=True, metavar="FIGURE", help="Only this one (rate-2, sparse ...); repeatable.")
@click.option("--lab", "name", default="bench", show_default=True, metavar="NAME", help="Name of the lab.")
def messaging(name: str, *, in_json: bool, only: tuple[str, ...]) -> None:
    """SAFE messages between programs on two and three nodes in namespaces: how many, how much, how late.

    Exits with 1 when a figure misses its target, with 2 where no lab can run.
    """
    from heartbeat.pils.registry import PluginRegistry

    wanted = [figure for figure in FIGURES if not only or figure.name in only]
    if not wanted:
        raise click.BadParameter(f"there are {', '.join(figure.name for figure in FIGURES)}", param_hint="--only")
    maker, before = MessagesBench(PluginRegistry(), name), os.getloadavg()[0]
    try:
        results = tuple(_measure(maker, figure) for figure in wanted)
    except LabError as wrong:
        click.echo(f"hb bench: {wrong}", err=True)
        sys.exit(EXIT_USAGE)
    seen, load = maker.conditions, (before, os.getloadavg()[0])
    report = MessagingReport(bool(seen and seen.realtime), bool(seen and seen.locked), os.geteuid() == 0, load, results)
    if in_json:
        click.echo(msgspec.json.format(msgspec.json.encode(report), indent=2))
    else:
        click.echo("\n".join(_page(report)))
    if not all(result.reached for result in results):
        sys.exit(EXIT_NO)


def _measure(maker: MessagesBench, figure: TalkFigure) -> Rated:
    result = maker.measure(figure)
    click.echo(f"{result.title}: {result.value:,.2f} {result.unit}", err=True)
    return result


def _page(report: MessagingReport) -> list[str]:
    rows: list[list[Cell]] = [
        [
            one.title,
            f"{one.value:,.2f}",
            one.unit,
            f"{one.target:,g}",
            ("reached", "green") if one.reached else ("missed", "red"),
        ]
        for one in report.figures
    ]
    real_time = "real-time" if report.realtime else "not real-time"
    load = f"load {report.load[0]:.1f} before, {report.load[1]:.1f} after"
    return [*table(rows, ["figure", "value", "unit", "target", ""]), f"conditions: {real_time}; {load}"]
