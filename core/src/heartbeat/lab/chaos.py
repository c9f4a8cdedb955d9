"""A run of chaos: a schedule's steps done to a lab at their times, the audits after each, and peace at the end."""

import contextlib
import threading
import time
from collections.abc import Callable, Sequence

import msgspec

from heartbeat.client import NoDaemon, Refused, connect
from heartbeat.lab import audit
from heartbeat.lab.control import LabError
from heartbeat.lab.lab import Lab
from heartbeat.lab.oracle import Oracle
from heartbeat.lab.schedule import Step

SLOW_S = 3.0
"""How late the device acts in its slow mood: later than most deadtimes in a lab."""
PEACE_S = 60.0
"""Longest wait, after the last trouble, for the cluster to be whole; failed starts are tried again meanwhile."""
ASK_S = 0.5
"""A request that changes something is left to itself after so long: whoever asked may be shot meanwhile."""

Tell = Callable[[Step, str], None]
"""Takes a step that was just done, and what came of it: empty, or why it could not be done."""


class Outcome(msgspec.Struct, frozen=True):
    """How a run ended."""

    done: int
    skipped: int
    """Steps that the state of things did not allow: a node that was off cannot be frozen."""
    broken: tuple[str, ...]
    """Sentences of the audits; empty: every promise was kept and the cluster became whole."""
    whole_after_s: float
    """From the last trouble's end to the cluster being whole again."""


def run(lab: Lab, oracle: Oracle, steps: Sequence[Step], tell: Tell, stateless: Sequence[str] = ()) -> Outcome:
    """Do all steps, stop at the first broken promise, then end every trouble and wait for peace."""
    begun_s = time.monotonic()
    done = skipped = 0
    broken: list[str] = []
    for step in steps:
        time.sleep(max(0.0, begun_s + step.at_s - time.monotonic()))
        problem = _do(lab, step)
        done, skipped = done + (not problem), skipped + bool(problem)
        tell(step, problem)
        if broken := audit.kept(lab, oracle, stateless):
            break
    ended_s = time.monotonic()
    _make_peace(lab)
    if not broken:
        broken = _until_whole(lab, oracle)
    whole_after_s = time.monotonic() - ended_s
    return Outcome(
        done, skipped, tuple(broken or [*audit.kept(lab, oracle, stateless), *audit.sound(lab)]), whole_after_s
    )


def _do(lab: Lab, step: Step) -> str:
    """Do one step; return why it was not possible, or an empty text."""
    try:
        match step.action:
            case "crash" | "freeze" | "thaw":
                lab.ask(step.action, node=step.node)
            case "start":
                lab.start(step.node)
            case "stop":
                _ask(lab, step)
            case "cut":
                lab.cut(step.node, *step.words)
            case "heal":
                lab.heal()
            case "kill":
                for which in ("daemon", "executor") if step.words == ("both",) else step.words:
                    lab.kill(step.node, which)
            case "device":
                lab.device(step.words[0], SLOW_S if step.words[0] == "slow" else 0.0)
            case "standby" | "takeover":
                _ask(lab, step)
            case _:
                raise AssertionError(step.action)
    except (LabError, NoDaemon, Refused, OSError) as impossible:
        return str(impossible)
    return ""


def _ask(lab: Lab, step: Step) -> None:
    """Ask a node's daemon for a planned move or its end, as a person would, and do not wait for how it ends."""
    client = connect(lab.root(step.node) / "run/heartbeat/api.sock", timeout_s=ASK_S)

    def ask() -> None:
        with contextlib.suppress(NoDaemon, Refused), client:
            if step.action == "stop":
                client.stop()
            elif step.action == "standby":
                client.standby(step.words[0])
            else:
                client.takeover(step.words[0])

    threading.Thread(target=ask, daemon=True).start()


def _make_peace(lab: Lab) -> None:
    """End every trouble that may still last."""
    lab.device("ok")
    lab.heal()
    for node in lab.nodes():
        if node.frozen:
            with contextlib.suppress(LabError):  # it may be shot at this moment
                lab.thaw(node.name)
    lab.start(*lab.plan.nodes)


def _until_whole(lab: Lab, oracle: Oracle) -> list[str]:
    """Wait until the cluster is whole; return what still was not when patience ended."""
    deadline_s = time.monotonic() + PEACE_S
    while (missing := audit.whole(lab, oracle)) and time.monotonic() < deadline_s:
        time.sleep(0.1)
        with contextlib.suppress(LabError):  # what was asked to stop at the last moment has ended by now
            lab.start(*lab.plan.nodes)
    return [f"{PEACE_S:g} s after the last trouble {each}" for each in missing]
