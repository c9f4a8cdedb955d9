"""What a plugin can do beyond what its kind demands: read from its class, for people and for scripts."""

import inspect

from heartbeat.plugin.kind import Kind, Plugin

_WORDS = {
    ("can_read_power", True): "the power is read back from the device",
    ("can_read_power", False): "takes orders, cannot be asked: by itself it never protects shared data",
    ("resets_itself", True): "off means that the node's own watchdog has had the time to reset it",
    ("gives_power", False): "switches nobody on again: the node boots by itself, or a person sees to it",
    ("itself_only", True): "switches the machine on which it runs and no other: it protects nobody",
    ("serialises", True): "drops the requests of a client that it has switched off",
    ("dies_with_host", True): "sits in the machine: without mains it is as silent as that, which proves nothing",
    ("name_max", 0): "no limit of its own to the length of a node's name",
    ("needs_key", False): "uses no key: anybody can make its frames",
    ("strength", 0): "integrity only",
    ("strength", 1): "authentic, by an aged hash",
    ("strength", 2): "authentic",
    ("strength", 3): "authentic and secret",
}
"""Capability and value to what it means, where the name alone does not say it."""


def capabilities(kind: Kind, plugin: type[Plugin]) -> dict[str, object]:
    """Return the constants that the kind's contract asks for, as this plugin gives them: ``can_read_power``.

    They are what the contract class annotates as ClassVar, so a vendor's own kind has them too.
    """
    names = [name for owner in _contracts(kind) for name, note in _notes(owner).items() if "ClassVar" in str(note)]
    return {name: getattr(plugin, name, None) for name in names}


def refinements(kind: Kind, plugin: type[Plugin]) -> list[str]:
    """Return the methods with a default in the contract that this plugin replaces by its own: ``promote``."""
    return [
        name
        for owner in _contracts(kind)
        for name, method in vars(owner).items()
        if _has_default(name, method) and inspect.getattr_static(plugin, name) is not method
    ]


def meaning(name: str, value: object) -> str:
    """Return what a capability of this value means; empty where the name alone says it."""
    return _WORDS.get((name, value), "") if isinstance(value, int | bool) else ""


def _contracts(kind: Kind) -> list[type]:
    """Return the contract and what it is made of, but not what all plugins have in common."""
    return [owner for owner in kind.contract.__mro__ if owner not in Plugin.__mro__]


def _notes(owner: type) -> dict[str, object]:
    return dict(inspect.get_annotations(owner))


def _has_default(name: str, method: object) -> bool:
    is_one = inspect.isfunction(method) or isinstance(method, classmethod)
    return is_one and not name.startswith("_") and not getattr(method, "__isabstractmethod__", False)
