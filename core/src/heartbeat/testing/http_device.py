"""The brick of a device with a web interface: a page of paths and answers, over HTTP or TLS. Needs no pytest.

>>> pages = {"GET /outlet/1": lambda body: (200, b"on"), "POST /outlet/1": lambda body: (204, b"")}
>>> with contextlib.closing(HttpDevice(pages, login=("admin", "secret"))) as device:
...     asked = urllib.request.Request(f"{device.url}/outlet/1", headers={"Authorization": device.authorization})
...     with urllib.request.urlopen(asked) as answer:
...         answer.read()
b'on'
"""

import base64
import contextlib
import socket
import ssl
import tempfile
import threading
import urllib.request  # noqa: F401 - for the example
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self

from heartbeat.testing.certificate import Certificate
from heartbeat.testing.device import Fault
from heartbeat.testing.wire import HungUp, Wire

Page = Callable[[bytes], tuple[int, bytes] | tuple[int, bytes, Mapping[str, str]]]
"""Takes the request's body, returns status and body of the answer, and headers if it needs some."""


class HttpDevice:
    """Serves pages, named ``METHOD /path``, on a port of loopback; ``login`` asks for basic authentication.

    Who shows one of ``tokens`` in the header X-Auth-Token is let in as well, and everybody to the pages in ``public``.
    ``orders`` are the pages that switch something. ``tls`` is a server's context, such as that of a ``Certificate``
    (``heartbeat.testing.certificate``); with it, ``Fault.STRANGER`` can be played, too.
    """

    FAULTS = Wire.FAULTS | {
        Fault.UNREACHABLE, Fault.BUSY, Fault.REFUSES_LOGIN, Fault.LOSES_ORDER, Fault.HANGS_UP,
    }  # fmt: skip

    def __init__(
        self,
        pages: Mapping[str, Page],
        login: tuple[str, str] | None = None,
        orders: frozenset[str] = frozenset(),
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.wire = Wire()
        self.pages, self.orders = pages, orders
        self.public: frozenset[str] = frozenset()
        self.tokens: set[str] = set()
        self.fault: Fault | None = None
        self._tls = tls
        self.ended = threading.Event()
        self.authorization = ""
        if login is not None:
            self.authorization = "Basic " + base64.b64encode(":".join(login).encode()).decode()
        self._server = _Server(("127.0.0.1", 0), _Request)
        self._server.device = self
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self._server.server_port
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def misbehave(self, fault: Fault) -> Self:
        """Start one of ``FAULTS``."""
        self.fault = self.wire.fault = fault
        if fault is Fault.UNREACHABLE:
            self._stop()
        if fault is Fault.STRANGER:
            self._show_another_certificate()
        return self

    def _show_another_certificate(self) -> None:
        assert self._tls is not None, "without TLS nobody can tell a stranger"
        with tempfile.TemporaryDirectory() as folder:
            Certificate(Path(folder)).shown_by(self._tls)

    def close(self) -> None:
        """End serving and release the port."""
        self.ended.set()
        self._stop()

    def _stop(self) -> None:
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join(5)
        self._server.server_close()

    def answer(self, page: str, asked: Mapping[str, str], body: bytes) -> tuple[int, bytes, Mapping[str, str]]:
        """Return status, body and headers; ``asked``: the request's, in small letters. Raises HungUp to hang up."""
        is_order = page in self.orders
        if is_order and self.fault is Fault.LOSES_ORDER:
            self.fault = None
            raise HungUp
        if self.fault is Fault.BUSY:
            return 503, b"session in use", {}
        if self.fault is Fault.REFUSES_LOGIN or not self._lets_in(page, asked):
            return 401, b"log in", {}
        found = self.pages.get(page)
        status, text, *more = found(body) if found else (404, b"no such page")
        if is_order and self.fault is Fault.HANGS_UP:
            self.fault = None
            raise HungUp
        return status, text, more[0] if more else {}

    def _lets_in(self, page: str, asked: Mapping[str, str]) -> bool:
        is_known = asked.get("authorization", "") == self.authorization
        return page in self.public or is_known or asked.get("x-auth-token") in self.tokens


class _Server(ThreadingHTTPServer):
    device: HttpDevice
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: clients that give up are what the faults are for."""


class _Request(BaseHTTPRequestHandler):
    server: _Server
    timeout = 5

    def do_GET(self) -> None:
        """Answer a page as the fault of the hour has it."""
        device = self.server.device
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.close_connection = True
        with contextlib.suppress(HungUp):
            asked = {name.lower(): it for name, it in self.headers.items()}
            status, text, more = device.answer(f"{self.command} {self.path}", asked, body)
            lines = {"Content-Length": str(len(text)), "Connection": "close", **more}
            head = f"HTTP/1.1 {status} -\r\n" + "".join(f"{name}: {it}\r\n" for name, it in lines.items()) + "\r\n"
            for pause_s, piece in device.wire.pieces(head.encode() + text):
                if pause_s and device.ended.wait(pause_s):
                    return
                self.wfile.write(piece)
                self.wfile.flush()
            if device.wire.fault is Fault.SILENT:
                self.connection.settimeout(self.timeout)
                with contextlib.suppress(OSError):
                    self.connection.recv(1)  # until the client gives up
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815 - the names of http.server

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of http.server
        """Log nothing: the request may hold a password."""
