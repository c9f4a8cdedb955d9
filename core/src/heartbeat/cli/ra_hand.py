"""One operation on a resource by hand: the same child, deadline and environment as when the cluster asks."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from heartbeat.cli import EXIT_NO
from heartbeat.cli.asking import say_no
from heartbeat.cli.given_values import given_values, revealed
from heartbeat.cli.plugin_name import find_named
from heartbeat.cli.table import printable
from heartbeat.config.haresources import spell
from heartbeat.executor.byhand import run_by_hand
from heartbeat.model.duration import show_duration
from heartbeat.model.operation import Action, Outcome, Result
from heartbeat.model.places import Places
from heartbeat.pils.registry import PluginRegistry
from heartbeat.plugin.catalogue import Catalogue, CatalogueEntry
from heartbeat.plugin.errors import PluginError
from heartbeat.plugin.occasion import STATE, TRACE_FOLDER
from heartbeat.plugin.param import Params, parse_params
from heartbeat.plugin.ra import ResourceAgent
from heartbeat.wire.executor import Run

GOOD = (Outcome.DONE, Outcome.RUNNING)

Typed = tuple[Catalogue, CatalogueEntry]


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource as the command line names it, its parameters checked."""

    where: Places
    registry: PluginRegistry
    name: str
    """As the cluster calls it: the word of haresources; secrets in it are hidden."""
    driver: str
    """Entry point that does the work."""
    raw: dict[str, str]
    params: Params
    agent: type[ResourceAgent]

    @classmethod
    def named(cls, where: Places, word: str, words: Sequence[str]) -> "Resource":
        """Return the resource, or end the command: 1 when its agent is not here, 2 when its parameters are wrong."""
        registry = PluginRegistry(config=where.config)
        spelling = spell(word)
        found = find_named(registry, f"ra:{spelling.word}")
        driver = found[1].driver if isinstance(found, tuple) else found.full_name
        try:
            agent = registry.load("ra", driver)
        except (LookupError, PluginError) as problem:
            say_no(str(problem))
        assert issubclass(agent, ResourceAgent)
        typed = found if isinstance(found, tuple) else None
        try:
            raw = _raw(agent, typed, spelling.arguments, given_values(words))
        except ValueError as wrong:
            raise click.UsageError(f"{spelling.word}: {wrong}") from None
        params, problems = parse_params(agent.params, raw, extra=agent.extra_params)
        if problems:
            told = [
                f"{it.name} {it.problem}" + (f"; did you mean {it.nearest}?" if it.nearest else "") for it in problems
            ]
            raise click.UsageError(
                f"{spelling.word}: " + "\n       ".join(told) + f"\n`hb ra info {spelling.word}` tells them all."
            )
        return cls(where, registry, spelling.name, driver, raw, params, agent)

    def limit_s(self, action: Action) -> float:
        """Return the time limit that the agent advises for an action."""
        known = {Action.PROBE: "monitor", Action.MONITOR: "monitor", Action.STOP: "stop", Action.DEMOTE: "stop"}
        return self.agent.timeouts_s(self.params)[known.get(action, "start")]

    def act(self, action: Action, limit_s: float | None = None, trace_folder: Path | None = None) -> Result:
        """Carry one action out; ``limit_s``: seconds, else what the agent advises."""
        request = Run(
            1,
            "ra",
            self.driver,
            self.name,
            self.raw,
            action,
            self.limit_s(action) if limit_s is None else limit_s,
            trace=trace_folder is not None,
        )
        environment = {
            "HB_CONFIG": str(self.where.config.absolute()),
            STATE: str(self.where.state.absolute()),
            "HB_RUN_DIR": str(self.where.run.absolute()),
        }
        if trace_folder is not None:
            environment[TRACE_FOLDER] = str(trace_folder)
        return run_by_hand(request, self.registry, environment)


def _raw(
    agent: type[ResourceAgent], typed: Typed | None, arguments: Sequence[str], given: dict[str, str]
) -> dict[str, str]:
    """Return unparsed parameters from the word's arguments and NAME=VALUE. Raises ValueError with the form."""
    if typed is None:
        return {**(agent.from_words(arguments) if arguments else {}), **revealed(agent, given)}
    catalogue, entry = typed
    raw = catalogue.words(entry, arguments)
    if agent.extra_params:  # the names are the type's own, which its catalogue knows
        catalogue.words(entry, [f"{name}={value}" for name, value in given.items()])
    return {**raw, **revealed(agent, given)}


def carry_out(resource: Resource, action: Action, limit_s: float | None, *, trace: bool, as_json: bool) -> None:
    """Do it and print what came of it; ends the command with 1 when it was not done, or does not run."""
    folder = _trace_folder(resource.where) if trace else None
    result = resource.act(action, limit_s, folder)
    files = sorted(map(str, folder.iterdir())) if folder is not None and folder.is_dir() else []
    if as_json:
        click.echo(json.dumps(as_facts(resource, action, result, files), indent=2))
    else:
        _tell(resource, action, result)
        for file in files:
            click.echo(f"trace: {file}")
        if trace and not files:
            click.echo("hb: no trace: only agents in shell have steps to write down", err=True)
    if result.outcome not in GOOD:
        raise click.exceptions.Exit(EXIT_NO)


def as_facts(resource: Resource, action: Action, result: Result, trace: list[str]) -> dict[str, object]:
    """Return one operation with the stable keys of ``--json``."""
    return {
        "resource": resource.name,
        "driver": resource.driver.rpartition(":")[2],
        "action": action.value,
        "outcome": result.outcome.value,
        "detail": result.detail,
        "output": result.output,
        "took_ms": round(result.took_s * 1000, 1),
        "trace": trace,
    }


def verdict(result: Result) -> str:
    """``done``, ``failed: the reason``"""
    return f"{result.outcome.value}: {result.detail}" if result.detail else result.outcome.value


def _tell(resource: Resource, action: Action, result: Result) -> None:
    """Print the agent's own words on stderr, then one line."""
    for line in result.output.splitlines():
        click.echo(f"  {printable(line)}", err=True)
    took = f" ({show_duration(result.took_s)})" if result.took_s else ""
    line = printable(f"{resource.name} {action.value}: {verdict(result)}{took}")
    is_answer = result.outcome in (*GOOD, Outcome.STOPPED)
    click.echo(line if is_answer else f"hb: {line}", err=not is_answer)


def _trace_folder(where: Places) -> Path:
    """Return a new folder for the trace of one operation; it is made when there is something to trace."""
    now_s, now_ns = divmod(time.time_ns(), 1_000_000_000)
    moment = time.strftime("%Y-%m-%dT%H.%M.%S", time.localtime(now_s))
    return (where.state / "trace" / f"by-hand.{moment}.{now_ns:09}").absolute()
