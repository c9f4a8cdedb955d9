"""A driver for a toy switch with a telnet menu: eight outlets, names of ten characters, one session."""

import socket
import time
from types import TracebackType
from typing import Self

from heartbeat.plugin import (
    AccessDenied,
    BadHost,
    Param,
    ParamKind,
    Params,
    PluginError,
    Power,
    ResetFailed,
    StonithDevice,
    TimedOut,
    Unreachable,
)

NAME_MAX = 10
IAC = 255


class Toy(StonithDevice):
    """A toy switch over telnet. One session for lookup, order and read-back; it is always logged out of."""

    api = 1
    title = "toy switch with a telnet menu"
    params = (
        Param("ipaddr", ParamKind.HOST, required=True, example="10.0.0.7", help="Where it is."),
        Param("port", ParamKind.PORT, default=23, example="23", help="Its port."),
        Param("password", ParamKind.SECRET, required=True, example="secret", help="Of the menu."),
        Param(
            "timeout", ParamKind.SECONDS, default=5.0, minimum=0.05, maximum=60, example="5", help="For one session."
        ),
    )
    positional = ("ipaddr", "password")
    worst_off_s = 5.0

    def hosts(self) -> list[str]:
        with Session(self.settings) as session:
            return list(dict.fromkeys(name for _, name, _ in session.outlets()))

    def power(self, host: str) -> Power:
        with Session(self.settings) as session:
            states = {on for _, name, on in session.outlets() if same(name, host)}
            if not states:
                raise BadHost(f"toy: no outlet is called {host!r}")
            return Power.OFF if states == {"OFF"} else Power.ON if "ON" in states else Power.UNKNOWN

    def switch(self, host: str, power: Power) -> None:
        if power is Power.UNKNOWN:
            raise ValueError("a host is switched on or off")
        with Session(self.settings) as session:
            numbers = [number for number, name, _ in session.outlets() if same(name, host)]
            if not numbers:
                raise BadHost(f"toy: no outlet is called {host!r}")
            for number in numbers:
                session.order(number, power.name)


def same(name: str, host: str) -> bool:
    """Is it the whole name? A longer one than the device can hold is nobody's."""
    return len(host.strip()) <= NAME_MAX and name.lower() == host.strip().lower() != ""


class Session:
    """One session, logged in."""

    def __init__(self, settings: Params) -> None:
        self._place = (settings.text("ipaddr"), int(settings.number("port")))
        self._password = settings.secret("password")
        self._limit_s = settings.number("timeout")
        self._deadline_s = time.monotonic() + self._limit_s
        self._heard = b""

    def __enter__(self) -> Self:
        try:
            self._line = socket.create_connection(self._place, self._limit_s)
        except OSError as wrong:
            raise Unreachable(f"toy: {self._place[0]} cannot be reached: {wrong}") from None
        try:
            self._until(b"Password: ")
            self._say(self._password.reveal())
            if "Wrong" in self._until(b"> ", b"Wrong\r\n"):
                raise AccessDenied(f"toy: {self._place[0]} refuses the password")
        except BaseException:
            self._line.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._line:
            try:
                self._say("bye")
                while self._line.recv(4096):
                    pass
            except (OSError, PluginError):
                return

    def outlets(self) -> list[tuple[int, str, str]]:
        """Return number, name and state of each."""
        self._say("list")
        text = self._until(b"> ")
        table, end, _ = text.partition("end of list")
        if not end:
            raise PluginError(f"toy: {self._place[0]} broke its list off")
        found = []
        for row in table.splitlines():
            number, _, rest = row.partition("|")
            name, _, state = rest.partition("|")
            if state.strip() in ("ON", "OFF") and number.strip().isdigit():
                found.append((int(number), name.strip(), state.strip()))
        return found

    def order(self, number: int, word: str) -> None:
        """Order one outlet."""
        self._say(f"{word} {number}")
        answer = self._until(b"> ")
        if "Done" not in answer:
            raise ResetFailed(f"toy: {self._place[0]} refuses to switch outlet {number}")

    def _say(self, text: str) -> None:
        try:
            self._line.sendall(text.encode() + b"\r\n")
        except OSError as wrong:
            raise PluginError(f"toy: {self._place[0]} hung up: {wrong}") from None

    def _until(self, *ends: bytes) -> str:
        """Return what is said up to one of the ends."""
        while True:
            for end in ends:
                text, found, rest = self._heard.partition(end)
                if found:
                    self._heard = rest
                    return (text + found).decode("ascii", "replace")
            left_s = self._deadline_s - time.monotonic()
            try:
                if left_s <= 0:
                    raise TimeoutError
                self._line.settimeout(left_s)
                piece = self._line.recv(4096)
            except TimeoutError:
                raise TimedOut(f"toy: {self._place[0]} did not answer within {self._limit_s:g} s") from None
            except OSError as wrong:
                raise PluginError(f"toy: {self._place[0]} hung up: {wrong}") from None
            if not piece:
                raise PluginError(f"toy: {self._place[0]} hung up in the middle")
            self._heard = plain(self._heard + piece)


def plain(heard: bytes) -> bytes:
    """Return it without telnet's commands; one that is not whole yet stays."""
    kept, at = bytearray(), 0
    while at < len(heard):
        if heard[at] != IAC:
            kept.append(heard[at])
            at += 1
        elif len(heard) - at < 3:
            return bytes(kept) + heard[at:]
        else:
            at += 3
    return bytes(kept)
