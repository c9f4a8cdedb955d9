"""A real executor in a process of its own, with agents and devices that do what their parameters say."""

import contextlib
import itertools
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pytest
from heartbeat.executor.main import serve
from heartbeat.model.operation import Action, Result
from heartbeat.model.places import Places
from heartbeat.plugin import (
    API_CURRENT,
    AccessDenied,
    BadConfig,
    Catalogue,
    CatalogueEntry,
    Health,
    NotInstalled,
    Param,
    ParamKind,
    Params,
    Plugin,
    PluginError,
    Power,
    ResetFailed,
    ResourceAgent,
    StonithDevice,
    TimedOut,
    Unreachable,
    occasion,
)
from heartbeat.wire.executor import Cancel, Finished, Go, Ready, Report, Request, Run, Running, Warm
from heartbeat.wire.local import Unpacker, pack

PATIENCE_S = 10.0


def eventually(is_so: Callable[[], bool], what: str) -> None:
    """Poll until it is so; fail naming what was awaited."""
    until_s = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < until_s, f"never happened: {what}"
        time.sleep(0.002)


class Actor(ResourceAgent):
    """Does what ``script`` says: ``start=raise:BadConfig:text stop=sleep``, one word for an action."""

    api = API_CURRENT
    title = "acts as it is told"
    params = (
        Param("notes", ParamKind.PATH, required=True),
        Param("script"),
        Param("password", ParamKind.SECRET),
    )

    def _do(self, what: str) -> str:
        with Path(self.settings.text("notes")).open("a") as notes:
            notes.write(f"{what} {time.monotonic()} {os.getpid()}\n")
        told = dict(word.split("=", 1) for word in self.settings.text("script").split())
        return act(told.get(what, ""))

    def start(self) -> None:
        self._do("start")

    def stop(self) -> None:
        self._do("stop")

    def monitor(self) -> Health:
        return Health(self._do(occasion().action) or "stopped")

    def prepare_start(self) -> None:
        self._do("prepare")

    def after_start(self) -> None:
        self._do("after")


def act(how: str) -> str:
    """Carry out one word of an Actor's script; what it returns is the monitor's answer."""
    verb, _, rest = how.partition(":")
    match verb:
        case "sleep":
            time.sleep(float(rest or 60))
        case "await":
            eventually(Path(rest).exists, f"{rest} is made")
        case "stubborn":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            time.sleep(60)
        case "raise":
            kind, _, text = rest.partition(":")
            raise {"BadConfig": BadConfig, "NotInstalled": NotInstalled, "TimedOut": TimedOut}.get(kind, PluginError)(
                text
            )
        case "bug":
            nothing: dict[str, str] = {}
            return nothing["no such key"]
        case "die":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "exit":
            sys.exit(3)
        case "print" | "flood" | "env":
            speak(verb, rest)
        case "service" | "service-in-group" | "chatty" | "end" | "hang-with-child":
            others(verb, rest)
        case _:
            return how
    return ""


def speak(verb: str, rest: str) -> None:
    """What an operation prints."""
    match verb:
        case "print":
            print(rest)
            print("on stderr", file=sys.stderr)
        case "flood":
            print(f"{'x' * 99}\n" * 10_000, "the end", sep="")
        case "env":
            print(
                Path("/proc/self/oom_score_adj").read_text().strip(),
                Path.cwd(),
                sorted(path.name for path in Path("/proc/self/fd").iterdir()),
            )


def others(verb: str, rest: str) -> None:
    """Start, or end, a process beside the operation's own."""
    match verb:
        case "service":
            subprocess.Popen(["sleep", "30"], start_new_session=True).returncode = 0
        case "service-in-group":
            service = subprocess.Popen(["sleep", "30"])
            service.returncode = 0
            Path(rest).write_text(str(service.pid))
        case "chatty":
            chatty = subprocess.Popen(["yes"], start_new_session=True)
            chatty.returncode = 0
            Path(rest).write_text(str(chatty.pid))
        case "end":
            os.kill(int(Path(rest).read_text()), signal.SIGKILL)
            print("it was still there")
        case "hang-with-child":
            subprocess.Popen(["sh", "-c", "trap '' TERM; sleep 31 & echo $! > " + rest + "; wait"]).wait()


