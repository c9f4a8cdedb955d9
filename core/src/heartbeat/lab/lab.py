"""A lab from outside: put one up, find one, do things to it, take it down.

lab = Lab.up(Path("my-cluster"))
lab.crash("node1")
lab.down()
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import msgspec

from heartbeat.lab.box_plan import asked_for, at_cables
from heartbeat.lab.control import LabError, Message, NoLab, ask
from heartbeat.lab.node import NodeState, Usage, children
from heartbeat.lab.plan import BadLab, LabPlan, Media, read_plan
from heartbeat.lab.record import Event, read_record
from heartbeat.lab.world import Setup

UP_S = 60.0
"""Longest wait for a lab to come up or to go down."""

NAMESPACES = [
    "--net",
    "--mount",
    "--ipc",
    "--pid",
    "--fork",
    "--kill-child=SIGKILL",
    "--mount-proc",
    "--propagation",
    "private",
]


def homes() -> Path:
    """Return the directory in which this user's labs lie."""
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if os.geteuid() == 0 and not runtime:
        return Path("/run/heartbeat-lab")
    if runtime and os.access(runtime, os.W_OK):
        return Path(runtime) / "heartbeat-lab"
    return Path(f"/tmp/heartbeat-lab-{os.geteuid()}")  # noqa: S108 - checked to be ours before it is used


def program() -> tuple[str, ...]:
    """Return the command line of the daemon that belongs to this very installation."""
    script = Path(sys.executable).with_name("hb")
    if script.exists():
        return (str(script), "run")
    return (sys.executable, "-c", "from heartbeat.cli import main; main()", "run")


