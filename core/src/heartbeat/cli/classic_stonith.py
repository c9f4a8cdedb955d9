"""The ``stonith`` command of cluster-glue on our own devices: its options, output and exit codes.

Exit codes are the STONITH library's (stonith.h of cluster-glue 1.0.12). 1 is also wrong use, 255 a failed listing.
"""

import getopt
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from heartbeat.cli.classic_meta import help_page, meta_data
from heartbeat.cli.stonith_types import DeviceType, any_type, device_types
from heartbeat.executor.byhand import run_by_hand
from heartbeat.model.operation import Action, Outcome, Result
from heartbeat.pils.registry import PluginRegistry
from heartbeat.plugin.errors import PluginError
from heartbeat.plugin.param import parse_params
from heartbeat.plugin.stonith import StonithDevice
from heartbeat.wire.executor import Run

S_OK, S_BADCONFIG, S_ACCESS, S_INVAL, S_BADHOST, S_RESETFAIL, S_TIMEOUT, S_OOPS = 0, 1, 2, 3, 4, 5, 6, 8
LISTING_FAILED = 255

LIMIT_S = 120.0
"""For one operation; the old command had no limit of its own."""

USAGE = """\
usage: stonith -L                                      list the types
       stonith -t TYPE -n | -m | -h                    parameter names, meta-data, help
       stonith -t TYPE PARAMETERS -S | -l              status of the device, its hosts
       stonith -t TYPE PARAMETERS [-c COUNT] [-T reset|on|off] NODE
PARAMETERS: -p "VALUE VALUE ...", -F FILE, -E (from the environment) or NAME=VALUE ...; -s: silent"""

_ORDERS = {"reset": (Action.FENCE, Action.ON), "off": (Action.FENCE,), "on": (Action.ON,)}


class WrongUse(Exception):
    """The text goes before the usage."""


def main(argv: Sequence[str]) -> int:
    """Do what the old command would; return its exit code."""
    try:
        pairs, words = getopt.gnu_getopt(list(argv), "svdVhLlSnmEt:p:F:T:c:")
        return _done(dict(pairs), words)
    except (getopt.GetoptError, WrongUse) as wrong:
        _say(str(wrong) + ("\n" if str(wrong) else "") + USAGE)
        return S_BADCONFIG


def _done(options: Mapping[str, str], words: Sequence[str]) -> int:
    registry = PluginRegistry()
    if "-V" in options:
        from importlib.metadata import version

        click.echo(f"stonith: heartbeat {version('heartbeat-core')}")
        return S_OK
    if "-L" in options:
        for it in device_types(registry):
            click.echo(it["type"])
        return S_OK
    if "-t" not in options:
        raise WrongUse("")
    type_ = options["-t"]
    try:
        kind = any_type(registry, type_)
    except (LookupError, PluginError) as problem:
        _say(str(problem.args[0]))
        return S_OOPS
    device = kind.plugin
    if "-n" in options:
        click.echo("".join(f"{name}  " for name in names_of(device)))
    elif "-m" in options:
        click.echo(meta_data(type_, device))
    elif "-h" in options:
        click.echo(help_page(type_, device))
    else:
        return _operate(registry, kind, options, words)
    return S_OK


def names_of(device: type[StonithDevice]) -> list[str]:
    """Return the names in the order of the positional form; without one, those of all required parameters."""
    return list(device.positional) or [param.name for param in device.params if param.required]


def _operate(
    registry: PluginRegistry,
    kind: DeviceType,
    options: Mapping[str, str],
    words: Sequence[str],
) -> int:
    type_, device = kind.name, kind.plugin
    nodes = [word for word in words if "=" not in word]
    order = options.get("-T", "reset")
    if order not in _ORDERS:
        raise WrongUse(f"bad reset type [{order}]")
    asks = [action for flag, action in (("-S", Action.STATUS), ("-l", Action.HOSTS)) if flag in options]
    if not asks and len(nodes) != 1:
        raise WrongUse("")
    raw, missing_is = _given(device, options, [word for word in words if "=" in word])
    raw = {**kind.base, **raw}
    params, problems = parse_params(device.params, raw, extra=device.extra_params)
    if problems:
        _say(f"Invalid config info for {type_} device: " + "; ".join(f"{it.name} {it.problem}" for it in problems))
        return missing_is if any("is missing" in it.problem for it in problems) else S_INVAL
    for action in asks:
        result = run_by_hand(Run(1, "stonith", kind.driver, type_, raw, action, LIMIT_S), registry)
        if result.outcome is not Outcome.DONE:
            _say("" if "-s" in options else result.detail)
            return LISTING_FAILED if action is Action.HOSTS else S_ACCESS
        for host in result.hosts:
            click.echo(host.lower())
    if asks:
        return S_OK
    known = device.configured_hosts(params)
    if known is not None and nodes[0].lower() not in map(str.lower, known):
        _say(f"{nodes[0]} is not controlled by this {type_} device")
        return S_BADHOST
    return _switched(registry, kind, raw, order, nodes[0].lower(), int(options.get("-c", "1")))


def _switched(
    registry: PluginRegistry, kind: DeviceType, raw: dict[str, str], order: str, node: str, count: int
) -> int:
    """Return S_OK when the node was seen off (or on) as often as was asked; a reset succeeds by its off half."""
    for _ in range(count):
        for action in _ORDERS[order]:
            result = run_by_hand(Run(1, "stonith", kind.driver, kind.name, raw, action, LIMIT_S, node), registry)
            if result.outcome is Outcome.DONE:
                continue
            _say(f"{node}: {result.detail}")
            if not (order == "reset" and action is Action.ON):
                return _code(result)
    return S_OK


def _code(result: Result) -> int:
    return {Outcome.FAILED: S_RESETFAIL, Outcome.UNKNOWN: S_TIMEOUT, Outcome.REFUSED: S_INVAL}.get(
        result.outcome, S_OOPS
    )


def _given(device: type[StonithDevice], options: Mapping[str, str], named: Sequence[str]) -> tuple[dict[str, str], int]:
    """Return the unparsed parameters, and what a missing one means in the form that was chosen."""
    ways = [flag for flag in ("-p", "-F", "-E") if flag in options] + (["name=value"] if named else [])
    if not ways:
        raise WrongUse("Must specify either -p option, -F option, -E option, or name=value style arguments")
    if len(ways) > 1:
        raise WrongUse(f"Cannot mix {' and '.join(ways)}")
    names = {name for param in device.params for name in (param.name, *param.aliases)}
    match ways[0]:
        case "name=value":
            pairs = (word.partition("=") for word in named)
            return {name: value for name, _, value in pairs if name in names or device.extra_params}, S_INVAL
        case "-E":
            return {name: os.environ[name] for name in names if name in os.environ}, S_INVAL
        case "-p":
            return _in_order(device, options["-p"]), S_BADCONFIG
    try:
        lines = Path(options["-F"]).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as wrong:
        raise WrongUse(f"{options['-F']}: {wrong.strerror}") from None
    line = next((line for line in lines if line.strip() and not line.startswith("#")), "")
    return _in_order(device, line), S_BADCONFIG


def _in_order(device: type[StonithDevice], text: str) -> dict[str, str]:
    """Split at blanks in the order of the names; the last one takes the rest of the line with its blanks."""
    names = names_of(device)
    return dict(zip(names, text.split(None, max(len(names) - 1, 0)), strict=False))


def _say(text: str) -> None:
    if text:
        click.echo(text, err=True)
