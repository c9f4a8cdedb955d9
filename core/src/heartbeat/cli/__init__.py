"""``hb``: one file per command family, imported only when its command is called."""

import importlib
import io
import os
import sys
import traceback
from typing import Any

import click

COMMANDS = {
    "run": "daemon:run",
    "status": "status:status",
    "nodes": "status:nodes",
    "links": "status:links",
    "groups": "status:groups",
    "standby": "move:standby",
    "takeover": "move:takeover",
    "stop": "move:stop",
    "check": "check:check",
    "plugin": "plugin:plugin",
    "stonith": "stonith:stonith",
    "ra": "ra:ra",
    "lab": "lab:lab",
    "demo": "demo:demo",
    "journal": "journal:journal",
    "why": "journal:why",
    "hooks": "hooks:hooks",
    "export": "export:export",
    "witness": "witness:witness",
    "sim": "sim:sim",
    "bench": "bench:bench",
    "classic": "classic:classic",
}
"""Command to ``module:function`` in this package; in the order in which ``hb --help`` lists them."""

EXIT_NO = 1
"""The answer is no."""
EXIT_USAGE = 2
EXIT_NO_DAEMON = 3
EXIT_FAULT = 70
"""hb itself is at fault (EX_SOFTWARE of sysexits.h): a script must not take that for an answer."""


class LazyGroup(click.Group):
    """Knows the names of all commands and imports the one that is called. Other names may be those of a hook."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*COMMANDS, *_of_hooks()]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        place = COMMANDS.get(cmd_name)
        if place is None:
            return _of_hooks().get(cmd_name)
        module, _, name = place.partition(":")
        command = getattr(importlib.import_module(f"heartbeat.cli.{module}"), name)
        assert isinstance(command, click.Command)
        return command


def _of_hooks() -> dict[str, click.Command]:
    from heartbeat.cli.hooks import plugin_commands

    return plugin_commands(tuple(COMMANDS))


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="heartbeat-core", prog_name="hb")
@click.option("--debug", is_flag=True, help="Show the traceback of whatever goes wrong, here and in plugins.")
def hb(*, debug: bool, **_: Any) -> None:
    """Heartbeat keeps a service alive when a machine dies."""
    if debug:
        os.environ["HB_DEBUG"] = "1"  # the processes that a command starts shall know it, too


def main() -> None:
    """Entry point of the console script; a closed pipe ends quietly, Ctrl-C ends with 130."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a name in a file may not exist in the terminal's alphabet
    try:
        # Not standalone: there click would turn Ctrl-C into status 1, which says that the answer is no.
        status = hb.main(prog_name="hb", standalone_mode=False)
    except click.ClickException as wrong:
        wrong.show()
        sys.exit(wrong.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(EXIT_NO)
    except (KeyboardInterrupt, click.exceptions.Abort):
        sys.exit(130)
    except Exception as fault:  # noqa: BLE001 - the outermost edge: no traceback but for who asks
        sys.exit(_told(fault))
    sys.exit(status if isinstance(status, int) else 0)


def _told(fault: Exception) -> int:
    """Say in one line what nobody expected, and where; return the exit status."""
    from heartbeat.pils.failure import in_words, show_traceback

    show_traceback(fault)
    frame = traceback.extract_tb(fault.__traceback__)[-1]
    where = f"{frame.filename}:{frame.lineno}"
    click.echo(f"hb: {in_words(fault)} ({where}); this is a fault of hb: `hb --debug ...` shows all of it", err=True)
    return EXIT_FAULT
