"""``hb status``, ``nodes``, ``links`` and ``groups``: what is true now, each line with since when and why."""

import sys
from collections.abc import Callable

import click
import msgspec

from heartbeat.cli import EXIT_NO
from heartbeat.cli.asking import asking
from heartbeat.cli.place_options import with_places
from heartbeat.cli.status_page import groups_page, links_page, nodes_page, status_page, troubles
from heartbeat.cli.table import printable
from heartbeat.client import Client
from heartbeat.hooks.asked import configured, sections
from heartbeat.model.places import Places
from heartbeat.model.status import ClusterStatus

_CLEAR = "\x1b[H\x1b[J"
"""Cursor home, erase to the end of the screen (ECMA-48 CUP and ED)."""

Page = Callable[[ClusterStatus], list[str]]
Part = Callable[[ClusterStatus], object]

_as_json = click.option("--json", "as_json", is_flag=True, help="As JSON, with stable keys; with --watch a line each.")
_watch = click.option("--watch", is_flag=True, help="Show it anew at each change, until Ctrl-C.")


@click.command()
@_as_json
@_watch
@with_places
def status(where: Places, *, as_json: bool, watch: bool) -> None:
    """One screen: cluster, nodes, groups, alarms.

    Exits with 1 when something is wrong: the view has no quorum or is pending, a group neither runs nor is on its
    way, or an alarm stands. With 3 when the daemon cannot be reached.
    """
    last = _show(where, status_page, lambda now: now, as_json=as_json, watch=watch)
    if not as_json:
        _hook_sections(where, last)
    if troubles(last):
        raise click.exceptions.Exit(EXIT_NO)


@click.command()
@_as_json
@_watch
@with_places
def nodes(where: Places, *, as_json: bool, watch: bool) -> None:
    """The nodes, and how each of them stands."""
    _show(where, nodes_page, lambda now: now.nodes, as_json=as_json, watch=watch)


@click.command()
@_as_json
@_watch
@with_places
def links(where: Places, *, as_json: bool, watch: bool) -> None:
    """The links to every node: state, since when, frames received and lost."""
    _show(where, links_page, _links, as_json=as_json, watch=watch)


@click.command()
@_as_json
@_watch
@with_places
def groups(where: Places, *, as_json: bool, watch: bool) -> None:
    """The resource groups and their resources: where, since when and why."""
    _show(where, groups_page, lambda now: now.groups, as_json=as_json, watch=watch)


def _hook_sections(where: Places, now: ClusterStatus) -> None:
    """Show what configured hooks have to say about it, under our own lines."""
    hooks = configured(where.ha_cf)
    for name, lines in sections(hooks, msgspec.to_builtins(now)).items() if hooks else ():
        click.echo("\n".join(["", printable(name), *(f"  {printable(line)}" for line in lines)]))


def _links(now: ClusterStatus) -> list[dict[str, object]]:
    return [{"node": node.name, **msgspec.structs.asdict(link)} for node in now.nodes for link in node.links]


def _show(where: Places, page: Page, part: Part, *, as_json: bool, watch: bool) -> ClusterStatus:
    with asking(where) as client:
        if watch:
            _follow(client, page, part, as_json=as_json)
        now = client.status()
        if as_json:
            click.echo(msgspec.json.format(msgspec.json.encode(part(now)), indent=2))
        else:
            click.echo("\n".join(page(now)))
        return now


def _follow(client: Client, page: Page, part: Part, *, as_json: bool) -> None:
    """Show each change; ends with Ctrl-C (130) or with the daemon (NoDaemon)."""
    clear = _CLEAR if sys.stdout.isatty() else ""
    try:
        for now in client.watch():
            text = msgspec.json.encode(part(now)).decode() if as_json else clear + "\n".join(page(now))
            click.echo(text if as_json or clear else text + "\n")
    except KeyboardInterrupt:
        raise click.exceptions.Exit(130) from None
