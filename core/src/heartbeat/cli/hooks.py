"""``hb hooks``: the process in which hooks live; and what hooks add to ``hb`` itself."""

import sys
from collections.abc import Callable, Sequence

import click

from heartbeat.cli.place_options import with_places
from heartbeat.model.places import Places, places

NEVER_AGAIN = 100
"""What ``respawn`` takes as: do not start it again."""


@click.command()
@with_places
def hooks(where: Places) -> None:
    """Tell the hooks that ha.cf names what happens here, until SIGTERM or Ctrl-C.

    Each runs in a child of its own, under a time limit. In ha.cf: `respawn hacluster /usr/bin/hb hooks`. Needs no root,
    and no daemon: it waits for one. Exits with 100, which respawn takes as "never again", when ha.cf names no hook or
    cannot be read.
    """
    from heartbeat.config.hooks import hooks_of
    from heartbeat.hooks.process import HookProcess
    from heartbeat.hooks.words import voice

    say = voice()
    named, problems = hooks_of(where.ha_cf)
    if not named:
        for problem in problems or [f"{where.ha_cf} names no hook; docs/hooks.md"]:
            say(problem)
        sys.exit(NEVER_AGAIN)
    HookProcess(where, named, say).run()


def plugin_commands(core: Sequence[str]) -> dict[str, click.Command]:
    """Return the commands that configured hooks add, but for names of core's."""
    from heartbeat.hooks.asked import commands

    def say(text: str) -> None:
        click.echo(f"hb: {text}", err=True)

    found = commands(places().ha_cf, core, say)
    return {name: _command(name, run) for name, run in found.items()}


def _command(name: str, run: Callable[[Sequence[str]], int]) -> click.Command:
    def callback(words: tuple[str, ...]) -> None:
        try:
            status = run(list(words))
        except Exception as problem:  # noqa: BLE001 - a stranger's code: one line, and no traceback
            from heartbeat.pils.failure import show_traceback

            show_traceback(problem)
            click.echo(f"hb {name}: {type(problem).__name__}: {problem}", err=True)
            status = 1
        raise click.exceptions.Exit(status if isinstance(status, int) else 0)

    return click.Command(
        name,
        callback=callback,
        params=[click.Argument(["words"], nargs=-1, type=click.UNPROCESSED)],
        help=(run.__doc__ or "A command of a plugin.").strip().splitlines()[0],
        context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
        add_help_option=False,
    )
