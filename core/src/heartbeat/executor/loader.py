"""Plugin classes by kind and name, imported before children are forked, and made into work inside a child."""

import gc
from collections.abc import Iterable
from typing import Protocol

from heartbeat.executor.agents import AgentWork
from heartbeat.executor.devices import DeviceWork
from heartbeat.executor.ties import TieWork
from heartbeat.executor.verdict import Refused, one_line
from heartbeat.model.operation import Result
from heartbeat.plugin import Params, Plugin, ResourceAgent, StonithDevice, TieBreaker, parse_params
from heartbeat.wire.executor import Run


class Work(Protocol):
    """What a child does for one operation."""

    def prepare(self) -> None: ...
    def act(self) -> Result: ...
    def follow_up(self) -> None: ...


class Source(Protocol):
    """Where plugins come from."""

    def load(self, kind: str, name: str) -> type[Plugin]:
        """Import and return one plugin's class; as of ``heartbeat.plugin.Registry``."""


class Loader:
    """The executor's plugins."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._classes: dict[tuple[str, str], type[Plugin]] = {}
        self.broken: dict[str, str] = {}
        """``kind:name`` to the reason, of those that could not be loaded or warmed."""

    def warm(self, plugins: Iterable[tuple[str, str]]) -> None:
        """Import and warm what is not warm yet; then freeze the heap, so that children do not copy it.

        A plugin that fails, in whatever way, is noted in ``broken`` and tried again by the next call.
        """
        for kind, name in plugins:
            if (kind, name) in self._classes:
                continue
            try:
                loaded = self._source.load(kind, name)
                loaded.warm()
            except (Exception, SystemExit) as error:  # noqa: BLE001 - a vendor's import may raise anything
                self.broken[f"{kind}:{name}"] = one_line(f"{type(error).__name__}: {error}")
            else:
                self.broken.pop(f"{kind}:{name}", None)
                self._classes[kind, name] = loaded
        gc.collect()
        gc.freeze()

    def find(self, kind: str, name: str) -> type[Plugin]:
        """Return a plugin's class; one that was not warmed is imported now. Raises Refused."""
        if (kind, name) not in self._classes:
            try:
                self._classes[kind, name] = self._source.load(kind, name)
            except Exception as error:
                raise Refused(f"{kind}:{name} cannot be loaded: {error}") from error
        return self._classes[kind, name]

    def loaded(self, kind: str, name: str) -> type[Plugin] | None:
        """Return a plugin's class if it is imported already."""
        return self._classes.get((kind, name))

    def work(self, request: Run) -> Work:
        """Return the work of one operation; its plugin checked its parameters. Raises Refused, or what it raises."""
        plugin = self.find(request.kind, request.plugin)
        if issubclass(plugin, ResourceAgent):
            return AgentWork(plugin(_parsed(plugin, request.params)), request.action)
        if issubclass(plugin, StonithDevice):
            return DeviceWork(plugin(_parsed(plugin, request.params)), request.action, request.host)
        if issubclass(plugin, TieBreaker):
            return TieWork(plugin(_parsed(plugin, request.params)), request.action, request.tie)
        raise Refused(f"{request.kind}:{request.plugin} is no resource agent, STONITH device or tie-breaker")

    def agent(self, name: str, params: dict[str, str]) -> ResourceAgent:
        """Return a resource agent with these unparsed parameters. Raises Refused, or what it raises."""
        plugin = self.find("ra", name)
        if not issubclass(plugin, ResourceAgent):
            raise Refused(f"ra:{name} is no resource agent")
        return plugin(_parsed(plugin, params))


def _parsed(plugin: type[Plugin], raw: dict[str, str]) -> Params:
    params, problems = parse_params(plugin.params, raw, extra=plugin.extra_params)
    if problems:
        raise Refused("; ".join(f"parameter {problem.name} {problem.problem}" for problem in problems))
    return params
