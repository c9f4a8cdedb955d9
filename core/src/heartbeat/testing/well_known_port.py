"""A simulator at the port that a client takes for granted: 23, 161. Needs no pytest.

Old clients cannot be told another one. Each relay has an address of 127/8 of its own, so that several may run at once.
Needs the right to bind such a port; ``PermissionError`` says that it is missing.
"""

import contextlib
import itertools
import os
import select
import socket
import threading

_NUMBERS = itertools.count(1)


class WellKnownPort:
    """Relays a TCP or UDP port of an address of its own to a port of 127.0.0.1, until it is closed."""

    def __init__(self, number: int, port: int, *, is_udp: bool = False) -> None:
        pid = os.getpid()
        self.address = f"127.{64 + next(_NUMBERS) % 64}.{pid >> 8 & 255}.{pid & 255 or 1}"
        self._target = ("127.0.0.1", port)
        self._ended = threading.Event()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM if is_udp else socket.SOCK_STREAM)
        try:
            self._socket.bind((self.address, number))
        except OSError:
            self._socket.close()
            raise
        if not is_udp:
            self._socket.listen()
        self._thread = threading.Thread(target=self._datagrams if is_udp else self._connections, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Release the port; connections that are relayed end."""
        self._ended.set()
        self._thread.join(5)
        self._socket.close()

    def _datagrams(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as behind:
            behind.connect(self._target)
            client = None
            while not self._ended.is_set():
                ready, _, _ = select.select([self._socket, behind], [], [], 0.05)
                if self._socket in ready:
                    asked, client = self._socket.recvfrom(65535)
                    behind.send(asked)
                if behind in ready and client:
                    self._socket.sendto(behind.recv(65535), client)

    def _connections(self) -> None:
        pairs: dict[socket.socket, socket.socket] = {}
        while not self._ended.is_set():
            for line in select.select([self._socket, *pairs], [], [], 0.05)[0]:
                if line is self._socket:
                    client, behind = self._socket.accept()[0], socket.create_connection(self._target)
                    pairs |= {client: behind, behind: client}
                elif line in pairs and not self._passed_on(line, pairs[line]):
                    other = pairs.pop(line)
                    pairs.pop(other)
                    line.close()
                    other.close()
        for line in pairs:
            line.close()

    @staticmethod
    def _passed_on(line: socket.socket, other: socket.socket) -> bool:
        """Pass on what has come; False when one of the two is gone."""
        with contextlib.suppress(OSError):
            piece = line.recv(4096)
            other.sendall(piece)
            return bool(piece)
        return False
