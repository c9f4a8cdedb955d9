"""A class with the methods that a vendor's own contract asks for, to be filled in: text, made from the contract."""

import inspect
from dataclasses import dataclass

from heartbeat.pils.registry import PluginRegistry
from heartbeat.plugin.kind import Kind


@dataclass(frozen=True, slots=True)
class OwnKind:
    """A kind that a vendor announced, as the scaffold needs to know it."""

    kind: Kind
    value: str
    """The entry point's: ``acme_kinds:METRONOME``."""
    requirement: str
    """The distribution that brings it, with its bounds; empty when its metadata does not say."""

    def words(self) -> dict[str, str]:
        """Return what stands for the words of the templates."""
        module, _, name = self.value.partition(":")
        contract = self.kind.contract
        methods = "".join(f"\n{_method(contract, method)}" for method in _asked(contract))
        imports = f"from {contract.__module__} import {contract.__name__}"
        if methods:
            imports = f"from heartbeat.plugin import PluginError\n\n{imports}"
        return {
            "IMPORTS": imports,
            "CONTRACT": contract.__name__,
            "API": str(self.kind.api),
            "METHODS": methods.rstrip("\n"),
            "KIND_MODULE": module.strip(),
            "KIND_OBJECT": name.strip(),
        }


def own_kind(registry: PluginRegistry, name: str) -> OwnKind | None:
    """Return a vendor's kind; None for one of core's. Raises LookupError or PluginError."""
    announced = registry.kind_announcement(name)
    if announced is None:
        return None
    wants = f"{announced.distribution}>={announced.version}" if announced.version else announced.distribution
    return OwnKind(registry.kind(name), announced.entry_point.value, wants)


def _asked(contract: type) -> list[str]:
    """Return the methods without a default, in the order in which the contract has them."""
    missing = set(getattr(contract, "__abstractmethods__", ()))
    in_order = [name for owner in reversed(contract.__mro__) for name in vars(owner) if name in missing]
    return list(dict.fromkeys(in_order))


def _method(contract: type, name: str) -> str:
    method = inspect.getattr_static(contract, name)
    lines = []
    if isinstance(method, property):
        lines, function = ["@property"], method.fget
    elif isinstance(method, classmethod | staticmethod):
        lines, function = [f"@{type(method).__name__}"], method.__func__
    else:
        function = method
    assert function is not None
    bare = inspect.Parameter.empty
    parameters = [it.replace(annotation=bare) for it in inspect.signature(function).parameters.values()]
    waits = "async " if inspect.iscoroutinefunction(function) else ""
    text = (inspect.getdoc(function) or f"{name}, as the contract has it.").splitlines()[0]
    lines += [
        f"{waits}def {name}{inspect.Signature(parameters)}:",
        f'    """{text}"""',
        f'    raise PluginError("{name} is not written yet")',
    ]
    return "".join(f"    {line}\n" for line in lines)
