"""``hb plugin new``, ``validate`` and ``doctor``: for those who write plugins, and those who miss one."""

from pathlib import Path

import click

from heartbeat.cli import EXIT_NO
from heartbeat.cli.seconds import seconds
from heartbeat.cli.table import printable


@click.command()
@click.argument("kind")
@click.argument("name")
@click.option("--dir", "folder", metavar="DIR", type=click.Path(path_type=Path), help="Where; default: ./DISTRIBUTION.")
def new(kind: str, name: str, folder: Path | None) -> None:
    """Make the distribution of a new plugin: a folder that passes its tests from the first minute.

    KIND is stonith, ra, comm, auth, hooks, quorum, catalogue or a vendor's own; NAME the word that an administrator
    will write. The example inside works, with a simulator where the kind has one: replace it bit by bit and keep the
    tests green. For a vendor's own kind it has the methods that the contract asks for, empty.
    """
    from importlib.metadata import version

    from heartbeat.pils.registry import PluginRegistry
    from heartbeat.pils.scaffold import CannotScaffold, Scaffold
    from heartbeat.pils.stub import own_kind
    from heartbeat.plugin.errors import PluginError

    registry = PluginRegistry()
    try:
        scaffold = Scaffold(kind, name, own_kind(registry, kind))
        home = folder or Path(scaffold.distribution)
        written = scaffold.write(home, version("heartbeat-core"))
    except (CannotScaffold, PluginError, LookupError) as wrong:
        raise click.UsageError(str(wrong.args[0])) from None
    except OSError as wrong:
        from heartbeat.cli.asking import say_no  # brings the client, which a listing must not pay for

        say_no(f"{wrong.filename}: {wrong.strerror}")
    for path in written:
        click.echo(path)
    taken = next((it.origin for it in registry.announced(kind) if it.name == name), registry.package_for(kind, name))
    if taken:
        click.echo(f"hb: {taken} has the name {kind}:{name} too; two of one name are refused side by side", err=True)
    click.echo(f"\nNow: cd {home} && pip install -e '.[test]' && pytest && hb plugin validate .")


@click.command()
@click.argument("subject", metavar="[KIND:]NAME|FOLDER")
@click.option("--select", multiple=True, metavar="TOPIC", help="HB1 ... HB6 only; may be given again.")
@click.option("--fix", is_flag=True, help="Mend what is mechanical in FOLDER first: README table, py.typed ...")
@click.option("--json", "as_json", is_flag=True, help="As JSON, with stable keys.")
def validate(subject: str, select: tuple[str, ...], *, fix: bool, as_json: bool) -> None:
    """Judge a plugin by all rules, without its device: the installed one, or the distribution in a FOLDER.

    HB1 packaging, HB2 import, HB3 contract, HB4 parameters, HB5 behaviour (the author's tests, with the sources only),
    HB6 documents. A conformance.toml in the plugin's package holds exemptions, each with its reason and date, and the
    runs on real devices. Exits with 1 when something is wrong; an advice is not.
    """
    import json

    from heartbeat.cli.plugin_validate import TOPICS, validate_word
    from heartbeat.cli.plugin_verdict import verdict_as_json, verdict_page
    from heartbeat.pils.validation.finding import Severity

    strange = [topic for topic in select if topic not in TOPICS]
    if strange:
        raise click.BadParameter(f"{strange[0]!r} is none of {', '.join(TOPICS)}", param_hint="--select")
    verdict = validate_word(subject, select, fix=fix)
    click.echo(json.dumps(verdict_as_json(verdict), indent=2) if as_json else "\n".join(verdict_page(verdict)))
    if any(it.severity is not Severity.ADVICE for it in verdict.findings):
        raise click.exceptions.Exit(EXIT_NO)


@click.command()
@click.argument("name", metavar="[[KIND:]NAME]", required=False)
@click.option("--timeout", "limit_s", metavar="TIME", default="5s", show_default=True, callback=seconds)
@click.option("--json", "as_json", is_flag=True, help="As JSON, with stable keys.")
def doctor(name: str | None, limit_s: float, *, as_json: bool) -> None:
    """Why is my plugin not there, or not loading? Without NAME: what is wrong with all that is installed.

    Looks at this environment and at others of the machine. Exits with 1 when something is wrong.
    """
    import json
    import sys
    from importlib.metadata import version

    from heartbeat.pils.doctor import examined, missed
    from heartbeat.pils.registry import PluginRegistry

    registry = PluginRegistry()
    kind, _, bare = (name or "").partition(":")
    if kind not in registry.kinds() or not bare:
        kind, bare = "", name or ""
    causes = missed(registry, kind, bare, limit_s) if name else examined(registry, limit_s)
    if as_json:
        found = [{"subject": it.subject, "cause": it.text, "mend": it.mend} for it in causes]
        about = {"core": version("heartbeat-core"), "python": sys.executable, "prefix": sys.prefix}
        click.echo(json.dumps({**about, "found": found}, indent=2))
    else:
        click.echo(f"heartbeat-core {version('heartbeat-core')} in {sys.prefix}, Python {sys.version.split()[0]}")
        for it in causes:
            click.echo(f"{printable(it.subject)}: {printable(it.text)}\n    mend:  {printable(it.mend)}")
        if not causes:
            click.echo(f"{name} is well: it is announced here and loads" if name else "every plugin loads")
    if causes:
        raise click.exceptions.Exit(EXIT_NO)
