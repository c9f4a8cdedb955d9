"""The text of one file, cut into lines and words that know their place, and shown again without its secrets."""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from heartbeat.config import codes
from heartbeat.config.finding import Findings, Place

FILE_MAX_BYTES = 256 * 1024
"""Far above any real file, so that a wrong path (a disk, a log) is refused instead of read."""

_WORD = re.compile(r"[^ \t\r\f\v]+")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f]")
_INVISIBLE = re.compile("[\u00a0\u00ad\u061c\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff]")
"""Blanks that are no blanks, and what turns the direction of text: from web pages and word processors."""


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a file and where it starts."""

    text: str
    place: Place

    @property
    def end(self) -> int:
        """Column just after the word."""
        return self.place.column + len(self.text)


@dataclass(slots=True)
class Source:
    """One file that was read. ``hide`` marks what must never be shown."""

    name: str
    """As findings call it: ``ha.cf``."""
    lines: tuple[str, ...]
    _hidden: dict[int, list[tuple[int, int]]] = field(default_factory=dict, repr=False)

    def place(self, line: int = 0, column: int = 0) -> Place:
        return Place(self.name, line, column)

    def words(self, number: int) -> list[Word]:
        """Return all words of a line, comments included. ``number`` counts from 1."""
        text = self.lines[number - 1]
        return [Word(found[0], self.place(number, found.start() + 1)) for found in _WORD.finditer(text)]

    def hide(self, line: int, start: int, end: int | None = None) -> None:
        """Never show the columns from ``start``, or the word after it, to ``end`` (exclusive; None: end of line)."""
        text = self.lines[line - 1]
        last = len(text) + 1
        start += len(text[start - 1 :]) - len(text[start - 1 :].lstrip(" \t\r\f\v"))
        self._hidden.setdefault(line, []).append((start, min(last, end or last)))

    def reveal(self, line: int) -> None:
        """The line turned out to hold no secret."""
        self._hidden.pop(line, None)

    def shown(self, line: int, column: int = 1) -> tuple[str, int]:
        """Return a line fit to be shown: no secret, no character that moves a terminal; and at which offset (from 0)
        of it a column now lies.
        """
        text = self.lines[line - 1]
        pieces: list[str] = []
        caret, at, length = 0, 1, 0
        for start, end in [*_merged(self._hidden.get(line, [])), (len(text) + 1, len(text) + 1)]:
            plain = text[at - 1 : start - 1]
            if at <= column <= start:
                caret = length + column - at
            elif start < column < end:
                caret = length + len(plain)
            pieces += [plain, "***" if end > start else ""]
            length += len(pieces[-2]) + len(pieces[-1])
            at = end
        return _CONTROL.sub("\ufffd", re.sub(r"[\t\r\f\v]", " ", "".join(pieces))).rstrip(), caret

    def __repr__(self) -> str:
        return f"Source({self.name!r}, {len(self.lines)} lines)"


def _merged(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the spans in order, overlapping and touching ones joined."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        elif end > start:
            merged.append((start, end))
    return merged


def read_source(path: Path, found: Findings, *, name: str = "", mend: str = "") -> Source | None:
    """Return the file's text, or None with a finding that says why it cannot be read."""
    name = name or path.name
    try:
        with path.open("rb") as file:
            raw = file.read(FILE_MAX_BYTES + 1)
    except (OSError, ValueError) as problem:
        why = problem.strerror if isinstance(problem, OSError) and problem.strerror else str(problem)
        found.add(codes.UNREADABLE, Place(name), f"{path} cannot be read: {why}", mend=mend)
        return None
    if len(raw) > FILE_MAX_BYTES:
        found.add(codes.UNREADABLE, Place(name), f"{path} is larger than {FILE_MAX_BYTES} bytes", mend=mend)
        return None
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        mend = f"iconv -f utf16 -t utf8 {path}"
        found.add(codes.UNREADABLE, Place(name), f"{path} is UTF-16", expected="text in UTF-8", mend=mend)
        return None
    return source_of(name, raw, found)


def source_of(name: str, raw: bytes, found: Findings) -> Source:
    """Return the text of these bytes. Never raises: odd bytes become findings."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as odd:
        line = raw.count(b"\n", 0, odd.start) + 1
        text = raw.decode("latin-1")
        found.add(
            codes.NOT_UTF8,
            Place(name, line),
            "these bytes are not UTF-8; the whole file is read as Latin-1",
            mend=f"iconv -f latin1 -t utf8 {name}",
        )
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    if any(line.endswith("\r") for line in lines):
        place = Place(name, next(n for n, line in enumerate(lines, 1) if line.endswith("\r")))
        found.add(codes.DOS_LINES, place, "lines end with CR LF; the CR is ignored", mend=f"dos2unix {name}")
    return Source(name, tuple(line.rstrip("\r") for line in lines))


def clean_lines(source: Source, found: Findings) -> Iterator[int]:
    """Yield the numbers of all lines without characters that nobody can see; each other line becomes a finding.

    A comment may hold such characters. It is never shown: it may be a line with a password, put out of use.
    """
    for number, text in enumerate(source.lines, 1):
        words = text.lstrip(" \t\f\v")
        if words.startswith("#"):
            source.hide(number, len(text) - len(words) + 2)
        odd = None if words.startswith("#") else _CONTROL.search(text) or _INVISIBLE.search(text)
        if odd is None:
            yield number
            continue
        source.hide(number, 1)
        name = f"control character 0x{ord(odd[0]):02x}" if ord(odd[0]) < 0xA0 else f"invisible U+{ord(odd[0]):04X}"
        found.add(
            codes.CONTROL_CHARACTER,
            source.place(number, odd.start() + 1),
            f"the line holds the {name} and is not read",
            mend="put a plain blank in its place, or delete it",
        )


def uncommented(source: Source, number: int, found: Findings) -> list[Word]:
    """Return a line's words up to a word that starts with ``#``; a ``#`` inside a word is noted and kept."""
    words: list[Word] = []
    for word in source.words(number):
        if word.text.startswith("#"):
            break
        if "#" in word.text:
            at = source.place(number, word.place.column + word.text.index("#"))
            found.add(
                codes.HASH_IN_WORD,
                at,
                "this # belongs to its word",
                mend="put a blank before the # if a comment was meant",
            )
        words.append(word)
    return words
