"""state.db: what a node must not forget, on disk before it is acted upon."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

_TABLES = """
create table if not exists life (one integer primary key check (one = 1), incarnation integer not null);
create table if not exists kept (key text primary key, value blob not null) without rowid;
"""


class StateStore:
    """Small values, each durable (fsynced) when the call returns. Any call may wait for the disk."""

    def __init__(self, path: Path) -> None:
        """Open, and make when missing; raises sqlite3.Error."""
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        try:
            self._db.execute("pragma journal_mode=wal")
            self._db.execute("pragma synchronous=full")
            self._db.executescript(_TABLES)
        except sqlite3.Error:
            self._db.close()
            raise

    def begin_life(self) -> int:
        """Return a new incarnation, one above every earlier one of this node, already durable.

        Where this node lost its state, its peers told the kernel of the newest, which put it as ``incarnation``.
        """
        row = self._db.execute("select cast(value as text) from kept where key = 'incarnation'").fetchone()
        told = int(row[0]) if row else 0
        row = self._db.execute(
            "insert into life values(1, 1 + ?1) on conflict(one)"
            " do update set incarnation = max(incarnation, ?1) + 1 returning incarnation",
            (told,),
        ).fetchone()
        return int(row[0])

    def stored(self) -> dict[str, bytes]:
        """Return everything put by this life and earlier ones."""
        return {key: bytes(value) for key, value in self._db.execute("select key, value from kept order by key")}

    def put(self, pairs: Sequence[tuple[str, bytes]]) -> None:
        """Store the pairs in one transaction; raises sqlite3.Error, and then none is stored."""
        self._db.execute("begin immediate")
        try:
            self._db.executemany("insert or replace into kept values(?, ?)", pairs)
            self._db.execute("commit")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("rollback")
            raise

    def close(self) -> None:
        self._db.close()
