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

HOOKS = tuple(name for name, it in vars(Listener).items() if inspect.isfunction(it) and not name.startswith("_"))
"""The names of all facts, as ``heartbeat.plugin.Listener`` declares them."""

Report = Callable[[str, BaseException], None]
"""Takes a listener's name and what it raised."""


class Listeners:
    """The listeners of one process."""

    def __init__(self, registry: PluginRegistry, report: Report) -> None:
        self._registry = registry
        self._report = report
        self._manager = _manager()

    def add(self, name: str, raw: Mapping[str, str]) -> None:
        """Load, make and register one listener. Raises LookupError or PluginError, and then it hears nothing."""
        announced = self._registry.find("hooks", name)
        plugin = self._registry.load_announced(announced)
        assert issubclass(plugin, Listener)
        params, problems = parse_params(plugin.params, raw, extra=plugin.extra_params)
        if problems:
            raise BadConfig(f"hook {name}: " + "; ".join(f"{it.name} {it.problem}" for it in problems))
        listener = guarded(announced, lambda: plugin(params))
        try:
            guarded(announced, lambda: self._manager.register(_Ear(name, listener, self._report), name))
        except CannotLoad:
            self._manager.unregister(name=name)
            raise

    def add_all(self) -> list[CannotLoad]:
        """Add every installed listener that needs no parameters; return what could not be loaded."""
        broken = []
        for announced in self._registry.announced("hooks"):
            try:
                self.add(announced.full_name, {})
            except CannotLoad as problem:
                broken.append(problem)
        return broken

    def tell(self, fact: str, **about: object) -> None:
        """Tell all listeners a fact: ``tell("node_fenced", node="node1", device="apc", proof="...")``.

        Every argument that Listener declares must be there: pluggy hands each listener the ones it takes.
        """
        wanted = set(inspect.signature(getattr(Listener, fact)).parameters) - {"self"}
        assert about.keys() == wanted, f"{fact} is told with {sorted(wanted)}"
        getattr(self._manager.hook, fact)(**about)


class _Ear:
    """A listener as pluggy sees it: only the methods that it overrides, each inside a guard."""

    def __init__(self, name: str, listener: Listener, report: Report) -> None:
        for fact in HOOKS:
            if getattr(type(listener), fact) is not getattr(Listener, fact):
                setattr(self, fact, _reporting(name, getattr(listener, fact), report))


def _reporting(name: str, heard: Callable[..., None], report: Report) -> Callable[..., None]:
    @functools.wraps(heard)  # pluggy reads the arguments of what is wrapped
    def tell(*args: object) -> None:
        try:
            heard(*args)
        except Exception as problem:  # noqa: BLE001 - whatever a listener raises is reported, and no more
            report(name, problem)

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
