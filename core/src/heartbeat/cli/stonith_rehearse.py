"""``hb stonith rehearse NODE``: fencing for real, in a window, with nothing on the node; the proof stays everywhere."""

import getpass
import os
import re
import sys
from datetime import datetime, timedelta

import click

from heartbeat.cli.asking import asking, progress, say_no
from heartbeat.cli.place_options import with_places
from heartbeat.cli.seconds import seconds
from heartbeat.cli.table import printable
from heartbeat.model.duration import show_duration
from heartbeat.model.names import NodeName, node_name
from heartbeat.model.places import Places

_WINDOW = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)-([01]?\d|2[0-3]):([0-5]\d)")


def _node(_: click.Context, __: click.Parameter, text: str) -> NodeName:
    try:
        return node_name(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def _window(_: click.Context, __: click.Parameter, text: str) -> tuple[int, int]:
    """Return both ends in minutes after midnight, local time."""
    found = _WINDOW.fullmatch(text.strip())
    if found is None:
        raise click.BadParameter("two times of day, such as 02:00-04:00")
    begin_h, begin_min, end_h, end_min = map(int, found.groups())
    begin, end = begin_h * 60 + begin_min, end_h * 60 + end_min
    if begin == end:
        raise click.BadParameter("it ends when it begins")
    return begin, end


@click.command()
@click.argument("node", callback=_node)
@click.option(
    "--window", required=True, callback=_window, metavar="HH:MM-HH:MM", help="When it may be done, by this clock."
)
@click.option("--device", default="", metavar="NAME", help='Such as "ipmilan #1"; by default the first that is tried.')
@click.option(
    "--off-for", "off_for_s", default="10s", show_default=True, callback=seconds, help="How long it stays off."
)
@click.option("--operator", default="", metavar="NAME", help="Who answers for it. [who runs the command]")
@click.option("--yes-i-am-sure", "sure", metavar="NAME", help="The node's name once more, in place of typing it.")
@with_places
def rehearse(
    where: Places,
    node: NodeName,
    window: tuple[int, int],
    device: str,
    off_for_s: float,
    operator: str,
    sure: str | None,
) -> None:
    """Switch NODE off for real, see it fall silent, switch it on and wait until it is back.

    Its groups move away first. Run it on another node. Refused outside the window, when a node is missing, when another
    rehearsal is under way, and when the last `hb stonith check` found an error. Exits with 1 when it was refused or
    found something; date, proof and operator are then in the journal of every node, and in `hb status`.
    """
    if sure is not None and sure.lower() != node:
        raise click.UsageError(f"--yes-i-am-sure names {sure!r}, not {node!r}")
    now = datetime.now().astimezone()
    left_s = _left_s(now, window)
    if sure is None:
        _have_it_typed(node)
    with asking(where) as client:
        date = f"{now:%Y-%m-%d %H:%M %z}"
        done = client.rehearse(node, left_s, date, operator or _who(), device, off_for_s, progress())
    if not done.good:
        say_no(printable(done.text))
    click.echo(printable(done.text))


def _left_s(now: datetime, window: tuple[int, int]) -> float:
    """Return how long the window is still open; ends the command with 1 when it is not."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    begin, end = (midnight + timedelta(minutes=minutes) for minutes in window)
    if end < begin:  # over midnight
        end, begin = (end + timedelta(days=1), begin) if now >= begin else (end, begin - timedelta(days=1))
    if not begin <= now < end:
        opens = begin if now < begin else begin + timedelta(days=1)
        say_no(f"outside the window: it opens in {show_duration((opens - now).total_seconds())}")
    return (end - now).total_seconds()


def _who() -> str:
    """Return whom sudo was asked by, else the user's name."""
    try:
        return os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):  # a number without a name
        return ""


def _have_it_typed(node: NodeName) -> None:
    if not sys.stdin.isatty():
        raise click.UsageError(f"nobody is here to type the name; a script says --yes-i-am-sure {node}")
    click.echo(f"{node} will lose its power. Its groups move away first.")
    typed = str(click.prompt(f"Type the name of the node ({node})", default="", show_default=False))
    if typed.strip().lower() != node:
        say_no("not rehearsed.")
