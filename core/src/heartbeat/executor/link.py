"""The executor's end of the line to the daemon: one connection at a time, and answers that outlive it."""

import contextlib
import logging
import os
import selectors
import socket
from collections import deque
from collections.abc import Callable
from pathlib import Path

import msgspec

from heartbeat.wire.executor import Armed, Finished, Protected, Ready, Report, Request, Running
from heartbeat.wire.local import Malformed, Unpacker, pack

KEPT_ANSWERS = 256
"""Answers kept for the next daemon while there is none; the oldest are dropped first."""

_log = logging.getLogger("heartbeat.executor")
_decode_request = msgspec.msgpack.Decoder(Request).decode
_encode = msgspec.msgpack.Encoder().encode


def listen(path: Path) -> socket.socket:
    """Return a listening socket, mode 0600, in place of whatever socket lay there before."""
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    path.unlink(missing_ok=True)
    before = os.umask(0o177)
    try:
        listener.bind(str(path))
    finally:
        os.umask(before)
    listener.listen(4)
    listener.settimeout(0)
    return listener


def hold_socket(path: Path) -> socket.socket:
    """Return a bound socket for the daemon's datagrams, mode 0600, in place of whatever lay there before."""
    path.unlink(missing_ok=True)
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    before = os.umask(0o177)
    try:
        bound.bind(str(path))
    finally:
        os.umask(before)
    return bound


class Link:
    """Reads requests, writes reports. Every callback is called from the selector's loop.

    ``greet`` returns what a new daemon is told first; ``take`` gets each request; ``left`` is called when a
    connection ends.
    """

    def __init__(
        self,
        selector: selectors.BaseSelector,
        greet: Callable[[], list[Ready | Running | Protected | Armed]],
        take: Callable[[Request], None],
        left: Callable[[], None],
    ) -> None:
        self._selector = selector
        self._greet = greet
        self._take = take
        self._left = left
        self._connection: socket.socket | None = None
        self._unpacker = Unpacker()
        self._outbox: deque[tuple[Report, memoryview]] = deque()
        self._undelivered: deque[Finished] = deque(maxlen=KEPT_ANSWERS)

    def accept_from(self, listener: socket.socket) -> None:
        """Take connections of this listener; a new one replaces the old."""
        self._selector.register(listener, selectors.EVENT_READ, lambda: self._accept(listener))

    def attach(self, connection: socket.socket) -> None:
        """Speak over this connection from now on; the daemon of an older one counts as gone."""
        if self._connection is not None:
            self._hang_up()
        connection.settimeout(0)
        self._connection = connection
        self._unpacker = Unpacker()
        self._selector.register(connection, selectors.EVENT_READ, self._read)
        kept = list(self._undelivered)
        self._undelivered.clear()
        for report in [*self._greet(), *kept]:
            self.send(report)

    @property
    def is_open(self) -> bool:
        return self._connection is not None

    def send(self, report: Report) -> None:
        """Hand over a report; an answer that nobody listens to is kept for the next daemon."""
        if self._connection is None:
            if isinstance(report, Finished):
                self._undelivered.append(report)
            return
        self._outbox.append((report, memoryview(pack(_encode(report)))))
        if len(self._outbox) == 1:
            self._flush()

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):  # it hung up before we looked
            connection, _ = listener.accept()
            self.attach(connection)

    def _read(self) -> None:
        """Take all that has arrived, up to the end of the connection if that has come."""
        while self._connection is not None:
            try:
                chunk = self._connection.recv(65536)
            except BlockingIOError:
                return
            except OSError:
                chunk = b""
            if not (chunk and self._understood(chunk)):
                self._hang_up()

    def _understood(self, chunk: bytes) -> bool:
        """Take the requests that are complete now; False when what came is none."""
        try:
            for message in self._unpacker.feed(chunk):
                self._take(_decode_request(message))
        except (Malformed, msgspec.MsgspecError) as wrong:
            _log.error("the daemon's connection is closed: it sent what is no request (%s)", wrong)
            return False
        return True

    def _hang_up(self) -> None:
        self._drop()
        self._left()

    def _drop(self) -> None:
        if self._connection is None:
            return
        self._selector.unregister(self._connection)
        self._connection.close()
        self._connection = None
        self._undelivered.extend(report for report, _ in self._outbox if isinstance(report, Finished))
        self._outbox.clear()

    def _flush(self) -> None:
        """Write what the socket takes; the selector brings us back for the rest."""
        assert self._connection is not None
        try:
            while self._outbox:
                report, message = self._outbox[0]
                sent = self._connection.send(message, socket.MSG_NOSIGNAL)
                if sent < len(message):
                    self._outbox[0] = (report, message[sent:])
                else:
                    self._outbox.popleft()
        except BlockingIOError:
            pass
        except OSError:
            return  # it hung up; reading finds out
        self._selector.modify(
            self._connection,
            selectors.EVENT_READ | (selectors.EVENT_WRITE if self._outbox else 0),
            self._write_or_read if self._outbox else self._read,
        )

    def _write_or_read(self) -> None:
        self._flush()
        if self._connection is not None:
            self._read()
