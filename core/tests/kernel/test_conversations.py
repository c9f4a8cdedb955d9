"""Golden conversations: what a cluster says and does, told by itself.

Each file of ``tests/golden/kernel`` is a script, a rule of dashes, and the transcript of a simulated cluster that
lived through it. After a change that you understand, write the transcripts anew, and read the difference before you
commit it: ``HB_REGENERATE=1 pytest core/tests/kernel/test_conversations.py``.

The words of a script, in order of use:

    nodes A B C                      timers keepalive 200ms deadtime 1s ...       failback on|off|legacy
    group NAME on A: RESOURCE ...    a resource that ends in ``!`` shares data
    device all|none|A B              whom a power switch reaches; ``reset no`` leaves what it shot switched off
    rest                             boot all nodes and let them settle; the transcript begins afterwards
    boot A ...                       power on           crash A     power off         run 2s   let time pass
    kill A / start A                 the daemon only    freeze A / thaw A             heal     all cables
    cut A [link 1] [in|out]          this node's cables, from and to all others
    agent A RESOURCE ACTION fails|hangs|works           switch A fails|hangs|lies|works|races
    part A B [one-way]               the cables between two, or only from A to B      files A differ|alike
    standby|takeover A [all|local|foreign]              leave A                       confirm B on A
    foreign A                        frames of another cluster with the same node names and keys reach A
"""

import difflib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from heartbeat.kernel import events as ev
from heartbeat.model.cluster import Cluster, Failback, Timers
from heartbeat.model.duration import parse_duration
from heartbeat.model.group import Group
from heartbeat.model.names import Nid, NodeName
from heartbeat.model.operation import Action, Outcome
from heartbeat.model.view import ViewId
from heartbeat.sim.machine import Behaviour
from heartbeat.sim.world import World
from heartbeat.wire import api
from heartbeat.wire.frame import Header, short_id
from heartbeat.wire.messages import Beat, Packet

CORPUS = Path(__file__).resolve().parents[3] / "tests" / "golden" / "kernel"
CONVERSATIONS = sorted(CORPUS.glob("*.txt"))
RULE = "-" * 100
HOW = {
    "fails": Behaviour(Outcome.FAILED, acts=False, detail="it says no"),
    "hangs": Behaviour(takes_s=10_000.0, acts=False),
    "lies": Behaviour(acts=False),
    "works": Behaviour(),
}
MakeGroup = Callable[..., Group]


