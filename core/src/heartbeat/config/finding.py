"""Findings: what is wrong, doubtful or worth knowing about a configuration, each with its place and its mend."""

import difflib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from heartbeat.config.codes import CODES, Code, Severity

__all__ = ["CODES", "Code", "Finding", "Findings", "Place", "Severity"]

SAME_MAX = 100
"""Findings of one code that are kept of one file: nobody mends more at once, and a wrong file has thousands."""
QUESTIONS_MAX = 300
"""How often the nearest word is looked for in one reading: it is the slowest step of all."""
TEXT_MAX = 500
"""Longest message, in characters; what it quotes may be as long as a line."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where something stands. Line and column count from 1; 0 means the file as a whole."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return ":".join([self.file, *(str(number) for number in (self.line, self.column) if number)])


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to tell about the configuration. No text of it ever holds a secret."""

    code: str
    """Stable: ``HB-C012``; ``docs/findings.md`` has a section for it."""
    severity: Severity
    file: str
    line: int
    column: int
    message: str
    expected: str = ""
    nearest: str = ""
    """The right word that a wrong one most resembles."""
    mend: str = ""
    """What to do, as an instruction."""

    @property
    def place(self) -> Place:
        return Place(self.file, self.line, self.column)

    def __str__(self) -> str:
        return f"{self.place}: {self.severity.value} {self.code}: {self.message}"


class Findings:
    """Collects findings while the files are read, and hands them out in order of file and place."""

    def __init__(self, files: Iterable[str] = ("ha.cf", "haresources", "authkeys")) -> None:
        self._files = {name: index for index, name in enumerate(files)}
        self._all: list[Finding] = []
        self._seen: Counter[tuple[str, str]] = Counter()
        self._questions = 0

    def add(
        self, code: Code, place: Place, message: str, *, expected: str = "", nearest: str = "", mend: str = ""
    ) -> None:
        """Record one finding at a place; of a hundred alike, the last says that there are more."""
        self._seen[code.code, place.file] += 1
        more = self._seen[code.code, place.file] - SAME_MAX
        if more > 0:
            return
        if more == 0:
            message += f" (the last of {SAME_MAX} that are told; there may be more of {code.code} in this file)"
        texts = (_clipped(text) for text in (message, expected, nearest, mend))
        self._all.append(Finding(code.code, code.severity, place.file, place.line, place.column, *texts))

    def nearest(self, word: str, words: Callable[[], Iterable[str]]) -> str:
        """Return which of the words this one most resembles, ignoring case; empty when none is near.

        After ``QUESTIONS_MAX`` questions the answer is always empty.
        """
        self._questions += 1
        if self._questions > QUESTIONS_MAX:
            return ""
        by_fold = {known.lower(): known for known in sorted(words(), reverse=True)}
        near = difflib.get_close_matches(word.lower()[:100], list(by_fold), 1, 0.6)
        return by_fold[near[0]] if near else ""

    def take(self, others: "Findings") -> None:
        """Add all of another collection."""
        self._all += others._all

    def __iter__(self) -> Iterator[Finding]:
        def order(finding: Finding) -> tuple[int, Place, str]:
            return (self._files.get(finding.file, len(self._files)), finding.place, finding.code)

        return iter(sorted(dict.fromkeys(self._all), key=order))

    @property
    def errors(self) -> int:
        return sum(finding.severity is Severity.ERROR for finding in self._all)


def _clipped(text: str) -> str:
    """Return one line of bounded length, without characters that move a terminal: plugins' errors are quoted too."""
    text = re.sub(r"[\x00-\x1f\x7f-\x9f]+", " ", text)
    return text if len(text) <= TEXT_MAX else text[: TEXT_MAX - 4] + " ..."
