"""The journal's tables: what one node wrote down about what happened and why.

``journal.db`` (``model.places.Places.journal_db``) is SQLite in WAL mode, written by the daemon's storage thread
alone (``journal.append``) and read by anybody who may, while the daemon runs or not (``open_for_reading``).

How to read it:

* One row of ``lives`` is one start of the daemon. Everything else names its life by ``lives.id``; ids only grow,
  so a later life has the higher id.
* ``decisions`` holds ``model.reason.Decision`` values. ``number`` counts from 1 within one life: a cause that names
  decision 17 means the row with the *same* ``life`` and ``number`` 17. ``reason`` is JSON, a list of
  ``[decision, fact]`` pairs exactly one of which says something (0 and "" are the empty values); ``causes`` reads it.
* ``operations`` holds how each operation of the executor ended, with the bounded tail of its output.
* ``losses`` says where rows are missing: the queue in front of the disk was full, or the disk was.
* ``wall_s`` is seconds since 1970 UTC at the moment the daemon handed the row over; ``mono_s`` is this boot's
  monotonic clock (for a decision: the moment the kernel decided). Only ``mono_s`` of the same ``lives.boot_id`` may be
  subtracted from each other; the wall clock may jump.
"""

import sqlite3
from pathlib import Path

import msgspec

from heartbeat.model.reason import Cause

VERSION = 1
"""Of these tables, kept in SQLite's ``user_version``. A reader refuses a higher one."""

TABLES = """
create table if not exists lives (
    id          integer primary key,
    node        text not null,
    incarnation integer not null,
    boot_id     text not null,
    wall_s      real not null,
    mono_s      real not null
);
create table if not exists decisions (
    id      integer primary key,
    life    integer not null references lives(id),
    number  integer not null,
    wall_s  real not null,
    mono_s  real not null,
    kind    text not null,
    subject text not null,
    text    text not null,
    alarm   integer not null,
    reason  text not null
);
create unique index if not exists decisions_number on decisions(life, number);
create index if not exists decisions_subject on decisions(subject, id);
create table if not exists operations (
    id        integer primary key,
    life      integer not null references lives(id),
    operation integer not null,
    wall_s    real not null,
    mono_s    real not null,
    action    text not null,
    subject   text not null,
    grp       text not null,
    host      text not null,
    outcome   text not null,
    detail    text not null,
    proof     integer not null,
    took_s    real not null,
    output    text not null
);
create index if not exists operations_subject on operations(subject, id);
create table if not exists losses (
    id     integer primary key,
    life   integer not null references lives(id),
    wall_s real not null,
    rows   integer not null,
    why    text not null
);
"""
"""``operations``: action and outcome are the values of model.operation, proof the number of model.proof, grp empty for
a device's, host empty for a resource's; wall_s and mono_s are its end."""


class WrongVersion(Exception):
    """The journal was written by a newer heartbeat."""


def causes(reason: str) -> tuple[Cause, ...]:
    """Return the causes in a ``decisions.reason``."""
    return msgspec.json.decode(reason, type=tuple[Cause, ...])


def open_for_writing(path: Path) -> sqlite3.Connection:
    """Return the journal, made when missing; raises sqlite3.Error or WrongVersion.

    synchronous=NORMAL: in WAL mode a power loss may cost the last rows, never the file (sqlite.org/pragma.html).
    """
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("pragma journal_mode=wal")
        connection.execute("pragma synchronous=normal")
        _check(connection, path)
        connection.executescript(TABLES)
        connection.execute(f"pragma user_version={VERSION}")
    except (sqlite3.Error, WrongVersion):
        connection.close()
        raise
    return connection


def open_for_reading(path: Path) -> sqlite3.Connection:
    """Return the journal, read only; raises FileNotFoundError, sqlite3.Error or WrongVersion.

    A reader who may not write the directory cannot make SQLite's shared-memory file; when no daemon has one open,
    nothing writes either, and the file is read as it lies (``immutable``).
    """
    if not path.exists():
        raise FileNotFoundError(f"{path}: there is no journal yet; the daemon of this node makes it when it first runs")
    quoted = str(path.absolute()).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    connection = sqlite3.connect(f"file:{quoted}?mode=ro", uri=True)
    try:
        _check(connection, path)
    except sqlite3.OperationalError:
        connection.close()
        connection = sqlite3.connect(f"file:{quoted}?immutable=1", uri=True)
        _check(connection, path)
    except WrongVersion:
        connection.close()
        raise
    return connection


def _check(connection: sqlite3.Connection, path: Path) -> None:
    found = connection.execute("pragma user_version").fetchone()[0]
    if found > VERSION:
        raise WrongVersion(f"{path}: written by a newer heartbeat (tables {found}, this one knows {VERSION})")
