"""``hb demo``: a failover before your eyes, on this machine."""

import json
import os
import shutil
import signal
import sys
import time
from types import FrameType
from typing import NoReturn

import click

from heartbeat.cli import EXIT_NO, EXIT_USAGE
from heartbeat.lab.control import LabError
from heartbeat.lab.demo import demonstration, play
from heartbeat.lab.demo_picture import Span, picture, plain
from heartbeat.lab.demo_story import Story, as_json
from heartbeat.lab.plan import BadLab

ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Ctrl-C, and what else may end a command early."""


@click.command()
@click.option("--json", "in_json", is_flag=True, help="As JSON, in milliseconds; what goes on is told on stderr.")
@click.option("--keep", is_flag=True, help="Leave the cluster up afterwards, to play with by hb lab.")
@click.option("--lab", "name", default="demo", show_default=True, metavar="NAME", help="Name of the lab.")
def demo(name: str, *, in_json: bool, keep: bool) -> None:
    """Two nodes on this machine, one plug pulled: watch the service move, and move back as planned.

    Runs as root, and in a user namespace without. Exits with 2 and one line where neither is possible, with 1 when the
    cluster did not do as it should.
    """
    from heartbeat.pils.registry import PluginRegistry

    for number in ENDS:
        signal.signal(number, _end)
    teller = Teller(on_stderr=in_json)
    is_up = False
    try:
        teller.tell(
            "two nodes, two media, an RPS-10 for each node's power and a client start in namespaces of this machine"
        )
        with demonstration(PluginRegistry(), name, keep=keep) as lab:
            is_up = True
            story = play(lab, teller.tell)
    except (LabError, BadLab) as wrong:
        click.echo(f"hb demo: {wrong}", err=True)
        sys.exit(EXIT_NO if is_up else EXIT_USAGE)
    if in_json:
        click.echo(json.dumps(as_json(story)))
    else:
        _show(story)
    if keep:
        click.echo(f"the cluster stays up: hb lab status --lab {name}; hb lab down --lab {name} ends it", err=in_json)


class Teller:
    """Says what goes on, with the seconds since it began."""

    def __init__(self, *, on_stderr: bool) -> None:
        self._began_s = time.monotonic()
        self._on_stderr = on_stderr

    def tell(self, line: str) -> None:
        click.echo(f"{time.monotonic() - self._began_s:5.1f} s  {line}", err=self._on_stderr)


def _end(number: int, _: FrameType | None) -> NoReturn:
    """Leave by an exception, so that the lab is taken down; nothing more interrupts that."""
    for each in ENDS:
        signal.signal(each, signal.SIG_IGN)
    sys.exit(128 + number)


def _show(story: Story) -> None:
    click.echo()
    lines = picture(story, shutil.get_terminal_size().columns, _block())
    if not (sys.stdout.isatty() and _show_rich(lines)):
        click.echo("\n".join(plain(lines)))


def _block() -> str:
    """Return what bars are made of: a full block where it can be printed."""
    try:
        "█".encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return "#"
    return "█"


def _show_rich(lines: list[list[Span]]) -> bool:
    """Print in colours; False where rich is not installed or colours are not wanted."""
    if "NO_COLOR" in os.environ:
        return False
    try:
        from rich.console import Console
        from rich.text import Text
    except ImportError:
        return False
    console = Console(highlight=False)
    for line in lines:
        console.print(Text.assemble(*line), soft_wrap=True)
    return True
