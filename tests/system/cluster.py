"""A cluster of real daemons in a lab, as the system tests use it: put up, asked, hurt and judged by the oracle."""

import contextlib
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from heartbeat.client import Client, NoDaemon, connect
from heartbeat.journal.query import Entry, Filter, Journal
from heartbeat.lab.lab import Lab
from heartbeat.lab.oracle import Oracle, watching
from heartbeat.model.status import ClusterStatus, GroupStatus, NodeStatus
from heartbeat.pils.registry import PluginRegistry

from tests.system.figures import Figures, measure

TIMERS = "keepalive 200ms\nwarntime 500ms\ndeadtime 1s\ninitdead 10s\n"
"""The seed's own; initdead is the least that hb check does not warn about."""
MEDIA = "bcast eth0\nbcast eth1\n"
ADDRESS = "192.0.2.10"
PATIENCE_S = 30.0
"""Longest wait for what must happen; far above every timer here, so that only a failure reaches it."""


def write_files(
    directory: Path,
    haresources: str,
    *,
    nodes: Sequence[str] = ("node1", "node2"),
    device: str = "stonith_host * lab {nodes}",
    timers: str = TIMERS,
    media: str = MEDIA,
    more: str = "auto_failback off\n",
) -> Path:
    """Write a cluster's three files and its resource script into a directory."""
    directory.mkdir(exist_ok=True)
    line = device.format(nodes=",".join(nodes))
    (directory / "ha.cf").write_text(f"node {' '.join(nodes)}\n{media}{timers}{more}{line}\n")
    (directory / "haresources").write_text(haresources)
    (directory / "authkeys").write_text("auth 1\n1 sha256 a-key-for-tests-only\n")
    (directory / "authkeys").chmod(0o600)
    shutil.copytree(Path(__file__).parent / "resource.d", directory / "resource.d", dirs_exist_ok=True)
    return directory


