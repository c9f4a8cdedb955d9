"""The story of one failover: what the survivor wrote down and the client saw, as phases that add up to the outage.

Pure: entries and times in, phases out.
"""

import re
from collections.abc import Sequence

import msgspec

from heartbeat.lab.hb import Entry, Took
from heartbeat.lab.outage import Outage

ENDS = {
    "silent": "node.silent",
    "view": "view.installed",
    "fenced": "fence.proved",
    "started": "group.running",
}
"""Phase to the kind of the decision that ends it; the last phase, ``answered``, ends with the client's answer."""


WORTH_A_WORD_MS = 10
"""A wait below it is the program's own."""


class NoStory(Exception):
    """The journal lacks a part of the failover; the text says which."""


class Phase(msgspec.Struct, frozen=True):
    """Milliseconds from the pull of the plug."""

    name: str
    begin_ms: float
    end_ms: float
    why: str
    """What the time was for, in one sentence."""

    @property
    def took_ms(self) -> float:
        return self.end_ms - self.begin_ms


class Setting(msgspec.Struct, frozen=True):
    """What the sentences need to know of the cluster."""

    lost: str
    survivor: str
    deadtime_s: float
    interval_s: float
    """Between two questions of the client."""


class Story(msgspec.Struct, frozen=True):
    """A failover, and the planned move after it."""

    setting: Setting
    phases: tuple[Phase, ...]
    lost_requests: int
    switchover_outage_ms: float
    switchover_lost_requests: int

    @property
    def outage_ms(self) -> float:
        return self.phases[-1].end_ms


def story_of(
    setting: Setting,
    pulled_s: float,
    failover: Outage,
    switchover: Outage,
    entries: Sequence[Entry],
    operations: Sequence[Took],
) -> Story:
    """Return the story; ``entries`` and ``operations`` are the survivor's. Raises NoStory."""
    return Story(
        setting,
        phases_of(setting, pulled_s, failover.ended_s, entries, operations),
        failover.lost,
        switchover.lasted_s * 1000,
        switchover.lost,
    )


def phases_of(
    setting: Setting, pulled_s: float, answered_s: float, entries: Sequence[Entry], operations: Sequence[Took]
) -> tuple[Phase, ...]:
    """Return the phases between the pull and the first answer, without a gap. Raises NoStory.

    A service may answer before its agent has come to say so: the phase then ends with the answer.
    """
    later = [entry for entry in entries if entry.mono_s >= pulled_s]
    phases = []
    begin_ms = 0.0
    for name, kind in ENDS.items():
        decided = next((entry for entry in later if entry.kind == kind), None)
        if decided is None:
            raise NoStory(f"{setting.survivor} has not written down {kind} after the plug was pulled")
        end_ms = max(begin_ms, (min(decided.mono_s, answered_s) - pulled_s) * 1000)
        why = _why(name, setting, decided, pulled_s, operations)
        if name == "fenced":
            why += _waited(setting, later, pulled_s + begin_ms / 1000)
        phases.append(Phase(name, begin_ms, end_ms, why))
        begin_ms = end_ms
    took_ms = (answered_s - pulled_s) * 1000 - begin_ms
    why = (
        f"the new holder is announced (gratuitous ARP), and the client, which asks every {setting.interval_s * 1000:g}"
        " ms, asks again"
        if took_ms
        else "the client had its answer before the agent had come to say that the service runs"
    )
    phases.append(Phase("answered", begin_ms, begin_ms + took_ms, why))
    return tuple(phases)


def _why(name: str, setting: Setting, decided: Entry, pulled_s: float, operations: Sequence[Took]) -> str:
    match name:
        case "silent":
            return _silence(setting, decided, pulled_s)
        case "view":
            return f"{setting.survivor} agrees on a view without {setting.lost}: alone, it need not ask anybody"
        case "fenced":
            device = _took(operations, "fence")
            return f"{setting.lost} is switched off and reads back off{f': {device[0]}' if device else ''}"
        case _:
            agents = _took(operations, "start")
            return f"the resources start from left to right{': ' if agents else ''}{', '.join(agents)}"


def _waited(setting: Setting, later: Sequence[Entry], since_s: float) -> str:
    """Of two nodes that lost each other only one may shoot: the kernel has the higher name wait (fencing.py)."""
    begun = next((entry for entry in later if entry.kind == "fence.begun"), None)
    waited_ms = (begun.mono_s - since_s) * 1000 if begun else 0.0
    if waited_ms < WORTH_A_WORD_MS:
        return ""
    return (
        f"; before that {setting.survivor} waited {waited_ms:.0f} ms, 1.5 times what the device may need, so that two"
        f" nodes which lost each other do not both shoot: {setting.lost} would have gone first"
    )


def _silence(setting: Setting, decided: Entry, pulled_s: float) -> str:
    """Deadtime runs from the last beat, and that came before the plug was pulled."""
    found = re.search(r"nothing heard for ([\d.]+) s", decided.text)
    text = f"deadtime, {setting.deadtime_s:g} s"
    if found is None:
        return text
    silent_s = float(found[1])
    before_ms = (pulled_s - (decided.mono_s - silent_s)) * 1000
    late_ms = (silent_s - setting.deadtime_s) * 1000
    text += f" from the last beat of {setting.lost}, which came {before_ms:.0f} ms before the plug was pulled"
    return text + (f"; the verdict was {late_ms:.0f} ms late" if late_ms >= 1 else "")


def _took(operations: Sequence[Took], action: str) -> list[str]:
    """Return ``web server 12 ms`` for the newest operation of this kind of each subject, in their order."""
    newest = {one.subject: one.took_s for one in operations if one.action == action}
    return [f"{subject} {took_s * 1000:.0f} ms" for subject, took_s in newest.items()]


def as_json(story: Story) -> dict[str, object]:
    """Return what ``hb demo --json`` prints: milliseconds, and how many requests got no answer.

    The phases are durations; they add up to ``outage_ms``.
    """
    return {
        "outage_ms": round(story.outage_ms, 1),
        "switchover_outage_ms": round(story.switchover_outage_ms, 1),
        "phases": {phase.name: round(phase.took_ms, 1) for phase in story.phases},
        "lost_requests": story.lost_requests,
    }
