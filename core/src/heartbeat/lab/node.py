"""One machine of the lab, as its controller sees it: power, processes, and the daemon in it."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Protocol

import msgspec

from heartbeat.lab.control import LabError
from heartbeat.lab.switch import Switch

UNSHARE = [
    "unshare", "--net", "--uts", "--mount", "--ipc", "--pid", "--fork", "--kill-child=SIGKILL", "--mount-proc",
    "--propagation", "private", "--",
]  # fmt: skip
DEATH_S = 10.0
"""Longest wait for a killed node's last process; the kernel needs some milliseconds."""

Note = Callable[[str], None]
"""Takes one line for the lab's record of events."""


class Devices(Protocol):
    """What a node's power devices need to know of it."""

    def ttys(self, node: str) -> Mapping[str, str]: ...

    def plug(self, node: str, pid: int) -> None: ...

    def unplug(self, node: str) -> None: ...


class NodeState(msgspec.Struct, frozen=True):
    """What ``hb lab status`` shows of a node."""

    name: str
    powered: bool
    frozen: bool
    daemon: bool
    boot_id: str
    init: int
    """Process number of the node's PID 1 as the controller sees it; 0 when off."""


class Usage(msgspec.Struct, frozen=True):
    """What a node's processes cost."""

    cpu_s: float
    """Seconds of processor time of all living threads so far."""
    pss_kib: int
    processes: tuple[str, ...]
    realtime: bool
    """Does any of its threads run under a real-time policy?"""
    locked_kib: int


