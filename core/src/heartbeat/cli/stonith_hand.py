"""One operation on a device by hand: the same child, the same reading back, as when the cluster asks."""

from collections.abc import Sequence
from dataclasses import dataclass

import click

from heartbeat.cli import EXIT_NO
from heartbeat.cli.asking import say_no
from heartbeat.cli.given_values import given_values, revealed
from heartbeat.cli.plugin_name import find_named
from heartbeat.cli.stonith_types import found_type, plugin_type
from heartbeat.cli.table import printable
from heartbeat.config.devices import params_of_words
from heartbeat.executor.byhand import run_by_hand
from heartbeat.model.operation import Action, Outcome, Result
from heartbeat.model.proof import Proof
from heartbeat.pils.registry import PluginRegistry
from heartbeat.plugin.errors import PluginError
from heartbeat.plugin.param import parse_params
from heartbeat.wire.executor import Run

_GOOD = (Outcome.DONE, Outcome.RUNNING, Outcome.STOPPED)

_PROOFS = {
    Proof.ASKED: "the device was only asked; it cannot be read back, so nothing proves that the power is off",
    Proof.SELF_FENCED: "its own watchdog has had the time to reset it; nobody has read its power",
    Proof.READ_BACK: "read back from the device",
}


def one_host(words: Sequence[str], *, wanted: bool) -> tuple[str, list[str]]:
    """Return the host, the one word that is no NAME=VALUE, and the other words."""
    params = [word for word in words if "=" in word]
    hosts = [word for word in words if "=" not in word]
    if wanted and len(hosts) != 1:
        raise click.UsageError(f"exactly one HOST is needed, as the last word; here are {len(hosts)}")
    if hosts and not wanted:
        raise click.UsageError(f"{hosts[0]!r} is no NAME=VALUE, and this asks about no host")
    return (hosts[0].strip().lower() if hosts else ""), params


@dataclass(frozen=True, slots=True)
class Device:
    """A device as the command line names it, its parameters checked."""

    registry: PluginRegistry
    type_: str
    driver: str
    """Entry point that does the work."""
    params: dict[str, str]

    @classmethod
    def named(cls, type_: str, words: Sequence[str], positional: str | None) -> "Device":
        """Return the device, or end the command: 1 when its type is not here, 2 when its parameters are wrong."""
        registry = PluginRegistry()
        found = find_named(registry, type_ if type_.startswith("stonith:") else f"stonith:{type_}")
        try:
            kind = found_type(registry, *found) if isinstance(found, tuple) else plugin_type(registry, found.full_name)
        except (LookupError, PluginError) as problem:
            say_no(str(problem))
        plugin = kind.plugin
        in_order = params_of_words(plugin, positional.split()) if positional is not None else {}
        raw = revealed(plugin, {**kind.base, **in_order, **given_values(words)})
        _, problems = parse_params(plugin.params, raw, extra=plugin.extra_params)
        if problems:
            told = [
                f"{it.name} {it.problem}" + (f"; did you mean {it.nearest}?" if it.nearest else "") for it in problems
            ]
            raise click.UsageError(
                f"{type_}: " + "\n       ".join(told) + f"\n`hb stonith info {type_}` tells them all."
            )
        return cls(registry, type_, kind.driver, raw)


def carry_out(device: Device, action: Action, host: str, limit_s: float) -> None:
    """Do it, print what came of it; ends the command with 1 when that is not what was asked for."""
    request = Run(1, "stonith", device.driver, device.type_, device.params, action, limit_s, host)
    result = run_by_hand(request, device.registry)
    if result.output:
        click.echo("\n".join(printable(line) for line in result.output.splitlines()), err=True)
    if result.outcome not in _GOOD:
        word = "" if result.outcome is Outcome.FAILED else f"{result.outcome.value}: "
        click.echo(f"hb: {word}{printable(result.detail)}", err=True)
        raise click.exceptions.Exit(EXIT_NO)
    for line in _told(action, host, result):
        click.echo(printable(line))


def _told(action: Action, host: str, result: Result) -> list[str]:
    match action:
        case Action.HOSTS:
            return list(result.hosts)
        case Action.POWER:
            return [f"{host} {result.detail}"]
        case Action.FENCE:
            return [f"{host} off: {_PROOFS.get(result.proof, result.detail)}"]
        case Action.ON:
            return [f"{host} on: {result.detail}"]
    return [result.detail]
