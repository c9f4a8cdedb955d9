"""``hb standby``, ``hb takeover`` and ``hb stop``: planned moves. They return when done, with what moved and how."""

from collections.abc import Callable
from typing import Any

import click
import msgspec

from heartbeat.cli import EXIT_NO
from heartbeat.cli.asking import asking, progress, say_no
from heartbeat.cli.place_options import with_places
from heartbeat.cli.table import printable
from heartbeat.client import NoDaemon
from heartbeat.model.duration import parse_duration
from heartbeat.model.places import Places
from heartbeat.wire.api import Done, Moved

_which = click.argument("which", type=click.Choice(["all", "local", "foreign"]), default="all")
_as_json = click.option("--json", "as_json", is_flag=True, help="As JSON: good, text, and moved with away_s.")


def _seconds(_: click.Context, __: click.Parameter, text: str) -> float:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def _timeout(default: str) -> Callable[[Any], Any]:
    text = "How long the daemon may try, as in ha.cf: 90, 2min."
    return click.option("--timeout", "timeout_s", metavar="TIME", default=default, callback=_seconds, help=text)


@click.command()
@_which
@_timeout("120s")
@_as_json
@with_places
def standby(where: Places, which: str, *, timeout_s: float, as_json: bool) -> None:
    """Give groups away: all, local (their home is this node) or foreign. Exits with 1 when that failed."""
    with asking(where) as client:
        _end(client.standby(which, progress(), timeout_s), as_json=as_json)


@click.command()
@_which
@_timeout("120s")
@_as_json
@with_places
def takeover(where: Places, which: str, *, timeout_s: float, as_json: bool) -> None:
    """Take groups over: all, local (their home is this node) or foreign. Exits with 1 when that failed."""
    with asking(where) as client:
        _end(client.takeover(which, progress(), timeout_s), as_json=as_json)


@click.command()
@_timeout("5min")
@_as_json
@with_places
def stop(where: Places, *, timeout_s: float, as_json: bool) -> None:
    """Leave the cluster in order and end the daemon. Exits with 1 when a stop failed and the daemon stays."""
    with asking(where) as client:
        try:
            done = client.stop(progress(), timeout_s)
        except NoDaemon as error:
            # It was there when we asked, so "cannot be reached" would be the wrong answer.
            say_no(f"not known to have left in order: {error.cause}. {error.mend}")
        _end(done, as_json=as_json)


def _end(done: Done, *, as_json: bool) -> None:
    """Print what a request brought about; not good: exit with 1."""
    if as_json:
        moved = [msgspec.structs.asdict(one) for one in done.moved]
        click.echo(msgspec.json.encode({"good": done.good, "text": done.text, "moved": moved}))
    else:
        for one in done.moved:
            click.echo(_moved(one))
        click.echo(printable(done.text) if done.good else f"hb: {printable(done.text)}", err=not done.good)
    if not done.good:
        raise click.exceptions.Exit(EXIT_NO)


def _moved(one: Moved) -> str:
    if not one.target:
        return printable(f"{one.group}: stopped on {one.source}")
    way = f"{one.source} -> {one.target}" if one.source else f"started on {one.target}"
    away = "" if one.away_s is None else f", away for {one.away_s * 1000:.0f} ms"
    return printable(f"{one.group}: {way}{away}")
