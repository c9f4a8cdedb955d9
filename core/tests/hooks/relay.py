"""A mail relay on loopback that keeps what it is given: SMTP as far as a client that sends needs it (RFC 5321)."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Relay(socketserver.ThreadingTCPServer):
    """Takes mails, or refuses each recipient."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, *, refuses: bool = False) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.refuses = refuses
        self.mails: list[str] = []
        """Each as it came, headers and all."""
        self.recipients: list[str] = []

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class _Session(socketserver.StreamRequestHandler):
    server: Relay

    def handle(self) -> None:
        self._say("220 relay.example")
        while line := self.rfile.readline().decode().strip():
            word = line.upper().split()[0]
            if word == "RCPT" and self.server.refuses:
                self._say("550 nobody here")
            elif word == "RCPT":
                self.server.recipients.append(line.partition(":")[2])
                self._say("250 yes")
            elif word == "DATA":
                self._say("354 go on")
                self.server.mails.append("".join(iter(self._line, ".\r\n")))
                self._say("250 taken")
            elif word == "QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 relay.example")

    def _line(self) -> str:
        return self.rfile.readline().decode()

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


@contextmanager
def relay(*, refuses: bool = False) -> Iterator[Relay]:
    """Yield a relay that runs."""
    with Relay(refuses=refuses) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
