"""``hb-sbd``: make and look at the disks, write a message by hand, and be the receiver of this node."""

import json
import platform
import sys
import time
import uuid
from collections.abc import Sequence
from pathlib import Path

import click
from heartbeat.plugin import BadConfig, PluginError, ResetFailed

from heartbeat_stonith_sbd.creation import Plan, create
from heartbeat_stonith_sbd.death import NOT_FENCED
from heartbeat_stonith_sbd.disk_set import DiskSet, parse_disks
from heartbeat_stonith_sbd.layout import Phase
from heartbeat_stonith_sbd.slot import Slot

LIMIT_S = 2.0
"""Of one access to a disk."""
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")

_DISKS = click.argument("disks", metavar="DISK...", nargs=-1, required=True)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def hb_sbd() -> None:
    """Slots on shared disks, by which nodes are fenced. DISK: one path, or three, the same set on every node."""


@hb_sbd.command("create")
@_DISKS
@click.option("--node", "nodes", multiple=True, required=True, help="A node of the cluster; once for each.")
@click.option("--watchdog", "watchdog_s", default=5.0, show_default=True, help="Time-out of the watchdogs, seconds.")
@click.option(
    "--msgwait", "msgwait_s", default=None, type=float, help="When an order counts as obeyed; 2 x --watchdog."
)
@click.option("--interval", "interval_s", default=1.0, show_default=True, help="Pause between two looks, seconds.")
@click.option("--overwrite", is_flag=True, help="Delete what is on the disks.")
def create_command(
    disks: Sequence[str],
    nodes: Sequence[str],
    watchdog_s: float,
    msgwait_s: float | None,
    interval_s: float,
    *,
    overwrite: bool,
) -> None:
    """Make a set with a slot for each node. Slots never change: a node more means a set made anew."""
    plan = Plan(nodes, watchdog_s, msgwait_s if msgwait_s is not None else 2 * watchdog_s, interval_s)
    set_id = create(parse_disks(" ".join(disks)), plan, overwrite=overwrite)
    click.echo(f"set {set_id}: {len(nodes)} slots on {len(disks)} {'disk' if len(disks) == 1 else 'disks'}")


@hb_sbd.command("list")
@_DISKS
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def list_command(disks: Sequence[str], *, as_json: bool) -> None:
    """Show the set and its slots: who has a receiver, since which boot, and who has been told to end."""
    with DiskSet.opened(parse_disks(" ".join(disks)), LIMIT_S) as opened:
        header = opened.header
        before, damaged = opened.slots()
        time.sleep(1.5 * header.interval_s)
        after, _ = opened.slots()
    alive = {slot.state.node for slot in before} & {
        new.state.node for old, new in zip(before, after, strict=False) if new.state.count > old.state.count
    }
    rows = [_row(slot, is_alive=slot.state.node in alive) for slot in after]
    if as_json:
        about = {
            "set": str(header.place.set_id), "disks": header.place.disks, "watchdog_s": header.watchdog_s,
            "interval_s": header.interval_s, "msgwait_s": header.msgwait_s, "slots": rows,
            "damaged": [str(it) for it in damaged],
        }  # fmt: skip
        click.echo(json.dumps(about))
        return
    click.echo(
        f"set {header.place.set_id}, {header.place.disks} disks, watchdog {header.watchdog_s:g} s, "
        f"msgwait {header.msgwait_s:g} s, a look each {header.interval_s:g} s"
    )
    for row in rows:
        click.echo(
            f"{row['node']:<20} {row['receiver']:<10} boot {row['boot_id']}{row['told'] and '  ' + str(row['told'])}"
        )
    for problem in damaged:
        click.echo(f"damaged: {problem}")


def _row(slot: Slot, *, is_alive: bool) -> dict[str, str | bool]:
    state, orders = slot.state, slot.fences(slot.state.boot_id)
    words = {Phase.NEVER: "never", Phase.LEFT: "left", Phase.DYING: "dying", Phase.ARMED: "silent"}
    receiver = "alive" if is_alive and state.phase is Phase.ARMED else words[state.phase]
    told = f"told to end by {orders[0].sender}" if orders else ""
    return {
        "node": state.node,
        "receiver": receiver,
        "boot_id": str(state.boot_id),
        "weak": state.is_weak,
        "told": told,
    }


@hb_sbd.command("message")
@_DISKS
@click.argument("node")
@click.argument("order", type=click.Choice(["fence"]))
def message_command(disks: Sequence[str], node: str, order: str) -> None:
    """Write an order into NODE's slot and return when a majority holds it. It proves nothing; hb stonith off does."""
    with DiskSet.opened(parse_disks(" ".join(disks)), LIMIT_S) as opened:
        slot = opened.slot(node)
        if slot.state.phase in NOT_FENCED:
            raise ResetFailed(f"{node}: {NOT_FENCED[slot.state.phase]}")
        opened.write_message(slot.number, slot.order())
    click.echo(f"a majority holds the order to {order} {slot.state.node}, boot {slot.state.boot_id}")


@hb_sbd.command("watch")
@_DISKS
@click.option("--node", default="", help="This node's name in the cluster; by default that of the machine.")
@click.option("--device", default="/dev/watchdog", show_default=True, help="The watchdog.")
def watch_command(disks: Sequence[str], node: str, device: str) -> None:
    """Be this node's receiver, in the foreground, until SIGTERM. THE MACHINE IS RESET when it is fenced or hangs."""
    from heartbeat_stonith_sbd.receiver import Node
    from heartbeat_stonith_sbd.watching import watch

    boot_id = uuid.UUID(BOOT_ID.read_text(encoding="ascii").strip())
    name = (node or platform.node().partition(".")[0]).lower()
    watch(parse_disks(" ".join(disks)), LIMIT_S, Node(name, boot_id), device)


def main() -> None:
    """Run the command; an error is one line and exit status 1."""
    try:
        hb_sbd(standalone_mode=False)
    except click.ClickException as wrong:
        wrong.show()
        sys.exit(2)
    except click.Abort:
        sys.exit(1)
    except (PluginError, BadConfig) as problem:
        click.echo(f"hb-sbd: {problem}", err=True)
        sys.exit(1)
