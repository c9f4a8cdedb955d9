"""Talking to a device in text: what telnet menus and serial lines have in common.

For drivers: text goes out, text comes in, every wait has an end, and no error tells what was said, because that may
have been a password or its echo.
"""

import contextlib
import errno
import os
import re
import select
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from heartbeat.plugin.errors import PluginError, TimedOut

HEARD_MAX = 256 * 1024
"""Characters kept while waiting; the longest list of outlets has some thousands."""

SEND_S = 5.0
"""Longest time in which a line takes nothing; then its other end is gone."""

_LINE_END = re.compile(r"\r*\n\r*|\r+")
"""CR LF, LF CR, CR CR LF and CR alone each end one line; CR NUL too, once the NUL is gone (RFC 854)."""


class HungUp(PluginError):
    """The device ended the conversation. An order under way may have been carried out or not."""


class Line(Protocol):
    """Bytes to and from a device."""

    def send(self, data: bytes) -> None:
        """Send all of it. Raises OSError."""

    def receive(self, within_s: float) -> bytes:
        """Return what has come, at least one byte, none at the end. Raises TimeoutError and other OSErrors."""

    def close(self) -> None:
        """Release it; also after an error."""


class DescriptorLine:
    """A line over an open descriptor, such as that of a serial port. ``close`` closes what it belongs to.

    ``noise``: bytes that are never part of an answer, such as the alerts of a UPS, which come at any moment.
    """

    def __init__(self, descriptor: int, close: Callable[[], None], noise: bytes = b"") -> None:
        self._descriptor = descriptor
        self._noise = noise
        self.close = close

    def send(self, data: bytes) -> None:
        while data:
            if not select.select([], [self._descriptor], [], SEND_S)[1]:
                raise TimeoutError(errno.ETIMEDOUT, "nothing can be sent")
            data = data[os.write(self._descriptor, data) :]

    def receive(self, within_s: float) -> bytes:
        until_s = time.monotonic() + within_s
        while select.select([self._descriptor], [], [], max(until_s - time.monotonic(), 0))[0]:
            piece = os.read(self._descriptor, 4096)
            text = piece.translate(None, self._noise)
            if text or not piece:
                return text
        raise TimeoutError


@dataclass(frozen=True, slots=True)
class Heard:
    """What a device said up to the first text that was waited for."""

    text: str
    """All of it, that text included; lines end with LF."""
    match: re.Match[str]


class Conversation:
    """One conversation with a device. Use it as a context: it closes its line.

    ``place`` names the device in errors, ``answer_s`` bounds each answer and ``total_s`` all of it, in seconds.
    """

    def __init__(self, line: Line, place: str, *, answer_s: float, total_s: float) -> None:
        self.place = place
        self._line = line
        self._answer_s = answer_s
        self._deadline_s = time.monotonic() + total_s
        self._raw = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._line.close()

    def say(self, text: str) -> None:
        """Send a text as it is: the line's end belongs to it. Raises HungUp."""
        try:
            self._line.send(text.encode("latin-1", "replace"))
        except OSError as wrong:
            raise HungUp(f"{self.place} ended the conversation: {wrong.strerror}") from None

    def hear(self, *forms: str, what: str, within_s: float | None = None) -> Heard:
        """Wait until the device has said what one of the regular expressions finds (``^`` is the start of a line).

        ``what`` names it in errors; ``within_s`` replaces the limit of one answer. What is heard is used up to the end
        of the find, the earliest of several. Raises TimedOut, HungUp, and PluginError for talk without end.
        """
        limit_s = self._answer_s if within_s is None else within_s
        until_s = min(time.monotonic() + limit_s, self._deadline_s)
        while True:
            if heard := self._find(forms):
                return heard
            if len(self._raw) > HEARD_MAX:
                raise PluginError(f"{self.place} talks without end; expected {what}")
            self._receive(until_s, f"{self.place}: no {what} within {limit_s:g} s")

    def forget(self, quiet_s: float = 0.0) -> None:
        """Drop what was said so far, until nothing comes for so many seconds. Raises HungUp and TimedOut."""
        self._raw = ""
        while time.monotonic() < self._deadline_s:
            try:
                self._receive(time.monotonic() + quiet_s, "")
            except TimedOut:
                return
            self._raw = ""
        raise TimedOut(f"{self.place} is never quiet")

    def leave(self, text: str, within_s: float = 1.0) -> None:
        """Say the last words and wait until the device has hung up, or so long: what goes wrong now harms nobody."""
        self._deadline_s = max(self._deadline_s, time.monotonic() + within_s)
        with contextlib.suppress(HungUp, TimedOut):
            self.say(text)
            self.hear(r"(?!)", what="end", within_s=within_s)

    def _receive(self, until_s: float, problem: str) -> None:
        try:
            piece = self._line.receive(until_s - time.monotonic())
        except TimeoutError:
            raise TimedOut(problem) from None
        except OSError as wrong:
            raise HungUp(f"{self.place} ended the conversation: {wrong.strerror}") from None
        if not piece:
            raise HungUp(f"{self.place} ended the conversation")
        self._raw += piece.decode("latin-1").replace("\0", "")

    def _find(self, forms: tuple[str, ...]) -> Heard | None:
        whole = self._raw.rstrip("\r")  # a CR at the end may be half of a line's end
        text = _LINE_END.sub("\n", whole)
        found = [match for form in forms if (match := re.search(form, text, re.MULTILINE))]
        if not found:
            return None
        match = min(found, key=lambda it: it.start())
        self._raw = text[match.end() :] + self._raw[len(whole) :]
        return Heard(text[: match.end()], match)
