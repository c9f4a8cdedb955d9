"""What the daemon hands over is found again in the journal, with its life and its reason."""

import sqlite3
from pathlib import Path

import pytest
from heartbeat.journal.append import Appender, Decided, Entry, Life, Lost, Operated
from heartbeat.journal.schema import VERSION, WrongVersion, causes, open_for_reading, open_for_writing
from heartbeat.model.operation import Outcome, Result
from heartbeat.model.proof import Proof
from heartbeat.model.reason import Cause, Decision, because

LIFE = Life("node1", 7, "boot-a", 1000.0, 5.0)


def decided(number: int) -> Entry:
    decision = Decision(number, 6.5, "node.silent", "node node2", "node2 is silent", because(1, "no frame"), alarm=True)
    return Decided(1001.5, decision)


def test_a_decision_comes_back_with_its_life_and_causes(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    journal = Appender(path, LIFE)
    journal.append([decided(2)])
    row = (
        open_for_reading(path)
        .execute(
            "select node, incarnation, boot_id, number, d.wall_s, d.mono_s, kind, subject, text, alarm, reason"
            " from decisions d join lives l on l.id = d.life"
        )
        .fetchone()
    )
    assert row[:-1] == ("node1", 7, "boot-a", 2, 1001.5, 6.5, "node.silent", "node node2", "node2 is silent", 1)
    assert causes(row[-1]) == (Cause(1, ""), Cause(0, "no frame"))
    journal.close()


def test_an_operation_and_a_loss_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    journal = Appender(path, LIFE)
    result = Result(Outcome.DONE, "off", Proof.READ_BACK, output="tail", took_s=1.25)
    journal.append([Operated(1002.0, 7.0, 3, "fence", "lab #1", "", "node2", result), Lost(1003.0, 12, "queue full")])
    reader = open_for_reading(path)
    found = reader.execute("select operation, action, subject, host, outcome, proof, took_s, output from operations")
    assert found.fetchone() == (3, "fence", "lab #1", "node2", "done", Proof.READ_BACK, 1.25, "tail")
    assert reader.execute("select rows, why from losses").fetchone() == (12, "queue full")
    journal.close()


def test_lives_are_told_apart_though_numbers_begin_again(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    for incarnation in (7, 8):
        journal = Appender(path, Life("node1", incarnation, "boot-a", 1000.0, 5.0))
        journal.append([decided(1)])
        journal.close()
    rows = open_for_reading(path).execute("select life, number from decisions order by id").fetchall()
    assert [number for _, number in rows] == [1, 1]
    assert rows[0][0] < rows[1][0]


def test_the_journal_does_not_grow_for_ever(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    journal = Appender(path, LIFE)
    journal.append([decided(number) for number in range(1, 31)])
    journal.close()
    Appender(path, Life("node1", 8, "boot-a", 2000.0, 9.0), keep_rows=10).close()
    reader = open_for_reading(path)
    assert reader.execute("select min(number), count(*) from decisions").fetchone() == (21, 10)
    assert reader.execute("select count(*) from lives").fetchone() == (2,)


def test_a_failing_batch_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    journal = Appender(path, LIFE)
    broken = Lost(1.0, 2**70, "does not fit SQLite")
    with pytest.raises(OverflowError):
        journal.append([decided(1), broken])
    journal.append([decided(2)])
    assert open_for_reading(path).execute("select number from decisions").fetchall() == [(2,)]
    journal.close()


def test_a_journal_of_a_newer_heartbeat_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with sqlite3.connect(path) as newer:
        newer.execute(f"pragma user_version={VERSION + 1}")
    newer.close()
    with pytest.raises(WrongVersion, match="newer heartbeat"):
        open_for_writing(path)
    with pytest.raises(WrongVersion):
        open_for_reading(path)


def test_no_journal_yet_is_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no journal yet"):
        open_for_reading(tmp_path / "journal.db")


def test_a_journal_without_a_writer_is_read_from_a_directory_that_cannot_be_written(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    journal = Appender(path, LIFE)
    journal.append([decided(1)])
    journal.close()
    tmp_path.chmod(0o500)
    try:
        assert open_for_reading(path).execute("select count(*) from decisions").fetchone() == (1,)
    finally:
        tmp_path.chmod(0o700)
