"""Questions to a journal that a daemon wrote."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from heartbeat.journal.append import Appender, Decided, Entry, Life, Lost, Operated
from heartbeat.journal.query import Filter, Journal
from heartbeat.model.operation import Outcome, Result
from heartbeat.model.reason import Cause, Decision, because


def decided(number: int, kind: str, subject: str, wall_s: float, *, alarm: bool = False) -> Entry:
    text = f"{subject} {kind}"
    return Decided(wall_s, Decision(number, wall_s - 990.0, kind, subject, text, because("a fact"), alarm))


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    first = Appender(tmp_path / "journal.db", Life("node1", 7, "boot-a", 1000.0, 10.0))
    first.append(
        [
            decided(1, "node.heard", "node node2", 1001.0),
            decided(2, "group.start", "group 10.0.0.1", 1002.0),
            decided(3, "node.silent", "node node2", 1003.0, alarm=True),
            Operated(1002.5, 12.5, 1, "start", "10.0.0.1", "10.0.0.1", "", Result(Outcome.DONE, output="hello\n")),
            Operated(1003.5, 13.5, 2, "fence", "lab #1", "", "node2", Result(Outcome.FAILED, "no route")),
            Lost(1003.8, 12, "queue full"),
        ]
    )
    first.close()
    second = Appender(tmp_path / "journal.db", Life("node1", 8, "boot-b", 2000.0, 10.0))
    second.append([decided(1, "nodes.odd", "node node10", 2001.0), decided(2, "node.heard", "node node2", 2002.0)])
    second.close()
    with Journal(tmp_path / "journal.db") as book:
        yield book


def numbers(journal: Journal, wanted: Filter, last: int | None = None) -> list[tuple[int, int]]:
    return [(entry.incarnation, entry.number) for entry in journal.entries(wanted, last)]


def test_all_lives_are_listed_oldest_first(journal: Journal) -> None:
    assert numbers(journal, Filter()) == [(7, 1), (7, 2), (7, 3), (8, 1), (8, 2)]


def test_a_row_comes_back_whole(journal: Journal) -> None:
    entry = journal.entries(Filter())[2]
    assert (entry.node, entry.boot_id, entry.wall_s, entry.mono_s) == ("node1", "boot-a", 1003.0, 13.0)
    assert (entry.kind, entry.subject, entry.alarm) == ("node.silent", "node node2", True)
    assert entry.causes == (Cause(fact="a fact"),)


def test_the_last_ones_are_the_newest_of_those_that_pass(journal: Journal) -> None:
    assert numbers(journal, Filter(subject="node2"), 2) == [(7, 3), (8, 2)]
    assert numbers(journal, Filter(), 0) == []


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Filter(since_s=1003.0), [(7, 3), (8, 1), (8, 2)]),
        (Filter(kind="node"), [(7, 1), (7, 3), (8, 2)]),
        (Filter(kind="node.heard"), [(7, 1), (8, 2)]),
        (Filter(kind="node.he"), []),
        (Filter(kind="%"), []),
        (Filter(subject="node2"), [(7, 1), (7, 3), (8, 2)]),
        (Filter(subject="node node2"), [(7, 1), (7, 3), (8, 2)]),
        (Filter(subject="node1"), []),
        (Filter(subject="10.0.0.1"), [(7, 2)]),
        (Filter(alarm=True), [(7, 3)]),
        (Filter(after_id=4), [(8, 2)]),
        (Filter(since_s=1002.0, kind="node", subject="node2", alarm=True), [(7, 3)]),
    ],
)
def test_a_filter_lets_through_what_it_names_and_nothing_else(
    journal: Journal, wanted: Filter, found: list[tuple[int, int]]
) -> None:
    assert numbers(journal, wanted) == found


def test_a_number_means_another_decision_in_another_life(journal: Journal) -> None:
    old, new = journal.entries(Filter())[0].life, journal.newest_life()
    first, second = journal.decision(old, 1), journal.decision(new, 1)
    assert first is not None
    assert second is not None
    assert (first.kind, second.kind) == ("node.heard", "nodes.odd")
    assert journal.decision(new, 3) is None, "the newest life has not taken a third one"


def test_the_latest_is_of_the_newest_life(journal: Journal) -> None:
    latest = journal.latest("node node2")
    assert latest is not None
    assert (latest.incarnation, latest.number) == (8, 2)
    silent = journal.latest("node node2", "node node2 node.silent")
    assert silent is not None
    assert silent.incarnation == 7
    assert journal.latest("node node3") is None


def test_operations_are_found_by_resource_group_and_host(journal: Journal) -> None:
    assert [one.action for one in journal.operations(Filter())] == ["start", "fence"]
    (start,) = journal.operations(Filter(subject="10.0.0.1"))
    assert (start.outcome, start.output) == ("done", "hello\n")
    (fence,) = journal.operations(Filter(subject="node2", kind="fence"))
    assert (fence.outcome, fence.detail, fence.incarnation) == ("failed", "no route", 7)


def test_what_was_lost_is_known(journal: Journal) -> None:
    assert [(gap.rows, gap.why) for gap in journal.gaps(0)] == [(12, "queue full")]
    assert journal.gaps(1004.0) == []


def test_every_subject_is_named_once(journal: Journal) -> None:
    assert list(journal.subjects()) == ["group 10.0.0.1", "node node10", "node node2"]


def test_new_rows_are_seen_by_a_reader_that_is_open(journal: Journal, tmp_path: Path) -> None:
    before = journal.newest_id()
    writer = Appender(tmp_path / "journal.db", Life("node1", 9, "boot-b", 3000.0, 10.0))
    writer.append([decided(1, "node.left", "node node2", 3001.0)])
    assert numbers(journal, Filter(after_id=before)) == [(9, 1)]
    writer.close()