class Switch(StonithDevice):
    """A power switch in a file: one line per host. ``mood`` says how it misbehaves."""

    api = API_CURRENT
    title = "a switch in a file"
    params = (
        Param("file", ParamKind.PATH, required=True),
        Param("hostlist", ParamKind.HOSTS, required=True),
        Param("mood"),
    )

    def hosts(self) -> list[str]:
        return list(self.settings.hosts("hostlist"))

    def _lines(self) -> list[str]:
        path = Path(self.settings.text("file"))
        return path.read_text().split() if path.exists() else []

    def power(self, host: str) -> Power:
        with Path(self.settings.text("file") + ".reads").open("a") as reads:
            reads.write(f"{time.monotonic()}\n")
        mood = self.settings.text("mood")
        if mood == "naps":
            time.sleep(30)
        if mood == "mute":
            raise Unreachable("no answer from the switch")
        if mood == "vague":
            return Power.UNKNOWN
        if mood == "slow" and len(Path(self.settings.text("file") + ".reads").read_text().split()) < 4:
            return Power.ON
        return Power.OFF if f"{host}=off" in self._lines()[-1:] else Power.ON

    def may_switch(self, host: str) -> None:
        Path(self.settings.text("file") + ".written").touch()
        if self.settings.text("mood") == "read-only":
            raise AccessDenied("it may only be asked")

    def switch(self, host: str, power: Power) -> None:
        mood = self.settings.text("mood")
        if mood == "refuses":
            raise ResetFailed("the outlet is locked")
        if mood == "another boot":
            raise ResetFailed(f"asked for boot {occasion().host_boot_id or 'unknown'}")
        if mood == "unreachable":
            raise Unreachable("connection refused")
        if mood != "stuck":
            with Path(self.settings.text("file")).open("a") as file:
                file.write(f"{host}={power.value}\n")
        if mood == "loses the answer":
            raise ConnectionResetError("reset by peer")
        if mood == "hangs":
            time.sleep(60)


class Blind(Switch):
    """Takes orders, cannot be asked."""

    can_read_power = False


class Starved(Switch):
    """A device that the host's own watchdog carries the orders of out."""

    resets_itself = True


class Single(Switch):
    """A switch of one host, which its parameters name as they name an address."""

    params = (
        Param("file", ParamKind.PATH, required=True),
        Param("hostlist", ParamKind.HOST, required=True),
        Param("mood"),
    )

    @classmethod
    def configured_hosts(cls, params: Params) -> tuple[str, ...] | None:
        return (params.text("hostlist"),)

    def hosts(self) -> list[str]:
        return [self.settings.text("hostlist")]


class Unloadable(Actor):
    """Cannot be warmed."""

    @classmethod
    def warm(cls) -> None:
        raise ImportError("No module named 'pysnmp'")


class Shelf:
    """A registry of the classes above."""

    classes: ClassVar[dict[tuple[str, str], type[Plugin]]] = {
        ("ra", "actor"): Actor,
        ("ra", "unloadable"): Unloadable,
        ("stonith", "switch"): Switch,
        ("stonith", "blind"): Blind,
        ("stonith", "starved"): Starved,
        ("stonith", "single"): Single,
    }

    def names(self, kind: str) -> list[str]:
        return sorted(name for its, name in self.classes if its == kind)

    def load(self, kind: str, name: str) -> type[Plugin]:
        if (kind, name) not in self.classes:
            raise LookupError(f"no installed plugin is called {kind}:{name}")
        return self.classes[kind, name]

    def package_for(self, kind: str, name: str) -> str | None:
        return None

    def catalogues(self) -> Sequence[Catalogue]:
        return ()

    def find_type(self, kind: str, name: str) -> tuple[Catalogue, CatalogueEntry] | None:
        return None


class Daemon:
    """A daemon's end of the line."""

    def __init__(self, path: Path) -> None:
        self._socket = _connected(path)
        self._unpacker = Unpacker()
        self._decode = msgspec.msgpack.Decoder(Report).decode
        self.reports: list[Report] = []

    def send(self, request: Request) -> None:
        self._socket.sendall(pack(msgspec.msgpack.encode(request)))

    def close(self) -> None:
        self._socket.close()

    def receive(self) -> Report:
        """Return the next report; raises TimeoutError or EOFError."""
        while not self.reports:
            chunk = self._socket.recv(65536)
            if not chunk:
                raise EOFError
            self.reports += map(self._decode, self._unpacker.feed(chunk))
        return self.reports.pop(0)

    def ready(self) -> Ready:
        report = self.receive()
        assert isinstance(report, Ready), report
        return report

    def running(self) -> Running:
        report = self.receive()
        assert isinstance(report, Running), report
        return report

    def finished(self, number: int) -> Result:
        """Return the result of one operation, which must be the next report."""
        report = self.receive()
        assert isinstance(report, Finished), report
        assert report.id == number, report
        return report.result

    def is_silent(self, for_s: float) -> bool:
        """Does nothing come for so long?"""
        self._socket.settimeout(for_s)
        try:
            self.reports.insert(0, self.receive())
        except TimeoutError:
            return True
        finally:
            self._socket.settimeout(PATIENCE_S)
        return False


