"""``hb stonith confirm NODE``: a person says, in place of a device, that a node is off."""

import difflib
import sys

import click

from heartbeat.cli import EXIT_NO
from heartbeat.cli.asking import asking, progress, say_no
from heartbeat.cli.place_options import with_places
from heartbeat.cli.table import printable
from heartbeat.client import Client
from heartbeat.model.duration import show_duration
from heartbeat.model.names import NodeName, node_name
from heartbeat.model.places import Places
from heartbeat.model.status import ClusterStatus, NodeStatus
from heartbeat.wire.api import OpenConfirmation


def _node(_: click.Context, __: click.Parameter, text: str) -> NodeName:
    try:
        return node_name(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@click.command()
@click.argument("node", callback=_node)
@click.option("--yes-i-am-sure", "sure", metavar="NAME", help="The node's name once more, in place of typing it.")
@with_places
def confirm(where: Places, node: NodeName, sure: str | None) -> None:
    """Confirm that NODE is off, so that what it held may start elsewhere.

    Look first: if NODE still runs, data will be corrupted. Exits with 1 when nothing asks for it: NODE was heard, is
    already proved off, or is the node that the command runs on.
    """
    if sure is not None and sure.lower() != node:
        raise click.UsageError(f"--yes-i-am-sure names {sure!r}, not {node!r}")
    with asking(where) as client:
        request = _open_request(client, node)
        _show(request)
        if sure is None:
            _have_it_typed(node)
        done = client.confirm(node, request.request, progress())
    if not done.good:
        say_no(printable(done.text))
    click.echo(printable(done.text))


def _open_request(client: Client, node: NodeName) -> OpenConfirmation:
    waiting = client.confirmations()
    request = next((one for one in waiting if one.node == node), None)
    if request is None:
        others = f" Waiting for a confirmation: {', '.join(one.node for one in waiting)}." if waiting else ""
        say_no(printable(_why_not(client.status(), node) + others))
    return request


def _why_not(now: ClusterStatus, node: NodeName) -> str:
    if node == now.node:
        return f"{node} is this node: a node that can run this command is not off."
    known: dict[str, NodeStatus] = {one.name: one for one in now.nodes}
    if node not in known:
        near = difflib.get_close_matches(node, known, 1) or list(known)
        return f"{node} is no node of this cluster. Did you mean {' or '.join(near)}?"
    heard = known[node].heard_s
    age = "never heard" if heard is None else f"last heard {show_duration(heard)} ago"
    return f"nothing waits for a confirmation of {node}: it is {known[node].state}, {age}."


def _show(request: OpenConfirmation) -> None:
    life = f"life {request.incarnation}" if request.incarnation else "never heard in this cluster's memory"
    click.echo(f"request {request.request}: is {request.node} ({life}) off?")
    silent = f"for {show_duration(request.silent_s)}" if request.incarnation else "always"
    click.echo(f"  silent      {silent}")
    click.echo(f"  will start  {printable(', '.join(request.starts)) or 'nothing'}")


def _have_it_typed(node: NodeName) -> None:
    if not sys.stdin.isatty():
        raise click.UsageError(f"nobody is here to type the name; a script says --yes-i-am-sure {node}")
    click.echo(f"If {node} still runs, its data will be corrupted. Go and look, or pull its plug.")
    typed = str(click.prompt(f"Type the name of the node that is off ({node})", default="", show_default=False))
    if typed.strip().lower() != node:
        click.echo("hb: not confirmed.", err=True)
        raise click.exceptions.Exit(EXIT_NO)
