"""How a plugin is asked for in the three files: a line made from its own declarations."""

from dataclasses import dataclass

from heartbeat.plugin.auth import Authenticator
from heartbeat.plugin.kind import Plugin
from heartbeat.plugin.param import Param, ParamKind


@dataclass(frozen=True, slots=True)
class Example:
    """One line, and the file in which it stands."""

    file: str
    line: str


def example(kind: str, name: str, plugin: type[Plugin]) -> Example | None:
    """Return a line that asks for the plugin, as short as it may be; None when no file has one for it.

    A kind that no file knows (catalogues, a vendor's own) has none, nor has a plugin whose required
    parameters lack an example or cannot be said in the form of that file.
    """
    words = _words(plugin)
    match kind:
        case "stonith":
            told = words if words is not None else _named(plugin)
            return Example("ha.cf", " ".join(["stonith_host", "*", name, *told])) if told is not None else None
        case "ra" if words is not None:
            return Example("haresources", f"node1 {'::'.join([name, *words])}")
        case "comm" if words is not None:
            return Example("ha.cf", " ".join([name, *words]))
        case "auth":
            secret = " a-long-random-secret" if issubclass(plugin, Authenticator) and plugin.needs_key else ""
            return Example("authkeys", f"1 {name}{secret}")
        case "hooks" if (told := _named(plugin)) is not None:
            return Example("ha.cf", " ".join(["hook", name, *told]))
    return None


def _words(plugin: type[Plugin]) -> list[str] | None:
    """Return the words of the positional form, up to the last that is required; None when they cannot be told."""
    declared = {param.name: param for param in plugin.params}
    repeats = str(getattr(plugin, "repeats", ""))
    order = [declared[name] for name in ([repeats] if repeats else plugin.positional) if name in declared]
    required = [param for param in plugin.params if param.required]
    if not all(param in order for param in required):
        return None
    last = max((order.index(param) for param in required), default=-1)
    words = [_shown(param) for param in order[: last + 1]]
    return None if "" in words else words


def _named(plugin: type[Plugin]) -> list[str] | None:
    """Return NAME=VALUE for what is required."""
    required = [param for param in plugin.params if param.required]
    values = [_shown(param) for param in required]
    if any(not value or " " in value for value in values):
        return None
    return [f"{param.name}={value}" for param, value in zip(required, values, strict=True)]


def _shown(param: Param) -> str:
    """Return a parameter's example as one word where its kind allows that."""
    if param.kind in (ParamKind.HOSTS, ParamKind.HOSTMAP):
        return ",".join(param.example.replace(",", " ").split())
    return param.example
