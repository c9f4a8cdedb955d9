"""The storage thread: state and journal go to disk here, so that a slow or full disk never touches the beat."""

import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from heartbeat.daemon.inbox import Inbox
from heartbeat.daemon.log import Log
from heartbeat.daemon.state import StateStore
from heartbeat.journal.append import Appender, Decided, Entry, Life, Lost, Operated
from heartbeat.journal.schema import WrongVersion
from heartbeat.model.reason import Decision

QUEUE_MAX = 4096
"""Values, and as many journal rows, that may wait for the disk; what comes beyond is dropped and counted."""
BATCH = 256
"""Journal rows in one transaction; state is looked at between two."""

OnPersisted = Callable[[str, str], None]
"""Takes a key and an error, empty when the value is durable. Called in the storage thread."""


class _Keep(msgspec.Struct, frozen=True):
    key: str
    value: bytes


class Storage:
    """Takes values and journal rows from the loop and never makes it wait."""

    def __init__(self, state: StateStore, journal: Path, life: Life, on_persisted: OnPersisted, log: Log) -> None:
        self._state = state
        self._path = journal
        self._life = life
        self._on_persisted = on_persisted
        self._log = log
        self._inbox: Inbox[_Keep | Entry] = Inbox(QUEUE_MAX)
        self._lost_rows = 0
        self._thread: threading.Thread | None = None

    def start(self, prepare: Callable[[], None]) -> None:
        """Start the thread; ``prepare`` runs first in it (scheduling)."""
        self._thread = threading.Thread(target=self._run, args=(prepare,), name="storage", daemon=True)
        self._thread.start()

    def persist(self, key: str, value: bytes) -> None:
        """Store durably; ``on_persisted`` tells how it went. State goes before any journal row."""
        if not self._inbox.put(_Keep(key, value), urgent=True):
            self._on_persisted(key, f"{QUEUE_MAX} values wait for the disk already")

    def record(self, decision: Decision) -> None:
        self.append(Decided(time.time(), decision))

    def append(self, entry: Decided | Operated) -> None:
        """Write a row to the journal, some time; lost (and counted) when the disk does not keep up."""
        if not self._inbox.put(entry):
            self._lost_rows += 1

    def close(self, patience_s: float) -> bool:
        """Finish what waits; returns False when the disk took longer than that."""
        self._inbox.close()
        if self._thread is None:
            return True
        self._thread.join(patience_s)
        return not self._thread.is_alive()

    def _run(self, prepare: Callable[[], None]) -> None:
        prepare()
        journal = JournalWriter(self._path, self._life, self._log)
        while (batch := self._inbox.take(BATCH)) is not None:
            keeps = [item for item in batch if isinstance(item, _Keep)]
            if keeps:
                self._keep(keeps)
                continue
            lost, self._lost_rows = self._lost_rows, 0
            journal.write([item for item in batch if not isinstance(item, _Keep)], lost)
        journal.close()
        self._state.close()

    def _keep(self, keeps: list[_Keep]) -> None:
        error = ""
        try:
            self._state.put([(keep.key, keep.value) for keep in keeps])
        except sqlite3.Error as wrong:
            error = f"state.db: {wrong}"
            self._log.seldom("state.db", f"state.db cannot be written: {wrong}; free the disk or mend its permissions")
        for keep in keeps:
            self._on_persisted(keep.key, error)


class JournalWriter:
    """Keeps the journal open as long as it can be had, and counts the rows that it could not take."""

    RETRY_S = 10.0
    """Between two attempts to open a journal that could not be opened; rows in between are lost and counted."""

    def __init__(self, path: Path, life: Life, log: Log) -> None:
        self._path = path
        self._life = life
        self._log = log
        self._lost = 0
        self._why = ""
        self._try_at_s = 0.0
        self._appender: Appender | None = None
        self._open()

    def write(self, entries: list[Entry], lost_before: int) -> None:
        """Append the entries and what was lost before them."""
        if lost_before:
            self._lose(lost_before, "the disk was slower than the events")
        if self._appender is None and time.monotonic() >= self._try_at_s:
            self._open()
        if self._appender is None:
            self._lose(len(entries), self._why)
            return
        known = [Lost(time.time(), self._lost, self._why)] if self._lost else []
        try:
            self._appender.append([*known, *entries])
        except sqlite3.Error as wrong:
            self._lose(len(entries), str(wrong))
            self._log.seldom("journal", f"{self._path} cannot be written: {wrong}; what happens now is not journalled")
        else:
            self._lost = 0

    def close(self) -> None:
        if self._appender is not None:
            self._appender.close()

    def _lose(self, rows: int, why: str) -> None:
        self._lost += rows
        self._why = why

    def _open(self) -> None:
        self._try_at_s = time.monotonic() + self.RETRY_S
        try:
            self._appender = Appender(self._path, self._life)
        except sqlite3.DatabaseError as wrong:
            self._why = str(wrong)
            if "malformed" in self._why or "not a database" in self._why:
                self._set_aside()
                return
            self._log.seldom("journal", f"{self._path} cannot be opened: {wrong}; what happens now is not journalled")
        except WrongVersion as wrong:
            self._why = str(wrong)
            self._log.seldom("journal", f"{wrong}; move it away to get a journal again")

    def _set_aside(self) -> None:
        """A damaged journal is kept for whoever can mend it; a new one begins."""
        aside = self._path.with_suffix(f".damaged-{int(time.time())}")
        try:
            for tail in ("", "-wal", "-shm"):
                part = self._path.with_name(self._path.name + tail)
                if part.exists():
                    part.rename(aside.with_name(aside.name + tail))
            self._appender = Appender(self._path, self._life)
        except (OSError, sqlite3.Error) as wrong:
            self._why = str(wrong)
        self._log.warning(f"{self._path} was damaged; it was set aside as {aside.name}")
