"""What the words after a directive mean: one small parser for each kind of value.

Each takes the words and returns the typed value, or raises ValueError with what was expected.
"""

import re
from collections.abc import Callable, Sequence

from heartbeat.model.duration import parse_duration

Value = str | int | float | bool | tuple[str, ...]
Parser = Callable[[Sequence[str]], Value]

DURATION_MAX_S = 366 * 86400.0
"""A timer of more than a year is a slip of the pen."""

INTERVAL_MIN_S = 60.0
"""Some devices take one session: whoever asks them all the time keeps others out."""

_TRUE = ("true", "on", "yes", "y", "1")
_FALSE = ("false", "off", "no", "n", "0")
"""The spellings of heartbeat 3.0.6."""


class NotOneOf(ValueError):
    """The word is none of a few that are allowed."""

    def __init__(self, expected: str, allowed: Sequence[str]) -> None:
        super().__init__(expected)
        self.allowed = tuple(allowed)


def words(given: Sequence[str]) -> Value:
    """Any words, as they are."""
    return tuple(given)


def text(given: Sequence[str]) -> Value:
    """One word."""
    return given[0]


def duration(given: Sequence[str]) -> Value:
    """Seconds; a number may stand apart from its unit."""
    expected = "a duration above zero, at most a year: 200ms, 1.5 (seconds), 2min"
    try:
        seconds = parse_duration(" ".join(given))
    except ValueError:
        raise ValueError(expected) from None
    if not 0 < seconds <= DURATION_MAX_S:
        raise ValueError(expected)
    return seconds


def delay(given: Sequence[str]) -> Value:
    """Seconds; zero is allowed."""
    if re.fullmatch(r"0+(\.0*)?\s*(us|ms|s|min)?", " ".join(given)):
        return 0.0
    try:
        return duration(given)
    except ValueError:
        raise ValueError("0, or a duration of at most a year: 200ms, 1.5 (seconds), 2min") from None


def interval(given: Sequence[str]) -> Value:
    """Seconds between two of something that costs a little: a minute at least."""
    expected = "a duration of a minute at least, at most a year: 10min, 1h; or off"
    try:
        seconds = duration(given)
    except ValueError:
        raise NotOneOf(expected, ()) from None
    if not isinstance(seconds, float) or seconds < INTERVAL_MIN_S:
        raise NotOneOf(expected, ())
    return seconds


def boolean(given: Sequence[str]) -> Value:
    word = given[0].lower()
    if word not in _TRUE + _FALSE:
        raise NotOneOf("yes or no (also true, on, y, 1, false, off, n, 0)", _TRUE + _FALSE)
    return word in _TRUE


def choice(*allowed: str) -> Parser:
    """Return a parser for one of these words, in any case."""

    def parse(given: Sequence[str]) -> Value:
        if given[0].lower() not in allowed:
            raise NotOneOf("one of " + ", ".join(allowed), allowed)
        return given[0].lower()

    return parse


def either(first: Parser, second: Parser) -> Parser:
    """Return a parser that takes the words of either; the first that fits decides."""

    def parse(given: Sequence[str]) -> Value:
        try:
            return first(given)
        except NotOneOf as one:
            try:
                return second(given)
            except NotOneOf as other:
                raise NotOneOf(f"{one}; or {other}", one.allowed + other.allowed) from None

    return parse


def number(least: int, most: int) -> Parser:
    """Return a parser for a whole number within these bounds."""

    def parse(given: Sequence[str]) -> Value:
        if not re.fullmatch(r"[0-9]{1,12}", given[0]) or not least <= int(given[0]) <= most:
            raise ValueError(f"a whole number from {least} to {most}")
        return int(given[0])

    return parse


def path(given: Sequence[str]) -> Value:
    if not given[0].startswith("/"):
        raise ValueError("an absolute path")
    return given[0]


def every(allowed: Sequence[str]) -> Parser:
    """Return a parser for any number of words, each one of these."""

    def parse(given: Sequence[str]) -> Value:
        if any(word.lower() not in allowed for word in given):
            raise NotOneOf("words out of " + ", ".join(allowed), allowed)
        return tuple(word.lower() for word in given)

    return parse


def assignment(given: Sequence[str]) -> Value:
    """NAME=VALUE, the name fit for an environment variable; the value may hold blanks."""
    name, equals, value = " ".join(given).partition("=")
    if not equals or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,99}", name):
        raise ValueError("NAME=VALUE, the name of letters, digits and _")
    return (name, value)
