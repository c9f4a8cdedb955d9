"""What the nodes of a lab say themselves, asked by their own ``hb``: status, decisions, moves."""

import time
from collections.abc import Callable

import msgspec

from heartbeat.lab.control import LabError
from heartbeat.lab.lab import Lab
from heartbeat.model.status import ClusterStatus

LOOK_S = 0.05
"""Between two looks: each is a process of its own on the machine that is being watched."""


class DaemonEnded(LabError):
    """A daemon has ended that nobody asked to."""


class Entry(msgspec.Struct, frozen=True):
    """One decision, as ``hb journal --json`` prints it; keys that nobody here needs are left out."""

    mono_s: float
    """Monotonic, and so comparable with every other time of the lab."""
    kind: str
    subject: str
    text: str


class Took(msgspec.Struct, frozen=True):
    """How one operation ended, as ``hb journal --operations --json`` prints it."""

    action: str
    subject: str
    took_s: float


def status(lab: Lab, node: str) -> ClusterStatus:
    """Return what a node says of its cluster. Raises LabError."""
    return msgspec.json.decode(_said(lab, node, "status", "--json"), type=ClusterStatus)


def journal(lab: Lab, node: str) -> list[Entry]:
    """Return a node's decisions, oldest first. Raises LabError when it has no journal."""
    lines = _said(lab, node, "journal", "--json", "-n", "1000").splitlines()
    return [msgspec.json.decode(line, type=Entry) for line in lines]


def operations(lab: Lab, node: str) -> list[Took]:
    """Return how a node's operations ended, oldest first. Raises LabError when it has no journal."""
    lines = _said(lab, node, "journal", "--operations", "--json", "-n", "1000").splitlines()
    return [msgspec.json.decode(line, type=Took) for line in lines]


def standby(lab: Lab, node: str) -> float:
    """Have a node give all its groups away; returns when that was asked. Raises LabError when it failed."""
    at_s = time.monotonic()
    _said(lab, node, "standby", "all")
    return at_s


def holder(lab: Lab, timeout_s: float = 30.0) -> str:
    """Wait until the cluster is whole: all nodes members, the one group running, every node able to fence.

    Returns where the group runs. Raises LabError; at once when a daemon has ended.
    """

    def found() -> str:
        for ended in (node for node in lab.plan.nodes if _has_ended(lab, node)):
            raise DaemonEnded(f"the daemon of {ended} has ended; it said: {_last_words(lab, ended)}")
        said = [status(lab, node) for node in lab.plan.nodes]
        whole = all(node.state == "member" for each in said for node in each.nodes)
        nodes = {group.node or "" for each in said for group in each.groups if group.state == "running"}
        if not whole or len(nodes) != 1 or not all(_can_fence(lab, node) for node in lab.plan.nodes):
            return ""
        return nodes.pop()

    return until(found, timeout_s, "the cluster is not whole")


def _can_fence(lab: Lab, node: str) -> bool:
    life = journal(lab, node)
    began_s = max(entry.mono_s for entry in life if entry.kind == "node.started")
    return any(entry.kind == "device.ready" and entry.mono_s >= began_s for entry in life)


def until(found: Callable[[], str], timeout_s: float, problem: str) -> str:
    """Ask until the answer is not empty; a node that cannot answer yet is asked again. Raises LabError."""
    deadline_s = time.monotonic() + timeout_s
    last = ""
    while time.monotonic() < deadline_s:
        try:
            if answer := found():
                return answer
        except DaemonEnded:
            raise
        except (LabError, ValueError) as wrong:
            last = str(wrong)
        time.sleep(LOOK_S)
    raise LabError(f"{problem} after {timeout_s:g} s{f': {last}' if last else ''}")


def _has_ended(lab: Lab, node: str) -> bool:
    """Did the node's newest daemon end, and was not ended by a loss of power?"""
    told = [event.kind for event in lab.events() if event.words[:1] == (node,) and event.kind in _LIFE]
    return told[-1:] == ["daemon-ended"]


_LIFE = ("boot", "daemon", "daemon-ended", "off")
"""What the lab records of a node's power and of its daemon."""


def _last_words(lab: Lab, node: str) -> str:
    text = (lab.disk(node) / "log" / "hb.log").read_text(errors="replace")
    return (text.strip().splitlines() or ["nothing"])[-1]


def _said(lab: Lab, node: str, *words: str) -> str:
    code, text = lab.output(node, ["hb", *words])
    if code:
        last = text.strip().splitlines()[-1:] or ["it said nothing"]
        raise LabError(f"hb {' '.join(words)} on {node} failed: {last[0]}")
    return text
