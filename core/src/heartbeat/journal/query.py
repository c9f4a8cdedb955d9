"""The reading side of the journal: decisions and operations by time, kind, subject and life.

Decision numbers count from 1 in every life of the daemon, so nothing here names a decision without its life.
"""

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from heartbeat.journal.schema import causes, open_for_reading
from heartbeat.model.reason import Cause


class Entry(msgspec.Struct, frozen=True):
    """One decision, and the life in which it was taken."""

    id: int
    """Of the row; grows over all lives."""
    life: int
    """Row of the life; causes name decisions of the same one."""
    incarnation: int
    node: str
    boot_id: str
    number: int
    wall_s: float
    mono_s: float
    kind: str
    subject: str
    text: str
    alarm: bool
    causes: tuple[Cause, ...]


class Operation(msgspec.Struct, frozen=True):
    """How one operation of the executor ended."""

    id: int
    incarnation: int
    node: str
    wall_s: float
    """Of its end."""
    action: str
    subject: str
    group: str
    host: str
    outcome: str
    detail: str
    took_s: float
    output: str


class Gap(msgspec.Struct, frozen=True):
    """Rows that never reached the journal."""

    wall_s: float
    rows: int
    why: str


class Filter(msgspec.Struct, frozen=True):
    """Which decisions are wanted; everything left out lets everything through."""

    since_s: float | None = None
    """Wall clock, seconds since 1970 UTC."""
    kind: str = ""
    """``node.silent``, or ``node`` for all of ``node.*``"""
    subject: str = ""
    """``group 10.0.0.1``, or the name alone"""
    alarm: bool = False
    """Alarms only."""
    after_id: int = 0
    """Rows behind this one only."""


_ENTRIES = (
    "select d.id, d.life, l.incarnation, l.node, l.boot_id, d.number, d.wall_s, d.mono_s, d.kind, d.subject, d.text,"
    " d.alarm, d.reason from decisions d join lives l on l.id = d.life"
)
_OPERATIONS = (
    "select o.id, l.incarnation, l.node, o.wall_s, o.action, o.subject, o.grp, o.host, o.outcome, o.detail, o.took_s,"
    " o.output from operations o join lives l on l.id = o.life"
)


class Journal:
    """One node's journal, read only; the daemon may run or not."""

    def __init__(self, path: Path) -> None:
        """Open it; raises FileNotFoundError, sqlite3.Error or schema.WrongVersion."""
        self._db = open_for_reading(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: object, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._db.close()

    def entries(self, wanted: Filter, last: int | None = None) -> list[Entry]:
        """Return the decisions that pass the filter, oldest first; the ``last`` newest of them when given."""
        where, values = _condition(wanted)
        limit = "" if last is None else f" limit {int(last)}"
        rows = self._db.execute(f"{_ENTRIES}{where} order by d.id desc{limit}", values).fetchall()
        return [_entry(row) for row in reversed(rows)]

    def operations(self, wanted: Filter, last: int | None = None) -> list[Operation]:
        """Return how operations ended, oldest first. Kind means the action; subject the resource, group or host."""
        where, values = _operation_condition(wanted)
        limit = "" if last is None else f" limit {int(last)}"
        rows = self._db.execute(f"{_OPERATIONS}{where} order by o.id desc{limit}", values).fetchall()
        return [Operation(*row) for row in reversed(rows)]

    def gaps(self, since_s: float) -> list[Gap]:
        """Return where rows are missing since a wall-clock time."""
        rows = self._db.execute("select wall_s, rows, why from losses where wall_s >= ? order by id", (since_s,))
        return [Gap(*row) for row in rows]

    def latest(self, subject: str, text: str | None = None) -> Entry | None:
        """Return the newest decision about a subject, in whichever life; with ``text``, the newest that says this."""
        said, values = ("", (subject,)) if text is None else (" and d.text = ?", (subject, text))
        row = self._db.execute(f"{_ENTRIES} where d.subject = ?{said} order by d.id desc limit 1", values).fetchone()
        return None if row is None else _entry(row)

    def decision(self, life: int, number: int) -> Entry | None:
        """Return one decision of one life; None when it was lost or has been pruned."""
        row = self._db.execute(f"{_ENTRIES} where d.life = ? and d.number = ?", (life, number)).fetchone()
        return None if row is None else _entry(row)

    def newest_life(self) -> int:
        """Return the row of the daemon's newest life; 0 when it never ran."""
        found: tuple[int | None] = self._db.execute("select max(id) from lives").fetchone()
        return found[0] or 0

    def newest_id(self, *, operations: bool = False) -> int:
        """Return the id of the newest decision, or operation; 0 when there is none."""
        table = "operations" if operations else "decisions"
        found: tuple[int | None] = self._db.execute(f"select max(id) from {table}").fetchone()  # noqa: S608
        return found[0] or 0

    def subjects(self) -> Iterator[str]:
        """Yield everything that was ever decided about."""
        for (subject,) in self._db.execute("select distinct subject from decisions order by subject"):
            yield subject


def _condition(wanted: Filter) -> tuple[str, list[str | float]]:
    parts: list[str] = []
    values: list[str | float] = []
    if wanted.since_s is not None:
        parts.append("d.wall_s >= ?")
        values.append(wanted.since_s)
    if wanted.kind:
        parts.append("(d.kind = ? or substr(d.kind, 1, ?) = ?)")
        values += [wanted.kind, len(wanted.kind) + 1, wanted.kind + "."]
    if wanted.subject:
        parts.append("(d.subject = ? or substr(d.subject, instr(d.subject, ' ') + 1) = ?)")
        values += [wanted.subject, wanted.subject]
    if wanted.alarm:
        parts.append("d.alarm")
    if wanted.after_id:
        parts.append("d.id > ?")
        values.append(wanted.after_id)
    return _where(parts), values


def _operation_condition(wanted: Filter) -> tuple[str, list[str | float]]:
    parts: list[str] = []
    values: list[str | float] = []
    if wanted.since_s is not None:
        parts.append("o.wall_s >= ?")
        values.append(wanted.since_s)
    if wanted.kind:
        parts.append("o.action = ?")
        values.append(wanted.kind)
    if wanted.subject:
        parts.append("? in (o.subject, o.grp, o.host)")
        values.append(wanted.subject)
    if wanted.after_id:
        parts.append("o.id > ?")
        values.append(wanted.after_id)
    return _where(parts), values


def _where(parts: list[str]) -> str:
    return " where " + " and ".join(parts) if parts else ""


def _entry(row: tuple[Any, ...]) -> Entry:
    columns = [*row[:-2], bool(row[-2]), causes(row[-1])]
    return Entry(*columns)