class Lab:
    """A handle on one running lab; any number of them may exist for the same lab, in any process."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._setup: Setup | None = None

    @classmethod
    def find(cls, name: str = "lab") -> "Lab":
        """Return the handle of a lab by name; raises NoLab when nothing of that name was put up."""
        home = homes() / name
        if not (home / "pid").exists():
            raise NoLab(f"no lab {name!r} is up; start one with 'hb lab up DIR'")
        return cls(home)

    @classmethod
    def names(cls) -> list[str]:
        return sorted(path.parent.name for path in homes().glob("*/pid"))

    @classmethod
    def up(
        cls,
        directory: Path,
        registry: Media,
        *,
        name: str = "lab",
        run: Sequence[str] = (),
        boot_delay_s: float = 0.3,
        eager_client: bool = False,
        daemons: bool = True,
        fence: Sequence[str] = (),
    ) -> "Lab":
        """Put up a lab from the three files in a directory and return when every node is booted.

        ``run`` replaces the program in each node (``hb run``). ``fence`` names types of power devices that every node
        gets, simulated, instead of those in the files; without it, what the files have on serial ports is simulated
        where it can be. Raises LabError (or BadLab, when the files name no
        node or medium), with nothing left behind.
        """
        plan = read_plan(directory, registry)
        boxes = asked_for(fence, plan, registry) if fence else at_cables(directory, plan, registry)
        setup = Setup(plan, tuple(run) or program(), boot_delay_s, eager_client, daemons, boxes)
        lab = cls(_fresh_home(name))
        try:
            _furnish(lab.home, directory, plan)
            (lab.home / "setup.json").write_bytes(msgspec.json.encode(setup))
            lab._launch()
        except BaseException:
            lab.down()
            raise
        return lab

    def _launch(self) -> None:
        argv = [
            "unshare",
            *user_namespace(),
            *NAMESPACES,
            "--",
            sys.executable,
            "-m",
            "heartbeat.lab.controller",
            str(self.home),
        ]
        with (self.home / "controller.log").open("ab") as log:
            process = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, start_new_session=True, cwd="/"
            )
        (self.home / "pid").write_text(f"{process.pid} {_started(process.pid)}\n")
        assert process.stdout is not None
        said = process.stdout.readline().decode().strip()
        process.stdout.close()
        if said != "ready":
            log_text = (self.home / "controller.log").read_text(errors="replace").strip().splitlines()
            process.wait()
            raise LabError(
                said.removeprefix("error ") or (log_text[-1] if log_text else "the controller died silently")
            )
        # It outlives us on purpose; nobody will wait for it here.
        process.returncode = 0

    def ask(self, op: str, *, timeout_s: float | None = 120.0, **arguments: object) -> Message:
        """Ask the controller for one operation. Raises LabError."""
        return ask(self.home / "control.sock", {"op": op, **arguments}, timeout_s=timeout_s)

    @property
    def plan(self) -> LabPlan:
        return self.setup.plan

    @property
    def setup(self) -> Setup:
        if self._setup is None:
            self._setup = msgspec.json.decode((self.home / "setup.json").read_bytes(), type=Setup)
        return self._setup

    def nodes(self) -> list[NodeState]:
        return msgspec.convert(self.ask("status")["nodes"], list[NodeState])

    def node(self, name: str) -> NodeState:
        return next(node for node in self.nodes() if node.name == name)

    def crash(self, node: str) -> float:
        """Cut a node's power; returns the monotonic time at which its cables went dead."""
        return float(self.ask("crash", node=node)["at_s"])

    def freeze(self, node: str) -> float:
        return float(self.ask("freeze", node=node)["at_s"])

    def thaw(self, node: str) -> float:
        return float(self.ask("thaw", node=node)["at_s"])

    def start(self, *nodes: str) -> float:
        """Boot nodes that are off, and start the daemon where it does not run; all together."""
        return float(self.ask("start", nodes=list(nodes))["at_s"])

    def stop(self, node: str, timeout_s: float = 60.0) -> int:
        """End a node's daemon in order; returns its exit status. The node stays on."""
        request: Message = {"op": "stop", "node": node, "timeout_s": timeout_s}
        return int(ask(self.home / "control.sock", request, timeout_s=timeout_s + 5)["status"])

    def kill(self, node: str, which: str) -> float:
        """SIGKILL the ``daemon`` or the ``executor`` of a node."""
        return float(self.ask("kill", node=node, which=which)["at_s"])

    def cut(
        self, node: str, link: str = "", way: str = "both", peers: Sequence[str] = (), *, unplug: bool = False
    ) -> float:
        """Cut a node off: on one link or all, one way or both, from all or from some peers only."""
        return float(self.ask("cut", node=node, link=link, way=way, peers=list(peers), unplug=unplug)["at_s"])

    def heal(self) -> float:
        """End all cuts."""
        return float(self.ask("heal")["at_s"])

    def device(self, mood: str, slow_s: float = 0.0, relay: str = "") -> None:
        """Have the power devices behave: ``ok``, ``fail``, ``hang``, ``lie``, ``slow``.

        ``relay``: only the simulated one with this, as ``2.1`` for the first supply of the second level.
        """
        self.ask("device", mood=mood, slow_s=slow_s, relay=relay)

    def usage(self, node: str) -> Usage:
        return msgspec.convert(self.ask("usage", node=node)["usage"], Usage)

    def events(self) -> list[Event]:
        """Return the lab's record so far."""
        return read_record(self.home / "events.log")

    def exec(self, node: str, argv: Sequence[str], fds: tuple[int, int, int] = (0, 1, 2)) -> int:
        """Run a command in a node, or in the ``client``, with these standard streams; returns its exit status."""
        request: Message = {"op": "exec", "node": node, "argv": list(argv)}
        return int(ask(self.home / "control.sock", request, fds, timeout_s=None)["status"])

    def output(self, node: str, argv: Sequence[str]) -> tuple[int, str]:
        """Run a command in a node and return its status and all that it printed (16 MiB at most)."""
        with Path(os.devnull).open("rb") as null, _Collector() as out:
            status = self.exec(node, argv, (null.fileno(), out.fileno(), out.fileno()))
            return status, out.text()

    def root(self, node: str) -> Path:
        """Return a path under which the node's files are seen from here; good while the node is on.

        It leads through the controller's own view of its processes: its /proc numbers them differently.
        """
        (controller,) = children(_remembered(self.home)[0])
        return Path(f"/proc/{controller}/root/proc/{self.node(node).init}/root")

    def disk(self, node: str) -> Path:
        """Return what survives a power cut of this node: ``ha.d``, ``state``, ``log``."""
        return self.home / "nodes" / node

    def down(self) -> None:
        """End everything and remove the lab's directory; also of a lab whose controller is gone."""
        with contextlib.suppress(LabError):
            self.ask("down", timeout_s=5)
        pid, started = _remembered(self.home)
        deadline = time.monotonic() + UP_S
        while pid and _started(pid) == started and time.monotonic() < deadline:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            _reap(pid)
            time.sleep(0.002)
        shutil.rmtree(self.home, ignore_errors=True)


