"""Pairs: faults that matter only together, drawn together.

A stop that hangs shows nothing unless somebody wants the group elsewhere, a device that fails nothing unless a node
dies. Drawn each by itself they meet once in hundreds of seeds.
"""

import random
from collections.abc import Callable

from heartbeat.kernel.leaving import LOOK_S
from heartbeat.sim.network import Noise
from heartbeat.sim.schedule import Fault, Shape

SHARE = 0.35
"""Of seeds that have some."""
RARE = 0.08
"""Of seeds that have one more, of the kinds that are long and leave little else to see."""
RIVALS = 0.05
_STOPS = ("hangs", "hangs, but acts", "fails", "fails, half done")
_DEVICES = ("fails", "hangs", "hangs, but acts", "only asks", "comes late", "slow")


def draw(seed: int, shape: Shape, chaos_s: float) -> tuple[Fault, ...]:
    """Return the pairs of a seed; apart from its other faults, which are the same with and without them."""
    chance = random.Random(f"pairs {seed}")  # noqa: S311 - a reproducible world, not a secret
    if chance.random() >= SHARE:
        return ()
    pairs = _Pairs(chance, shape)
    kinds: list[Callable[[float], list[Fault]]] = [pairs.stuck, pairs.broken_start, pairs.stopped_start, pairs.recorded]
    kinds += [pairs.unfenced, pairs.unfenced, pairs.woken_fencer] if shape.device else [pairs.stuck]
    faults = [
        each for _ in range(chance.randint(1, 2)) for each in chance.choice(kinds)(chance.uniform(2, chaos_s - 2))
    ]
    return tuple(sorted(faults, key=lambda fault: fault.at_s))


def rare(seed: int, shape: Shape, chaos_s: float) -> tuple[Fault, ...]:
    """Return a pair of the rare kinds, if the seed has one; it comes early, for it lasts."""
    chance = random.Random(f"rare pairs {seed}")  # noqa: S311 - a reproducible world, not a secret
    if chance.random() >= RARE:
        return ()
    pairs = _Pairs(chance, shape)
    kinds = [pairs.blind_farewell, pairs.believed] if shape.device else [pairs.blind_farewell]
    return tuple(chance.choice(kinds)(chance.uniform(1, chaos_s / 2)))


def rivals(seed: int, shape: Shape, chaos_s: float) -> tuple[Fault, ...]:
    """In some seeds: two nodes that do not hear each other, and a third one that comes back to both at once."""
    chance = random.Random(f"rivals {seed}")  # noqa: S311 - a reproducible world, not a secret
    if shape.nodes < 3 or chance.random() >= RIVALS:
        return ()
    dead_s = shape.deadtime_s
    at_s, for_s = round(chance.uniform(1, chaos_s / 2), 3), round(dead_s * chance.uniform(2, 4), 3)
    one, other, third = chance.sample(range(shape.nodes), 3)
    first, second = min(one, other), max(one, other)
    # What the one of lower name proposes comes late, for some of it is lost.
    return (
        Fault(at_s, "cut", third, for_s=for_s),
        Fault(at_s, "part", first, second, for_s=round(for_s + 3 * dead_s, 3)),
        Fault(round(at_s + for_s - 0.1, 3), "noise", first, for_s=dead_s, noise=Noise(loss=0.5)),
    )


