"""``hb classic``: the old commands as thin fronts, put where one wants them, so that nobody's are shadowed unasked."""

import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from heartbeat.cli import EXIT_NO
from heartbeat.cli.asking import say_no

FRONTS = {
    "stonith": "classic_stonith",
    "cl_status": "classic_status",
    "hb_standby": "classic_move:standby",
    "hb_takeover": "classic_move:takeover",
    "meatclient": "classic_meat",
}
"""Old command to ``module`` or ``module:function`` in this package; the function is ``main`` unless said."""

_MARK = "# A front of heartbeat, put here by `hb classic link`."


@click.group()
def classic() -> None:
    """The commands of heartbeat 3 and cluster-glue by their old names, with their old output and exit codes."""


@classic.command()
@click.argument("directory", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--only", multiple=True, type=click.Choice(list(FRONTS)), help="This one only; may be given again.")
def link(directory: Path, only: tuple[str, ...]) -> None:
    """Put stonith, cl_status, hb_standby, hb_takeover and meatclient into DIR.

    A file there that is not one of these fronts is never overwritten: then nothing is written, and the exit is 1.
    """
    paths = [directory / name for name in only or FRONTS]
    strange = [path for path in paths if (path.exists() or path.is_symlink()) and not _is_ours(path)]
    if strange:
        say_no(f"{', '.join(map(str, strange))} belongs to something else; choose another folder, or --only")
    for path in paths:
        lines = [f"#!{sys.executable}", _MARK, "import sys", "", "from heartbeat.cli.classic import front", ""]
        path.write_text("\n".join([*lines, f'sys.exit(front("{path.name}", sys.argv[1:]))', ""]))
        path.chmod(0o755)
        click.echo(path)


def front(name: str, argv: Sequence[str]) -> int:
    """Run one of the old commands; a closed pipe ends quietly, Ctrl-C and an unanswered question end it with 130."""
    module, _, function = FRONTS[name].partition(":")
    main = getattr(importlib.import_module(f"heartbeat.cli.{module}"), function or "main")
    try:
        return int(main(argv))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_NO
    except (KeyboardInterrupt, click.exceptions.Abort):
        return 130


def _is_ours(path: Path) -> bool:
    try:
        return _MARK in path.read_text(encoding="utf-8", errors="replace")[:1000]
    except OSError:
        return False
