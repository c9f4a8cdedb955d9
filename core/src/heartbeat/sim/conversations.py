"""Conversations: what programs say while just that is lost which the order of messages has to make up for.

Said at any time and lost at any time, two messages that belong together meet a fault once in hundreds of seeds.
"""

import random

from heartbeat.model.delivery import Delivery
from heartbeat.sim.network import Noise
from heartbeat.sim.schedule import Fault, Shape

SHARE = 0.12
"""Of seeds that have one."""


def draw(seed: int, shape: Shape, chaos_s: float) -> tuple[Fault, ...]:
    """Return the conversation of a seed, if it has one; apart from its other faults."""
    chance = random.Random(f"conversation {seed}")  # noqa: S311 - a reproducible world, not a secret
    if chance.random() >= SHARE:
        return ()
    at_s = chance.uniform(min(shape.initdead_s + 1, chaos_s / 2), chaos_s * 0.7)
    kind = _deaf_speaker if shape.nodes == 2 or chance.random() < 0.5 else _answers
    return tuple(kind(chance, shape, at_s))


def _answers(chance: random.Random, shape: Shape, at_s: float) -> list[Fault]:
    """Two answer each other, and a third one does not hear the first of them well."""
    first, second, third = chance.sample(range(shape.nodes), 3)
    for_s = round(2 * shape.deadtime_s, 3)
    says = [_say(at_s, node, for_s, chance.choice((10, 30)), Delivery.CAUSAL) for node in (first, second)]
    noise = Noise(loss=0.5) if chance.random() < 0.5 else Noise(slow=0.6, slow_s=round(0.2 * shape.deadtime_s, 3))
    lost = [
        Fault(round(at_s, 3), "noise", first, for_s=for_s, noise=noise),
        Fault(round(at_s + 0.2 * for_s, 3), "part", first, third, for_s=round(0.3 * for_s, 3), word="out"),
    ]
    return [*says, chance.choice(lost)]


def _deaf_speaker(chance: random.Random, shape: Shape, at_s: float) -> list[Fault]:
    """One says what wants a place, is heard, and hears nothing itself until it is out of the view."""
    node, dead_s = chance.randrange(shape.nodes), shape.deadtime_s
    delivery = chance.choice((Delivery.SAFE, Delivery.SAFE, Delivery.AGREED))
    return [
        _say(at_s, node, 2 * dead_s, chance.choice((10, 30)), delivery),
        Fault(round(at_s + 0.3 * dead_s, 3), "cut", node, for_s=round(dead_s * chance.uniform(1.1, 4), 3), word="in"),
    ]


def _say(at_s: float, node: int, for_s: float, count: int, delivery: Delivery) -> Fault:
    return Fault(round(at_s, 3), "say", node, 0, for_s=round(for_s, 3), value=float(count), word=delivery.name)
