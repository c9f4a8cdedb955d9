"""``hb_standby`` and ``hb_takeover``: the old words, which return when the move is done."""

from collections.abc import Callable, Sequence

import click

from heartbeat.client import Client, NoDaemon, Refused, connect
from heartbeat.model.places import places
from heartbeat.wire.api import Done

_WORDS = {"all": "all", "local": "local", "foreign": "foreign", "failback": "foreign"}


def standby(argv: Sequence[str]) -> int:
    """Give groups away; 0 when that is done, 1 when not."""
    return _moved("hb_standby", argv, lambda client, which: client.standby(which), "Going standby [{}].")


def takeover(argv: Sequence[str]) -> int:
    """Take groups over; 0 when that is done, 1 when not."""
    return _moved("hb_takeover", argv, lambda client, which: client.takeover(which), "")


def _moved(name: str, argv: Sequence[str], ask: Callable[[Client, str], Done], announced: str) -> int:
    word = argv[0] if argv else "all"
    if len(argv) > 1 or word not in _WORDS:
        click.echo(f"usage: {name} [all|foreign|local|failback]", err=True)
        return 1
    try:
        with connect(places().api_socket) as client:
            if announced:
                click.echo(announced.format(word))
            done = ask(client, _WORDS[word])
    except (NoDaemon, Refused) as error:
        click.echo(f"{name}: {error}", err=True)
        return 1
    if not done.good:
        click.echo(f"{name}: {done.text}", err=True)
    return 0 if done.good else 1
