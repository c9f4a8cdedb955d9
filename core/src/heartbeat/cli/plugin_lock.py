"""``hb plugin lock`` and ``check``: do the nodes have the same plugins?"""

import json
from typing import IO, TYPE_CHECKING

import click

from heartbeat.cli import EXIT_NO
from heartbeat.cli.place_options import with_places
from heartbeat.model.places import Places

if TYPE_CHECKING:
    from heartbeat.pils.lock import Difference


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON, with stable keys.")
def lock(*, as_json: bool) -> None:
    """Print which plugins are installed here, with version and digest, for `hb plugin check`."""
    import dataclasses

    from heartbeat.pils.lock import lock_text, locked

    lines = locked()
    click.echo(
        json.dumps([dataclasses.asdict(it) for it in lines], indent=2) if as_json else lock_text(lines), nl=as_json
    )


@click.command()
@click.argument("file", type=click.File(encoding="utf-8"), required=False)
@click.option("--json", "as_json", is_flag=True, help="As JSON, with stable keys.")
@with_places
def check(where: Places, *, file: IO[str] | None, as_json: bool) -> None:
    """Compare the plugins of the cluster's nodes, or what is installed here with FILE.

    Without FILE, by what the nodes' beats tell of the plugins that they use: what the running daemons loaded, which
    may be older than what is installed. FILE is what `hb plugin lock` printed, here or on another node; it may be -:
    `ssh node2 hb plugin lock | hb plugin check -`. Exits with 1 when something differs, with 3 when no daemon answers.
    """
    found, same = _with_lock(file) if file is not None else _with_members(where)
    if as_json:
        listed = [{**({"node": node} if node else {}), **_as_json(it)} for node, it in found]
        click.echo(json.dumps(listed, indent=2))
    else:
        for node, it in found:
            click.echo(f"{node or it.distribution}: {it.text}\n    mend:  {it.mend}")
        if not found:
            click.echo(same)
    if found:
        raise click.exceptions.Exit(EXIT_NO)


def _as_json(it: "Difference") -> dict[str, str]:
    return {"distribution": it.distribution, "text": it.text, "mend": it.mend}


def _with_lock(file: IO[str]) -> tuple[list[tuple[str, "Difference"]], str]:
    """Return how this host differs from a lock, and what to say when it does not."""
    from heartbeat.pils.lock import BadLock, differences, locked, read_lock

    try:
        there = read_lock(file.read())
    except (BadLock, UnicodeDecodeError) as wrong:
        raise click.UsageError(f"{file.name} is no lock: {wrong}") from None
    if not there:
        raise click.UsageError(f"{file.name} is no lock: it is empty")
    return [("", it) for it in differences(there, locked())], f"the same {len(there)} distributions"


def _with_members(where: Places) -> tuple[list[tuple[str, "Difference"]], str]:
    """Return how the other nodes differ from this one, by what their beats told, and what to say when none does."""
    from heartbeat.cli.asking import asking
    from heartbeat.pils.fingerprint import fingerprint_differences
    from heartbeat.pils.lock import locked

    with asking(where) as client:
        nodes = client.status().nodes
    here = locked()
    (mine,) = (it.plugins for it in nodes if it.is_me)
    heard = [it for it in nodes if not it.is_me and it.plugins]
    found = [(it.name, difference) for it in heard for difference in fingerprint_differences(it.plugins, mine, here)]
    silent = [it.name for it in nodes if not it.is_me and not it.plugins]
    missed = f"; nothing was told by {', '.join(silent)}" if silent else ""
    who = f"{', '.join(it.name for it in heard)} and this node" if heard else "no other node was heard"
    return found, f"{who} use the same plugins{missed}" if heard else f"{who}{missed}"
