"""Parameters: declared once as a tuple of Param, checked once, read as typed values."""

import difflib
import enum
import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from heartbeat.plugin.secret import Secret

Value = str | int | float | bool | Secret | tuple[str, ...] | Mapping[str, str]


class ParamKind(enum.Enum):
    """What a parameter's text means; the value's Python type stands behind it."""

    STR = "text"
    """str"""
    INT = "number"
    """int"""
    BOOL = "yes or no"
    """bool"""
    SECONDS = "duration"
    """float, seconds; ``200ms``, ``1.5``, ``2min``"""
    HOST = "host name or address"
    """str"""
    ADDRESS = "IP address"
    """str, canonical"""
    PORT = "port number"
    """int, 1 to 65535"""
    PATH = "absolute path"
    """str"""
    INTERFACE = "network interface"
    """str, at most 15 bytes (IFNAMSIZ)"""
    HOSTS = "list of hosts"
    """tuple of str; blanks or commas between"""
    HOSTMAP = "host=outlet list"
    """mapping of host to outlet: ``nodea=1,nodeb=2``"""
    CHOICE = "one of the choices"
    """str"""
    SECRET = "secret"  # noqa: S105 - the kind's name, not a password
    """Secret"""


@dataclass(frozen=True, slots=True)
class BadParameter:
    """One thing wrong with a set of parameters."""

    name: str
    problem: str
    """What is wrong and what was expected: ``is missing; expected a host, for example 10.0.0.7``"""
    nearest: str = ""
    """The declared name that an unknown one most resembles."""


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter of a plugin."""

    name: str
    kind: ParamKind = ParamKind.STR
    required: bool = False
    default: Value | None = None
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    unit: str = ""
    example: str = ""
    help: str = ""
    aliases: tuple[str, ...] = ()
    setting: str = ""
    """Directive of ha.cf that gives the default (``udpport``), when the parameter itself is not given."""

    @property
    def secret(self) -> bool:
        return self.kind is ParamKind.SECRET

    def parse(self, text: str) -> Value:
        """Return the typed value of an administrator's text. Raises ValueError saying what was expected."""
        value = _PARSERS[self.kind](text)
        if self.choices and text not in self.choices:
            raise ValueError(f"expected one of {', '.join(self.choices)}")
        if isinstance(value, int | float) and not isinstance(value, bool):
            if self.minimum is not None and value < self.minimum:
                raise ValueError(f"expected at least {self.minimum:g}{self.unit and ' ' + self.unit}")
            if self.maximum is not None and value > self.maximum:
                raise ValueError(f"expected at most {self.maximum:g}{self.unit and ' ' + self.unit}")
        return value

    @property
    def expected(self) -> str:
        """``a host name or address, for example 10.0.0.7``"""
        what = f"one of {', '.join(self.choices)}" if self.choices else self.kind.value
        return self.with_example(what)

    def with_example(self, expectation: str) -> str:
        """Return what is expected, with the example unless the words show some already."""
        is_shown = not self.example or self.choices or " such as " in expectation
        return expectation if is_shown else f"{expectation}, for example {self.example}"


