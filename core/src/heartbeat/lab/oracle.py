"""The oracle: what really happened, seen from the host and not from the cluster, and whether the promises were kept.

The promises (docs/safety.md):

(a) what shares data is never active on two nodes;
(b) an address never answers from two nodes because something died or froze;
(c) only while all links between live nodes are cut by the test, and until the first beats after the heal, may an
    address that shares no data answer from two.

Two witnesses: the lab's record (resource scripts say when they start and stop, the controller when a node died), and
the answers to questions that the client asks all nodes at once.
"""

import contextlib
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from heartbeat.lab.client import running
from heartbeat.lab.control import LabError
from heartbeat.lab.lab import Lab
from heartbeat.lab.record import Event

TURNS_S = 0.05
"""Two nodes that answer in turn within this time hold an address together; no planned move goes and comes that fast."""

LATELY_BYTES = 1 << 16
"""A thousand answers and more: half a second of ten addresses that are asked for every 10 ms."""

AFTER_HEAL_S = 1.0
"""How long after a heal two holders are excused: some keepalives (ruling: the loser mutes within one)."""


class Answer(msgspec.Struct, frozen=True):
    """A node's answer to one question about an address."""

    at_s: float
    how: str
    """``arp``, ``nd`` or ``echo``."""
    address: str
    node: str
    question: int


class Window(msgspec.Struct, frozen=True):
    """A time in which two holders of an address are excused."""

    begin_s: float
    end_s: float

    def holds(self, at_s: float) -> bool:
        return self.begin_s <= at_s <= self.end_s


def broken_resources(events: Iterable[Event], stateless: Sequence[str] = ()) -> list[str]:
    """Return a sentence for each time that a resource was active on two nodes at once.

    A resource is active from the line before its start to the line after its stop, or to the death of its node.
    ``stateless`` names resources that share no data, for which another judgement holds.
    """
    holders: dict[str, set[str]] = defaultdict(set)
    broken = []
    for event in events:
        match event.kind, event.words:
            case "start", (name, node):
                others = holders[name] - {node}
                if others and name not in stateless:
                    broken.append(f"{name} was started on {node} at {event.at_s:.3f} while {_and(others)} held it")
                holders[name].add(node)
            case "stop", (name, node):
                holders[name].discard(node)
            case "off", (node,):
                for nodes in holders.values():
                    nodes.discard(node)
    return broken


def broken_addresses(answers: Iterable[Answer], excused: Sequence[Window] = ()) -> list[str]:
    """Return a sentence for each address that two nodes answered for at once outside the excused windows."""
    broken: dict[tuple[str, frozenset[str]], str] = {}
    asked: dict[tuple[str, str, int], str] = {}
    recent: dict[str, list[Answer]] = defaultdict(list)
    for answer in answers:
        if any(window.holds(answer.at_s) for window in excused):
            continue
        if answer.how != "nd":  # the only answer that does not say to which question
            first = asked.setdefault((answer.how, answer.address, answer.question), answer.node)
            _blame(broken, answer, first, "both answered one question")
        last = recent[answer.address] = [a for a in recent[answer.address] if a.at_s > answer.at_s - TURNS_S]
        if any(a.node == answer.node for a in last) and last[-1].node != answer.node:
            _blame(broken, answer, last[-1].node, "answered in turn")
        last.append(answer)
    return list(broken.values())


def _blame(broken: dict[tuple[str, frozenset[str]], str], answer: Answer, other: str, how: str) -> None:
    if other != answer.node:
        pair = frozenset({answer.node, other})
        text = f"{answer.address}: {_and(pair)} {how} ({answer.how}) at {answer.at_s:.3f}"
        broken.setdefault((answer.address, pair), text)


def excused_windows(events: Iterable[Event], links: int, after_heal_s: float = AFTER_HEAL_S) -> list[Window]:
    """Return the times in which a node was cut off on all of its links by the test."""
    windows: list[Window] = []
    cut: dict[str, set[str]] = defaultdict(set)
    since: float | None = None
    for event in events:
        if event.kind == "cut":
            node, link = event.words[:2]
            cut[node].add(link)
            if since is None and ("all" in cut[node] or len(cut[node]) >= links):
                since = event.at_s
        elif event.kind == "heal":
            cut.clear()
            if since is not None:
                windows.append(Window(since, event.at_s + after_heal_s))
            since = None
    if since is not None:
        windows.append(Window(since, float("inf")))
    return windows


def _and(names: Iterable[str]) -> str:
    return " and ".join(sorted(names))


def _whole_lines(path: Path, newest_bytes: int | None) -> list[str]:
    """Return the lines of a file that is being written, without a last one that is not whole; all or the newest."""
    try:
        with path.open("rb") as file:
            if newest_bytes is not None and (skipped := path.stat().st_size - newest_bytes) > 0:
                file.seek(skipped)
                file.readline()
            text = file.read().decode()
    except FileNotFoundError:
        return []
    return text[: text.rfind("\n") + 1].splitlines()


class Oracle:
    """Watches one lab. Use ``watching`` to get one."""

    def __init__(self, lab: Lab, path: Path) -> None:
        self._lab = lab
        self._path = path

    def answers(self, newest_bytes: int | None = None) -> list[Answer]:
        """Return the answers seen so far, or those in the newest bytes of what was written down, every 50 ms."""
        nodes = self._lab.plan.nodes
        found = []
        for line in _whole_lines(self._path, newest_bytes):
            at, how, address, mac, question = line.split()
            number = int(mac.rpartition(":")[2], 16) - 1
            node = nodes[number] if number < len(nodes) else mac
            found.append(Answer(float(at), how, address, node, int(question)))
        return found

    def holders(self, resource: str) -> set[str]:
        """Return where a resource is active now, by its script's own word."""
        held: set[str] = set()
        for event in self._lab.events():
            if event.kind == "start" and event.words[0] == resource:
                held.add(event.words[1])
            elif event.kind == "stop" and event.words[0] == resource:
                held.discard(event.words[1])
            elif event.kind == "off":
                held.discard(event.words[0])
        return held

    def answering(self, address: str, within_s: float = 0.2) -> set[str]:
        """Return the nodes that answered for an address lately."""
        since = time.monotonic() - within_s
        return {
            answer.node for answer in self.answers(LATELY_BYTES) if answer.address == address and answer.at_s >= since
        }

    def broken(self, stateless: Sequence[str] = ()) -> list[str]:
        """Return a sentence for each broken promise; empty when all were kept."""
        events = self._lab.events()
        windows = excused_windows(events, len(self._lab.plan.media))
        return broken_resources(events, stateless) + broken_addresses(self.answers(), windows)


@contextlib.contextmanager
def watching(lab: Lab, interval_s: float = 0.01) -> Iterator[Oracle]:
    """Watch all service addresses of a lab. Raises LabError when the watch does not begin."""
    path = lab.home / f"answers-{time.monotonic_ns()}"
    pairs = [f"{service.interface}={service.address}" for service in lab.plan.services]
    with running(lab, "answers", str(path), str(interval_s), *pairs):
        deadline = time.monotonic() + 10
        while not path.exists():
            if time.monotonic() > deadline:
                raise LabError(f"the oracle did not begin: {(lab.home / 'answers.log').read_text()[-200:]}")
            time.sleep(0.002)
        yield Oracle(lab, path)
