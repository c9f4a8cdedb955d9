r"""haresources as its lines say it: ``NODE RES RES ...``, with ``\`` continuation and ``#`` comments."""

import ipaddress
import re
from dataclasses import dataclass

from heartbeat.config import codes
from heartbeat.config.finding import Findings
from heartbeat.config.source import Source, Word, clean_lines

_IPV4 = re.compile(r"\d{1,3}(\.\d{1,3}){3}(/.*)?\Z", re.DOTALL)
_SECRET_NAME = re.compile(r"(pass|secret|token|community|credential)[\w-]*\Z", re.IGNORECASE)
NAME_MAX = 100
"""Longest name of an argument that is looked at."""


@dataclass(frozen=True, slots=True)
class GroupLine:
    """One line: a node and the resources of its group, in order."""

    home: Word
    resources: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class Spelling:
    """One resource word, taken apart."""

    word: str
    """What is looked up: ``Filesystem``, ``ocf:heartbeat:Filesystem``, ``IPaddr`` for a bare address."""
    arguments: tuple[str, ...]
    name: str
    """As written, but for the value of what looks like a secret."""


def read_lines(source: Source | None, found: Findings) -> list[GroupLine]:
    """Return the groups' lines with continuations joined."""
    lines: list[GroupLine] = []
    pending: list[Word] = []
    open_at = 0
    for number in clean_lines(source, found) if source else ():
        assert source is not None
        words, continued = _cut(source, number, found)
        pending += words
        if continued:
            open_at = number
            continue
        _finish(pending, lines, found)
        pending, open_at = [], 0
    if source is not None and open_at:
        message = "the last line ends with a backslash, and nothing follows"
        found.add(codes.CONTINUATION, source.place(open_at), message, mend="delete the backslash")
        _finish(pending, lines, found)
    if source is not None and not lines:
        found.add(
            codes.NO_GROUP,
            source.place(),
            "haresources names no group: there is nothing to keep alive",
            expected="NODE RESOURCE...",
            mend="write a line such as: NODE ADDRESS SCRIPT",
        )
    return lines


def _cut(source: Source, number: int, found: Findings) -> tuple[list[Word], bool]:
    """Return one physical line's words, and whether the next line belongs to it. Blanks after ``\\`` do not matter."""
    words: list[Word] = []
    everything = source.words(number)
    for word in everything:
        if word.text.startswith("#"):
            last = everything[-1]
            if last.text.endswith("\\") and words:
                message = "a backslash at the end of a comment continues nothing"
                found.add(codes.CONTINUATION, last.place, message, mend="put the comment on a line of its own")
            return words, False
        words.append(word)
    if not words or not words[-1].text.endswith("\\"):
        return words, False
    last = words.pop()
    if last.text != "\\":
        words.append(Word(last.text[:-1], last.place))
    return words, True


def _finish(words: list[Word], lines: list[GroupLine], found: Findings) -> None:
    if not words:
        return
    if len(words) == 1:
        message = f"the line of {words[0].text} names no resource"
        found.add(codes.NO_RESOURCE, words[0].place, message, expected="NODE RESOURCE...", mend="delete the line")
        return
    lines.append(GroupLine(words[0], tuple(words[1:])))


def spell(text: str) -> Spelling:
    """Take a resource word apart at ``::``, but not inside brackets; a bare IPv4 address means ``IPaddr``."""
    name = _hush(text)
    if _IPV4.match(text):
        return Spelling("IPaddr", (text,), name)
    parts = _parts(text)
    return Spelling(parts[0], tuple(parts[1:]), name)


def _parts(text: str) -> list[str]:
    """Cut at each ``::`` that stands in no closed pair of brackets. Takes time in proportion to the text."""
    cuts: list[re.Match[str]] = []
    closing = False
    for mark in reversed(list(re.finditer(r"::|\[|\]", text))):
        if mark[0] != "::":
            closing = mark[0] == "]"
        elif not closing:
            cuts.append(mark)
    starts = [0, *(cut.end() for cut in reversed(cuts))]
    ends = [*(cut.start() for cut in reversed(cuts)), len(text)]
    return [text[start:end] for start, end in zip(starts, ends, strict=True)]


def _hush(text: str) -> str:
    """Return the word with the values of its secrets replaced: it becomes a name that logs and journals show."""
    return "::".join(part if at is None else part[:at] + "***" for part in _parts(text) for at in [_secret_at(part)])


def _secret_at(part: str) -> int | None:
    """Return where the value of a ``password=...`` begins in an argument; None when there is none."""
    at = 0
    for name in part.split("=")[:-1]:
        at += len(name) + 1
        if _SECRET_NAME.search(name[-NAME_MAX:]) and at < len(part):
            return at
    return None


def hide_secrets(source: Source, word: Word) -> None:
    """Never show the values of arguments that look like secrets."""
    column = word.place.column
    for part in _parts(word.text):
        at = _secret_at(part)
        if at is not None:
            source.hide(word.place.line, column + at, column + len(part))
        column += len(part) + len("::")


def is_bare_ipv6(text: str) -> bool:
    """True for ``IPaddr2::fd00::1/64`` and ``fd00::1``: an address whose colons were cut as if they were ``::``;
    and for ``[fd00::1]``, which lacks its agent.
    """
    whole, behind = text.partition("/")[0], text.partition("::")[2].partition("/")[0]
    return any(_is_ipv6(candidate) for candidate in (whole, whole.removeprefix("[").removesuffix("]"), behind))


def _is_ipv6(text: str) -> bool:
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True
