"""Talking to the daemon from a command: its errors become one line and an exit status, never a traceback."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

import click

from heartbeat.cli import EXIT_NO, EXIT_NO_DAEMON
from heartbeat.client import Client, NoDaemon, Refused, connect
from heartbeat.model.places import Places


@contextmanager
def asking(where: Places) -> Iterator[Client]:
    """Yield a client of the node's daemon; ends the command with 3 when it cannot be reached, 1 when it refuses."""
    try:
        with connect(where.api_socket) as client:
            yield client
    except NoDaemon as error:
        say_no(str(error), EXIT_NO_DAEMON)
    except Refused as error:
        say_no(str(error))


def say_no(text: str, status: int = EXIT_NO) -> NoReturn:
    """End the command with one line on stderr."""
    click.echo(f"hb: {text}", err=True)
    raise click.exceptions.Exit(status)


def progress() -> Callable[[str], None] | None:
    """Return what shows progress to a person: a line each on stderr, and nothing when nobody looks."""
    if not sys.stderr.isatty():
        return None
    return lambda text: click.echo(click.style(text, dim=True), err=True)
