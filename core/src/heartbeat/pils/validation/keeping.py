"""HB3: the class keeps the contract of its kind, also in what its methods take."""

import inspect
from collections.abc import Iterator
from importlib.metadata import EntryPoint

from heartbeat.pils.contract import api_notice, broken_rules, is_previous
from heartbeat.pils.failure import CannotLoad
from heartbeat.pils.kinds import KINDS
from heartbeat.pils.registry import PluginRegistry
from heartbeat.pils.validation.finding import Finding, Severity
from heartbeat.plugin.hooks import Listener
from heartbeat.plugin.kind import Kind, Plugin


def contract_findings(kind: Kind, plugin: object, place: str) -> Iterator[Finding]:
    """Yield how a class breaks its contract."""
    broken = broken_rules(kind, plugin)
    yield from (Finding("HB301", Severity.ERROR, place, text) for text in broken)
    if broken or not isinstance(plugin, type) or issubclass(plugin, Listener):
        return  # a listener may take fewer arguments than it is offered
    contract = kind.contract
    if is_previous(kind, plugin):
        assert kind.previous is not None
        assert issubclass(plugin, Plugin)
        contract = kind.previous
        text = api_notice(plugin.api, kind.api)
        yield Finding("HB303", Severity.WARNING, place, text, f"write it for version {kind.api}: docs/compatibility.md")
    for name, method in vars(contract).items():
        own = getattr(plugin, name, None)
        if name.startswith("_") or not inspect.isfunction(method) or not inspect.isfunction(own):
            continue
        if not _takes(own, method):
            text = f"{name}{inspect.signature(own)} cannot be called as {name}{inspect.signature(method)}"
            yield Finding("HB302", Severity.ERROR, place, text, "give it the arguments of the contract")


def kind_findings(registry: PluginRegistry, point: EntryPoint) -> Iterator[Finding]:
    """Yield why a kind of plugin that a distribution announces cannot be used."""
    place = f"kinds:{point.name}"
    if point.name in KINDS:
        text = f"core has a kind {point.name}, and nobody would ever ask for this one"
        yield Finding("HB304", Severity.ERROR, place, text, "name the kind anew")
        return
    try:
        registry.kind(point.name)
    except CannotLoad as problem:
        yield Finding(
            "HB304", Severity.ERROR, place, f"it is no kind: {problem.failure.cause}", "see heartbeat.plugin.Kind"
        )
    except LookupError as problem:
        yield Finding("HB304", Severity.ERROR, place, str(problem.args[0]), "choose another name, or remove the other")


def _takes(own: object, contract: object) -> bool:
    """Can the plugin's method be called with what core calls the contract's with, by position?"""
    assert callable(own)
    assert callable(contract)
    offered = inspect.signature(contract).parameters
    try:
        inspect.signature(own).bind(*offered)
    except TypeError:
        return False
    return True
