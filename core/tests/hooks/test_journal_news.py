"""What is new in a journal, also in one that is made, removed or spoilt meanwhile."""

from pathlib import Path

import pytest
from heartbeat.hooks.journal_news import CannotRead, JournalNews

from core.tests.hooks.house import House


def kinds(news: JournalNews) -> list[str]:
    return [fact.about["kind"] for fact in news.facts() if fact.name == "decision_taken"]


def test_what_stood_there_at_first_sight_is_not_news(home: House) -> None:
    home.decide("node.started")
    news = JournalNews(home.folder / "journal.db")
    assert kinds(news) == []
    home.decide("view.installed")
    assert kinds(news) == ["view.installed"]
    assert kinds(news) == []


def test_all_of_a_journal_that_is_made_later_is_news(home: House) -> None:
    news = JournalNews(home.folder / "journal.db")
    assert kinds(news) == []
    home.decide("node.started")
    assert kinds(news) == ["node.started"]


def test_one_that_begins_anew_is_read_from_where_it_is_then(home: House) -> None:
    home.decide("node.started", times=5)
    news = JournalNews(home.folder / "journal.db")
    assert kinds(news) == []
    home.begin_journal_anew()
    home.decide("node.started")
    assert kinds(news) == []
    home.decide("view.installed")
    assert kinds(news) == ["view.installed"]


def test_one_that_is_no_journal_says_so(tmp_path: Path) -> None:
    (tmp_path / "journal.db").write_text("this is no database, and long enough that SQLite looks at all of it" * 9)
    with pytest.raises(CannotRead, match=r"journal\.db cannot be read"):
        JournalNews(tmp_path / "journal.db").facts()