def _connected(path: Path) -> socket.socket:
    """Connect; a socket that is bound and does not listen yet refuses for a moment."""
    until_s = time.monotonic() + PATIENCE_S
    while True:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(PATIENCE_S)
        try:
            connection.connect(str(path))
        except (FileNotFoundError, ConnectionRefusedError):
            connection.close()
            assert time.monotonic() < until_s, f"nobody ever listened at {path}"
            time.sleep(0.002)
        else:
            return connection


class Executor:
    """The process under test, and the daemon that speaks to it."""

    def __init__(self, folder: Path) -> None:
        self.places = Places(run=folder / "run")
        self.folder = folder
        self.notes = folder / "notes"
        self.pid = 0
        self._numbers: Iterator[int] = itertools.count(1)
        self._daemons: list[Daemon] = []
        self.launch()
        try:
            self.daemon = self.connect()
            self.first = self.daemon.ready()
        except BaseException:
            self.kill()
            raise

    def launch(self) -> None:
        self.pid = os.fork()
        if self.pid == 0:
            serve(self.places, plugins=Shelf())

    def connect(self) -> Daemon:
        daemon = Daemon(self.places.executor_socket)
        self._daemons.append(daemon)
        return daemon

    def connect_anew(self) -> Daemon:
        """Connect to an executor that takes the place of another: the old one's socket refuses meanwhile."""
        until_s = time.monotonic() + PATIENCE_S
        while True:
            daemon = self.connect()
            try:
                daemon.reports.append(daemon.ready())
            except (ConnectionError, EOFError):
                assert time.monotonic() < until_s
                time.sleep(0.002)
            else:
                return daemon

    def run(self, action: Action, script: str = "", *, to: str = "actor", subject: str = "", deadline_s: float = 8.0,
            on_hold: bool = False, host: str = "", group: str = "", token: int = 0, host_boot_id: str = "",
            **params: str) -> int:  # fmt: skip
        """Ask for one operation and return its number."""
        number = next(self._numbers)
        kind = "ra" if to in ("actor", "unloadable", "stranger") else "stonith"
        own = {"notes": str(self.notes), "script": script} if kind == "ra" else {
            "file": str(self.folder / "switch"), "hostlist": "node1 node2", "mood": script}  # fmt: skip
        request = Run(
            number, kind, to, subject or to, own | params, action, deadline_s, host, on_hold, group=group, token=token,
            host_boot_id=host_boot_id,
        )  # fmt: skip
        self.daemon.send(request)
        return number

    def result(self, action: Action, script: str = "", **how: Any) -> Result:
        """Run one operation to its end."""
        return self.daemon.finished(self.run(action, script, **how))

    def send(self, request: Warm | Go | Cancel) -> None:
        self.daemon.send(request)

    def noted(self) -> list[str]:
        """Return what the actors did, in order."""
        return [line.split()[0] for line in self.notes.read_text().splitlines()] if self.notes.exists() else []

    def noted_at(self, what: str) -> tuple[float, int]:
        """Return monotonic time and process number of the first note of that."""
        line = next(line for line in self.notes.read_text().splitlines() if line.startswith(what + " "))
        return float(line.split()[1]), int(line.split()[2])

    def kill(self, number: int = signal.SIGKILL) -> None:
        os.kill(self.pid, number)
        self.wait()

    def wait(self) -> int:
        """Return the exit status; negative for a signal."""
        _, status = os.waitpid(self.pid, 0)
        self.pid = 0
        return os.waitstatus_to_exitcode(status)

    def close(self) -> None:
        for daemon in self._daemons:
            daemon.close()
        if self.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGTERM)
            self.wait()


@pytest.fixture
def executor(tmp_path: Path) -> Iterator[Executor]:
    """An executor with the agents ``actor`` and ``unloadable`` and the devices ``switch`` and ``blind``."""
    executor = Executor(tmp_path)
    yield executor
    executor.close()


@pytest.fixture
def wait_until() -> Callable[[Callable[[], bool], str], None]:
    return eventually
