"""A driver for a toy switch on a serial line: ten plugs, one answer for each line, a map of hosts to plugs."""

import fcntl
import os
import select
import termios
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager

from heartbeat.plugin import (
    BadHost,
    Param,
    ParamKind,
    PluginError,
    Power,
    ResetFailed,
    StonithDevice,
    TimedOut,
    Unreachable,
)


class ToySerial(StonithDevice):
    """A toy switch on a serial line, opened exclusively for each call. It can be asked for each plug."""

    api = 1
    title = "toy switch on a serial line"
    params = (
        Param("device", ParamKind.PATH, required=True, example="/dev/ttyS0", help="The line."),
        Param("hosts", ParamKind.HOSTS, required=True, example="node1 node2", help="Hosts of plugs 0, 1 and so on."),
        Param("timeout", ParamKind.SECONDS, default=5.0, minimum=0.05, maximum=60, example="5", help="For an answer."),
    )
    positional = ("device", "hosts")
    worst_off_s = 5.0

    def hosts(self) -> list[str]:
        with self._line() as line:
            answer = self._ask(line, "?")
        if answer != "Ready":
            raise PluginError(f"toy: {self._path} answered what no toy switch answers")
        return list(self.settings.hosts("hosts"))

    def power(self, host: str) -> Power:
        plug = self._plug(host)
        with self._line() as line:
            answer = self._ask(line, f"{plug} ?")
        if answer == f"Plug {plug} Off":
            return Power.OFF
        if answer == f"Plug {plug} On":
            return Power.ON
        raise PluginError(f"toy: {self._path} answered what is no state of plug {plug}")

    def switch(self, host: str, power: Power) -> None:
        if power is Power.UNKNOWN:
            raise ValueError("a host is switched on or off")
        plug = self._plug(host)
        with self._line() as line:
            answer = self._ask(line, f"{plug} {power.name}")
        if answer != f"Plug {plug} Complete":
            raise ResetFailed(f"toy: {self._path} refuses to switch plug {plug}")

    @property
    def _path(self) -> str:
        return self.settings.text("device")

    def _plug(self, host: str) -> int:
        names = [name.lower() for name in self.settings.hosts("hosts")]
        if host.strip().lower() not in names:
            raise BadHost(f"toy: {host!r} is on no plug of {self._path}")
        return names.index(host.strip().lower())

    @contextmanager
    def _line(self) -> Iterator[int]:
        try:
            line = os.open(self._path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        except OSError as wrong:
            raise Unreachable(f"toy: {self._path}: {wrong.strerror}") from None
        try:
            fcntl.flock(line, fcntl.LOCK_EX | fcntl.LOCK_NB)
            tty.setraw(line)
            termios.tcflush(line, termios.TCIFLUSH)
            yield line
        except BlockingIOError:
            raise Unreachable(f"toy: {self._path} is in use") from None
        finally:
            os.close(line)

    def _ask(self, line: int, text: str) -> str:
        limit_s = self.settings.number("timeout")
        deadline_s = time.monotonic() + limit_s
        os.write(line, text.encode() + b"\r")
        heard = b""
        while not heard.endswith(b"\r\n"):
            left_s = deadline_s - time.monotonic()
            if left_s <= 0 or not select.select([line], [], [], left_s)[0]:
                raise TimedOut(f"toy: {self._path} did not answer within {limit_s:g} s")
            heard += os.read(line, 1)
        return heard.decode("ascii", "replace").strip()
