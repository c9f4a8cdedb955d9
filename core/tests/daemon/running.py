"""One node that really runs: ``hb run`` in a process of its own, with three files, on the loopback interface."""

import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from heartbeat.client import connect
from heartbeat.client.errors import NoDaemon
from heartbeat.model.places import Places
from heartbeat.model.status import ClusterStatus

from core.tests.daemon.waiting import wait_for

HB = (sys.executable, "-c", "from heartbeat.cli import main; main()")
KEYS = "auth 1\n1 sha256 first-secret\n"


class RunningNode:
    """A cluster of one. ``ha_cf`` is more lines for ha.cf."""

    def __init__(self, folder: Path, ha_cf: str = "", environment: Mapping[str, str] | None = None) -> None:
        self.places = Places(folder / "etc", folder / "state", folder / "run")
        self.port = free_port()
        self.log = folder / "log"
        self.stderr = folder / "stderr"
        self._environment = {**os.environ, **(environment or {})}
        self._ha_cf = ha_cf
        self.process: subprocess.Popen[bytes] | None = None
        self._write_files()

    def _write_files(self) -> None:
        self.places.config.mkdir()
        lines = "keepalive 100ms\ndeadtime 1s\ninitdead 2s\nucast lo 127.0.0.2\nauto_failback off\nnode node1\n"
        self.places.ha_cf.write_text(f"{lines}udpport {self.port}\nlogfile {self.log}\n{self._ha_cf}")
        self.places.haresources.write_text("")
        self.write_keys(KEYS)

    def write_keys(self, text: str) -> None:
        self.places.authkeys.write_text(text)
        self.places.authkeys.chmod(0o600)

    def start(self) -> None:
        where = ("--config", self.places.config, "--state", self.places.state, "--run-dir", self.places.run)
        with self.stderr.open("ab") as stderr:
            self.process = subprocess.Popen(
                [*HB, "run", *map(str, where), "--node", "node1"],
                stdin=subprocess.DEVNULL, stdout=stderr, stderr=stderr, env=self._environment,
            )  # fmt: skip

    def start_and_wait(self) -> None:
        lives = self.said("is up, incarnation")
        self.start()
        wait_for(lambda: self.said("is up, incarnation") > lives or not self.is_running, "the node is up")
        assert self.is_running, self.stderr.read_text()

    # What is there

    @property
    def supervisor(self) -> int:
        assert self.process is not None
        return self.process.pid

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def executor(self) -> int:
        """0 while there is none: a new one is just taking its seat."""
        words = (self.places.run / "executor.lock").read_text().split()
        return int(words[0]) if words else 0

    @property
    def daemon(self) -> int:
        """The process at the other end of the local API."""
        connection = socket.socket(socket.AF_UNIX)
        with connection:
            connection.connect(str(self.places.api_socket))
            packed = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        return int.from_bytes(packed[:4], sys.byteorder)

    @property
    def log_process(self) -> int:
        """The supervisor's child that writes what supervisor and executor log."""
        words = Path(f"/proc/{self.supervisor}/task/{self.supervisor}/children").read_text().split()
        return next(int(pid) for pid in words if Path(f"/proc/{pid}/comm").read_text() == "hb-log\n")

    def status(self) -> ClusterStatus | None:
        """Return what the daemon says, None while there is none."""
        try:
            with connect(self.places.api_socket) as client:
                return client.status()
        except NoDaemon:
            return None

    def said(self, text: str) -> int:
        """Return how many lines of the log contain that."""
        return sum(text in line for line in self.lines())

    def lines(self) -> list[str]:
        return self.log.read_text().splitlines() if self.log.exists() else []

    # What is done to it

    def signal(self, number: int) -> None:
        os.kill(self.supervisor, number)

    def ended(self) -> int:
        """Wait for the end; return the exit status."""
        assert self.process is not None
        return self.process.wait(20)

    def close(self) -> None:
        """End it in order, else whatever is left of it: every process that was started with its run directory."""
        if self.is_running:
            self.signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.ended()
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and self._is_own(entry):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(entry.name), signal.SIGKILL)
        if self.process is not None:
            self.process.wait(5)

    def _is_own(self, process: Path) -> bool:
        try:
            return str(self.places.run).encode() in (process / "cmdline").read_bytes().split(b"\0")
        except OSError:  # it has ended
            return False


def free_port() -> int:
    """Return one below those that the kernel gives to whoever asks for none, so that nobody gets it meanwhile."""
    while True:
        port = random.randrange(20000, 32000)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
