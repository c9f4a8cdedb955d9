"""What a plugin's class must declare; judged at load, before an instance exists."""

import inspect
from collections.abc import Iterator

from heartbeat.plugin.comm import Medium
from heartbeat.plugin.kind import API_CURRENT, API_PREVIOUS, Kind, Plugin
from heartbeat.plugin.param import Param


def broken_rules(kind: Kind, plugin: object) -> list[str]:
    """Return how an object fails the contract of its kind, in words; empty when it keeps it."""
    if is_previous(kind, plugin):
        assert isinstance(plugin, type)
        assert issubclass(plugin, Plugin)
        return [*_missing_methods(plugin), *_misdeclared(plugin)]
    if not isinstance(plugin, type) or not issubclass(plugin, Plugin) or not issubclass(plugin, kind.contract):
        return [f"it is not a {kind.contract.__name__}: the entry point must name a subclass of it"]
    version = api_problem(plugin.api, kind.api, kind.api)
    if version:
        return [version]
    return [*_missing_methods(plugin), *_misdeclared(plugin), *_wrong_colour(kind, plugin)]


def is_previous(kind: Kind, plugin: object) -> bool:
    """Was the class written for the previous version of its kind's contract, which an adapter makes one of this?"""
    if kind.previous is None or not isinstance(plugin, type) or not issubclass(plugin, kind.previous):
        return False
    return issubclass(plugin, Plugin) and plugin.api == kind.api - 1


def api_problem(api: object, current: int = API_CURRENT, previous: int = API_PREVIOUS) -> str:
    """Return why a contract version cannot be loaded, empty when it can. Versions count from 1; 0 is not stated."""
    if not isinstance(api, int) or isinstance(api, bool) or api < 1:
        return f"it does not state the contract version it was written for: add `api = {current}` to the class"
    if api > current:
        return f"it was written for contract version {api}, this core speaks {current}: upgrade heartbeat-core"
    if api < previous:
        return f"it was written for contract version {api}, this core still speaks {previous}: upgrade the plugin"
    return ""


def api_notice(api: int, current: int = API_CURRENT) -> str:
    """Return what to say about a plugin that loads for now only; empty for one of the current version."""
    if api == current:
        return ""
    adapted = f"written for contract version {api}, used through an adapter"
    return f"{adapted}; this core speaks {current} and the next one will refuse it"


def _missing_methods(plugin: type[Plugin]) -> Iterator[str]:
    missing = sorted(getattr(plugin, "__abstractmethods__", ()))
    if missing:
        yield f"it does not implement {', '.join(missing)}"


def _misdeclared(plugin: type[Plugin]) -> Iterator[str]:
    if not isinstance(plugin.params, tuple) or not all(isinstance(param, Param) for param in plugin.params):
        yield "params is not a tuple of Param"
        return
    names = [name for param in plugin.params for name in (param.name, *param.aliases)]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"the parameter {name} is declared more than once"
    for name in plugin.positional:
        if name not in names:
            yield f"positional names {name}, which is no parameter"
    repeats = getattr(plugin, "repeats", "")
    if repeats and repeats not in names:
        yield f"repeats names {repeats}, which is no parameter"


def _wrong_colour(kind: Kind, plugin: type[Plugin]) -> Iterator[str]:
    """Media wait with ``await``, all others block: a mixture would hang the daemon or do nothing at all."""
    waits = ("open", "close") if issubclass(kind.contract, Medium) else ()
    for name in dir(kind.contract):
        method = getattr(plugin, name, None)
        if name.startswith("_") or not inspect.isfunction(method):
            continue
        if name in waits and not inspect.iscoroutinefunction(method):
            yield f"{name} must be `async def`"
        if name not in waits and inspect.iscoroutinefunction(method):
            yield f"{name} must be a plain `def`"
