"""The brick of a telnet menu: a page of states served on a TCP port of loopback. Needs no pytest.

>>> page = {
...     "login": State("Password: ", {"secret": Reply("Welcome\\r\\n", "menu")}, unknown=Reply("Wrong\\r\\n", END)),
...     "menu": State("> ", {"bye": Reply(state=END)}),
... }
>>> with contextlib.closing(TelnetMenu(page, "login")) as menu:
...     with socket.create_connection(("127.0.0.1", menu.port)) as line, line.makefile("rb") as heard:
...         line.sendall(b"secret\\r\\nbye\\r\\n")
...         heard.read()
b'\\xff\\xfb\\x01\\xff\\xfb\\x03Password: Welcome\\r\\n> '
"""

import contextlib
import socket
import threading
from collections.abc import Collection, Mapping
from typing import Self

from heartbeat.testing.device import Fault
from heartbeat.testing.dialogue import END, Dialogue, Reply, State
from heartbeat.testing.keyboard import Keyboard
from heartbeat.testing.wire import HungUp, Wire

__all__ = ["END", "Reply", "State", "TelnetMenu"]

HELLO = bytes([255, 251, 1, 255, 251, 3])
"""IAC WILL ECHO, IAC WILL SUPPRESS-GO-AHEAD (RFC 854, 857, 858): a driver must strip them."""

GRACE_S = 2.0
"""How long a further session waits for the one before to be gone, before it is told that there is one."""


class TelnetMenu:
    """Serves the page to so many sessions at once (most devices: one); a further one is told so and closed.

    ``keys``: characters that act without ENTER, each a line of its own to the page. ``echoes``: the states in which
    what is typed is sent back.
    """

    FAULTS = Wire.FAULTS | {
        Fault.UNREACHABLE, Fault.BUSY, Fault.BREAKS_OFF, Fault.CUT_OFF, Fault.LOSES_ORDER, Fault.HANGS_UP,
    }  # fmt: skip

    def __init__(
        self,
        page: Mapping[str, State],
        start: str,
        *,
        sessions: int = 1,
        hello: bytes = HELLO,
        keys: str = "",
        echoes: Collection[str] = (),
    ) -> None:
        self.wire = Wire()
        self.abandoned = 0
        """Sessions that the client ended without a log-out, after it had come further than the start."""
        self._page, self._start, self._sessions, self._hello = page, start, sessions, hello
        self._keys, self._echoes = keys, echoes
        self._fault: Fault | None = None
        self._ended = threading.Event()
        self._open: set[socket.socket] = set()
        self._lock = threading.Condition()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    def misbehave(self, fault: Fault) -> Self:
        """Start one of ``FAULTS``."""
        self._fault = self.wire.fault = fault
        if fault is Fault.UNREACHABLE:
            self._stop_listening()
        return self

    def close(self) -> None:
        """End all sessions and release the port."""
        self._ended.set()
        with self._lock:
            self._lock.notify_all()
        self._stop_listening()
        with self._lock:
            for line in self._open:
                with contextlib.suppress(OSError):
                    line.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)

    def _stop_listening(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._accepting.join(5)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                line, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                is_busy = self._fault is Fault.BUSY
                # Who has just closed may come again at once: a moment for the end of the old session to be noticed.
                is_full = is_busy or not self._lock.wait_for(self._has_room, GRACE_S)
                self._open |= set() if is_full else {line}
            if is_full:
                with line, contextlib.suppress(OSError):
                    line.sendall(b"Session in use\r\n")
                continue
            thread = threading.Thread(target=self._serve, args=(line,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _has_room(self) -> bool:
        return len(self._open) < self._sessions or self._ended.is_set()

    def _serve(self, line: socket.socket) -> None:
        talk = Dialogue(self._page, self._start)
        left = True
        with line:
            try:
                self._say(line, self._hello + talk.prompt().encode())
                self._listen(line, talk)
            except (HungUp, OSError, ValueError):
                left = False
            with self._lock:
                self._open.discard(line)
                self._lock.notify_all()
                broken = self._fault in {Fault.CLOSES, Fault.CUT_OFF, Fault.LOSES_ORDER, Fault.HANGS_UP}
                self.abandoned += left and not talk.is_over and talk.state != self._start and not broken

    def _listen(self, line: socket.socket, talk: Dialogue) -> None:
        keyboard = Keyboard(self._keys)
        while not talk.is_over and (piece := line.recv(4096)):
            for text in keyboard.typed(piece):
                self._answer(line, talk, text)
                if talk.is_over:
                    return

    def _answer(self, line: socket.socket, talk: Dialogue, text: str) -> None:
        echo = f"{text}\r\n" if talk.state in self._echoes and text not in self._keys else ""
        is_order = talk.is_order(text)
        if is_order and self._fault is Fault.LOSES_ORDER:
            self._fault = self.wire.fault = None
            raise HungUp
        reply = talk.hear(text)
        if is_order and self._fault is Fault.HANGS_UP:
            self._fault = self.wire.fault = None
            raise HungUp
        text = self.wire.text(reply.text)
        if text != reply.text and self._fault is Fault.CUT_OFF:
            line.sendall((echo + text).encode())
            raise HungUp
        self._say(line, (echo + text + talk.prompt()).encode())

    def _say(self, line: socket.socket, answer: bytes) -> None:
        for pause_s, piece in self.wire.pieces(answer):
            if pause_s and self._ended.wait(pause_s):
                raise HungUp
            line.sendall(piece)
