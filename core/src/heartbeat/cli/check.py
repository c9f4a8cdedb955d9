"""``hb check``: is the configuration right, and what does it mean?"""

import json
import sys
from pathlib import Path

import click

from heartbeat.cli import EXIT_NO, EXIT_USAGE
from heartbeat.config.facts import STALL_SEEN_S, facts_of_this_host
from heartbeat.config.finding import Severity
from heartbeat.config.load import load
from heartbeat.config.report import as_json, text_lines
from heartbeat.model.duration import parse_duration
from heartbeat.model.places import places

_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.ADVICE: "cyan", Severity.NOTE: "blue"}


def _stall(_context: click.Context, _parameter: click.Parameter, text: str | None) -> float:
    """Return seconds of ``--stall``; wrong use when it is no duration."""
    try:
        return STALL_SEEN_S if text is None else parse_duration(text)
    except ValueError as wrong:
        raise click.BadParameter(str(wrong)) from None


@click.command()
@click.argument("directory", required=False, metavar="[DIR]")
@click.option("--config", help="Same as DIR; default /etc/ha.d or HB_CONFIG.", metavar="DIR")
@click.option("--node", help="Read the files as this node.", metavar="NAME")
@click.option("--stall", callback=_stall, help="Longest stall seen on your machines.", metavar="TIME")
@click.option("--json", "json_wanted", is_flag=True, help="For scripts; the keys are stable.")
def check(directory: str | None, config: str | None, node: str | None, stall: float, *, json_wanted: bool) -> None:
    """Check ha.cf, haresources and authkeys.

    Tells errors, warnings, advice and notes of all three together, each with its place and its mend; docs/findings.md
    explains every code. Exits 1 when there are errors. The files of a DIR that this host is no node of are read as
    their first node would read them.
    """
    from heartbeat.pils.registry import PluginRegistry

    chosen = places(directory or config)
    if not chosen.config.is_dir():
        click.echo(f"hb check: {chosen.config} is no directory", err=True)
        sys.exit(EXIT_USAGE)
    given = directory or config
    registry = PluginRegistry(config=chosen.config)
    loaded = load(chosen, registry, node=node, facts=facts_of_this_host(stall), need_own_node=given is None)
    if json_wanted:
        click.echo(json.dumps(as_json(loaded, str(Path(chosen.config).absolute())), indent=2))
    else:
        for line in text_lines(loaded):
            click.echo(_coloured(line))
    for notice in registry.notices:
        click.echo(f"hb: {notice}", err=True)
    sys.exit(EXIT_NO if loaded.errors else 0)


def _coloured(line: str) -> str:
    """Colour the severity of a finding's first line; click drops colours when the output is no terminal."""
    for severity, colour in _COLOURS.items():
        before, word, after = line.partition(f": {severity.value} HB-C")
        if word and not line.startswith("   "):
            return f"{before}: {click.style(severity.value, fg=colour, bold=True)} HB-C{after}"
    return line
