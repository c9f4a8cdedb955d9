"""logfile, debugfile, logfacility and stderr: lines go through a thread of their own and never hold up the beat."""

import enum
import os
import select
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import msgspec

from heartbeat.config.cluster_config import LogConfig
from heartbeat.daemon.inbox import Inbox

QUEUE_MAX = 2048
"""Lines that may wait; what comes beyond is dropped and counted in the next line that gets through."""
SELDOM_S = 60.0
"""A line that could come with every frame is written at most once in this time, with the number left out."""


class Level(enum.Enum):
    """Value: the word in the line, and the severity of RFC 5424, section 6.2.1."""

    DEBUG = ("debug", 7)
    INFO = ("info", 6)
    WARNING = ("WARN", 4)
    ERROR = ("ERROR", 3)

    @property
    def word(self) -> str:
        return self.value[0]

    @property
    def severity(self) -> int:
        return self.value[1]


class Line(msgspec.Struct, frozen=True):
    wall_s: float
    level: Level
    text: str


class Log:
    """What the daemon says. Every call returns at once; only ``start`` and ``close`` know of the thread."""

    def __init__(self, sinks: "Sinks", clock: Callable[[], float] = time.monotonic, queue_max: int = QUEUE_MAX) -> None:
        self._sinks = sinks
        self._clock = clock
        self._inbox: Inbox[Line] = Inbox(queue_max)
        self._dropped = 0
        self._quiet: dict[str, tuple[float, int]] = {}
        self._thread: threading.Thread | None = None

    def start(self, prepare: Callable[[], None]) -> None:
        self._thread = threading.Thread(target=self._run, args=(prepare,), name="log", daemon=True)
        self._thread.start()

    def debug(self, text: str) -> None:
        if self._sinks.debugging:
            self._put(Level.DEBUG, text)

    def info(self, text: str) -> None:
        self._put(Level.INFO, text)

    def warning(self, text: str) -> None:
        self._put(Level.WARNING, text)

    def error(self, text: str) -> None:
        self._put(Level.ERROR, text)

    def seldom(self, key: str, text: str) -> None:
        """Warn, but at most once in SELDOM_S for this key."""
        now_s = self._clock()
        next_s, left_out = self._quiet.get(key, (0.0, 0))
        if now_s < next_s:
            self._quiet[key] = (next_s, left_out + 1)
            return
        self._quiet[key] = (now_s + SELDOM_S, 0)
        self._put(Level.WARNING, f"{text} ({left_out} more like this since the last line)" if left_out else text)

    def close(self, patience_s: float) -> None:
        """Write what waits, for at most that long."""
        self._inbox.close()
        if self._thread is not None:
            self._thread.join(patience_s)

    def _put(self, level: Level, text: str) -> None:
        if not self._inbox.put(Line(time.time(), level, text)):
            self._dropped += 1

    def _run(self, prepare: Callable[[], None]) -> None:
        prepare()
        while (lines := self._inbox.take(64)) is not None:
            dropped, self._dropped = self._dropped, 0
            if dropped:
                lines.append(Line(time.time(), Level.WARNING, f"{dropped} lines were lost: the log did not keep up"))
            for line in lines:
                self._sinks.write(line)
        self._sinks.close()


class Sink(Protocol):
    """One place that lines go to. Problems of one never stop the others, so ``write`` raises nothing."""

    def write(self, line: Line, text: str) -> None: ...

    def close(self) -> None: ...


