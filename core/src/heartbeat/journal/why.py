"""``hb why``: the present of a node or group, and the decisions and facts it rests on.

The chain is a walk over ``Decision.reason`` inside one life of the daemon; nothing is guessed from times or texts.
"""

import heapq
from pathlib import Path

import msgspec

from heartbeat.journal.query import Entry, Journal
from heartbeat.model.duration import show_duration
from heartbeat.model.status import ClusterStatus, GroupStatus, NodeStatus

LINE_MAX = 120
"""Longest first line, characters: one line of a terminal and of a pager message."""

STEPS_MAX = 25
"""Decisions told unless all are wanted. A cluster that has lived for months has long chains."""

_AS_ADJECTIVE = {"member": "a member", "left": "gone after leaving in order", "one-way": "heard without hearing us"}


class Now(msgspec.Struct, frozen=True):
    """The moment from which ages are told."""

    wall_s: float
    mono_s: float
    boot_id: str
    """Of the running kernel: a monotonic clock means something within one boot only."""

    def age_s(self, entry: Entry) -> float:
        """Return how long ago a decision was taken; by the wall clock when it was before a reboot."""
        age_s = self.mono_s - entry.mono_s if entry.boot_id == self.boot_id else self.wall_s - entry.wall_s
        return max(0.0, age_s)


class Step(msgspec.Struct, frozen=True):
    """One decision of the chain."""

    number: int
    kind: str
    subject: str
    text: str
    alarm: bool
    wall_s: float
    age_s: float
    earlier_s: float
    """How long before the previous step of the chain; 0 for the first."""
    facts: tuple[str, ...]
    """What it rests on besides earlier decisions."""
    decisions: tuple[int, ...]
    """The earlier decisions that it rests on."""


class Story(msgspec.Struct, frozen=True):
    """The answer: one sentence, and what it rests on, the outermost cause last."""

    subject: str
    sentence: str
    """At most LINE_MAX characters; true at the moment of asking."""
    from_daemon: bool
    """True when the running daemon told the present; False when it is the last that was written down."""
    incarnation: int
    """Life of the daemon in which the chain was decided; 0 when nothing was written down."""
    current_life: bool
    """False: the chain belongs to an earlier life, and the newest has decided nothing about the subject."""
    steps: tuple[Step, ...]
    left_off: int = 0
    """Earlier decisions that are not told."""
    missing: tuple[int, ...] = ()
    """Decisions that the chain names and the journal has not: lost, or pruned."""


def tell(journal: Journal | None, subject: str, status: ClusterStatus | None, now: Now, steps_max: int) -> Story:
    """Return the story of a subject (``group G``, ``node N``), from the journal and the running daemon's status.

    Either may be missing (None), for a daemon that is down and a journal that was never written; not both.
    """
    present = None if status is None else _present(status, subject)
    entry = None if journal is None else _explaining(journal, subject, present)
    if journal is None or entry is None:
        assert status is not None or journal is not None
        sentence = _sentence(present) if present else f"nothing was ever decided about {subject} on this node"
        return Story(subject, shorten(sentence), present is not None, 0, current_life=True, steps=())
    chain, left_off, missing = _chain(journal, entry, steps_max)
    steps = tuple(_step(one, before, now) for before, one in zip((chain[0], *chain), chain, strict=False))
    current = entry.life == journal.newest_life()
    said = present.why if present else entry.text
    cause = _direct_cause(journal, entry, said)
    sentence = _sentence(present, cause if current else "") if present else _last_known(entry, cause, now)
    return Story(subject, sentence, present is not None, entry.incarnation, current, steps, left_off, missing)


def shorten(text: str) -> str:
    """Return text of at most LINE_MAX characters, cut at a word where it has to be."""
    if len(text) <= LINE_MAX:
        return text
    head = text[: LINE_MAX - 1]
    return (head[: head.rfind(" ")] if " " in head[LINE_MAX // 2 :] else head).rstrip(" ,:;") + "…"


def boot_id() -> str:
    """Return the running kernel's boot id; empty when it cannot be read."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


Present = GroupStatus | NodeStatus


def _present(status: ClusterStatus, subject: str) -> Present | None:
    kind, _, name = subject.partition(" ")
    if kind == "group":
        return next((group for group in status.groups if group.name == name), None)
    return next((node for node in status.nodes if kind == "node" and node.name == name), None)


def _explaining(journal: Journal, subject: str, present: Present | None) -> Entry | None:
    """Return the decision that made the present: the one whose words the daemon gives, else the newest."""
    newest = journal.latest(subject)
    if newest is None or present is None or not present.why:
        return newest
    said = journal.latest(subject, present.why)
    return said if said is not None and said.life == newest.life else newest


def _chain(journal: Journal, first: Entry, steps_max: int) -> tuple[list[Entry], int, tuple[int, ...]]:
    """Return the decisions that ``first`` rests on, itself included, newest first; how many more; which are missing."""
    told: list[Entry] = []
    missing: list[int] = []
    seen = {first.number}
    waiting = [-first.number]
    while waiting and len(told) < steps_max:
        number = -heapq.heappop(waiting)
        entry = first if number == first.number else journal.decision(first.life, number)
        if entry is None:
            missing.append(number)
            continue
        told.append(entry)
        for cause in entry.causes:
            # A cause is earlier than what it causes; anything else would be a broken journal, and a walk without end.
            if 0 < cause.decision < number and cause.decision not in seen:
                seen.add(cause.decision)
                heapq.heappush(waiting, -cause.decision)
    return told, len(waiting), tuple(missing)


def _step(entry: Entry, before: Entry, now: Now) -> Step:
    return Step(
        number=entry.number,
        kind=entry.kind,
        subject=entry.subject,
        text=entry.text,
        alarm=entry.alarm,
        wall_s=entry.wall_s,
        age_s=now.age_s(entry),
        earlier_s=before.mono_s - entry.mono_s,
        facts=tuple(cause.fact for cause in entry.causes if cause.fact),
        decisions=tuple(cause.decision for cause in entry.causes if cause.decision),
    )


def _direct_cause(journal: Journal, entry: Entry, said: str) -> str:
    """Return in words the first thing that a decision rests on and that has not been said already."""
    for cause in entry.causes:
        earlier = journal.decision(entry.life, cause.decision) if cause.decision else None
        words = cause.fact if earlier is None else earlier.text
        if words and words not in said:
            return words
    return ""


def _sentence(present: Present, cause: str = "") -> str:
    state = _AS_ADJECTIVE.get(present.state, present.state)
    where = f" on {present.node}" if isinstance(present, GroupStatus) and present.node else ""
    text = f"{present.name} has been {state}{where} for {show_duration(present.since_s)}"
    return _because(f"{text}: {present.why}" if present.why else text, cause)


def _last_known(entry: Entry, cause: str, now: Now) -> str:
    text = f"the last that was written down, {show_duration(now.age_s(entry))} ago: {entry.text}"
    return _because(text, cause)


def _because(text: str, cause: str) -> str:
    """Return the sentence with its cause when both fit: half a cause could say something else."""
    whole = f"{text}, because {cause}" if cause else text
    return whole if len(whole) <= LINE_MAX else shorten(text)
