"""``meatclient -c NODE [-w]``: a person says that a node was switched off by hand. The old questions and answers."""

import getopt
import time
from collections.abc import Sequence

import click

from heartbeat.client import Client, NoDaemon, Refused, connect
from heartbeat.model.places import places
from heartbeat.wire.api import OpenConfirmation

WRONG_USE, NO_REQUEST, CANCELLED = 3, 4, 1
"""Exit codes of cluster-glue 1.0.12; a request that nobody made was there a FIFO that is missing."""

POLL_S = 1.0
"""How often -w looks."""


def main(argv: Sequence[str]) -> int:
    """Ask, and confirm; return the exit code."""
    try:
        pairs, words = getopt.getopt(list(argv), "c:w")
    except getopt.GetoptError:
        pairs, words = [], []
    options = dict(pairs)
    node = options.get("-c", "").lower()
    if not node or words:
        click.echo("usage: meatclient -c node [-w]", err=True)
        return WRONG_USE
    try:
        with connect(places().api_socket) as client:
            return _confirmed(client, node, waits="-w" in options)
    except (NoDaemon, Refused) as error:
        click.echo(f"Meatware_IPC failed: {error}", err=True)
        return NO_REQUEST


def _confirmed(client: Client, node: str, *, waits: bool) -> int:
    request = _request(client, node)
    while request is None and waits:
        time.sleep(POLL_S)
        request = _request(client, node)
    if request is None:
        click.echo(f"Meatware_IPC failed: nothing waits for a confirmation of {node}", err=True)
        return NO_REQUEST
    click.echo(
        f"\nWARNING!\n\nIf {node} still runs, its data will be corrupted: it must have been switched off by hand,"
        "\nor cut off from all shared data and all networks.\n"
    )
    answer = str(click.prompt("PROCEED? [yN]", default="", show_default=False, prompt_suffix=" "))
    if answer.strip().lower() not in ("y", "yes"):
        click.echo("Meatware_client: operation canceled.")
        return CANCELLED
    done = client.confirm(node, request.request)
    if not done.good:
        click.echo(f"Meatware_client: {done.text}", err=True)
        return CANCELLED
    click.echo("Meatware_client: reset confirmed.")
    return 0


def _request(client: Client, node: str) -> OpenConfirmation | None:
    return next((one for one in client.confirmations() if one.node == node), None)
