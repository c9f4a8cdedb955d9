"""Names and texts of parameters as Pacemaker's world writes them: what a fence agent or an OCF agent shows outside."""

from collections.abc import Mapping

from heartbeat.plugin.kind import Plugin
from heartbeat.plugin.param import Param, ParamKind, Value
from heartbeat.plugin.secret import Secret

FENCE_WORDS = frozenset(
    {"action", "option", "plug", "port", "nodename", "agent", "delay", "power_timeout", "accept_unproved"}
    | {"quiet", "verbose", "verbose_level", "debug", "debug_file", "version", "help", "separator", "plug_separator"}
)
"""What the fence-agent convention, Pacemaker or the exported agent itself means something else by."""

SCRIPT = "_script"
"""``password_script``: a program that prints the password, as fence-agents have it for theirs."""


def fence_name(param: str) -> str:
    """Return what a device's parameter is called outside: ``device_port`` for ``port``, which means an outlet there."""
    name = param.replace("-", "_")
    return f"device_{name}" if name in FENCE_WORDS else name


def default_text(param: Param) -> str | None:
    """Return a default as an administrator would write it; None when there is none to show, as for each secret."""
    return None if param.default is None or param.secret else _written(param.default)


def content_type(param: Param, *, seconds: str, choice: str) -> str:
    """Return the type of a parameter's content; ``seconds`` and ``choice`` are what a dialect calls those."""
    match param.kind:
        case ParamKind.INT | ParamKind.PORT:
            return "integer"
        case ParamKind.BOOL:
            return "boolean"
        case ParamKind.SECONDS:
            return seconds
    return choice if param.choices else "string"


def help_text(param: Param) -> str:
    """``The sshd's port. For example 2222.``"""
    what = (param.help or (param.kind.value if param.secret else param.expected)).strip()
    if param.example and not param.secret:
        what = f"{what}{'' if what.endswith('.') else '.'} For example {param.example}."
    return what


def long_text(plugin: type[Plugin], described: str) -> str:
    """Return what a plugin is, with the warning of one that must not protect real data."""
    warning = f"\n\nFor tests only: {plugin.test_only}." if plugin.test_only else ""
    return f"{described or plugin.title}{warning}"


def _written(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, Mapping):
        return ",".join(f"{host}={outlet}" for host, outlet in value.items())
    if isinstance(value, tuple):
        return " ".join(value)
    assert not isinstance(value, Secret)
    return str(value)
