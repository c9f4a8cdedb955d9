"""What every plugin declares about itself, judged without making an instance. Needs no pytest."""

import re
from collections.abc import Iterator

from heartbeat.pils.contract import broken_rules
from heartbeat.pils.parameter_table import as_text
from heartbeat.plugin import Kind, Param, ParamKind, Plugin, Secret
from heartbeat.plugin.param import Value

__all__ = ["as_text", "declaration_findings"]

_SECRET_NAME = re.compile(r"pass(?!ive)|secret|token|community|(?<![a-z])key(?!s?_?(file|path|num))", re.IGNORECASE)
"""Names under which people keep secrets."""

_NOT_TO_HIDE = (ParamKind.SECRET, ParamKind.PATH, ParamKind.BOOL, ParamKind.CHOICE)
"""Hidden already, the path to one (``keyfile``), or a word of a list that everybody can read."""


def declaration_findings(kind: Kind, plugin: type[Plugin]) -> list[str]:
    """Return everything wrong with a plugin's declarations, each in words; empty for a good one."""
    broken = broken_rules(kind, plugin)
    return broken or [*_about_itself(plugin), *(it for param in plugin.params for it in _about(param)), *_form(plugin)]


def _about_itself(plugin: type[Plugin]) -> Iterator[str]:
    if not plugin.title.strip() or "\n" in plugin.title:
        yield "title must say in one line what this is"
    if not (plugin.__doc__ or "").strip() or plugin.__doc__ == plugin.__mro__[1].__doc__:
        yield "the class has no docstring of its own: say what it speaks to, and what it cannot do"
    if plugin.docs_url and not plugin.docs_url.startswith(("https://", "http://")):
        yield "docs_url is no web address"


def _about(param: Param) -> Iterator[str]:
    at = f"parameter {param.name}"
    if not param.help.strip():
        yield f"{at} has no help"
    if param.required and not param.example:
        yield f"{at} is required and has no example"
    if param.required and param.default is not None:
        yield f"{at} is required and has a default"
    if param.kind is ParamKind.CHOICE and not param.choices:
        yield f"{at} is a choice without choices"
    if _SECRET_NAME.search(param.name) and param.kind not in _NOT_TO_HIDE:
        yield f"{at} sounds like a secret: give it ParamKind.SECRET, so that it is never shown"
    if param.example:
        yield from _must_parse(param, param.example, "example")
    if param.default is not None and not isinstance(param.default, Secret):
        yield from _must_parse(param, as_text(param.default), "default", param.default)


def _must_parse(param: Param, text: str, what: str, wanted: Value | None = None) -> Iterator[str]:
    try:
        value = param.parse(text)
    except ValueError as wrong:
        yield f"parameter {param.name} refuses its own {what} {text!r}: {wrong}"
        return
    if wanted is not None and value != wanted:
        yield f"parameter {param.name} reads its own default {wanted!r} as {value!r}"


def _form(plugin: type[Plugin]) -> Iterator[str]:
    """The old form must be able to say everything that is required."""
    names = set(plugin.positional) | {getattr(plugin, "repeats", "")}
    if not names - {""}:
        return
    for param in plugin.params:
        if param.required and param.name not in names:
            yield f"parameter {param.name} is required, but positional does not name it"
