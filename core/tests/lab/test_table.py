"""The table of requests and answers, and what is said about it."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from heartbeat.lab.control import LabError
from heartbeat.lab.echo import ECHO_REPLY, checksum, reply_number, request, request_6
from heartbeat.lab.table import Row, Table, Watch


@pytest.fixture
def table(tmp_path: Path) -> Iterator[Table]:
    with contextlib.closing(Table(tmp_path / "table")) as made:
        yield made


def ask(table: Table, *answered_s: float, lost: tuple[float, ...] = ()) -> None:
    for at in sorted((*answered_s, *lost)):
        number = table.sent(at)
        if at in answered_s:
            table.back(number, at + 0.001, 7)


def test_another_handle_on_the_file_sees_the_rows(table: Table, tmp_path: Path) -> None:
    ask(table, 1.0, lost=(2.0,))
    with contextlib.closing(Table(tmp_path / "table")) as other:
        assert other.since(0) == [Row(1.0, 1.001, 7), Row(2.0, 0.0, 0)]


def test_rows_are_found_by_time(table: Table) -> None:
    ask(table, 1.0, 2.0, 3.0)
    assert [row.sent_s for row in table.since(2.0)] == [2.0, 3.0]
    assert table.since(3.1) == []


def test_only_the_first_answer_counts_and_strangers_are_ignored(table: Table) -> None:
    ask(table, 1.0)
    table.back(0, 9.0, 1)
    table.back(55, 9.0, 1)
    assert table.since(0) == [Row(1.0, 1.001, 7)]


def test_the_gap_is_the_longest_silence_that_ended_after_the_moment(table: Table) -> None:
    ask(table, 0.9, 0.95, 1.0, 1.8, 1.9, 2.8, lost=(1.2, 1.4))
    watch = Watch(table, 0.005)
    assert watch.gap(1.0, until_s=2.0) == pytest.approx(0.8)
    assert watch.gap(2.0) == pytest.approx(0.9)
    assert watch.lost(1.0, 2.0) == 2


def test_waiting_for_an_answer_ends(table: Table) -> None:
    ask(table, 1.0)
    watch = Watch(table, 0.005)
    assert watch.first(0.5).sent_s == 1.0
    with pytest.raises(LabError, match="0 of 1 answers"):
        watch.first(1.5, timeout_s=0.01)


def test_an_echo_s_number_comes_back_and_nobody_else_s_does() -> None:
    reply = bytes([ECHO_REPLY]) + request(77, 123456789)[1:]
    assert reply_number(reply, 77) == 123456789
    assert reply_number(reply, 78) is None
    assert reply_number(request(77, 1), 77) is None
    assert reply_number(b"", 77) is None


def test_checksums_of_echoes_come_out_even() -> None:
    assert checksum(request(1, 2)) == 0
    pseudo = bytes(40)
    assert checksum(pseudo + request_6(1, 2, pseudo)) == 0
