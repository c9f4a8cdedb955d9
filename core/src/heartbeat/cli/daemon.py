"""``hb run``: the node's processes, in the foreground."""

import sys
from typing import TYPE_CHECKING

import click

from heartbeat.cli import EXIT_NO
from heartbeat.cli.place_options import with_places
from heartbeat.model.places import Places

if TYPE_CHECKING:
    from heartbeat.config.load import Loaded


@click.command()
@with_places
@click.option("--node", metavar="NAME", help="This node's name in ha.cf. [nodeinfo, else the host's name]")
def run(where: Places, node: str | None) -> None:
    """Run this node in the foreground, until it has left the cluster.

    SIGTERM and SIGINT leave in order (so does `hb stop`), SIGHUP reads authkeys again.
    Exit status: 0 left in order, 1 could not run.
    """
    from heartbeat.daemon.launch import CannotStart, launch

    try:
        sys.exit(launch(where, node, _show, _say))
    except CannotStart as wrong:
        _say(str(wrong))
        sys.exit(EXIT_NO)


def _show(loaded: "Loaded") -> None:
    """Print findings as ``hb check`` does; in the process that read the files."""
    from heartbeat.config.report import finding_lines

    for finding in loaded.findings:
        for line in finding_lines(loaded, finding):
            click.echo(line, err=True)
    if loaded.errors:
        _say("not started: the configuration has errors; `hb check` shows all that it says")


def _say(text: str) -> None:
    click.echo(f"heartbeat: {text}", err=True)
