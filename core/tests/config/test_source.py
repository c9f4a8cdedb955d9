"""Lines and words know their place, and what was hidden stays hidden."""

from pathlib import Path

import pytest
from heartbeat.config.finding import Findings
from heartbeat.config.source import Source, clean_lines, read_source, source_of, uncommented
from hypothesis import given
from hypothesis import strategies as st


def source(text: str, found: Findings | None = None) -> Source:
    return source_of("ha.cf", text.encode(), Findings() if found is None else found)


def codes_of(found: Findings) -> list[str]:
    return [finding.code for finding in found]


def test_columns_count_characters_from_one_whatever_blanks_stand_between() -> None:
    words = source("\t node\tnöde1  n2\n").words(1)
    assert [(word.text, word.place.column, word.end) for word in words] == [
        ("node", 3, 7),
        ("nöde1", 8, 13),
        ("n2", 15, 17),
    ]
    assert str(words[0].place) == "ha.cf:1:3"


def test_a_last_line_without_line_end_counts_and_an_empty_one_after_it_does_not() -> None:
    assert source("a\nb").lines == source("a\nb\n").lines == ("a", "b")
    assert source("").lines == ()


def test_a_comment_starts_with_a_word_and_not_within_one() -> None:
    found = Findings()
    words = uncommented(source("logfile /a#b # c #d"), 1, found)
    assert [word.text for word in words] == ["logfile", "/a#b"]
    assert [(one.code, one.column) for one in found] == [("HB-C005", 11)]


def test_a_mark_at_the_beginning_is_no_character() -> None:
    assert source_of("ha.cf", b"\xef\xbb\xbfnode a", Findings()).words(1)[0].place.column == 1


def test_bytes_that_are_not_utf8_are_read_as_latin1_and_the_first_line_of_them_is_told() -> None:
    found = Findings()
    assert source_of("ha.cf", b"a\nb\xfc\nc\xe4\n", found).lines == ("a", "bü", "cä")
    assert [(one.code, one.line) for one in found] == [("HB-C002", 2)]


@pytest.mark.parametrize("odd", ["\x00", "\x1b", "\x7f", "\u0085", "\u00a0", "\u200b", "\u202e", "\u2028", "\ufeff"])
def test_a_line_with_a_character_that_nobody_sees_is_not_read(odd: str) -> None:
    found = Findings()
    lines = list(clean_lines(source(f"a\nb{odd}c\n# {odd}\nd"), found))
    assert lines == [1, 3, 4]
    assert [(one.code, one.line, one.column) for one in found] == [("HB-C004", 2, 2)]


def test_what_is_hidden_is_never_shown_and_the_caret_finds_its_word() -> None:
    text = source("stonith_host * baytech 10.0.0.3 hush hush")
    text.hide(1, 24)
    assert text.shown(1, 16) == ("stonith_host * baytech ***", 15)
    assert text.shown(1, 38) == ("stonith_host * baytech ***", 23)
    text.reveal(1)
    assert text.shown(1, 38) == ("stonith_host * baytech 10.0.0.3 hush hush", 37)


def test_a_caret_behind_something_hidden_moves_with_its_word() -> None:
    text = source("apache::password=hush next")
    text.hide(1, 18, 22)
    shown, caret = text.shown(1, 23)
    assert shown == "apache::password=*** next"
    assert shown[caret:] == "next"


def test_hiding_from_a_blank_hides_from_the_next_word() -> None:
    text = source("auth   hush")
    text.hide(1, 5)
    assert text.shown(1)[0] == "auth   ***"


@given(line=st.text(st.characters(exclude_characters="\n"), max_size=40), data=st.data())
def test_no_piece_of_what_was_hidden_is_shown(line: str, data: st.DataObject) -> None:
    text = Source("ha.cf", (line,))
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(1, len(line) + 1))
        text.hide(1, start, data.draw(st.one_of(st.none(), st.integers(start, len(line) + 5))))
    column = data.draw(st.integers(1, len(line) + 1))
    shown, caret = text.shown(1, column)
    hidden = {at for start, end in text._hidden[1] for at in range(start, end)}
    kept = "".join(letter for at, letter in enumerate(line, 1) if at not in hidden)
    assert len(shown.replace("***", "")) <= len(kept) + line.count("*")
    assert 0 <= caret <= max(len(line), len(shown)) + 3


def test_a_file_is_read_or_said_why_not(tmp_path: Path) -> None:
    found = Findings()
    assert read_source(tmp_path / "none", found, name="ha.cf", mend="write it") is None
    (tmp_path / "utf16").write_text("node a\n", encoding="utf-16")
    assert read_source(tmp_path / "utf16", found) is None
    (tmp_path / "good").write_text("node a\n")
    good = read_source(tmp_path / "good", found)
    assert good is not None
    assert good.lines == ("node a",)
    assert codes_of(found) == ["HB-C001", "HB-C001"]
    assert next(iter(found)).mend == "write it"
    assert "node a" not in repr(good)
