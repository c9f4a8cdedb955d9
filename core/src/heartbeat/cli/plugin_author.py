"""``hb plugin new``, ``validate`` and ``doctor``: for those who write plugins, and those who miss one."""

from pathlib import Path

import click

from heartbeat.cli.asking import say_no


@click.command()
@click.argument("kind")
@click.argument("name")
@click.option("--dir", "folder", metavar="DIR", type=click.Path(path_type=Path), help="Where; default: ./DISTRIBUTION.")
def new(kind: str, name: str, folder: Path | None) -> None:
    """Make the distribution of a new plugin: a folder that passes its tests from the first minute.

    KIND is stonith, ra, comm, auth or hooks; NAME the word that an administrator will write. The example inside
    works, with a simulator where the kind has one: replace it bit by bit and keep the tests green.
    """
    from importlib.metadata import version

    from heartbeat.pils.registry import PluginRegistry
    from heartbeat.pils.scaffold import CannotScaffold, Scaffold

    try:
        scaffold = Scaffold(kind, name)
        home = folder or Path(scaffold.distribution)
        written = scaffold.write(home, version("heartbeat-core"))
    except CannotScaffold as wrong:
        raise click.UsageError(str(wrong)) from None
    except OSError as wrong:
        say_no(f"{wrong.filename}: {wrong.strerror}")
    for path in written:
        click.echo(path)
    registry = PluginRegistry()
    taken = next((it.origin for it in registry.announced(kind) if it.name == name), registry.package_for(kind, name))
    if taken:
        click.echo(f"hb: {taken} has the name {kind}:{name} too; two of one name are refused side by side", err=True)
    click.echo(f"\nNow: cd {home} && pip install -e '.[test]' && pytest && hb plugin validate {kind}:{name}")
