"""``hb-scsi``: join at boot, leave before maintenance, and look at the keys."""

import platform
import sys
from collections.abc import Callable, Sequence

import click
from heartbeat.plugin import PluginError

from heartbeat_stonith_scsi.device import PROGRAM, parse_disks
from heartbeat_stonith_scsi.joining import join, leave
from heartbeat_stonith_scsi.key import MARK, key_of
from heartbeat_stonith_scsi.persist import Persist

LIMIT_S = 10.0
"""Of one command to one disk."""


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def hb_scsi() -> None:
    """Reservation keys on shared disks, by which a silent node is cut from them."""


def _disks(command: Callable[..., None]) -> Callable[..., None]:
    program = click.option("--sg-persist", "program", default=PROGRAM, help="The program, of sg3-utils.")
    return click.argument("disks", metavar="DISK...", nargs=-1, required=True)(program(command))


def _node(command: Callable[..., None]) -> Callable[..., None]:
    return click.option("--node", default="", help="This node's name in the cluster; by default the machine's.")(
        command
    )


def _opened(disks: Sequence[str], program: str) -> list[Persist]:
    return [Persist(path, program, LIMIT_S) for path in parse_disks(" ".join(disks))]


def _named(node: str) -> str:
    return (node or platform.node().partition(".")[0]).lower()


@hb_scsi.command("join")
@_disks
@_node
@click.option("--aptpl", is_flag=True, help="Have the disks keep keys and reservation over a power loss of their own.")
def join_command(disks: Sequence[str], node: str, program: str, *, aptpl: bool) -> None:
    """Register this node's key on each DISK. At boot, before heartbeat; refused to a node that was cut off since."""
    join(_opened(disks, program), _named(node), outlives_power_loss=aptpl)
    click.echo(
        f"{_named(node)}: key {key_of(_named(node)):#x} is on {len(disks)} {'disk' if len(disks) == 1 else 'disks'}"
    )


@hb_scsi.command("leave")
@_disks
@_node
def leave_command(disks: Sequence[str], node: str, program: str) -> None:
    """Take this node's key away. Nothing here may write to the DISKs any more."""
    leave(_opened(disks, program), _named(node))


@hb_scsi.command("list")
@_disks
@click.option("--node", "nodes", multiple=True, help="A node whose key to know by name; once for each.")
def list_command(disks: Sequence[str], nodes: Sequence[str], program: str) -> None:
    """Show the keys and the reservation of each DISK."""
    names = {key_of(node): node.lower() for node in nodes}
    ours = int.from_bytes(MARK, "big")
    for disk in _opened(disks, program):
        held = disk.reservation()
        click.echo(f"{disk.path}: {held.type_name if held else 'no reservation'}")
        for key in sorted(set(disk.registered())):
            stranger = "a node that was not named" if key >> 48 == ours else "not of heartbeat"
            holder = ", holds the reservation" if held and held.holder == key else ""
            click.echo(f"  {key:#018x}  {names.get(key, stranger)}{holder}")


def main() -> None:
    """Run the command; an error is one line and exit status 1, wrong use 2."""
    try:
        hb_scsi(standalone_mode=False)
    except click.ClickException as wrong:
        wrong.show()
        sys.exit(2)
    except click.Abort:
        sys.exit(1)
    except PluginError as problem:
        click.echo(f"hb-scsi: {problem}", err=True)
        sys.exit(1)
