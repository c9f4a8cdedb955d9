"""``hb ra test``: does an agent do what a cluster relies on?"""

import json
from collections.abc import Sequence

import click

from heartbeat.cli import EXIT_NO
from heartbeat.cli.asking import say_no
from heartbeat.cli.ra_hand import Resource, verdict
from heartbeat.cli.table import Cell, printable, table
from heartbeat.model.duration import show_duration
from heartbeat.model.operation import Action, Outcome, Result

_STEPS = (
    (Action.START, Outcome.DONE, "starts"),
    (Action.START, Outcome.DONE, "started again, it leaves what runs alone"),
    (Action.MONITOR, Outcome.RUNNING, "says that it runs"),
    (Action.STOP, Outcome.DONE, "stops"),
    (Action.STOP, Outcome.DONE, "stopped again, it succeeds"),
    (Action.MONITOR, Outcome.STOPPED, "says that it is stopped"),
)
"""What is done, what must come of it, and what that shows."""


def trial(resource: Resource, limit_s: float | None, *, as_json: bool) -> None:
    """Do all steps and print how each ended. Ends the command with 1 when one did not end as it must.

    What runs already is left alone: a test would interrupt it.
    """
    first = resource.act(Action.PROBE, limit_s)
    if first.outcome not in (Outcome.STOPPED, Outcome.REFUSED):
        say_no(printable(f"{resource.name} was not found stopped ({verdict(first)}), so it is not started for a test"))
    results = [resource.act(action, limit_s) for action, _, _ in _STEPS]
    if as_json:
        click.echo(json.dumps(_as_facts(resource, results), indent=2))
    else:
        click.echo("\n".join(_page(results)))
    if any(result.outcome is not wanted for result, (_, wanted, _) in zip(results, _STEPS, strict=True)):
        raise click.exceptions.Exit(EXIT_NO)


def _as_facts(resource: Resource, results: Sequence[Result]) -> dict[str, object]:
    steps = [
        {
            "action": action.value,
            "wanted": wanted.value,
            "outcome": result.outcome.value,
            "detail": result.detail,
            "output": result.output,
            "took_ms": round(result.took_s * 1000, 1),
            "good": result.outcome is wanted,
        }
        for result, (action, wanted, _) in zip(results, _STEPS, strict=True)
    ]
    return {"resource": resource.name, "good": all(step["good"] for step in steps), "steps": steps}


def _page(results: Sequence[Result]) -> list[str]:
    rows: list[Sequence[Cell]] = []
    for result, (action, wanted, meaning) in zip(results, _STEPS, strict=True):
        good = result.outcome is wanted
        mark: Cell = ("good", "green") if good else ("BAD", "red")
        told = meaning if good else f"{verdict(result)}; it must be {wanted.value}: {meaning}"
        rows.append((action.value, mark, show_duration(result.took_s), told))
    return table(rows, ("ACTION", "", "TOOK", ""))
