"""Whether the promises were kept, judged from what was recorded and from who answered.

The promises (docs/safety.md):

(a) what shares data is never active on two nodes;
(b) an address never answers from two nodes because something died or froze;
(c) only while all links between live nodes are cut by the test, and until the first beats after the heal, may an
    address that shares no data answer from two.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

import msgspec

from heartbeat.lab.record import Event

TURNS_S = 0.05
"""Two nodes that answer in turn within this time hold an address together; no planned move goes and comes that fast."""

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


class AddressJudge:
    """Judges answers as they come: has an address answered from two nodes at once, outside the excused windows?"""

    def __init__(self) -> None:
        self._broken: dict[tuple[str, frozenset[str]], str] = {}
        self._first: dict[tuple[str, str, int], str] = {}
        """Who answered a question first."""
        self._recent: dict[str, list[Answer]] = defaultdict(list)

    def take(self, answers: Iterable[Answer], excused: Sequence[Window] = ()) -> None:
        """Take what came since the last time; ``excused``: all windows up to the newest of these answers."""
        for answer in answers:
            if any(window.holds(answer.at_s) for window in excused):
                continue
            if answer.how != "nd":  # the only answer that does not say to which question
                first = self._first.setdefault((answer.how, answer.address, answer.question), answer.node)
                self._blame(answer, first, "both answered one question")
            recent = self._recent[answer.address]
            recent[:] = [each for each in recent if each.at_s > answer.at_s - TURNS_S]
            if any(each.node == answer.node for each in recent) and recent[-1].node != answer.node:
                self._blame(answer, recent[-1].node, "answered in turn")
            recent.append(answer)

    def broken(self) -> list[str]:
        """Return a sentence for each address and pair of nodes."""
        return list(self._broken.values())

    def _blame(self, answer: Answer, other: str, how: str) -> None:
        if other != answer.node:
            pair = frozenset({answer.node, other})
            text = f"{answer.address}: {_and(pair)} {how} ({answer.how}) at {answer.at_s:.3f}"
            self._broken.setdefault((answer.address, pair), text)


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
