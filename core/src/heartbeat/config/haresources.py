r"""haresources as its lines say it: ``NODE RES RES ...``, with ``\`` continuation and ``#`` comments."""

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass

from heartbeat.config import codes
from heartbeat.config.finding import Findings
from heartbeat.config.source import Source, Word, clean_lines

_IPV4 = re.compile(r"\d{1,3}(\.\d{1,3}){3}(/.*)?\Z", re.DOTALL)
_SECRET = re.compile(r"(?i)([\w-]*(?:pass|secret|token|community|credential)[\w-]*=)(?!\Z).+")


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
    parts = re.split(r"::(?![^\[]*\])", text)
    return Spelling(parts[0], tuple(parts[1:]), name)


def _hush(text: str) -> str:
    """Return the word with the values of its secrets replaced: it becomes a name that logs and journals show."""
    return "::".join(_SECRET.sub(r"\1***", part) for part in re.split(r"::(?![^\[]*\])", text))


def names_of(heard: Iterable[str]) -> set[str]:
    """Return what a line of ha.cf may write for these words of haresources: a type, or a whole resource."""
    return {name for spelling in map(spell, heard) for name in (spelling.word, spelling.name)}


def hide_secrets(source: Source, word: Word) -> None:
    """Never show the values of arguments that look like secrets."""
    offset = 0
    for part in re.split(r"(::(?![^\[]*\]))", word.text):
        match = _SECRET.search(part)
        if match:
            start = word.place.column + offset + match.end(1)
            source.hide(word.place.line, start, word.place.column + offset + len(part))
        offset += len(part)


def is_bare_ipv6(text: str) -> bool:
    """True for ``IPaddr2::fd00::1/64`` and ``fd00::1``: an address whose colons were cut as if they were ``::``."""
    candidates = [text, text.partition("::")[2]]
    for candidate in candidates:
        address = candidate.partition("/")[0].strip("[]")
        try:
            ipaddress.IPv6Address(address)
        except ValueError:
            continue
        return ":" in address
    return False
