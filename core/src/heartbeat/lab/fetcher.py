"""Fetches a page from one address, steadily, each time over a new connection. Runs in the client's network.

A request that is not answered within PATIENCE_S is lost. The page's first word names the node that served it; the row's
mark is the number at the end of that name (node2: 2).

    python -m heartbeat.lab.fetcher FILE ADDRESS PORT INTERVAL_S
"""

import collections
import contextlib
import re
import selectors
import socket
import sys
import time
from pathlib import Path

from heartbeat.lab.table import Table, become_realtime

PATIENCE_S = 0.25
"""Below the first repetition of a TCP handshake (1 s, RFC 6298), so that no answer is late because of an old loss."""

REQUEST = b"GET / HTTP/1.0\r\n\r\n"


class Fetcher:
    """Many short conversations at once."""

    def __init__(self, table: Table, address: str, port: int) -> None:
        self._table = table
        self._target = (address, port)
        self._family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._ready = selectors.DefaultSelector()
        self._open: collections.deque[tuple[float, socket.socket]] = collections.deque()

    def run(self, interval_s: float) -> None:
        """Fetch until the table is full."""
        due = time.monotonic()
        while not self._table.is_full:
            now = time.monotonic()
            if now >= due:
                self._begin(now)
                self._give_up(now)
                due = max(due + interval_s, now)
            for key, events in self._ready.select(max(0.0, due - time.monotonic())):
                assert isinstance(key.fileobj, socket.socket)
                self._go_on(key.fileobj, int(key.data), events)

    def _begin(self, now: float) -> None:
        number = self._table.sent(now)
        talk = socket.socket(self._family, socket.SOCK_STREAM)
        talk.setblocking(False)
        if talk.connect_ex(self._target) not in (0, 115):  # EINPROGRESS
            talk.close()
            return
        self._ready.register(talk, selectors.EVENT_WRITE, number)
        self._open.append((now, talk))

    def _go_on(self, talk: socket.socket, number: int, events: int) -> None:
        try:
            if events & selectors.EVENT_WRITE:
                talk.send(REQUEST)
                self._ready.modify(talk, selectors.EVENT_READ, number)
                return
            page = talk.recv(4096)
        except OSError:
            page = b""
        found = re.search(rb"\r\n\r\n\S*?(\d+)\b", page)
        if b" 200 " in page[:20]:
            self._table.back(number, time.monotonic(), int(found[1]) if found else 0)
        self._end(talk)

    def _give_up(self, now: float) -> None:
        while self._open and (self._open[0][0] < now - PATIENCE_S or self._open[0][1].fileno() < 0):
            self._end(self._open.popleft()[1])

    def _end(self, talk: socket.socket) -> None:
        with contextlib.suppress(KeyError, ValueError):
            self._ready.unregister(talk)
        talk.close()


if __name__ == "__main__":
    become_realtime()
    Fetcher(Table(Path(sys.argv[1])), sys.argv[2], int(sys.argv[3])).run(float(sys.argv[4]))
