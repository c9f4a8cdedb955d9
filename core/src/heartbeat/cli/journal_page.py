"""How journal rows and the answers of ``hb why`` look on a terminal."""

import time

import click

from heartbeat.cli.table import printable
from heartbeat.journal.query import Entry, Gap, Operation
from heartbeat.journal.why import Step, Story
from heartbeat.model.duration import show_duration


def moment(wall_s: float) -> str:
    """Return a wall-clock time to the millisecond, in local time: ``2026-01-31 12:00:00.250``."""
    whole = int(wall_s // 1)
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(whole)) + f".{int((wall_s - whole) * 1000):03}"


def life_line(entry: Entry) -> str:
    """Return the line that stands above the decisions of one life."""
    return click.style(printable(f"-- {entry.node}, life {entry.incarnation}"), dim=True)


def entry_line(entry: Entry) -> str:
    """Return one decision: when, number, kind, words. An alarm is marked and red."""
    text = printable(f"{entry.kind:<18} {entry.text}")
    mark = click.style("! " + text, fg="red") if entry.alarm else "  " + text
    return f"{moment(entry.wall_s)} {f'#{entry.number}':>6} {mark}"


def gap_line(gap: Gap) -> str:
    """Return what is known of rows that were lost."""
    return printable(f"hb: {gap.rows} rows before {moment(gap.wall_s)} were lost: {gap.why}")


def operation_lines(operation: Operation) -> list[str]:
    """Return how an operation ended and, indented, what it printed."""
    about = " ".join(part for part in (operation.action, operation.subject, operation.host) if part)
    how = f"{operation.outcome} after {show_duration(operation.took_s)}"
    detail = f": {operation.detail}" if operation.detail else ""
    output = [f"    {printable(line)}" for line in operation.output.splitlines()]
    return [f"{moment(operation.wall_s)} {printable(f'{about} {how}{detail}')}", *output]


def story_page(story: Story) -> list[str]:
    """Return the sentence, and below it the chain; a step's distance is from the line above it."""
    lines = [printable(story.sentence)]
    if story.steps and not story.current_life:
        lines.append(
            f"decided in an earlier life of this daemon ({story.incarnation}); the newest has not spoken of it"
        )
    if not story.steps:
        lines.append("this node wrote nothing down about it")
    lines += [""] * bool(story.steps)
    for at, step in enumerate(story.steps):
        lines += _step_lines(step, first=at == 0)
    if story.left_off:
        lines.append(f"  and what {story.left_off} more decisions rest on: --all")
    if story.missing:
        numbers = ", ".join(f"#{number}" for number in story.missing)
        lines.append(f"  not in the journal any more, or lost: {numbers}")
    return lines


def _step_lines(step: Step, *, first: bool) -> list[str]:
    when = f"{show_duration(step.age_s)} ago" if first else f"{show_duration(step.earlier_s)} earlier"
    text = printable(step.text)
    lines = [f"  {when:>18}  {click.style(text, fg='red') if step.alarm else text}  {_number(step)}"]
    return lines + [f"  {'':18}    because {printable(fact)}" for fact in step.facts]


def _number(step: Step) -> str:
    rests_on = "".join(f" <- #{number}" for number in step.decisions)
    return click.style(f"[#{step.number}{rests_on}]", dim=True)
