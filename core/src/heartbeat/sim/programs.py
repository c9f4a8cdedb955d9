"""The programs of a simulated cluster: one on each node, in one group, which say what the schedule wants.

Each message is the only one of its text: who said it, in which life, and which of its raw, plain or ordered ones it is.
"""

from collections import Counter
from typing import TYPE_CHECKING

from heartbeat.kernel import effects as fx
from heartbeat.kernel import events as ev
from heartbeat.model.delivery import Delivery
from heartbeat.model.names import Nid
from heartbeat.sim.observation import Said, Words
from heartbeat.wire import api

if TYPE_CHECKING:
    from heartbeat.sim.world import Node, World

GROUP = "g"
PROGRAM = 1
WAITING_MAX = 48
"""Messages that a program has waiting; below what its node takes."""


class Program:
    """In one life of one daemon."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        """Messages said: raw, plain and ordered ones."""
        self.waiting = 0
        self.unheard: set[Words] = set()
        """SAFE ones that it has not got itself yet."""


class Programs:
    """All of them."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._programs: dict[Nid, Program] = {}

    def born(self, nid: Nid) -> None:
        """A daemon has started; its program joins at once."""
        self._programs[nid] = Program()
        self._world.step(nid, ev.ProgramAsked(PROGRAM, api.Join(GROUP)))

    def say(self, nid: Nid, delivery: Delivery, others: int) -> None:
        """Have the program of a node say one message, unless too many wait."""
        node, program = self._world.nodes[nid], self._programs.get(nid)
        if node.kernel is None or node.frozen is not None or program is None or program.waiting >= WAITING_MAX:
            return
        sort = "ordered" if delivery.is_ordered else "raw" if delivery is Delivery.RAW else "plain"
        program.counts[sort] += 1
        message = Words(nid, node.incarnation, delivery, program.counts[sort])
        program.waiting += 1
        if delivery is Delivery.SAFE:
            program.unheard.add(message)
        if self._world.watch is not None:
            self._world.watch.see(Said(self._world.now_s, nid, message))
        self._world.step(nid, ev.ProgramAsked(PROGRAM, api.Say(GROUP, delivery, message.text, others)))

    def take(self, node: "Node", deliver: fx.Deliver) -> None:
        """A kernel gives something to its program."""
        program, what = self._programs[node.nid], deliver.what
        if isinstance(what, api.Taken):
            program.waiting -= what.count
        elif isinstance(what, api.Heard):
            program.unheard.discard(Words.read(what.body))
        elif isinstance(what, api.Company) and what.has_gap:
            program.unheard.clear()  # what it said may have been given out before the gap's end

    def waiting(self) -> dict[Nid, tuple[int, int]]:
        """Return, by living daemon, how many SAFE messages its program has not got, and how many were not taken."""
        alive = {nid: each for nid, each in self._programs.items() if self._world.nodes[nid].kernel is not None}
        return {nid: (len(p.unheard), p.waiting) for nid, p in alive.items() if p.unheard or p.waiting}
