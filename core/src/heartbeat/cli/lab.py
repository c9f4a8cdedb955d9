"""``hb lab``: a cluster on this machine, from any three files, and everything that can happen to one."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import msgspec

from heartbeat.cli import EXIT_NO, EXIT_USAGE
from heartbeat.cli.lab_chaos import chaos
from heartbeat.cli.table import table
from heartbeat.lab.control import LabError, NoLab
from heartbeat.lab.lab import Lab
from heartbeat.lab.plan import BadLab
from heartbeat.model.duration import parse_duration

_named = click.option("--lab", "name", default="lab", show_default=True, metavar="NAME", help="Which lab.")


@contextmanager
def told() -> Iterator[None]:
    """Turn the lab's errors into one line and an exit status: 2 when there is no lab or none is possible."""
    try:
        yield
    except (NoLab, BadLab) as wrong:
        click.echo(f"hb lab: {wrong}", err=True)
        sys.exit(EXIT_USAGE)
    except LabError as wrong:
        click.echo(f"hb lab: {wrong}", err=True)
        sys.exit(EXIT_NO)


@click.group()
def lab() -> None:
    """A cluster on this machine: nodes as namespaces, with real daemons in them.

    Each node has its own network, processes, host name, boot id, /etc/ha.d, state and run directory; one more
    namespace is the client. Works as root, and for users where user namespaces are allowed.
    """


@lab.command()
@click.argument("directory", type=click.Path(exists=True, file_okay=False, path_type=Path))
@_named
@click.option("--boot-delay", default="300ms", show_default=True, help="From the device's 'on' to the node's boot.")
@click.option("--eager-client", is_flag=True, help="The client repeats unanswered neighbour requests after 50 ms.")
@click.option(
    "--fence",
    multiple=True,
    metavar="TYPE",
    help="Give every node a simulated power device of this type, instead of those in ha.cf: TYPE+TYPE for two power"
    " supplies; again for a further level.",
)
@click.option("--no-daemons", is_flag=True, help="Boot the nodes only; 'hb lab start NODE' starts the daemon.")
def up(
    directory: Path, name: str, boot_delay: str, fence: tuple[str, ...], *, eager_client: bool, no_daemons: bool
) -> None:
    """Put up the cluster of DIRECTORY's ha.cf, haresources and authkeys (and resource.d).

    A power device that ha.cf has on a serial port is there, simulated, when its plugin brings a simulator. --fence puts
    any such device in the place of those in ha.cf: its relays really take a node's power.
    """
    from heartbeat.pils.registry import PluginRegistry

    try:
        delay_s = parse_duration(boot_delay)
    except ValueError as wrong:
        raise click.BadParameter(str(wrong), param_hint="--boot-delay") from None
    with told():
        made = Lab.up(
            directory,
            PluginRegistry(),
            name=name,
            boot_delay_s=delay_s,
            eager_client=eager_client,
            daemons=not no_daemons,
            fence=fence,
        )
        option = "" if name == "lab" else f" --lab {name}"
        click.echo(f"{len(made.plan.nodes)} nodes are up; try: hb lab exec{option} {made.plan.nodes[0]} hb status")


@lab.command()
@_named
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def status(name: str, *, as_json: bool) -> None:
    """Show what is on, frozen and running, and who has which address."""
    with told():
        found = Lab.find(name)
        answer = found.ask("status")
        if as_json:
            answer.pop("ok")
            click.echo(json.dumps({"lab": name, "home": str(found.home), **answer}, indent=2))
            return
        rows = []
        for node in found.nodes():
            power = ("frozen" if node.frozen else "on") if node.powered else "off"
            mine = found.plan.nodes.index(node.name)
            addresses = ", ".join(f"{m.interface} {' '.join(m.nodes[mine])}" for m in found.plan.media)
            rows.append([node.name, power, "daemon runs" if node.daemon else "no daemon", node.boot_id, addresses])
        client = ", ".join(f"{m.interface} {' '.join(m.client)}" for m in found.plan.media)
        rows.append(["client", "on", "", "", client])
        for line in table(rows, ["node", "power", "daemon", "boot id", "addresses"]):
            click.echo(line)
        for box in answer["boxes"]:
            click.echo(f"simulated: {box}")
        click.echo(f"device: {answer['device']}; record: {found.home / 'events.log'}; logs: {found.home}/nodes/*/log")


