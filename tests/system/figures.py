"""What a system test showed, in figures: how often an address changed hands, and how long the old holder spoke on.

Read from the lab's own record and from what the client saw on the wire; no daemon's word is in it.
"""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from heartbeat.lab.promises import Answer
from heartbeat.lab.record import Event

STOPPED = ("freeze", "signal")
"""Troubles after which the holder's kernel alone may go on answering. A killed process is none: it is started again."""
WOKEN = ("thaw", "boot")
TROUBLES = (*STOPPED, "kill", "off", "cut", "heal", "device")
RECENT_S = 6.0
"""A trouble longer ago than this before the last answer was not what moved the address."""
LATE_S = 0.05
"""The last answer before a power cut may lie this long before it: the oracle asks every 10 ms."""
BOTH_S = 0.5
"""Who answers again so soon after the other began has not fallen silent: both had it, in a cut made by the test."""


class Figures(NamedTuple):
    """Of one test: seconds."""

    troubles: int
    silence_s: tuple[float, ...]
    """From the moment the holder's processes stopped to its last answer."""
    takeover_s: tuple[float, ...]
    """From the trouble to the first answer of the other node."""


def measure(events: Sequence[Event], answers: Iterable[Answer]) -> Figures:
    """Return the figures of one lab, ``events`` and ``answers`` in order of time."""
    silence, takeover = [], []
    by_address: dict[str, list[Answer]] = {}
    for answer in answers:
        by_address.setdefault(answer.address, []).append(answer)
    for seen in by_address.values():
        for at in range(1, len(seen)):
            last, first = seen[at - 1], seen[at]
            if last.node == first.node or _goes_on(seen, at, last.node):
                continue
            trouble = _trouble(events, seen[:at])
            if trouble is None:
                continue
            takeover.append(first.at_s - trouble.at_s)
            if trouble.kind in STOPPED:
                silence.append(last.at_s - trouble.at_s)
    return Figures(sum(event.kind in TROUBLES for event in events), tuple(silence), tuple(takeover))


def _goes_on(seen: Sequence[Answer], at: int, node: str) -> bool:
    """Does the one before answer again, or did the one after answer already?"""
    first = seen[at]
    before = (a for a in seen[max(0, at - 200) : at] if a.at_s >= first.at_s - BOTH_S)
    after = (a for a in seen[at : at + 200] if a.at_s <= first.at_s + BOTH_S)
    return any(a.node == first.node for a in before) or any(a.node == node for a in after)


def _trouble(events: Sequence[Event], before: Sequence[Answer]) -> Event | None:
    """Return what ended the last answerer's time: the newest stop of its processes as it answered, or its power cut."""
    last = before[-1]
    about = [event for event in events if last.node in event.words[:1]]
    recent = [e for e in about if last.at_s - RECENT_S <= e.at_s <= last.at_s]
    woken_s = max((e.at_s for e in recent if e.kind in WOKEN or "CONT" in e.words), default=0.0)
    stops = [e for e in recent if e.kind in STOPPED and e.at_s > woken_s and _answered(before, e)]
    cuts = [e for e in about if e.kind == "off" and abs(e.at_s - last.at_s) <= LATE_S]
    return stops[-1] if stops else cuts[0] if cuts else None


def _answered(before: Sequence[Answer], event: Event) -> bool:
    """Did the node that this happened to have the address just then?"""
    last = before[-1]
    since_s = event.at_s - LATE_S
    for answer in reversed(before):
        if answer.at_s < since_s:
            return False
        if answer.node == last.node and answer.at_s <= event.at_s:
            return True
    return False


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value that ``share`` of all are not above (nearest rank); ``values`` must not be empty."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def table(rows: dict[str, list[tuple[bool, Figures]]]) -> str:
    """Return a Markdown table: by test, each run's verdict and figures."""
    lines = [
        "| test | runs | failed | troubles | takeovers | silence p50 / p99 / max (ms) | takeover p50 / max (ms) |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, runs in sorted(rows.items()):
        silence = [value for _, figures in runs for value in figures.silence_s]
        takeover = [value for _, figures in runs for value in figures.takeover_s]
        failed = sum(not good for good, _ in runs)
        troubles = sum(figures.troubles for _, figures in runs)
        lines.append(
            f"| {name} | {len(runs)} | {failed} | {troubles} | {len(takeover)} "
            f"| {_ms(silence, 0.5, 0.99, 1.0)} | {_ms(takeover, 0.5, 1.0)} |"
        )
    return "\n".join(lines)


def _ms(values: Sequence[float], *shares: float) -> str:
    if not values:
        return "-"
    return " / ".join(f"{1000 * quantile(values, share):.0f}" for share in shares)