class Cluster:
    """One lab with its oracle. What is asked of a node goes through its local API, from outside."""

    def __init__(self, lab: Lab, oracle: Oracle) -> None:
        self.lab = lab
        self.oracle = oracle
        self.nodes = lab.plan.nodes
        self.figures = Figures(0, (), ())
        """Of what was seen on the wire; known when the test has ended."""
        self.stateless: tuple[str, ...] = ()
        """Resources that share no data: two holders in a cut made by the test are excused."""

    # Asking.

    def client(self, node: str) -> Client:
        """Return a client of a node's daemon; raises NoDaemon."""
        return connect(self.lab.root(node) / "run/heartbeat/api.sock")

    def status(self, node: str) -> ClusterStatus:
        with self.client(node) as client:
            return client.status()

    def node(self, asked: str, about: str) -> NodeStatus:
        return next(one for one in self.status(asked).nodes if one.name == about)

    def group(self, asked: str, name: str) -> GroupStatus:
        return next(one for one in self.status(asked).groups if one.name == name)

    def journal(self, node: str, kind: str = "", subject: str = "") -> list[Entry]:
        """Return a node's decisions, oldest first, over all of its lives; also of a node that is off."""
        with Journal(self.lab.disk(node) / "state" / "journal.db") as journal:
            return list(journal.entries(Filter(kind=kind, subject=subject)))

    def count(self, node: str, kind: str) -> int:
        """Return how often a node has decided this so far; 0 before it has a journal."""
        try:
            return len(self.journal(node, kind))
        except (sqlite3.Error, OSError):
            return 0

    def hb(self, node: str, *words: str) -> tuple[int, str]:
        """Run ``hb`` in a node; return its status and all that it printed."""
        return self.lab.output(node, ["hb", *words])

    def said(self, node: str) -> str:
        """Return what a node's daemon wrote to its log."""
        log = self.lab.disk(node) / "log" / "hb.log"
        return log.read_text(errors="replace") if log.exists() else ""

    # Waiting.

    def until(self, is_true: Callable[[], bool], what: str, timeout_s: float = PATIENCE_S) -> None:
        """Wait until a condition holds. A daemon that cannot be asked just now counts as no."""
        deadline_s = time.monotonic() + timeout_s
        while True:
            with contextlib.suppress(NoDaemon, OSError):
                if is_true():
                    return
            assert time.monotonic() < deadline_s, f"not within {timeout_s:g} s: {what}\n{self.story()}"
            time.sleep(0.02)

    def until_runs(self, group: str, node: str, *, timeout_s: float = PATIENCE_S) -> None:
        """Wait until a group runs on a node, by that node's own word."""

        def runs() -> bool:
            found = self.group(node, group)
            return found.state == "running" and found.node == node

        self.until(runs, f"{group} runs on {node}", timeout_s)

    def until_members(self, *nodes: str) -> None:
        """Wait until these nodes, and no others, are members in each other's eyes."""

        def agreed() -> bool:
            views = [self.status(node) for node in nodes]
            seen = [{one.name for one in view.nodes if one.state == "member"} for view in views]
            return len({view.view for view in views}) == 1 and all(each == set(nodes) for each in seen)

        self.until(agreed, f"{', '.join(nodes)} share a view")

    def until_decided(self, node: str, kind: str, count: int = 1, timeout_s: float = PATIENCE_S) -> None:
        """Wait until a node has decided this so many times, over all of its lives."""
        self.until(lambda: self.count(node, kind) >= count, f"{node} decides {kind}", timeout_s)

    def stays(self, is_true: Callable[[], bool], what: str, for_s: float) -> None:
        """Hold that nothing changes for a while: for what must not happen, a time has to pass."""
        end_s = time.monotonic() + for_s
        while time.monotonic() < end_s:
            assert is_true(), f"no longer: {what}\n{self.story()}"
            time.sleep(0.05)

    # Acting.

    def behave(self, node: str, name: str, action: str, mood: str) -> None:
        """Have a toy behave on a node from now on: ``fail``, ``hang``, ``lie``, or work again (empty)."""
        file = self.lab.disk(node) / "state" / f"toy-{name}.{action}"
        if mood:
            file.write_text(mood)
        else:
            file.unlink()

    def renew(self, *daemons: str) -> None:
        """Give every node a new machine, and a daemon to these: nothing of the old one runs, nothing is remembered."""
        for node in self.nodes:
            self.lab.crash(node)
        for node in self.nodes:
            for path in (self.lab.disk(node) / "state").iterdir():
                path.unlink()
            self.lab.ask("boot_only", node=node)
        self.lab.start(*daemons)

    def kill_everything(self, node: str) -> None:
        """Kill all processes of heartbeat at once: the kernel goes on, and with it an address and whatever else runs.

        The children are stopped first, so that none leaves in order when its parent dies; the parent, whose number is
        the least, dies first and starts none of them again.
        """
        self.lab.ask("note", text=f"signal {node} KILL everything")
        self.lab.output(node, ["pkill", "-STOP", "-x", "hb-.*"])
        self.lab.output(node, ["pkill", "-KILL", "-x", "hb|hb-.*"])

    # Judging.

    def story(self) -> str:
        """Return what every node decided and what really happened, for a person who reads a failed test."""
        parts = []
        for node in self.nodes:
            with contextlib.suppress(sqlite3.Error, OSError):
                lines = [f"  {e.mono_s:10.3f} {e.kind:18} {e.text}" for e in self.journal(node)[-40:]]
                parts += [f"{node} decided:", *lines]
            parts += [f"{node} said last:", *self.said(node).splitlines()[-8:]]
        parts += ["answers on the wire:", *self._wire()]
        parts += ["the lab's record:"]
        parts += [f"  {e.at_s:10.3f} {e.kind:18} {' '.join(e.words)}" for e in self.lab.events()[-40:]]
        return "\n".join(parts)

    def _wire(self) -> list[str]:
        """Return from when to when each node answered, the newest spells of each address last."""
        spells: list[tuple[str, str, float, float]] = []
        for answer in self.oracle.answers():
            address, node, begin_s, end_s = spells[-1] if spells else ("", "", 0.0, 0.0)
            if (address, node) == (answer.address, answer.node) and answer.at_s <= end_s + 0.2:
                spells[-1] = (address, node, begin_s, answer.at_s)
            else:
                spells.append((answer.address, answer.node, answer.at_s, answer.at_s))
        return [f"  {begin_s:10.3f} to {end_s:.3f} {node} {address}" for address, node, begin_s, end_s in spells[-12:]]

    def judge(self) -> None:
        """Hold the promises against what really happened."""
        broken = self.oracle.broken(self.stateless)
        broken += [f"{node}'s log holds a traceback" for node in self.nodes if "Traceback" in self.said(node)]
        assert not broken, "\n".join([*broken, self.story()])

    def started(self, resource: str) -> list[str]:
        """Return on which nodes a toy was started so far, in order."""
        return [e.words[1] for e in self.lab.events() if e.kind == "start" and e.words[0] == resource]

    def were_shot(self, *nodes: str) -> None:
        """Hold that the power switch was told to switch off just these, in this order."""
        assert self.shots() == [*nodes], f"{self.shots()} were shot, not {[*nodes]}\n{self.story()}"

    def shots(self) -> list[str]:
        """Return which nodes the power switch was told to switch off so far, in order."""
        return [event.words[0] for event in self.lab.events() if event.kind == "power-off"]


@contextlib.contextmanager
def running(
    files: Path, name: str, *, daemons: bool = True, run: Sequence[str] = (), fence: Sequence[str] = ()
) -> Iterator[Cluster]:
    """Put a lab up, yield its cluster, judge, and take the lab down. ``run`` and ``fence`` are as in ``Lab.up``."""
    lab = Lab.up(files, PluginRegistry(), name=name, daemons=daemons, run=run, fence=fence)
    try:
        with watching(lab) as oracle:
            cluster = Cluster(lab, oracle)
            try:
                yield cluster
            finally:
                cluster.figures = measure(lab.events(), oracle.answers())
            cluster.judge()
    finally:
        lab.down()