def _on_node(text: str, op: str) -> click.Command:
    """Return a command that does one thing to one node."""

    @click.command(op, help=text)
    @click.argument("node")
    @_named
    def command(node: str, name: str) -> None:
        with told():
            Lab.find(name).ask(op, node=node)

    return command


lab.add_command(chaos)
for _command in (
    _on_node("Cut NODE's power: its cables go dead, then everything in it at once.", "crash"),
    _on_node("Stop every process of NODE, as a paused virtual machine; its kernel goes on answering.", "freeze"),
    _on_node("Let a frozen NODE go on.", "thaw"),
):
    lab.add_command(_command)


@lab.command()
@click.argument("nodes", nargs=-1, required=True, metavar="NODE...")
@_named
def start(nodes: tuple[str, ...], name: str) -> None:
    """Switch NODEs on, or start the daemon where it was stopped; several at the same instant."""
    with told():
        Lab.find(name).start(*nodes)


@lab.command()
@click.argument("node")
@_named
@click.option("--timeout", default=60.0, show_default=True, help="Seconds that the daemon may take.")
def stop(node: str, name: str, timeout: float) -> None:
    """End NODE's daemon in order, by SIGTERM; the node stays on. Exits with the daemon's status."""
    with told():
        sys.exit(Lab.find(name).stop(node, timeout))


@lab.command()
@click.argument("node")
@click.argument("which", type=click.Choice(["daemon", "executor"]))
@_named
def kill(node: str, which: str, name: str) -> None:
    """SIGKILL the daemon or the executor of NODE."""
    with told():
        Lab.find(name).kill(node, which)


@lab.command()
@click.argument("node")
@click.argument("link", required=False, default="")
@_named
@click.option("--in", "way", flag_value="in", help="Only what NODE receives.")
@click.option("--out", "way", flag_value="out", help="Only what NODE sends.")
@click.option("--from", "peers", multiple=True, metavar="PEER", help="From this node (or the client) only; repeatable.")
@click.option("--unplug", is_flag=True, help="Pull the cable: the interface loses its carrier.")
def cut(node: str, link: str, name: str, way: str | None, peers: tuple[str, ...], *, unplug: bool) -> None:
    """Cut NODE off on LINK (bcast/eth1, or eth1), or on all links; both ways unless --in or --out."""
    if unplug and (way or peers):
        raise click.UsageError("a pulled cable is pulled for both ways and everybody")
    with told():
        Lab.find(name).cut(node, link, way or "both", peers, unplug=unplug)


@lab.command()
@_named
def heal(name: str) -> None:
    """End all cuts and plug all cables in."""
    with told():
        Lab.find(name).heal()


@lab.command()
@click.argument("mood", type=click.Choice(["ok", "fail", "hang", "lie", "slow"]))
@click.argument("seconds", type=float, default=0.0)
@click.option("--relay", default="", metavar="RELAY", help="Only the simulated device with it (hb lab status).")
@_named
def device(mood: str, seconds: float, relay: str, name: str) -> None:
    """Have the lab's power devices work (ok), refuse, never answer, do nothing (lie), or wait SECONDS (slow)."""
    with told():
        Lab.find(name).device(mood, seconds, relay)


@lab.command(name="exec", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@_named
@click.argument("node")
@click.argument("argv", nargs=-1, required=True, type=click.UNPROCESSED, metavar="COMMAND...")
def execute(name: str, node: str, argv: tuple[str, ...]) -> None:
    """Run COMMAND in NODE, or in the network of the 'client', with this terminal; exits with its status."""
    with told():
        sys.exit(Lab.find(name).exec(node, argv))


@lab.command()
@_named
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def record(name: str, *, as_json: bool) -> None:
    """Show what happened: power, cuts, and what resource scripts told the oracle."""
    with told():
        events = Lab.find(name).events()
    if as_json:
        click.echo(msgspec.json.encode(events).decode())
        return
    for event in events:
        click.echo(f"{event.at_s:14.6f}  {event.kind:12} {' '.join(event.words)}")


@lab.command()
@_named
@click.option("--all", "every", is_flag=True, help="Every lab of this user.")
def down(name: str, *, every: bool) -> None:
    """End a lab and remove what it left, also when its controller was killed."""
    with told():
        for one in Lab.names() if every else [name]:
            Lab.find(one).down()
