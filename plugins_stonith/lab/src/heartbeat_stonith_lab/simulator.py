"""The device's simulator: speaks the protocol of the lab's power switch, and knows the truth about each outlet."""

import contextlib
import shutil
import socket
import tempfile
import threading
from pathlib import Path

from heartbeat.testing.device import DeviceSimulator, Fault


class LabSwitch(DeviceSimulator):
    """Serves a socket in a directory of its own, one connection after the other."""

    faults = frozenset(
        {Fault.UNREACHABLE, Fault.SILENT, Fault.CLOSES, Fault.GARBAGE, Fault.DENIES, Fault.LIES, Fault.SLOW}
    )

    def __init__(self) -> None:
        self._home = Path(tempfile.mkdtemp(prefix="hb-lab-switch-"))
        self._on = {"node1": True, "node2": True}
        self._fault: Fault | None = None
        self._timers: list[threading.Timer] = []
        self._held: list[socket.socket] = []
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(self._path))
        self._listener.listen()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def _path(self) -> Path:
        return self._home / "power.sock"

    def params(self) -> dict[str, str]:
        return {"hostlist": " ".join(self._on), "socket": str(self._path), "timeout": "10"}

    def hasty_params(self) -> dict[str, str]:
        return {**self.params(), "timeout": "200ms"}

    def hosts(self) -> list[str]:
        return list(self._on)

    def is_on(self, host: str) -> bool:
        return self._on[host]

    def misbehave(self, fault: Fault) -> None:
        self._fault = fault
        if fault is Fault.UNREACHABLE:
            self._path.unlink()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)
        for timer in self._timers:
            timer.cancel()
            timer.join()
        for held in (self._listener, *self._held):
            held.close()
        shutil.rmtree(self._home, ignore_errors=True)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            if self._fault is Fault.SILENT:
                self._held.append(connection)
                continue
            with connection, contextlib.suppress(OSError):
                connection.sendall(self._answer(connection.recv(4096).decode().split()))

    def _answer(self, words: list[str]) -> bytes:
        match self._fault:
            case Fault.GARBAGE:
                return b"ok \x00\xff\x18 \x7f\n"  # a line of the right form: only its sense is missing
            case Fault.CLOSES:
                return b"o"
        match words:
            case ["hosts"]:
                return f"ok {' '.join(self._on)}\n".encode()
            case ["status", host] if host in self._on:
                return b"ok on\n" if self._on[host] else b"ok off\n"
            case [("on" | "off") as order, host] if host in self._on:
                return self._switch(host, on=order == "on")
        return b"error what?\n"

    def _switch(self, host: str, *, on: bool) -> bytes:
        if self._fault is Fault.DENIES:
            return b"error the outlet is locked\n"
        if self._fault is Fault.SLOW:
            timer = threading.Timer(1.0, self._on.update, ({host: on},))
            timer.start()
            self._timers.append(timer)
        elif self._fault is not Fault.LIES:
            self._on[host] = on
        return b"ok\n"