class _Pairs:
    def __init__(self, chance: random.Random, shape: Shape) -> None:
        self._chance, self._shape = chance, shape
        self._long_s = round(6 * shape.deadtime_s, 3)

    def _node(self) -> int:
        return self._chance.randrange(self._shape.nodes)

    def _other(self, node: int) -> int:
        return self._chance.choice([n for n in range(self._shape.nodes) if n != node])

    def _near_deadtime(self) -> float:
        return round(self._shape.deadtime_s * self._chance.choice((0.6, 1.05, 1.3, 2.0)), 3)

    def _agents(self, at_s: float, node: int, verb: str, word: str, value: float = 0.0) -> list[Fault]:
        """One resource of each group."""
        return [
            self._at(at_s, "agent", node, word=f"{verb}/g{group}r{self._chance.randrange(shape.resources)}/{word}",
                     for_s=self._long_s, value=value)
            for group, shape in enumerate(self._shape.groups)
        ]  # fmt: skip

    def _at(self, at_s: float, kind: str, node: int, **fields: object) -> Fault:
        return Fault(round(at_s, 3), kind, node, **fields)  # type: ignore[arg-type]

    def _goes(self, at_s: float, node: int) -> Fault:
        """Somebody wants what runs there elsewhere, or it wants to leave, or nobody sees it for a while."""
        kind = self._chance.choice(("ask", "ask", "stop", "cut", "kill"))
        if kind == "ask":
            return self._at(at_s, "ask", node, word="standby all")
        return self._at(at_s, kind, node, for_s=2.0 if kind == "stop" else self._near_deadtime())

    def stuck(self, at_s: float) -> list[Fault]:
        """Stops that do not end well, perhaps with looks that do not either, where something has to go."""
        node = self._node()
        faults = self._agents(at_s, node, "stop", self._chance.choice(_STOPS))
        if self._chance.random() < 0.4:
            faults += self._agents(at_s, node, "probe", "hangs")
        faults.append(self._goes(at_s + 0.1, node))
        if self._chance.random() < 0.3:
            faults.append(self._at(at_s + 0.1 + self._chance.uniform(0, 0.02), "executor", node, for_s=0.4))
        return faults

    def broken_start(self, at_s: float) -> list[Fault]:
        """Starts that do not end well where something has to come."""
        node = self._node()
        faults = self._agents(at_s, node, "start", self._chance.choice(_STOPS))
        faults.append(self._at(at_s + 0.1, "ask", node, word="takeover all"))
        if self._chance.random() < 0.5:
            faults.append(self._at(at_s + 0.1 + self._chance.uniform(0, 0.05), "executor", node, for_s=0.4))
        return faults

    def stopped_start(self, at_s: float) -> list[Fault]:
        """A slow start, in the middle of which its node stands still, dies or is not heard."""
        node = self._node()
        faults = self._agents(at_s, node, "start", "slow", round(self._chance.uniform(0.1, 0.8), 3))
        faults.append(self._at(at_s + 0.1, "ask", node, word="takeover all"))
        kind = self._chance.choice(("freeze", "suspend", "cut", "kill"))
        faults.append(self._at(at_s + self._chance.uniform(0.12, 0.6), kind, node, for_s=self._near_deadtime()))
        return faults

    def recorded(self, at_s: float) -> list[Fault]:
        """Old frames come again after their sender has died, and to who was started anew meanwhile."""
        node = self._node()
        again = self._at(at_s - 1.5, "noise", -1, for_s=self._long_s, noise=Noise(replay=0.4, duplicate=0.2))
        dies = self._at(at_s, "crash", node, for_s=self._near_deadtime() * 2)
        return [again, dies, self._at(at_s + 0.3, "kill", self._other(node), for_s=0.2)]

    def _unfenced(self, at_s: float) -> list[Fault]:
        """The device does not do what it should, whoever uses it."""
        word = self._chance.choice(_DEVICES)
        value = round(self._chance.uniform(0.5, 4), 3) if word == "slow" else 0.0
        nodes = range(self._shape.nodes)
        return [self._at(at_s, "device", n, word=word, for_s=self._long_s, value=value) for n in nodes]

    def unfenced(self, at_s: float) -> list[Fault]:
        """A node is to be fenced, and that does not go well; perhaps it is heard again meanwhile."""
        node = self._node()
        faults = self._unfenced(at_s - 0.1)
        kind = self._chance.choice(("crash", "kill", "cut", "cut", "freeze"))
        faults.append(self._at(at_s, kind, node, for_s=round(self._shape.deadtime_s * self._chance.uniform(1.1, 4), 3)))
        if self._chance.random() < 0.4:
            seen_s = self._shape.deadtime_s * self._chance.uniform(1, 1.4)
            faults.append(self._at(at_s + seen_s, "executor", self._other(node), for_s=0.5))
        return faults

    def woken_fencer(self, at_s: float) -> list[Fault]:
        """Who is to fence stands still before the next attempt."""
        node = self._node()
        by = self._other(node)
        after_s = self._shape.deadtime_s * self._chance.uniform(1.05, 1.5)
        return [
            *self._unfenced(at_s - 0.1),
            self._at(at_s, "crash", node, for_s=self._long_s),
            self._at(at_s + after_s, "freeze", by, for_s=self._near_deadtime()),
        ]

    def blind_farewell(self, at_s: float) -> list[Fault]:
        """Who starts anew, and cannot look at what runs there for want of an executor, is asked to leave."""
        node = self._node()
        long_s = LOOK_S + self._chance.uniform(1, 4)
        return [
            *self._agents(at_s - 0.1, node, "probe", "hangs"),
            self._at(at_s, "kill", node, for_s=0.2),
            self._at(at_s + 0.25 + self._chance.uniform(0, 0.5), "executor", node, for_s=round(long_s, 3)),
            self._at(at_s + 1, "stop", node, for_s=round(long_s, 3)),
        ]

    def believed(self, at_s: float) -> list[Fault]:
        """The device says off of a node that was only away, and that is heard again."""
        node = self._node()
        away_s = round(self._shape.deadtime_s * self._chance.uniform(1.5, 5) + 1, 3)
        others = (other for other in range(self._shape.nodes) if other != node)
        return [
            *(self._at(at_s - 0.1, "device", other, word="lies", for_s=2 * away_s) for other in others),
            self._at(at_s, self._chance.choice(("cut", "cut", "freeze")), node, for_s=away_s),
        ]
