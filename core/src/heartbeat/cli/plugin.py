"""``hb plugin``: which plugins are here, what each is for, and why one is not there."""

import json
from typing import TYPE_CHECKING

import click

from heartbeat.cli import EXIT_NO
from heartbeat.cli.place_options import with_places
from heartbeat.cli.plugin_author import doctor, new, validate
from heartbeat.cli.plugin_lock import check, lock
from heartbeat.cli.seconds import seconds
from heartbeat.model.places import Places

if TYPE_CHECKING:
    from heartbeat.pils.last_found import Found, LastFound


@click.group()
def plugin() -> None:
    """The plugins: media, authentication methods, STONITH devices, resource agents and what vendors add."""


@plugin.command(name="list")
@click.argument("kind", required=False, default="")
@click.option("--kind", "same_kind", metavar="KIND", default="", help="Same as KIND: stonith, ra, comm, auth ...")
@click.option(
    "--check", "with_check", is_flag=True, help="Import each in a child of its own, and say what is wrong with it."
)
@click.option(
    "--timeout", "limit_s", metavar="TIME", default="5s", callback=seconds, help="For one import, with --check. [5s]"
)
@click.option("--json", "as_json", is_flag=True, help="As JSON, with stable keys.")
@with_places
def list_plugins(where: Places, *, kind: str, same_kind: str, with_check: bool, limit_s: float, as_json: bool) -> None:
    """List what installed distributions announce: all of it, or one KIND.

    Reads metadata only. A plugin that was found broken before is shown with what was found, until --check finds it
    mended. With --check, exits with 1 when a plugin cannot be loaded.
    """
    from heartbeat.cli.plugin_page import list_page, listed_as_json
    from heartbeat.pils.last_found import LastFound
    from heartbeat.pils.listing import State, checked, listed
    from heartbeat.pils.registry import PluginRegistry

    registry = PluginRegistry()
    wanted = _kind(registry.kinds(), kind or same_kind)
    last = LastFound(where.state)
    if with_check:
        lines, news = checked(registry, wanted, last, limit_s)
        _keep(last, news)
    else:
        lines = listed(registry, wanted, last)
    if as_json:
        click.echo(json.dumps([listed_as_json(line) for line in lines], indent=2))
    else:
        click.echo("\n".join(list_page(lines)))
    if with_check and any(line.state is State.BROKEN for line in lines):
        raise click.exceptions.Exit(EXIT_NO)


def _kind(kinds: list[str], word: str) -> str:
    if not word or word in kinds:
        return word
    import difflib

    near = difflib.get_close_matches(word, kinds, 1)
    meant = f"Did you mean {near[0]}?" if near else f"There are {', '.join(kinds)}."
    raise click.BadParameter(f"{word!r} is no kind of plugin. {meant}", param_hint="KIND")


def _keep(last: "LastFound", news: "list[Found]") -> None:
    """Let the next listing know; who may not write there has seen it all the same."""
    try:
        last.keep(news)
    except OSError as wrong:
        click.echo(f"hb: not kept in {last.path} for later listings: {wrong.strerror}", err=True)


@plugin.command()
@click.argument("name", metavar="[KIND:]NAME")
@click.option("--json", "as_json", is_flag=True, help="As JSON, with stable keys.")
@click.option("--markdown", "as_markdown", is_flag=True, help="As a page for a web site: that of docs/plugins.")
def show(name: str, *, as_json: bool, as_markdown: bool) -> None:
    """Describe a plugin: what it is, its parameters, what it can do, and a line that asks for it.

    NAME may be what an administrator writes (lab, IPaddr2, bcast, sha256), with its kind (stonith:lab), or a type that
    a catalogue found on this host. Exits with 1 when it is not installed or cannot be loaded.
    """
    from heartbeat.cli.plugin_facts import facts_of, facts_of_type, load_checked
    from heartbeat.cli.plugin_name import find_named
    from heartbeat.cli.plugin_page import facts_page
    from heartbeat.cli.plugin_validate import standing
    from heartbeat.pils.page import plugin_page
    from heartbeat.pils.registry import PluginRegistry

    registry = PluginRegistry()
    found = find_named(registry, name)
    if as_markdown:
        if isinstance(found, tuple):
            raise click.UsageError(f"{name} is a type that a catalogue found, and has no page")
        click.echo(plugin_page(found, registry.kind(found.kind), load_checked(registry, found)), nl=False)
        return
    if isinstance(found, tuple):
        facts = facts_of_type(*found)
    else:
        facts = {**facts_of(registry, found), **standing(registry, found)}
    click.echo(json.dumps(facts, indent=2) if as_json else "\n".join(facts_page(facts)))


for command in (new, validate, doctor, lock, check):
    plugin.add_command(command)