class Node:
    """Thread-safe: one operation at a time."""

    def __init__(
        self, name: str, home: Path, switch: Switch, devices: Devices, program: Sequence[str], note: Note
    ) -> None:
        self.name = name
        self.disk = home / "nodes" / name
        self._share = home / "share"
        self._switch, self._devices = switch, devices
        self._program = list(program)
        self._note = note
        self._lock = threading.RLock()
        self._machine: _Watched | None = None
        self._daemon: _Watched | None = None
        self._init = 0
        self._frozen = False

    @property
    def media(self) -> range:
        return range(self._switch.media)

    @property
    def powered(self) -> bool:
        """False only when the record already says that the node is off."""
        return bool(self._init)

    def state(self) -> NodeState:
        daemon = self._daemon is not None and self._daemon.running
        boot_id = (self.disk / "boot_id").read_text().strip() if self._init else ""
        return NodeState(self.name, bool(self._init), self._frozen, daemon, boot_id, self._init)

    def boot(self, *, daemon: bool = True) -> None:
        """Switch on: a new boot id, fresh memory, the old disk, and the daemon. Harmless when on."""
        with self._lock:
            if self._init:
                return
            (self.disk / "boot_id").write_text(f"{uuid.uuid4()}\n")
            self._note(f"boot {self.name}")
            script = str(Path(__file__).with_name("boot.py"))
            ports = [f"{port}={cable}" for port, cable in self._devices.ttys(self.name).items()]
            argv = [*UNSHARE, sys.executable, "-I", "-S", script, self.name, str(self.disk), str(self._share), *ports]
            with (self.disk / "log" / "boot.log").open("ab") as log:
                machine = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log)
            assert machine.stdout is not None
            ready = machine.stdout.readline()
            machine.stdout.close()
            if ready != b"ready\n":
                machine.wait()
                raise LabError(f"{self.name} did not boot: {_last_line(self.disk / 'log' / 'boot.log')}")
            self._init, self._frozen = _only_child(machine.pid), False
            self._machine = _Watched(machine, self._ended)
            self._switch.plug(self.name, self._init)
            self._devices.plug(self.name, self._init)
            if daemon:
                self.start()

    def off(self) -> float:
        """Power cut: cables dead first, then every process at once. Returns the monotonic time of the cut.

        When it returns, nothing of the node runs any more and the record says so.
        """
        with self._lock:
            at = time.monotonic()
            if not self._init:
                return at
            self._switch.carrier(self.name, self.media, up=False)
            assert self._machine is not None
            waiting = self._waiting_outside() if self._frozen else set()
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._init, signal.SIGKILL)
            # The end of a PID namespace waits for those who must reap its processes, and these were stopped, too.
            _signal([*waiting], signal.SIGCONT)
            self._machine.wait(DEATH_S)
            self._gone(self._machine)
            return at

    def _gone(self, machine: "_Watched") -> None:
        """Record that a machine's last process is dead; once per machine."""
        with self._lock:
            if self._machine is not machine:
                return
            self._note(f"off {self.name}")
            self._devices.unplug(self.name)
            self._machine, self._init, self._frozen = None, 0, False
            self._daemon = None  # it died with the machine, even if nobody has waited for it yet

    def _ended(self, machine: "_Watched") -> None:
        """A node may also end from inside, by resetting itself: reboot(2) in a PID namespace ends that namespace.

        Its PID 1 then dies of SIGHUP, and ``unshare`` passes the signal on (pid_namespaces(7)).
        """
        self._gone(machine)
        if machine.status in (-signal.SIGHUP, 128 + signal.SIGHUP):
            with contextlib.suppress(LabError):
                self.boot()

    def start(self) -> None:
        """Start the daemon; harmless when it runs."""
        with self._lock:
            if not self._init:
                self.boot()
                return
            if self._daemon is not None and self._daemon.running:
                return
            self._note(f"daemon {self.name}")
            with (self.disk / "log" / "hb.log").open("ab") as log:
                process = self.spawn(self._program, (subprocess.DEVNULL, log, log))
            self._daemon = _Watched(process, lambda ended: self._note(f"daemon-ended {self.name} {ended.status}"))

    def stop(self, timeout_s: float) -> int:
        """End the daemon in order (SIGTERM) and return its exit status. Raises LabError when it takes too long."""
        daemon = self._daemon
        if daemon is None or not daemon.running or not self._init:
            return 0
        _signal(children(daemon.process.pid), signal.SIGTERM)
        if not daemon.wait(timeout_s):
            raise LabError(f"the daemon on {self.name} is still there {timeout_s:g} s after SIGTERM")
        return daemon.status

    def freeze(self) -> None:
        """Stop every process, as when a hypervisor pauses the machine; its kernel goes on answering."""
        with self._lock:
            self._running()
            self._note(f"freeze {self.name}")
            self._frozen = True
            told: set[int] = set()
            while running := [pid for pid in self.pids() if not _stands_still(pid, told)]:
                _signal(running, signal.SIGSTOP)
                told.update(running)

    def thaw(self) -> None:
        with self._lock:
            self._running()
            _signal([*self.pids(), *self._waiting_outside()], signal.SIGCONT)
            self._frozen = False
            self._note(f"thaw {self.name}")

    def _waiting_outside(self) -> set[int]:
        """Return the parents that a frozen node's processes have outside: nsenter(1) stops along with its program."""
        mine = self.pids()
        return {_parent(pid) for pid in mine} - {*mine, self._init, 0}

    def kill(self, which: str) -> int:
        """SIGKILL one of the daemon's processes, ``daemon`` or ``executor``; returns how many died."""
        self._running()
        found = [pid for pid in self.pids() if _role(pid) == which]
        if not found:
            raise LabError(f"no {which} runs on {self.name}")
        self._note(f"kill {self.name} {which}")
        _signal(found, signal.SIGKILL)
        return len(found)

    def _running(self) -> None:
        if not self._init:
            raise LabError(f"{self.name} is off; 'hb lab start {self.name}' switches it on")

    def enter(self, argv: Sequence[str]) -> list[str]:
        """Return a command line that runs inside all of this node's namespaces. Raises LabError when it is off."""
        self._running()
        return ["nsenter", "-t", str(self._init), "-n", "-u", "-m", "-p", "-i", "--", *argv]

    def spawn(self, argv: Sequence[str], stdio: tuple[int | IO[bytes], ...]) -> subprocess.Popen[bytes]:
        """Run a program in the node, in a session of its own."""
        stdin, stdout, stderr = stdio
        return subprocess.Popen(
            self.enter(argv),
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            env=environment(),
            start_new_session=True,
            cwd="/",
        )

    def pids(self) -> list[int]:
        """Return the node's processes, without its PID 1, as the controller numbers them."""
        if not self._init:
            return []
        mine = _namespace(self._init)
        return [pid for pid in _all_pids() if pid != self._init and _namespace(pid) == mine]

    def usage(self) -> Usage:
        """Read what the node's processes cost; what ends meanwhile is left out."""
        self._running()
        return measure(self.pids())