class Sinks:
    """Everything that one line is written to, behind Log in the daemon and behind the log's process elsewhere."""

    def __init__(self, config: LogConfig, node: str) -> None:
        self._node = node
        self.debugging = bool(config.debug or config.debugfile)
        self._all: list[Sink] = []
        self._debug: list[Sink] = []
        if config.debugfile:
            self._debug.append(FileSink(Path(config.debugfile)))
        if config.logfile and config.logfile != config.debugfile:
            self._all.append(FileSink(Path(config.logfile)))
        if config.logfacility and config.logfacility.lower() != "none":
            self._all.append(SyslogSink(config.logfacility))
        (self._debug if config.debug else self._all).append(StderrSink())

    def write(self, line: Line) -> None:
        """Write one line everywhere it belongs; a file or socket that refuses is tried again with the next line."""
        text = f"{_stamp(line.wall_s)} {self._node} {line.level.word}: {line.text}"
        for sink in self._debug:
            sink.write(line, text)
        if line.level is not Level.DEBUG:
            for sink in self._all:
                sink.write(line, text)

    def close(self) -> None:
        """Let go of files and sockets; a line that still comes opens them again."""
        for sink in (*self._debug, *self._all):
            sink.close()


class FileSink:
    """Appends to a file, which is opened anew when logrotate has moved it away. A pipe that nobody reads, or that is
    full, is a file that cannot be written: the lines go to the other places all the same."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd = -1
        self._inode = (0, 0)
        self._complained = False

    def write(self, line: Line, text: str) -> None:
        try:
            self._follow()
            os.write(self._fd, f"{text}\n".encode(errors="replace"))
        except OSError as wrong:
            if not self._complained:
                self._complained = True
                StderrSink().write(line, f"{self._path} cannot be written: {wrong.strerror}; its lines are lost")

    def _follow(self) -> None:
        if self._fd >= 0:
            try:
                found = self._path.stat()
            except FileNotFoundError:
                found = None
            if found and (found.st_dev, found.st_ino) == self._inode:
                return
            self.close()
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
        self._fd = os.open(self._path, flags, 0o640)
        status = os.fstat(self._fd)
        self._inode = (status.st_dev, status.st_ino)

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


class StderrSink:
    """Writes to stderr when that takes a line at once: a stopped terminal loses lines and stops nobody."""

    def write(self, line: Line, text: str) -> None:
        del line
        descriptor = sys.__stderr__.fileno() if sys.__stderr__ is not None else 2
        try:
            ready = select.poll()
            ready.register(descriptor, select.POLLOUT)
            if ready.poll(0):
                os.write(descriptor, f"{text}\n".encode(errors="replace"))
        except OSError:
            return  # closed by whoever started us: there is nobody left to tell

    def close(self) -> None:
        """It is not ours to close."""


class SyslogSink:
    """RFC 3164 datagrams to the local syslog, without waiting: what it does not take at once is lost."""

    SOCKET = "/dev/log"
    FACILITIES = (
        *("kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news"),
        *("uucp", "cron", "authpriv", "ftp", "ntp", "audit", "alert", "clock"),
        *(f"local{number}" for number in range(8)),
    )
    """Position is the facility's number (RFC 3164, section 4.1.1)."""

    def __init__(self, facility: str, path: str = SOCKET) -> None:
        name = facility.lower()
        self._facility = self.FACILITIES.index(name) if name in self.FACILITIES else self.FACILITIES.index("daemon")
        self._path = path
        self._socket: socket.socket | None = None

    def write(self, line: Line, text: str) -> None:
        del text
        priority = self._facility * 8 + line.level.severity
        stamp = time.strftime("%b %e %H:%M:%S", time.localtime(line.wall_s))
        said = f"<{priority}>{stamp} heartbeat[{os.getpid()}]: {line.level.word}: {line.text}"
        try:
            self._connected().send(said.encode(errors="replace"))
        except OSError:
            self.close()

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _connected(self) -> socket.socket:
        if self._socket is None:
            made = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
            try:
                made.connect(self._path)
            except OSError:
                made.close()
                raise
            self._socket = made
        return self._socket


def _stamp(wall_s: float) -> str:
    """Local time with milliseconds, sortable: ``2026-01-31 23:59:59.042``."""
    return f"{time.strftime('%Y-%m-%d %H:%M:%S', time.localtime(wall_s))}.{int(wall_s % 1 * 1000):03d}"
