"""The process that writes what supervisor and executor log: a file on a disk that hangs holds up it, and nobody else.

The daemon has a thread for that (``Log``). These two fork all the time, and a fork takes no thread along. Their lines
go through a socket instead, which takes some hundreds and then refuses; everybody that is forked may log.
"""

import os
import signal
import socket
from collections.abc import Callable

import msgspec

from heartbeat.daemon.children import Child
from heartbeat.daemon.log import Level, Line, Sinks

TEXT_MAX = 8192
"""Characters of one line; what is longer is cut off."""
RECORD_MAX = 64 * 1024
"""Bytes that one line can become."""

_Record = tuple[float, str, str]
_decoder = msgspec.msgpack.Decoder(_Record)


class LogPipe:
    """Takes lines and never waits: what finds no room is counted, and told before the next line that finds some."""

    def __init__(self, *, debugging: bool) -> None:
        self.debugging = debugging
        self._out, self._in = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._in.setblocking(False)
        self._lost = 0
        """Lines of this process; each that is forked counts its own."""

    def write(self, line: Line) -> bool:
        """Hand one line over; returns False when it is lost."""
        lost = Line(line.wall_s, Level.WARNING, f"{self._lost} lines were lost: the log did not keep up")
        if self._lost and self._put(lost):
            self._lost = 0
        is_taken = self._put(line)
        self._lost += not is_taken
        return is_taken

    def _put(self, line: Line) -> bool:
        record = msgspec.msgpack.encode((line.wall_s, line.level.name, line.text[:TEXT_MAX]))
        return self._send(record)

    def _send(self, record: bytes) -> bool:
        try:
            self._in.send(record)
        except OSError:  # full, or whoever read is gone
            return False
        return True

    def only_write(self) -> None:
        """In whoever logs and does not read: a log process that is gone for good is noticed, not filled."""
        self._out.close()

    def close(self) -> None:
        """In whoever does neither."""
        self._out.close()
        self._in.close()

    def end(self) -> None:
        """Tell the log process that nothing more comes; whoever kept an end open does not matter then."""
        self._send(b"")

    def pour(self, sinks: Sinks) -> None:
        """Be the reading end: write lines as they come, until the end is told or everybody else is gone."""
        self._in.close()
        while record := self._out.recv(RECORD_MAX):
            wall_s, level, text = _decoder.decode(record)
            sinks.write(Line(wall_s, Level[level], text))
        sinks.close()


class LogProcess:
    """The supervisor's end of it: started, and started again when it dies; what waits then is written by the next."""

    def __init__(self, sinks: Sinks, let_go: Callable[[], None]) -> None:
        """``let_go`` closes, in the fork, what the supervisor has open and a log must not keep."""
        self.pipe = LogPipe(debugging=sinks.debugging)
        self.child = Child("log", self._pour)
        self._sinks, self._let_go = sinks, let_go

    def end(self, patience_s: float) -> None:
        """Let it write what waits, for at most that long; one that hangs is left behind."""
        self.pipe.end()
        self.child.end(patience_s, ask=0)
        self.pipe.close()

    def _pour(self) -> int:
        """Signals that go to all of heartbeat, a terminal's or systemd's, leave this one to write what they cause."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        os.chdir("/")
        self._let_go()
        self.pipe.pour(self._sinks)
        return 0