class _Watched:
    """A child process with a thread that waits for its end, so that others can wait without polling."""

    def __init__(self, process: subprocess.Popen[bytes], ended: "Callable[[_Watched], None]") -> None:
        self.process = process
        self.status = 0
        self._tell = ended
        self._over = threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()

    @property
    def running(self) -> bool:
        return not self._over.is_set()

    def wait(self, timeout_s: float) -> bool:
        """Return whether it ended in time."""
        return self._over.wait(timeout_s)

    def _watch(self) -> None:
        self.status = self.process.wait()
        self._over.set()
        self._tell(self)


def environment() -> dict[str, str]:
    """Return the environment of everything that runs in a node: nothing of the caller's but language and terminal."""
    kept = {name: os.environ[name] for name in ("LANG", "LC_ALL", "TERM", "TZ") if name in os.environ}
    path = f"{Path(sys.executable).parent}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    return {"LANG": "C.UTF-8", "HOME": "/root", **kept, "PATH": path}


def measure(pids: Sequence[int]) -> Usage:
    cpu_ns, pss, locked, realtime, names = 0, 0, 0, False, []
    for pid in pids:
        with contextlib.suppress(OSError, ValueError, IndexError):
            place = Path(f"/proc/{pid}")
            threads = [int(entry.name) for entry in (place / "task").iterdir()]
            cpu_ns += sum(int((place / f"task/{t}/schedstat").read_text().split()[0]) for t in threads)
            realtime = realtime or any(os.sched_getscheduler(t) & 0xF in (os.SCHED_FIFO, os.SCHED_RR) for t in threads)
            pss += _kib(place / "smaps_rollup", "Pss:")
            locked += _kib(place / "status", "VmLck:")
            names.append((place / "comm").read_text().strip())
    return Usage(cpu_ns / 1e9, pss, tuple(names), realtime, locked)


def _kib(path: Path, key: str) -> int:
    return sum(int(line.split()[1]) for line in path.read_text().splitlines() if line.startswith(key))


def _role(pid: int) -> str:
    """Return ``daemon`` or ``executor`` for the process that plays this role, by the name it gave itself."""
    with contextlib.suppress(OSError):
        return {"hb-daemon": "daemon", "hb-executor": "executor"}.get(Path(f"/proc/{pid}/comm").read_text().strip(), "")
    return ""


def _signal(pids: Sequence[int], number: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def _all_pids() -> Iterator[int]:
    return (int(name) for name in os.listdir("/proc") if name.isdigit())  # noqa: PTH208 - hot: no Path objects


def _namespace(pid: int) -> str:
    try:
        return os.readlink(f"/proc/{pid}/ns/pid")  # noqa: PTH115 - hot
    except OSError:
        return ""


def _stands_still(pid: int, told: set[int]) -> bool:
    """Whoever waits for a child between vfork(2) and execve(2) stays in D while that is stopped, and stops after it."""
    state = _state(pid)
    return state in ("T", "Z", "") or (state == "D" and pid in told)


def _state(pid: int) -> str:
    """Return the one-letter state of a process (proc(5)); empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return ""


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, IndexError):
        return 0


def children(pid: int) -> list[int]:
    """Return the children of a process, whatever thread made them."""
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _only_child(pid: int) -> int:
    (child,) = children(pid)
    return child


def _last_line(path: Path) -> str:
    lines = path.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"
