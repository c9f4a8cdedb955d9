"""Hooks: any number of listeners that are told facts after they happened, one-to-many by pluggy.

Each is registered by itself inside the guard (pluggy's own loader would let a broken one stop the host), and called
inside one: what a listener raises is reported, and the others hear all the same.
"""

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from heartbeat.pils.failure import CannotLoad, guarded
from heartbeat.pils.registry import PluginRegistry
from heartbeat.plugin.errors import BadConfig
from heartbeat.plugin.hooks import Listener
from heartbeat.plugin.param import parse_params

if TYPE_CHECKING:
    import pluggy

QUESTIONS = ("status_sections", "cli_commands")
"""Hooks that are asked for something."""

_OWN = ("close",)
"""Of the listener's own life, and no hook."""

HOOKS = tuple(
    name
    for name, it in vars(Listener).items()
    if inspect.isfunction(it) and not name.startswith("_") and name not in _OWN
)
"""The names of all hooks, as ``heartbeat.plugin.Listener`` declares them."""

FACTS = tuple(name for name in HOOKS if name not in QUESTIONS)
"""Hooks that are told something."""

Report = Callable[[str, BaseException], None]
"""Takes a listener's name and what it raised."""


class Listeners:
    """The listeners of one process."""

    def __init__(self, registry: PluginRegistry, report: Report) -> None:
        self._registry = registry
        self._report = report
        self._manager = _manager()
        self._made: list[tuple[str, Listener]] = []

    def add(self, name: str, raw: Mapping[str, str]) -> None:
        """Load, make and register one listener. Raises LookupError or PluginError, and then it hears nothing."""
        announced = self._registry.find("hooks", name)
        plugin = self._registry.load_announced(announced)
        assert issubclass(plugin, Listener)
        params, problems = parse_params(plugin.params, raw, extra=plugin.extra_params)
        if problems:
            raise BadConfig(f"hook {name}: " + "; ".join(f"{it.name} {it.problem}" for it in problems))
        listener = guarded(announced, lambda: plugin(params))
        known_as = name if not self._manager.has_plugin(name) else f"{name} #{len(self._made) + 1}"
        try:
            guarded(announced, lambda: self._manager.register(_Ear(known_as, listener, self._report), known_as))
        except CannotLoad:
            self._manager.unregister(name=known_as)
            raise
        self._made.append((known_as, listener))

    def heard(self) -> frozenset[str]:
        """Return the hooks that some listener overrides."""
        return frozenset(name for name in HOOKS for _, listener in self._made if _overrides(listener, name))

    def tell(self, fact: str, **about: object) -> None:
        """Tell all listeners a fact: ``tell("node_fenced", node="node1", device="apc", proof="...")``.

        Every argument that Listener declares must be there: pluggy hands each listener the ones it takes.
        """
        assert fact in FACTS, fact
        self._call(fact, about)

    def ask(self, question: str, **about: object) -> list[tuple[str, Any]]:
        """Return each listener's name and answer, in order of registration; who raises has none, and is reported."""
        assert question in QUESTIONS, question
        answers: list[tuple[str, Any]] = self._call(question, about)
        return answers[::-1]  # pluggy calls the last registered first

    def close(self) -> None:
        """Let each give back what it opened."""
        for name, listener in self._made:
            _reporting(name, listener.close, self._report)()

    def _call(self, hook: str, about: Mapping[str, object]) -> Any:
        wanted = set(inspect.signature(getattr(Listener, hook)).parameters) - {"self"}
        assert about.keys() == wanted, f"{hook} is told with {sorted(wanted)}"
        return getattr(self._manager.hook, hook)(**about)


def _overrides(listener: Listener, hook: str) -> bool:
    return getattr(type(listener), hook) is not getattr(Listener, hook)


class _Ear:
    """A listener as pluggy sees it: only the methods that it overrides, each inside a guard."""

    def __init__(self, name: str, listener: Listener, report: Report) -> None:
        for hook in HOOKS:
            if _overrides(listener, hook):
                setattr(self, hook, _reporting(name, getattr(listener, hook), report))


def _reporting(name: str, heard: Callable[..., object], report: Report) -> Callable[..., tuple[str, object] | None]:
    @functools.wraps(heard)  # pluggy reads the arguments of what is wrapped
    def tell(*args: object) -> tuple[str, object] | None:
        try:
            answer = heard(*args)
        except Exception as problem:  # noqa: BLE001 - whatever a listener raises is reported, and no more
            report(name, problem)
            return None
        return None if answer is None else (name, answer)

    return tell


def _manager() -> "pluggy.PluginManager":
    import pluggy

    class Manager(pluggy.PluginManager):
        """Knows hooks by their names, so that a listener needs no marks, and its author no pluggy."""

        def parse_hookspec_opts(self, module_or_class: Any, name: str) -> Any:
            return {} if name in HOOKS else None

        def parse_hookimpl_opts(self, plugin: Any, name: str) -> Any:
            return {} if name in HOOKS else None

    manager = Manager("heartbeat")
    manager.add_hookspecs(Listener)
    return manager
