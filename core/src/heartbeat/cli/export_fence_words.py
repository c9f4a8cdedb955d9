"""What a fence agent is told: ``name=value`` lines on standard input, or options; the device's own parameters in it."""

import shlex
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from heartbeat.pils.export_fence import power_timeout_s
from heartbeat.pils.export_words import FENCE_WORDS, SCRIPT, fence_name
from heartbeat.plugin.param import BadParameter, Param, ParamKind, parse_params
from heartbeat.plugin.stonith import StonithDevice

SCRIPT_WITHIN_S = 10.0
"""How long a program may take to print a secret."""

_SHORT = {"-o": "action", "-n": "plug"}
_FLAGS = {"-h": "help", "-V": "version", "-v": "verbose", "-q": "quiet"}
_METADATA = ("metadata", "meta-data")
_NEEDS_PROOF = ("off", "reboot", "monitor", "validate-all")
"""What a device without proof refuses unless that was accepted; the last two so that it shows before a node dies."""


@dataclass(frozen=True, slots=True)
class Order:
    """One call of a fence agent, checked."""

    action: str
    plugs: tuple[str, ...]
    delay_s: float
    limit_s: float
    """For one order with its reading back."""
    accept_unproved: bool
    params: Mapping[str, str]
    """Of the device, unparsed."""


def words_of_stdin(lines: Iterable[str]) -> dict[str, str]:
    """Return ``name=value`` lines: outer blanks, comments and one pair of quotes do not count; the last wins."""
    words = {}
    for line in map(str.strip, lines):
        name, equals, value = line.partition("=")
        if line.startswith("#") or not equals:
            continue
        value = value.strip()
        quoted = len(value) > 1 and value[0] == value[-1] == '"'
        words[_plain(name)] = value[1:-1] if quoted else value
    return words


def words_of_options(options: Sequence[str]) -> dict[str, str]:
    """Return ``--name=value``, ``--flag``, ``-o ACTION`` and ``-n PLUG``. Raises ValueError for anything else."""
    words, left = {}, list(options)
    while left:
        option = left.pop(0)
        if option.startswith("--") and len(option) > 2:
            name, equals, value = option[2:].partition("=")
            words[_plain(name)] = value if equals else "1"
        elif option[:2] in _SHORT:
            if len(option) == 2 and not left:
                raise ValueError(f"{option} needs a value")
            words[_SHORT[option[:2]]] = option[2:] or left.pop(0)
        elif option in _FLAGS:
            words[_FLAGS[option]] = "1"
        else:
            raise ValueError(f"{option!r} is no option; --name=value, -o ACTION and -n PLUG are")
    return words


def action_of(words: Mapping[str, str]) -> str:
    """Return what is asked for, as the convention spells it; without a word it is a reboot."""
    if "help" in words or "version" in words:
        return "help" if "help" in words else "version"
    action = (words.get("action") or words.get("option") or "reboot").strip().lower()
    return {"enable": "on", "disable": "off"}.get(action, "metadata" if action in _METADATA else action)


def order_of(device: type[StonithDevice], words: Mapping[str, str]) -> Order:
    """Return the order. Raises ValueError naming everything that is wrong with it; warns about unknown words."""
    own = (
        Param("delay", ParamKind.SECONDS, default=0.0),
        Param("power_timeout", ParamKind.SECONDS, default=float(power_timeout_s(device)), minimum=1),
        Param("accept_unproved", ParamKind.BOOL, default=False),
    )
    given = {param.name: words[param.name] for param in own if words.get(param.name)}
    settings, problems = parse_params(own, given)
    params = _params_of_device(device, words)
    problems += parse_params(device.params, params, extra=device.extra_params)[1]
    action = action_of(words)
    if not device.can_read_power and not settings.flag("accept_unproved") and action in _NEEDS_PROOF:
        unproved = "this device cannot be read back, so nothing would prove that a host is off"
        problems.append(BadParameter("accept_unproved", f"is missing: {unproved}; set it to say so all the same"))
    if problems:
        raise ValueError(
            "; ".join(f"{fence_name(it.name) if it.name in params else it.name} {it.problem}" for it in problems)
        )
    # A cluster that maps names says what it mapped to in plug; nodename is for agents that have no plug.
    plugs = words.get("plug") or words.get("port") or words.get("nodename") or ""
    return Order(
        action,
        tuple(dict.fromkeys(plug.strip().lower() for plug in plugs.split(",") if plug.strip())),
        settings.number("delay"),
        settings.number("power_timeout"),
        settings.flag("accept_unproved") and not device.can_read_power,
        params,
    )


def _params_of_device(device: type[StonithDevice], words: Mapping[str, str]) -> dict[str, str]:
    outside = {fence_name(name): name for param in device.params for name in (param.name, *param.aliases)}
    secrets = {fence_name(param.name): param.name for param in device.params if param.secret}
    params: dict[str, str] = {}
    for word, value in words.items():
        secret = secrets.get(word.removesuffix(SCRIPT)) if word.endswith(SCRIPT) and word not in outside else None
        if word in outside:
            if value:  # an empty one is one that was not given, as for every fence agent
                params.setdefault(outside[word], value)
        elif secret is not None:
            params[secret] = _printed(word, value)
        elif word not in FENCE_WORDS:
            if device.extra_params:
                params[word] = value
            else:
                print(f"unknown parameter {word} is ignored", file=sys.stderr)
    return params


def _printed(word: str, program: str) -> str:
    """Return what a program prints, without the last line end. Raises ValueError that does not show it."""
    try:
        done = subprocess.run(
            shlex.split(program), stdin=subprocess.DEVNULL, capture_output=True, timeout=SCRIPT_WITHIN_S, check=False
        )
    except (OSError, IndexError, subprocess.TimeoutExpired) as wrong:
        why = getattr(wrong, "strerror", None) or f"no answer within {SCRIPT_WITHIN_S:g} s"
        raise ValueError(f"{word}: {program} printed nothing: {why}") from None
    if done.returncode:
        raise ValueError(f"{word}: {program} ended with {done.returncode}")
    return done.stdout.decode(errors="surrogateescape").rstrip("\r\n")


def _plain(name: str) -> str:
    return name.strip().replace("-", "_")