@dataclass(frozen=True, slots=True)
class Params(Mapping[str, Value]):
    """Checked, typed parameters. Every declared name is present; an optional one without default is None."""

    known: Mapping[str, Value | None]
    extra: Mapping[str, str] = field(default_factory=dict)
    """Undeclared ones, as text, of a plugin with ``extra_params``."""

    def __getitem__(self, name: str) -> Value:
        value = self.known[name]
        if value is None:
            raise KeyError(name)
        return value

    def __iter__(self) -> Iterator[str]:
        return (name for name, value in self.known.items() if value is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def text(self, name: str) -> str:
        """Return a text parameter; empty when it was not given."""
        value = self.known[name]
        if isinstance(value, Secret):
            raise TypeError(f"{name} is a secret: use secret()")
        return "" if value is None else str(value)

    def number(self, name: str) -> float:
        value = self[name]
        if not isinstance(value, int | float):
            raise TypeError(f"{name} is not a number")
        return value

    def flag(self, name: str) -> bool:
        return bool(self.known[name])

    def hosts(self, name: str) -> tuple[str, ...]:
        value = self.known[name]
        return tuple(value) if isinstance(value, tuple | Mapping) else ()

    def secret(self, name: str) -> Secret:
        value = self[name]
        if not isinstance(value, Secret):
            raise TypeError(f"{name} is not a secret")
        return value


def parse_params(
    declared: Sequence[Param], raw: Mapping[str, str], *, extra: bool = False
) -> tuple[Params, list[BadParameter]]:
    """Return the typed parameters and all problems together; with problems, the parameters are not to be used.

    ``raw`` maps names (or aliases) to texts as an administrator wrote them.
    """
    problems: list[BadParameter] = []
    values: dict[str, Value | None] = {}
    left = dict(raw)
    for param in declared:
        text = next((left.pop(name) for name in (param.name, *param.aliases) if name in left), None)
        values[param.name] = param.default
        if text is None:
            if param.required:
                problems.append(BadParameter(param.name, f"is missing; expected {param.expected}"))
            continue
        try:
            values[param.name] = param.parse(text)
        except ValueError as wrong:
            shown = "the value" if param.secret else repr(text)
            problems.append(BadParameter(param.name, f"{shown} is not valid: {param.with_example(str(wrong))}"))
    if not extra:
        names = [param.name for param in declared]
        for name in left:
            near = difflib.get_close_matches(name, names, 1)
            problems.append(BadParameter(name, "is no parameter of this plugin", near[0] if near else ""))
    return Params(values, left if extra else {}), problems


_TRUE = ("true", "on", "yes", "y", "1")
_FALSE = ("false", "off", "no", "n", "0")
_UNITS = {"us": 1e-6, "ms": 1e-3, "": 1.0, "s": 1.0, "min": 60.0, "h": 3600.0}


def _parse_int(text: str) -> int:
    try:
        return int(text, 0)
    except ValueError:
        raise ValueError("expected a whole number") from None


def _parse_bool(text: str) -> bool:
    """Spellings of ha.cf (heartbeat 3.0.6): true on yes y 1, false off no n 0."""
    if text.lower() in _TRUE + _FALSE:
        return text.lower() in _TRUE
    raise ValueError("expected yes or no")


def _parse_seconds(text: str) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(us|ms|s|min|h)?", text.strip())
    if not found:
        raise ValueError("expected a duration such as 200ms, 1.5 or 2min")
    return float(found[1]) * _UNITS[found[2] or ""]


def _parse_host(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._:%\[\]-]{1,255}", text):
        raise ValueError("expected a host name or address")
    return text


def _parse_address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text.strip("[]")))
    except ValueError:
        raise ValueError("expected an IPv4 or IPv6 address") from None


def _parse_port(text: str) -> int:
    port = _parse_int(text)
    if not 1 <= port <= 65535:
        raise ValueError("expected a port from 1 to 65535")
    return port


def _parse_path(text: str) -> str:
    if not text.startswith("/") or "\0" in text:
        raise ValueError("expected an absolute path")
    return text


def _parse_interface(text: str) -> str:
    """Linux: at most 15 bytes, no blank, no slash (net/core/dev.c, dev_valid_name)."""
    if not 0 < len(text.encode()) < 16 or re.search(r"[\s/]", text) or text in (".", ".."):
        raise ValueError("expected an interface name such as eth0, at most 15 bytes")
    return text


def _parse_hosts(text: str) -> tuple[str, ...]:
    hosts = tuple(word for word in re.split(r"[\s,]+", text.strip()) if word)
    if not hosts:
        raise ValueError("expected at least one host")
    return hosts


def _parse_hostmap(text: str) -> Mapping[str, str]:
    pairs = [word.partition("=") for word in _parse_hosts(text)]
    if not all(host and equals and outlet for host, equals, outlet in pairs):
        raise ValueError("expected host=outlet pairs such as nodea=1,nodeb=2")
    hosts = [host.lower() for host, _, _ in pairs]
    if len(set(hosts)) < len(hosts):
        raise ValueError("expected each host once")
    return {host: outlet for host, _, outlet in pairs}


_PARSERS: dict[ParamKind, Callable[[str], Value]] = {
    ParamKind.STR: str,
    ParamKind.CHOICE: str,
    ParamKind.INT: _parse_int,
    ParamKind.BOOL: _parse_bool,
    ParamKind.SECONDS: _parse_seconds,
    ParamKind.HOST: _parse_host,
    ParamKind.ADDRESS: _parse_address,
    ParamKind.PORT: _parse_port,
    ParamKind.PATH: _parse_path,
    ParamKind.INTERFACE: _parse_interface,
    ParamKind.HOSTS: _parse_hosts,
    ParamKind.HOSTMAP: _parse_hostmap,
    ParamKind.SECRET: Secret,
}
