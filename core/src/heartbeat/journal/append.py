"""The writing side of the journal: one connection, one life, batches of rows in one transaction."""

import sqlite3
from collections.abc import Iterable
from pathlib import Path

import msgspec

from heartbeat.journal.schema import open_for_writing
from heartbeat.model.operation import Result
from heartbeat.model.reason import Decision

KEEP_ROWS = 200_000
"""Decisions, and as many operations, that stay when a life begins; older ones go. Some 60 MB of decisions."""


class Life(msgspec.Struct, frozen=True):
    """One start of the daemon, as the journal knows it."""

    node: str
    incarnation: int
    boot_id: str
    wall_s: float
    mono_s: float


class Decided(msgspec.Struct, frozen=True):
    """A decision and when it was handed over."""

    wall_s: float
    decision: Decision


class Operated(msgspec.Struct, frozen=True):
    """An operation that has ended."""

    wall_s: float
    mono_s: float
    operation: int
    action: str
    subject: str
    group: str
    host: str
    result: Result


class Lost(msgspec.Struct, frozen=True):
    """Rows that never reached the journal."""

    wall_s: float
    rows: int
    why: str


Entry = Decided | Operated | Lost


class Appender:
    """Appends one life's entries. Belongs to one thread; every call may wait for the disk."""

    def __init__(self, path: Path, life: Life, keep_rows: int = KEEP_ROWS) -> None:
        """Open the journal and begin the life; raises sqlite3.Error or schema.WrongVersion."""
        self._db = open_for_writing(path)
        try:
            self._prune(keep_rows)
            self._life = self._begin(life)
        except sqlite3.Error:
            self._db.close()
            raise

    def append(self, entries: Iterable[Entry]) -> None:
        """Write the entries in one transaction, all or none; raises sqlite3.Error."""
        self._db.execute("begin immediate")
        try:
            for entry in entries:
                self._insert(entry)
            self._db.execute("commit")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("rollback")
            raise

    def close(self) -> None:
        self._db.close()

    def _begin(self, life: Life) -> int:
        row = (life.node, life.incarnation, life.boot_id, life.wall_s, life.mono_s)
        made = self._db.execute("insert into lives(node, incarnation, boot_id, wall_s, mono_s) values(?,?,?,?,?)", row)
        assert made.lastrowid is not None
        return made.lastrowid

    def _insert(self, entry: Entry) -> None:
        if isinstance(entry, Decided):
            self._decided(entry)
        elif isinstance(entry, Operated):
            self._operated(entry)
        else:
            row = (self._life, entry.wall_s, entry.rows, entry.why)
            self._db.execute("insert into losses(life, wall_s, rows, why) values(?,?,?,?)", row)

    def _decided(self, entry: Decided) -> None:
        what = entry.decision
        reason = msgspec.json.encode(what.reason.causes).decode()
        row = (what.number, entry.wall_s, what.at_s, what.kind, what.subject, what.text, int(what.alarm), reason)
        self._db.execute(
            "insert or replace into decisions(life, number, wall_s, mono_s, kind, subject, text, alarm, reason)"
            " values(?,?,?,?,?,?,?,?,?)",
            (self._life, *row),
        )

    def _operated(self, entry: Operated) -> None:
        result = entry.result
        row = (entry.operation, entry.wall_s, entry.mono_s, entry.action, entry.subject, entry.group, entry.host)
        how = (result.outcome.value, result.detail, int(result.proof), result.took_s, result.output)
        self._db.execute(
            "insert into operations(life, operation, wall_s, mono_s, action, subject, grp, host,"
            " outcome, detail, proof, took_s, output) values(?,?,?,?,?,?,?,?,?,?,?,?,?)",
            (self._life, *row, *how),
        )

    def _prune(self, keep_rows: int) -> None:
        self._db.execute("delete from decisions where id <= (select max(id) from decisions) - ?", (keep_rows,))
        self._db.execute("delete from operations where id <= (select max(id) from operations) - ?", (keep_rows,))
        self._db.execute(
            "delete from lives where id not in (select life from decisions union select life from operations"
            " union select life from losses)"
        )
