"""What a word on the command line means."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from heartbeat.journal.append import Appender, Decided, Life
from heartbeat.journal.query import Journal
from heartbeat.journal.subject import find_subject
from heartbeat.model.reason import Decision, because
from heartbeat.model.status import ClusterStatus


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    writer = Appender(tmp_path / "journal.db", Life("node1", 7, "boot-a", 1000.0, 10.0))
    subjects = ("node node2", "group web", "link bcast/eth1", "cluster", "node web")
    for number, subject in enumerate(subjects, 1):
        writer.append([Decided(1.0, Decision(number, 1.0, "x.y", subject, "text", because("fact")))])
    writer.close()
    with Journal(tmp_path / "journal.db") as book:
        yield book


@pytest.mark.parametrize(
    ("words", "subject"),
    [
        (["web"], "group web"),
        (["group", "web"], "group web"),
        (["node", "web"], "node web"),
        (["node2"], "node node2"),
        (["node", "NODE2"], "node node2"),
        (["link", "bcast/eth1"], "link bcast/eth1"),
        (["cluster"], "cluster"),
    ],
)
def test_a_word_names_the_group_first(journal: Journal, words: list[str], subject: str) -> None:
    assert find_subject(words, journal, None) == (subject, [])


def test_an_unknown_word_has_a_nearest_one(journal: Journal) -> None:
    assert find_subject(["node", "nodd2"], journal, None) == (None, ["node node2"])
    assert find_subject(["wob"], journal, None)[1][0] in {"group web", "node web"}
    assert find_subject(["zzz"], journal, None) == (None, [])


def test_the_running_daemon_knows_what_nothing_was_decided_about(good_status: ClusterStatus) -> None:
    assert find_subject(["10.0.0.1"], None, good_status) == ("group 10.0.0.1", [])
    assert find_subject(["node", "node1"], None, good_status) == ("node node1", [])
