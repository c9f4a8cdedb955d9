"""``hb export``: plugins as fence agents and OCF agents, for Pacemaker, pcs and crmsh."""

from collections.abc import Callable
from pathlib import Path

import click

from heartbeat.cli.asking import say_no

_out = click.option(
    "--out", metavar="FILE", type=click.Path(path_type=Path), help="Where to put it, or a folder.  [standard output]"
)


@click.group()
def export() -> None:
    """Small executables with which Pacemaker drives our plugins."""


@export.command(name="fence-agent")
@click.argument("name", metavar="stonith:NAME")
@_out
def fence_agent(*, name: str, out: Path | None) -> None:
    """Write a fence agent that drives a STONITH plugin, for /usr/sbin/fence_NAME."""
    _export("fence-agent", "stonith", name, out, lambda plugin: f"fence_{plugin}")


@export.command()
@click.argument("name", metavar="ra:NAME")
@_out
def ocf(*, name: str, out: Path | None) -> None:
    """Write an OCF agent that drives a resource agent plugin, for /usr/lib/ocf/resource.d/PROVIDER/NAME."""
    _export("ocf", "ra", name, out, str)


def _export(form: str, kind: str, word: str, out: Path | None, named: Callable[[str], str]) -> None:
    """Write it, or end the command: 1 when plugin or file is in the way, 2 when the word is no such plugin."""
    from heartbeat.cli.plugin_facts import load_checked
    from heartbeat.cli.plugin_name import find_named
    from heartbeat.pils.export_file import executable, write_executable
    from heartbeat.pils.registry import PluginRegistry

    registry = PluginRegistry()
    prefix, colon, _ = word.partition(":")
    if colon and prefix in registry.kinds() and prefix != kind:
        raise click.UsageError(f"{word} is no {kind} plugin; `hb export --help` tells what exports which")
    found = find_named(registry, word if word.startswith(f"{kind}:") else f"{kind}:{word}")
    if isinstance(found, tuple):
        say_no(f"{word} is {found[1].origin}, no plugin: Pacemaker drives that without us")
    title = load_checked(registry, found).title
    try:
        text = executable(_MODULES[form], found.full_name, title, f"{form} {kind}:{found.name}")
        if out is None:
            click.echo(text, nl=False)
            return
        write_executable(out / named(found.name) if out.is_dir() else out, text)
    except (OSError, ValueError) as wrong:
        say_no(f"cannot export {kind}:{found.name}: {wrong}")


_MODULES = {"fence-agent": "heartbeat.cli.export_fence_agent", "ocf": "heartbeat.cli.export_ocf_agent"}
