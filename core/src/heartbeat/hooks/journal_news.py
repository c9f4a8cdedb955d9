"""What is new in the journal, as facts: every decision, and those that listeners have a word of their own for."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import msgspec

from heartbeat.hooks.fact import Fact
from heartbeat.journal.query import Entry, Filter, Journal, Operation
from heartbeat.journal.schema import WrongVersion

FENCED = ("fence.proved", "fence.confirmed")
ROWS_MAX = 1000
"""Decisions told from one look; of more than that, as after hours of absence, the newest."""
DEVICE_S = 10.0
"""How long before its decision a fence's operation may have ended."""
DID_NOT = ("failed", "refused", "unknown")
LOOKS = ("probe", "monitor", "hosts", "power")
"""Actions whose bad answer speaks of the service, or is told by a decision, and not of the plugin."""


class CannotRead(Exception):
    """The journal cannot be read; the text says why."""


class JournalNews:
    """Reads what has been added since the last look. Opened anew each time: it may be made, removed or locked away."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._decided: int | None = None
        self._operated = 0

    def facts(self) -> list[Fact]:
        """Return the facts since the last call; of the first call none. Raises CannotRead."""
        try:
            with Journal(self._path) as book:
                return self._read(book)
        except FileNotFoundError:
            self._decided, self._operated = 0, 0  # whatever it will hold is news
            return []
        except (sqlite3.Error, OSError, WrongVersion, msgspec.DecodeError) as wrong:
            raise CannotRead(f"{self._path} cannot be read: {wrong}") from None

    def _read(self, book: Journal) -> list[Fact]:
        newest, operated = book.newest_id(), book.newest_id(operations=True)
        if self._decided is None or newest < self._decided:
            self._decided, self._operated = newest, operated
            return []
        facts: list[Fact] = []
        if newest > self._decided:
            for entry in book.entries(Filter(after_id=self._decided), ROWS_MAX):
                facts += _of_decision(entry, book)
            self._decided = newest
        if operated > self._operated:
            for operation in book.operations(Filter(after_id=self._operated), ROWS_MAX):
                facts += _of_operation(operation)
            self._operated = operated
        return facts


def _of_decision(entry: Entry, book: Journal) -> Iterator[Fact]:
    name = entry.subject.partition(" ")[2]
    level = "alarm" if entry.alarm else "info"
    told = {"number": entry.number, "kind": entry.kind, "subject": entry.subject, "text": entry.text, "level": level}
    yield Fact("decision_taken", told)
    if entry.kind in FENCED:
        device = _device(entry, name, book) if entry.kind == "fence.proved" else ""
        yield Fact("node_fenced", {"node": name, "device": device, "proof": entry.text})
    elif entry.kind == "device.silent":
        yield Fact("plugin_failed", {"kind": "stonith", "name": name, "problem": entry.text})


def _device(entry: Entry, node: str, book: Journal) -> str:
    """Return the device with which this node switched the other one off just before; empty when it did not."""
    fences = book.operations(Filter(kind="fence", subject=node, since_s=entry.wall_s - DEVICE_S), 1)
    return fences[0].subject if fences and fences[0].outcome == "done" else ""


def _of_operation(one: Operation) -> Iterator[Fact]:
    if one.outcome in DID_NOT and one.action not in LOOKS:
        kind = "stonith" if one.host else "ra"
        problem = f"{one.action}{' of ' + one.host if one.host else ''}: {one.outcome}: {one.detail}"
        yield Fact("plugin_failed", {"kind": kind, "name": one.subject, "problem": problem})
