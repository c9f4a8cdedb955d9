"""Ambushes: faults that strike at what a node does, and not at a time.

Most mistakes of a protocol show only when something happens between two of its messages, a few milliseconds apart in
a run of half a minute. A fault at a time of chance hits such a moment once in thousands of seeds; an ambush waits.
"""

import random
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from heartbeat.kernel import effects as fx
from heartbeat.model.names import Nid
from heartbeat.sim.schedule import Fault, Shape
from heartbeat.wire.messages import Sync

if TYPE_CHECKING:
    from heartbeat.sim.stage import Stage

ANYBODY = -1
SHARE = 0.3
"""Of seeds in which something lies in wait."""
_WAITED_FOR = (
    "Propose", "Flush", "Sync", "Synced", "Install", "Order", "FenceOrder", "FenceReport", "start", "stop", "fence",
)  # fmt: skip
_STRIKES = ("crash", "kill", "freeze", "cut", "part", "part", "executor")


def draw(seed: int, shape: Shape, chaos_s: float) -> tuple[Fault, ...]:
    """Return the ambushes of a seed; apart from its other faults, which are the same with and without them."""
    chance = random.Random(f"ambush {seed}")  # noqa: S311 - a reproducible world, not a secret
    if chance.random() >= SHARE:
        return ()
    nodes = range(shape.nodes)
    laid = [
        Fault(
            round(chance.uniform(0, chaos_s * 0.8), 3),
            "ambush",
            chance.choice((-1, *nodes)),
            chance.choice((-1, *nodes)),
            for_s=round(chance.choice((0.3, 1.1, 2.0)) * shape.deadtime_s, 3),
            value=chance.choice((0.0, 0.0001, 0.0003, 0.001, 0.01)),
            word=f"{chance.choice(_WAITED_FOR)}/{chance.choice(_STRIKES)}",
        )
        for _ in range(chance.randint(1, 4))
    ]
    return tuple(sorted(laid, key=lambda fault: fault.at_s))


class Ambushes:
    """Those that wait, in the order in which they were laid."""

    def __init__(self, stage: "Stage") -> None:
        self._stage = stage
        self._waiting: list[Fault] = []
        self._acts: list[tuple[str, Callable[[], None]]] = []

    def lay(self, fault: Fault) -> None:
        """``word``: ``Install/crash``, what the fault waits for and what strikes then. See ``faults.ambush``."""
        self._waiting.append(fault)
        self._stage.world.on_effect = self._saw

    def when(self, name: str, act: Callable[[], None]) -> None:
        """Call it when somebody sends, runs or stores what is named so for the first time from now on; just before it.

        ``recount``: the SYNC of a view that changes who votes.
        """
        self._acts.append((name, act))
        self._stage.world.on_effect = self._saw

    def lift(self) -> None:
        self._waiting.clear()
        self._acts.clear()
        self._stage.world.on_effect = None

    def _saw(self, nid: Nid, effect: fx.Effect) -> None:
        """A node is about to send or to run something: each ambush strikes once."""
        name = _name(effect)
        for act in [each for each in self._acts if each[0] in (name, "recount" if _is_recount(effect) else name)]:
            self._acts.remove(act)
            act[1]()
        for fault in [each for each in self._waiting if each.word.startswith(f"{name}/")]:
            if fault.node in (ANYBODY, nid):
                self._waiting.remove(fault)
                self._strike(nid, fault)

    def _strike(self, nid: Nid, fault: Fault) -> None:
        kind = fault.word.partition("/")[2]
        at_s = self._stage.world.since_s + fault.value
        victim = nid if fault.other == ANYBODY else fault.other
        struck = Fault(at_s, kind, node=victim, for_s=fault.for_s)
        if kind == "part":
            # From the one that sends, so that with no delay at all this very message is lost.
            struck = msgspec.structs.replace(struck, node=nid, other=victim, word="out")
        if kind == "part" and not fault.value:
            self._stage.strike(struck)
        else:
            self._stage.world.at(fault.value, lambda: self._stage.strike(struck))


def _is_recount(effect: fx.Effect) -> bool:
    """Is it the SYNC of a view that changes who votes?"""
    sync = effect.packet.message if isinstance(effect, fx.Send) else None
    return isinstance(sync, Sync) and any(state.recount for state in sync.states)


def _name(effect: fx.Effect) -> str:
    """Return the name of a message that is sent, of an action that is run or of a value that is stored."""
    if isinstance(effect, fx.Send):
        return type(effect.packet.message).__name__
    if isinstance(effect, fx.Persist):
        return effect.key
    return effect.action.value if isinstance(effect, fx.Run) else ""
