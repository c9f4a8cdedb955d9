"""The disk may be slow, full or broken: nobody waits, and what was lost is counted."""

import sqlite3
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from heartbeat.daemon import storage as storage_module
from heartbeat.daemon.state import StateStore
from heartbeat.daemon.storage import Storage
from heartbeat.journal.append import Life
from heartbeat.journal.schema import open_for_reading
from heartbeat.model.reason import Decision, because

from core.tests.daemon.waiting import wait_for

if TYPE_CHECKING:
    from core.tests.daemon.conftest import FakeLog

LIFE = Life("node1", 1, "boot", 0.0, 0.0)


def decision(number: int) -> Decision:
    return Decision(number, 1.0, "x.y", "cluster", "text", because("fact"))


class BlockedStore(StateStore):
    """A disk that takes nothing until it is let go."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.go = threading.Event()
        self.puts: list[list[str]] = []

    def put(self, pairs: list[tuple[str, bytes]]) -> None:  # type: ignore[override]
        assert self.go.wait(10)
        self.puts.append([key for key, _ in pairs])
        super().put(pairs)


def make(tmp_path: Path, log: "FakeLog", store: StateStore | None = None) -> tuple[Storage, list[tuple[str, str]]]:
    told: list[tuple[str, str]] = []
    state = store or StateStore(tmp_path / "state.db")
    made = Storage(state, tmp_path / "journal.db", LIFE, lambda key, error: told.append((key, error)), log)
    return made, told


def test_a_value_is_durable_when_it_is_told(tmp_path: Path, log: "FakeLog") -> None:
    storage, told = make(tmp_path, log)
    storage.start(lambda: None)
    storage.persist("epoch", b"64")
    wait_for(lambda: told == [("epoch", "")])
    assert StateStore(tmp_path / "state.db").stored() == {"epoch": b"64"}
    assert storage.close(5)


def test_decisions_reach_the_journal_before_the_end(tmp_path: Path, log: "FakeLog") -> None:
    storage, _ = make(tmp_path, log)
    storage.start(lambda: None)
    for number in range(1, 601):
        storage.record(decision(number))
    assert storage.close(10)
    count = open_for_reading(tmp_path / "journal.db").execute("select count(*), max(number) from decisions")
    assert count.fetchone() == (600, 600)


def test_state_overtakes_the_journal(tmp_path: Path, log: "FakeLog") -> None:
    store = BlockedStore(tmp_path / "state.db")
    storage, told = make(tmp_path, log, store)
    for number in range(1, 1001):
        storage.record(decision(number))
    storage.persist("a", b"1")
    storage.persist("b", b"2")
    storage.start(lambda: None)
    store.go.set()
    wait_for(lambda: len(told) == 2)
    assert store.puts == [["a", "b"]], "one transaction for what waits together"
    assert storage.close(10)


def test_a_disk_that_does_not_answer_makes_nobody_wait_and_loses_by_count(
    tmp_path: Path, log: "FakeLog", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage_module, "QUEUE_MAX", 5)
    store = BlockedStore(tmp_path / "state.db")
    storage, told = make(tmp_path, log, store)
    storage.start(lambda: None)
    storage.persist("blocks", b"")
    wait_for(lambda: not storage._inbox._urgent)  # the thread has it, and hangs
    for number in range(1, 9):
        storage.record(decision(number))
    for _ in range(6):
        storage.persist("more", b"")
    assert told == [("more", "5 values wait for the disk already")]
    assert not storage.close(0.05), "it says that it could not finish"
    store.go.set()
    wait_for(lambda: len(told) == 7)
    wait_for(lambda: not storage._thread.is_alive())  # type: ignore[union-attr]
    reader = open_for_reading(tmp_path / "journal.db")
    assert reader.execute("select count(*) from decisions").fetchone() == (5,)
    assert reader.execute("select rows from losses").fetchone() == (3,)


def test_a_value_that_could_not_be_written_is_told_with_its_error(tmp_path: Path, log: "FakeLog") -> None:
    class Full(StateStore):
        def put(self, pairs: object) -> None:
            raise sqlite3.OperationalError("database or disk is full")

    storage, told = make(tmp_path, log, Full(tmp_path / "state.db"))
    storage.start(lambda: None)
    storage.persist("epoch", b"")
    wait_for(lambda: bool(told))
    assert told == [("epoch", "state.db: database or disk is full")]
    assert storage.close(5)
    assert any("free the disk" in text for text in log.texts)


def test_a_damaged_journal_is_set_aside_and_a_new_one_begins(tmp_path: Path, log: "FakeLog") -> None:
    (tmp_path / "journal.db").write_bytes(b"this is no database, whatever it was" * 100)
    storage, _ = make(tmp_path, log)
    storage.start(lambda: None)
    storage.record(decision(1))
    assert storage.close(5)
    assert open_for_reading(tmp_path / "journal.db").execute("select count(*) from decisions").fetchone() == (1,)
    assert [path.name for path in tmp_path.glob("journal.damaged-*")]
    assert any("set aside" in text for text in log.texts)


def test_every_life_has_a_higher_incarnation_and_finds_what_was_stored(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    for incarnation in (1, 2, 3):
        store = StateStore(path)
        assert store.begin_life() == incarnation
        store.put([("key", str(incarnation).encode())])
        store.close()
    assert StateStore(path).stored() == {"key": b"3"}