class _Collector:
    """A file without a name, to catch what a command prints."""

    def __enter__(self) -> Self:
        self._file = os.memfd_create("hb-lab-output")
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._file)

    def fileno(self) -> int:
        return self._file

    def text(self) -> str:
        return os.pread(self._file, 1 << 24, 0).decode(errors="replace")


def user_namespace() -> list[str]:
    """Return the options of unshare(1) that an ordinary user needs on top.

    Raises LabError, in one line, where this machine allows no namespaces at all.
    """
    for extra in ([], ["--user", "--map-root-user"]):
        with contextlib.suppress(FileNotFoundError):
            tried = subprocess.run(["unshare", *extra, *NAMESPACES, "--", "true"], capture_output=True, check=False)
            if tried.returncode == 0:
                return extra
    raise LabError(
        "this machine allows neither root nor user namespaces (unshare -Urnm true fails): no lab can run here"
    )


def _fresh_home(name: str) -> Path:
    """Make the lab's directory; raises LabError when a lab of that name is up."""
    if not name.replace("-", "").replace("_", "").replace(".", "").isalnum():
        raise LabError(f"{name!r} is no name for a lab; letters, digits, '-', '_' and '.'")
    top = homes()
    top.mkdir(mode=0o700, parents=True, exist_ok=True)
    if top.stat().st_uid != os.geteuid():
        raise LabError(f"{top} belongs to somebody else; set XDG_RUNTIME_DIR to a directory of yours")
    home = top / name
    if home.exists():
        pid, started = _remembered(home)
        if pid and _started(pid) == started:
            raise LabError(
                f"a lab {name!r} is already up; 'hb lab down --lab {name}' ends it, or use another --lab NAME"
            )
        shutil.rmtree(home)
    home.mkdir(mode=0o700)
    return home


def _furnish(home: Path, directory: Path, plan: LabPlan) -> None:
    """Give each node its disk: a copy of the three files, and empty state."""
    (home / "share").mkdir()
    names = [(address.partition("/")[0], name) for name, address in _first_addresses(plan)]
    hosts = "127.0.0.1 localhost\n::1 localhost\n" + "".join(f"{address} {name}\n" for address, name in names)
    for name in plan.nodes:
        disk = home / "nodes" / name
        shutil.copytree(directory, disk / "ha.d", ignore=shutil.ignore_patterns(".*"))
        if (disk / "ha.d" / "authkeys").exists():
            (disk / "ha.d" / "authkeys").chmod(0o600)
        for part in ("state", "log"):
            (disk / part).mkdir()
        (disk / "hosts").write_text(hosts)


def _first_addresses(plan: LabPlan) -> list[tuple[str, str]]:
    return [(name, plan.media[0].nodes[index][0]) for index, name in enumerate(plan.nodes)]


def _started(pid: int) -> str:
    """Return when a process started, in clock ticks since boot: with the number, its identity. Empty: gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] == "Z" else fields[19]


def _remembered(home: Path) -> tuple[int, str]:
    try:
        pid, started = (home / "pid").read_text().split()
    except (OSError, ValueError):
        return 0, ""
    return int(pid), started


def _reap(pid: int) -> None:
    """Collect the controller if it happens to be our own child."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


__all__ = ["BadLab", "Lab", "LabError", "NoLab"]
