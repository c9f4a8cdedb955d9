"""``hb stonith``: devices by hand, and a person's word in place of one."""

from collections.abc import Callable

import click

from heartbeat.cli import EXIT_NO
from heartbeat.cli.confirm import confirm
from heartbeat.cli.seconds import seconds
from heartbeat.cli.stonith_check import check
from heartbeat.cli.stonith_rehearse import rehearse
from heartbeat.model.operation import Action


@click.group()
def stonith() -> None:
    """STONITH devices: find out about them, try one by hand, confirm in place of one."""


stonith.add_command(confirm)
stonith.add_command(check)
stonith.add_command(rehearse)


@stonith.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="As JSON, with stable keys.")
def list_types(*, as_json: bool) -> None:
    """List the device types of this host: plugins, and what catalogues found. `info TYPE` says more."""
    import json

    from heartbeat.cli.stonith_types import device_types, types_page
    from heartbeat.pils.registry import PluginRegistry

    found = device_types(PluginRegistry())
    click.echo(json.dumps(found, indent=2) if as_json else "\n".join(types_page(found)))


@stonith.command()
@click.argument("type_", metavar="TYPE")
@click.option("--json", "as_json", is_flag=True, help="As JSON, with stable keys.")
@click.pass_context
def info(context: click.Context, type_: str, *, as_json: bool) -> None:
    """Describe a device type: parameters, order, a line for ha.cf. The same as `hb plugin show stonith:TYPE`."""
    from heartbeat.cli.plugin import show

    context.invoke(show, name=type_ if type_.startswith("stonith:") else f"stonith:{type_}", as_json=as_json)


def _device_options(command: Callable[..., None], words: str = "NAME=VALUE... HOST") -> Callable[..., None]:
    """Give a command what names a device, and who it is about."""
    for option in (
        click.argument("words", nargs=-1, metavar=words),
        click.option("--timeout", "limit_s", metavar="TIME", default="60s", show_default=True, callback=seconds),
        click.option("-p", "positional", metavar="TEXT", help="The parameters in order, as in ha.cf."),
        click.option("--type", "-t", "type_", metavar="TYPE", required=True, help="The device's type, as in ha.cf."),
    ):
        command = option(command)
    return command


_DETAILS = """

Parameters are NAME=VALUE words, or one text with -p. A secret is given as NAME=file:/path (mode 0600),
NAME=env:VARIABLE or NAME=prompt, so that it does not stand in the command line, where everybody can read it."""


def _question(name: str, action: Action, text: str) -> click.Command:
    """Return a command that does one operation on a device and prints what came of it."""

    about_host = action not in (Action.HOSTS, Action.STATUS)

    def command(*, type_: str, positional: str | None, words: tuple[str, ...], limit_s: float) -> None:
        from heartbeat.cli.stonith_hand import Device, carry_out, one_host

        host, params = one_host(words, wanted=about_host)
        device = Device.named(type_, params, positional)
        carry_out(device, action, host, limit_s)

    words = "NAME=VALUE... HOST" if about_host else "NAME=VALUE..."
    return stonith.command(name, help=text + _DETAILS)(_device_options(command, words))


_question("hosts", Action.HOSTS, "List the hosts that the device can switch.")
_question("status", Action.STATUS, "Is the device reachable, and does it let us in? Says nothing about any host.")
_question(
    "power", Action.POWER, "Ask the device whether HOST (the last word) has power. Exits with 1 when it cannot say."
)
_question("on", Action.ON, "Switch HOST (the last word) on, and read back.")
_question("off", Action.FENCE, "Switch HOST (the last word) off, and read back until it is off: no cluster is asked.")


@stonith.command(help="Switch HOST (the last word) off, read back until it is off, then on." + _DETAILS)
@_device_options
def reset(*, type_: str, positional: str | None, words: tuple[str, ...], limit_s: float) -> None:
    """Success is decided by the off half, as every fencing client does: the node is fenced, also when it stays off."""
    from heartbeat.cli.stonith_hand import Device, carry_out, one_host

    host, params = one_host(words, wanted=True)
    device = Device.named(type_, params, positional)
    carry_out(device, Action.FENCE, host, limit_s)
    try:
        carry_out(device, Action.ON, host, limit_s)
    except click.exceptions.Exit as end:
        if end.exit_code != EXIT_NO:
            raise
        click.echo(f"hb: {host} was off, and is not known to be on again", err=True)
