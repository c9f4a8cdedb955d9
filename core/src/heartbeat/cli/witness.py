"""``hb witness``: a tie-breaker for many clusters, in the foreground."""

import asyncio
import signal
import sqlite3
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from heartbeat.cli import EXIT_NO

if TYPE_CHECKING:
    from heartbeat.witness.store import Store

RECORD = "witness.db"


@click.command()
@click.option("--listen", default="0.0.0.0", show_default=True, help="Address to serve on.")  # noqa: S104 - its purpose
@click.option("--port", default=6940, show_default=True, type=click.IntRange(0, 65535), help="TCP port; 0: any.")
@click.option("--keys", default="/etc/ha.d/witness.keys", show_default=True, type=click.Path(path_type=Path))
@click.option("--state", default="/var/lib/heartbeat-witness", show_default=True, type=click.Path(path_type=Path))
@click.option("--forget", metavar="CLUSTER", help="Forget what this cluster was granted, and end.")
def witness(listen: str, port: int, keys: Path, state: Path, forget: str | None) -> None:
    """Let one of two equal halves of a cluster go on, and the other one never.

    Runs on a machine that is no node of the clusters it serves, until SIGTERM or Ctrl-C. The file of keys has a line
    CLUSTER KEY for each of them; the same line stands in /etc/ha.d/witness.key of its nodes, whose ha.cf says
    `quorum_server HOST`. Needs no root. What it grants is on disk before it answers.
    """
    from heartbeat.witness.keys import BadKeys, read_keys
    from heartbeat.witness.store import Store

    try:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        store = Store(state / RECORD)
    except (OSError, sqlite3.Error) as wrong:
        _end(f"{state / RECORD} cannot be used: {wrong}; is another hb witness running? See --state")
    if forget is not None:
        if not store.forget(forget):
            _end(f"{forget} was granted nothing")
        click.echo(f"{forget}: what it was granted is forgotten")
        return
    try:
        known = read_keys(keys)
    except BadKeys as wrong:
        _end(str(wrong))
    asyncio.run(_serve(store, known, listen, port))


async def _serve(store: "Store", keys: dict[str, bytes], listen: str, port: int) -> None:
    from heartbeat.witness.server import Server

    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    try:
        serving = await Server(store, keys, _say).listen(listen, port)
    except OSError as wrong:
        _end(f"{listen} port {port} cannot be served: {wrong.strerror}; see --listen and --port")
    place = serving.sockets[0].getsockname()
    _say(f"the witness of {', '.join(sorted(keys))} serves {place[0]} port {place[1]}")
    async with serving:
        await ended.wait()
    store.close()


def _say(text: str) -> None:
    click.echo(text)
    sys.stdout.flush()


def _end(why: str) -> NoReturn:
    click.echo(f"hb witness: {why}", err=True)
    sys.exit(EXIT_NO)
