"""A node's places with ``hb hooks`` in them: real processes, a real journal, and a daemon's socket to speak for."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
from heartbeat.journal.append import Appender, Decided, Entry, Life, Operated
from heartbeat.model.operation import Outcome, Result
from heartbeat.model.reason import Decision, because
from heartbeat.model.status import ClusterStatus
from heartbeat.wire import api

from core.tests.conftest import FakeDaemon
from core.tests.daemon.waiting import wait_for
from core.tests.plugin_site import HB, PluginSite

EAR = '''
import json
from heartbeat.plugin import Listener, Param, ParamKind

class Ear(Listener):
    """Writes down what it hears."""

    api = 1
    title = "writes down what it hears"
    params = (Param("file", ParamKind.PATH, required=True, example="/tmp/heard", help="Where."),)

    def _heard(self, fact, **about):
        with open(self.settings.text("file"), "a") as file:
            file.write(json.dumps([fact, about]) + "\\n")

    def view_installed(self, epoch, members, left, joined):
        self._heard("view_installed", epoch=epoch, members=members, left=left, joined=joined)

    def node_fenced(self, node, device, proof):
        self._heard("node_fenced", node=node, device=device, proof=proof)

    def group_moved(self, group, source, target):
        self._heard("group_moved", group=group, source=source, target=target)

    def link_changed(self, node, link, state):
        self._heard("link_changed", node=node, link=link, state=state)

    def decision_taken(self, number, kind, level):
        self._heard("decision_taken", number=number, kind=kind, level=level)

    def plugin_failed(self, kind, name, problem):
        self._heard("plugin_failed", kind=kind, name=name, problem=problem)

    def status_changed(self, status):
        self._heard("status_changed", node=status.get("node", ""))

    def close(self):
        self._heard("close")
'''
"""Announced as ``ear``."""

IMPATIENT = """
from heartbeat.config.hooks import hooks_of
from heartbeat.hooks.process import HookProcess
from heartbeat.hooks.seat import Limits
from heartbeat.hooks.words import voice
from heartbeat.model.places import places
HookProcess(places(), hooks_of(places().ha_cf)[0], voice(), Limits({}), {}).run()
"""


class House:
    """Configuration, state and run directory in one folder, and plugins beside them."""

    def __init__(self, folder: Path, site: PluginSite) -> None:
        self.folder = folder
        self.site = site
        self.daemon: FakeDaemon | None = None
        self.process: subprocess.Popen[str] | None = None
        self.said = folder / "said"
        self.heard_in = folder / "heard"
        self._journal: Appender | None = None
        self._decided = 0
        site.add("vendor-ear", {"hooks:ear": "Ear"}, EAR)

    # What there is

    def configure(self, *lines: str) -> None:
        """Write ha.cf; ``ear`` without words gets its file."""
        whole = [f"hook ear file={self.heard_in}" if line == "ear" else f"hook {line}" for line in lines]
        (self.folder / "ha.cf").write_text("node node1 node2\n" + "".join(f"{line}\n" for line in whole))

    def daemon_runs(self, status: ClusterStatus) -> FakeDaemon:
        """Have a daemon that says this."""
        (self.folder / "api.sock").unlink(missing_ok=True)
        self.daemon = FakeDaemon(self.folder)
        self.now_is(status)
        return self.daemon

    def now_is(self, status: ClusterStatus) -> None:
        """From now on that is true, and watchers are told."""
        assert self.daemon is not None
        for request in (api.Watch, api.GetStatus):
            self.daemon.will(request, api.Status(status))
        self.daemon.push(api.Status(status))

    def daemon_dies(self) -> None:
        assert self.daemon is not None
        self.daemon.close()
        self.daemon = None

    def decide(
        self, kind: str, subject: str = "cluster", text: str = "so it is", *, alarm: bool = False, times: int = 1
    ) -> None:
        """Write a decision into the journal, or several alike."""
        decisions = []
        for _ in range(times):
            self._decided += 1
            decisions.append(Decision(self._decided, 1.0, kind, subject, text, because("a test"), alarm))
        self._append(*(Decided(time.time(), decision) for decision in decisions))

    def operate(self, action: str, subject: str, host: str, outcome: Outcome, detail: str = "") -> None:
        """Write the end of an operation into the journal."""
        self._append(Operated(time.time(), 1.0, 1, action, subject, "", host, Result(outcome, detail)))

    def begin_journal_anew(self) -> None:
        """Remove the journal, as somebody who cleans up a state directory."""
        if self._journal is not None:
            self._journal.close()
        self._journal = None
        for file in self.folder.glob("journal.db*"):
            file.unlink()

    def _append(self, *entries: Entry) -> None:
        if self._journal is None:
            self._journal = Appender(self.folder / "journal.db", Life("node1", 1, "a-boot", time.time(), 1.0))
        self._journal.append(entries)

    # The process

    def start(self, limits: str = "", status_s: float = 10.0) -> None:
        """Start ``hb hooks``; with limits (``tell_s=0.5``), the same with these instead of its own."""
        impatient = [sys.executable, "-c", IMPATIENT.format(limits, status_s)]
        argv = impatient if limits or status_s != 10.0 else [*HB, "hooks"]
        with self.said.open("w") as said:
            self.process = subprocess.Popen(argv, env=self.environment(), stdout=said, stderr=said, text=True)

    def environment(self) -> dict[str, str]:
        where = str(self.folder)
        return self.site.environment(HB_CONFIG=where, HB_STATE=where, HB_RUN_DIR=where)

    def ready(self) -> None:
        """Wait until the ear has heard of a daemon, or of none: what happens from now on is told."""
        self.until(lambda: bool(self.heard("status_changed")))

    def stop(self) -> int:
        """End it as respawn does; return its exit status."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(10)
        self.process = None
        return status

    def close(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        if self._journal is not None:
            self._journal.close()
        if self.daemon is not None:
            self.daemon.close()

    def until(self, is_true: Callable[[], bool]) -> None:
        """Wait until it is so; who waits in vain is told what was said and heard."""
        try:
            wait_for(is_true)
        except AssertionError as never:
            raise AssertionError(self.story()) from never

    # What came of it

    def heard(self, fact: str, file: Path | None = None) -> list[dict[str, Any]]:
        """Return what the ear was told of this fact so far."""
        file = file or self.heard_in
        lines = file.read_text().splitlines() if file.exists() else []
        return [about for name, about in map(json.loads, lines) if name == fact]

    def heard_last(self, fact: str) -> dict[str, Any]:
        """Return the last of these that the ear was told; empty when none was."""
        return next(iter(self.heard(fact)[::-1]), {})

    def hears(self, fact: str, *about: dict[str, Any]) -> None:
        """Wait until the ear was told of just these, in this order."""
        self.until(lambda: len(self.heard(fact)) >= len(about))
        assert self.heard(fact) == [*about]

    def says(self, text: str) -> None:
        """Wait until the process says this."""
        self.until(lambda: text in self.said.read_text())

    def children(self) -> list[int]:
        """Return the processes of the listeners."""
        assert self.process is not None
        found = []
        for entry in Path("/proc").iterdir():
            with contextlib.suppress(OSError, ValueError):
                stat = (entry / "stat").read_text().rpartition(")")[2].split()
                if int(stat[1]) == self.process.pid and stat[0] != "Z":
                    found.append(int(entry.name))
        return sorted(found)

    def story(self) -> str:
        heard = self.heard_in.read_text() if self.heard_in.exists() else ""
        return f"it said:\n{self.said.read_text()}\nthe ear heard:\n{heard}"


@contextlib.contextmanager
def house(folder: Path, site: PluginSite) -> Iterator[House]:
    """Yield a house; whatever runs in it ends with it."""
    made = House(folder, site)
    try:
        yield made
    finally:
        made.close()


def is_alive(pid: int) -> bool:
    """False for one that is gone, and for one that is only not buried yet."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def with_states(status: ClusterStatus, view: str, **states: str) -> ClusterStatus:
    """Return the status with another view and other states of nodes."""
    nodes = tuple(msgspec.structs.replace(node, state=states.get(node.name, node.state)) for node in status.nodes)
    return msgspec.structs.replace(status, view=view, nodes=nodes)


def running_on(status: ClusterStatus, node: str, state: str = "running") -> ClusterStatus:
    """Return the status with its group on another node, since just now."""
    groups = tuple(msgspec.structs.replace(group, node=node, state=state, since_s=0.0) for group in status.groups)
    return msgspec.structs.replace(status, groups=groups)
