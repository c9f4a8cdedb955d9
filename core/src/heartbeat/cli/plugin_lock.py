"""``hb plugin lock`` and ``check``: do two nodes have the same plugins?"""

import json
from typing import IO

import click

from heartbeat.cli import EXIT_NO


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
@click.argument("file", type=click.File(encoding="utf-8"))
@click.option("--json", "as_json", is_flag=True, help="As JSON, with stable keys.")
def check(file: IO[str], *, as_json: bool) -> None:
    """Compare what is installed here with FILE, which `hb plugin lock` printed, here or on another node.

    FILE may be -: `ssh node2 hb plugin lock | hb plugin check -` compares two nodes. Exits with 1 when they differ.
    """
    import dataclasses

    from heartbeat.pils.lock import BadLock, differences, locked, read_lock

    try:
        there = read_lock(file.read())
    except (BadLock, UnicodeDecodeError) as wrong:
        raise click.UsageError(f"{file.name} is no lock: {wrong}") from None
    if not there:
        raise click.UsageError(f"{file.name} is no lock: it is empty")
    found = differences(there, locked())
    if as_json:
        click.echo(json.dumps([dataclasses.asdict(it) for it in found], indent=2))
    else:
        for it in found:
            click.echo(f"{it.distribution}: {it.text}\n    mend:  {it.mend}")
        if not found:
            click.echo(f"the same {len(there)} distributions")
    if found:
        raise click.exceptions.Exit(EXIT_NO)