class Stage:
    """Plays one script in a simulated world, and writes down what is said."""

    def __init__(self, make_group: MakeGroup) -> None:
        self._make_group = make_group
        self._settings: dict[str, Any] = {"timers": Timers(0.2, 0.5, 1.0, 5.0)}
        self._nodes: list[str] = []
        self._groups: list[Group] = []
        self._world: World | None = None
        self._differs: dict[str, Cluster] = {}
        self._seen: dict[Nid, tuple[int, int]] = {}
        self.lines: list[str] = []

    def play(self, script: str) -> str:
        """Return the transcript."""
        for line in script.splitlines():
            words = line.split("#", 1)[0].split()
            if words:
                self._command(words[0], words[1:])
        self._say_the_end()
        return "\n".join(self.lines) + "\n"

    def _command(self, verb: str, args: list[str]) -> None:
        setting = getattr(self, f"_set_{verb}", None)
        if setting:
            setting(*args)
            return
        self._play_out(verb, args)

    # Settings.

    def _set_nodes(self, *names: str) -> None:
        self._nodes = sorted(names)
        self._settings["has_device"] = tuple(self._nodes)

    def _set_group(self, name: str, _on: str, home: str, *resources: str) -> None:
        self._groups.append(self._make_group(name, home.rstrip(":"), *resources))

    def _set_timers(self, *pairs: str) -> None:
        fields = {f"{name}_s": parse_duration(text) for name, text in zip(pairs[::2], pairs[1::2], strict=True)}
        self._settings["timers"] = msgspec.structs.replace(self._settings["timers"], **fields)

    def _set_failback(self, word: str) -> None:
        self._settings["failback"] = Failback(word)

    def _set_device(self, *names: str) -> None:
        reached = {"all": self._nodes, "none": []}.get(names[0], list(names))
        self._settings["has_device"] = tuple(NodeName(name) for name in reached)

    def _set_reset(self, _no: str) -> None:
        self._settings["reset_after_off"] = False

    # Play.

    @property
    def world(self) -> World:
        if self._world is None:
            settings: dict[str, Any] = {"failback": Failback.OFF} | self._settings
            names = tuple(NodeName(name) for name in self._nodes)
            self._world = World(Cluster("linux-ha", names, groups=tuple(self._groups), **settings))
        return self._world

    def _nid(self, name: str) -> Nid:
        return Nid(self._nodes.index(name))

    def _play_out(self, verb: str, args: list[str]) -> None:
        world = self.world
        if verb == "rest":
            world.boot_all()
            world.run(2.0)
            self._listen(silently=True)
            return
        if verb != "run":
            self.lines.append(f"{world.since_s:9.2f}  > {' '.join([verb, *args])}")
        do = getattr(self, f"_do_{verb}", None)
        if do:
            do(*args)
        else:
            for name in args:
                {"crash": world.crash, "kill": world.kill_daemon, "freeze": world.freeze, "thaw": world.thaw}[verb](
                    self._nid(name)
                )
        self._listen()

    def _do_run(self, text: str) -> None:
        """Listen often enough that what several nodes say comes out in order."""
        end_s = self.world.now_s + parse_duration(text)
        while self.world.now_s < end_s - 1e-9:
            self.world.run(min(0.001, end_s - self.world.now_s))
            self._listen()

    def _do_boot(self, *names: str) -> None:
        for name in names:
            whole = self.world.cluster
            self.world.cluster = self._differs.get(name, whole)
            self.world.boot(self._nid(name))
            self.world.cluster = whole

    def _do_start(self, name: str) -> None:
        self.world.boot(self._nid(name), new_boot=False)

    def _do_heal(self) -> None:
        self.world.heal()

    def _do_cut(self, name: str, *how: str) -> None:
        links = (int(how[how.index("link") + 1]),) if "link" in how else None
        self.world.cut(self._nid(name), links, inward="out" not in how, outward="in" not in how)

    def _do_agent(self, name: str, resource: str, action: str, how: str) -> None:
        self.world.machines.behaviour[name, resource, Action(action)] = HOW[how]

    def _do_switch(self, name: str, how: str) -> None:
        """Say how the switch treats one node's commands; ``races``: it does not keep two nodes from each other."""
        if how == "races":
            hosts = tuple(self.world.cluster.has_device)
            self.world.step(self._nid(name), ev.DevicesKnown("switch", hosts, 2.0, "", serialises=False))
        else:
            self.world.machines.behaviour[name, "switch", Action.FENCE] = HOW[how]

    def _do_part(self, one: str, other: str, *how: str) -> None:
        ways = [(self._nid(one), self._nid(other)), (self._nid(other), self._nid(one))][: 1 if how else 2]
        self.world.cuts.update({(*way, link) for way in ways for link in range(len(self.world.links))})

    def _do_files(self, name: str, how: str) -> None:
        if how == "alike":
            self._differs.pop(name)
            return
        changed = msgspec.structs.replace(self.world.cluster.timers, warntime_s=0.4)
        self._differs[name] = msgspec.structs.replace(self.world.cluster, timers=changed)

    def _do_foreign(self, name: str) -> None:
        other = next(node for node in self._nodes if node != name)
        nodes = self.world.cluster.nodes_digest
        beat = Beat(other, "boot", nodes, "?", 1.0, ViewId(7, Nid(0)), "member", (), (), 0, 0, (), executor_ok=True)
        for sequence in range(1, 21):
            header = Header(0, short_id("another"), short_id(other), 99, b"elsewher", sequence)
            self.world.step(self._nid(name), ev.FrameReceived(0, header, Packet(beat)))

    def _do_standby(self, name: str, which: str = "all") -> None:
        self.world.ask(self._nid(name), api.Standby(which))

    def _do_takeover(self, name: str, which: str = "all") -> None:
        self.world.ask(self._nid(name), api.Takeover(which))

    def _do_leave(self, name: str) -> None:
        self.world.ask(self._nid(name), api.Stop())

    def _do_confirm(self, target: str, _on: str, name: str) -> None:
        """Ask what is open and answer it, as a person does."""
        nid = self._nid(name)
        self.world.ask(nid, api.ConfirmRequests())
        asked = self.world.nodes[nid].answers[-1].answer
        assert isinstance(asked, api.Confirmations)
        numbers = {each.node: each.request for each in asked.open}
        self.world.ask(nid, api.Confirm(target, numbers.get(target, 0)))

    # Listening.

    def _listen(self, *, silently: bool = False) -> None:
        heard: list[tuple[float, Nid, str]] = []
        for nid, node in self.world.nodes.items():
            decisions, answers = self._seen.get(nid, (0, 0))
            self._seen[nid] = (len(node.decisions), len(node.answers))
            for _, decision in node.decisions[decisions:]:
                mark = "!" if decision.alarm else " "
                text = f"{mark} {decision.kind:18} {decision.text}"
                heard.append((decision.at_s - 1000, nid, text))
            heard += [(self.world.since_s, nid, f"< {_answer(each.answer)}") for each in node.answers[answers:]]
        if not silently:
            heard.sort(key=lambda each: (round(each[0], 3), each[1]))
            self.lines += [f"{at_s:9.2f}  {self._nodes[nid]:6} {text}" for at_s, nid, text in heard]

    def _say_the_end(self) -> None:
        world = self.world
        self.lines.append("")
        for group in self._groups:
            nodes = " and ".join(sorted(world.where(group.name))) or "nowhere"
            self.lines.append(f"finally   {group.name} runs on {nodes}")
        shot = ", ".join(f"{target} by {by} at {at_s - 1000:.2f}" for at_s, by, target in world.machines.fenced)
        self.lines.append(f"finally   fenced: {shot or 'nobody'}")
        self.lines += [f"twice     {violation}" for violation in world.machines.violations]


