"""``hb journal`` and ``hb why``: what happened, and why. Both read the journal's file and need no daemon."""

import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import click
import msgspec

from heartbeat.cli import EXIT_NO_DAEMON, EXIT_USAGE
from heartbeat.cli.asking import say_no
from heartbeat.cli.journal_page import entry_line, gap_line, life_line, operation_lines, story_page
from heartbeat.cli.place_options import with_places
from heartbeat.client import NoDaemon, Refused, connect
from heartbeat.journal.query import Entry, Filter, Journal, Operation
from heartbeat.journal.schema import WrongVersion
from heartbeat.journal.subject import find_subject
from heartbeat.journal.why import STEPS_MAX, Now, boot_id, tell
from heartbeat.model.duration import parse_duration
from heartbeat.model.places import Places
from heartbeat.model.status import ClusterStatus

LAST = 50
"""Decisions shown when neither -n nor --since says how many: a screen or two."""

POLL_S = 0.2
"""How often --follow looks; a person's patience, and no load on the disk."""


def _since(_: click.Context, __: click.Parameter, text: str | None) -> float | None:
    if text is None:
        return None
    try:
        return time.time() - parse_duration(text)
    except ValueError:
        from datetime import datetime

    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        raise click.BadParameter(f"{text!r} is neither a duration (10min) nor a time (2026-01-31T12:00:00)") from None


@click.command()
@click.option("--since", "since_s", metavar="WHEN", callback=_since, help="A duration ago (10min) or a local ISO time.")
@click.option("--kind", default="", metavar="KIND", help="node.silent, or node for all of node.*")
@click.option("--subject", default="", metavar="NAME", help="A node, group or link; also with its kind: 'node node1'.")
@click.option("--alarm", is_flag=True, help="Alarms only.")
@click.option("-n", "last", type=click.IntRange(min=0), metavar="N", help=f"The last N. [{LAST}; with --since: all]")
@click.option("--follow", is_flag=True, help="Go on with what comes, until Ctrl-C.")
@click.option("--operations", is_flag=True, help="How operations of agents and devices ended, with their output.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, with stable keys.")
@with_places
def journal(
    where: Places,
    *,
    since_s: float | None,
    kind: str,
    subject: str,
    alarm: bool,
    last: int | None,
    follow: bool,
    operations: bool,
    as_json: bool,
) -> None:
    """What this node decided and when, oldest first. `hb why` tells the reasons.

    Exits with 1 when there is no journal. Nothing found is nothing printed, and 0.
    """
    wanted = Filter(since_s, kind, subject, alarm)
    if last is None and since_s is None:
        last = LAST
    with _opened(where) as book:
        printer = _Printer(book, operations=operations, as_json=as_json)
        try:
            printer.show(wanted, last)
            while follow:
                time.sleep(POLL_S)
                printer.go_on(wanted)
        except KeyboardInterrupt:
            raise click.exceptions.Exit(130) from None


class _Printer:
    """Prints rows, and remembers the newest, and which life's they are."""

    def __init__(self, book: Journal, *, operations: bool, as_json: bool) -> None:
        self._book = book
        self._as_json = as_json
        self._life = 0
        self._newest_id = book.newest_id(operations=operations)
        self._operations = operations

    def go_on(self, wanted: Filter) -> None:
        """Print what has come since the last call."""
        self.show(msgspec.structs.replace(wanted, after_id=self._newest_id), None)

    def show(self, wanted: Filter, last: int | None) -> None:
        if self._operations:
            for one in self._book.operations(wanted, last):
                self._operation(one)
            return
        found = self._book.entries(wanted, last)
        if found and not self._as_json and not wanted.after_id:
            for gap in self._book.gaps(found[0].wall_s):
                click.echo(gap_line(gap), err=True)
        for entry in found:
            self._entry(entry)

    def _entry(self, entry: Entry) -> None:
        self._newest_id = entry.id
        if self._as_json:
            self._line(entry)
            return
        if entry.life != self._life:
            self._life = entry.life
            click.echo(life_line(entry))
        click.echo(entry_line(entry))

    def _operation(self, operation: Operation) -> None:
        self._newest_id = operation.id
        if self._as_json:
            self._line(operation)
        else:
            click.echo("\n".join(operation_lines(operation)))

    def _line(self, row: Entry | Operation) -> None:
        data = msgspec.structs.asdict(row)
        if isinstance(row, Entry):
            data["causes"] = [msgspec.structs.asdict(cause) for cause in row.causes]
        click.echo(msgspec.json.encode(data))


@click.command()
@click.argument("words", metavar="GROUP | node NAME", nargs=-1, required=True)
@click.option("--all", "whole", is_flag=True, help=f"The whole chain, not only its first {STEPS_MAX} decisions.")
@click.option("--json", "as_json", is_flag=True, help="As JSON, with stable keys.")
@with_places
def why(where: Places, words: tuple[str, ...], *, whole: bool, as_json: bool) -> None:
    """Why is GROUP where it is, or node NAME how it is?

    The first line says it in one sentence; below stand the decisions and facts it rests on, the outermost cause
    last. Without a daemon it tells the last that was written down. Exits with 2 when nothing is known about it, with
    3 when there is neither a daemon nor a journal.
    """
    status = _status(where)
    with _opened(where) if where.journal_db.exists() else nullcontext() as book:
        if book is None and status is None:
            say_no(
                f"no daemon at {where.api_socket} and no journal at {where.journal_db}: "
                "is this the right --state and --run-dir?",
                EXIT_NO_DAEMON,
            )
        subject, near = find_subject(words, book, status)
        if subject is None:
            say_no(f"nothing is known about {' '.join(words)!r}{_did_you_mean(near)}", EXIT_USAGE)
        now = Now(time.time(), time.monotonic(), boot_id())
        story = tell(book, subject, status, now, sys.maxsize if whole else STEPS_MAX)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(story), indent=2))
    else:
        click.echo("\n".join(story_page(story)))


def _did_you_mean(near: list[str]) -> str:
    commands = [f"`hb why {name.removeprefix('group ')}`" for name in near]
    return f". Did you mean {' or '.join(commands)}?" if commands else ""


def _status(where: Places) -> ClusterStatus | None:
    try:
        with connect(where.api_socket) as client:
            return client.status()
    except (NoDaemon, Refused):
        return None


@contextmanager
def _opened(where: Places) -> Iterator[Journal]:
    try:
        with Journal(where.journal_db) as book:
            yield book
    except (FileNotFoundError, WrongVersion) as error:
        say_no(str(error))
    except (sqlite3.Error, msgspec.DecodeError) as error:
        say_no(f"{where.journal_db} cannot be read: {error}. Is it this node's journal, and may you read it?")