def _answer(answer: api.Answer) -> str:
    match answer:
        case api.Progress():
            return f"... {answer.text}"
        case api.Done():
            return f"{'done' if answer.good else 'no'}: {answer.text}"
        case api.Confirmations():
            asks = [
                f"is {each.node} off? (life {each.incarnation}, silent {each.silent_s:.1f} s)"
                f" then {', '.join(each.starts)} would start"
                for each in answer.open
            ]
            return "; ".join(asks) or "nothing to confirm"
        case _:
            return str(answer)


@pytest.mark.parametrize("path", CONVERSATIONS, ids=lambda path: path.stem)
def test_the_cluster_says_what_it_said(path: Path, make_group: MakeGroup) -> None:
    script, _, expected = path.read_text(encoding="utf-8").partition(f"{RULE}\n")
    said = Stage(make_group).play(script)
    if os.environ.get("HB_REGENERATE"):
        path.write_text(f"{script.rstrip()}\n\n{RULE}\n{said}", encoding="utf-8")
        return
    changes = difflib.unified_diff(expected.splitlines(), said.splitlines(), "expected", "said", lineterm="", n=2)
    difference = "\n".join(changes)
    assert not difference, f"{path.name} goes otherwise now:\n{difference}"


def test_there_are_conversations_and_none_runs_shared_data_twice() -> None:
    """The corpus was found; and where a transcript admits two holders, its comment says that nothing could decide."""
    assert len(CONVERSATIONS) > 30
    for path in CONVERSATIONS:
        text = path.read_text(encoding="utf-8")
        assert "twice " not in text or "promise (c)" in text, path.name
