"""What happens to a cluster in a run of chaos: drawn from a seed before anything happens, to be drawn again.

A trouble begins, lasts, and ends, while others begin; so a node may be frozen, cut off and asked for a standby at once.
Which troubles are drawn depends on the seed, the nodes, the links and deadtime, and on nothing that the cluster does.
"""

import random
from collections.abc import Sequence

import msgspec


class Step(msgspec.Struct, frozen=True):
    """One thing done to the cluster."""

    at_s: float
    """Seconds from the beginning."""
    number: int
    """Of the trouble, from 1; its end carries the same."""
    action: str
    """``crash start freeze thaw cut heal kill standby takeover stop device``"""
    node: str = ""
    words: tuple[str, ...] = ()

    def __str__(self) -> str:
        return " ".join(word for word in (self.action, self.node, *self.words) if word)


ENDS = {"crash": "start", "stop": "start", "freeze": "thaw", "cut": "heal", "device": "device"}
"""What ends each trouble that lasts. A heal ends every cut, as plugging all cables in does."""

WEIGHTS = {"crash": 4, "freeze": 5, "cut": 6, "kill": 5, "standby": 4, "takeover": 3, "stop": 2, "device": 3}

LASTS_DEADTIMES = (0.3, 4.0)
"""Below deadtime nothing may move; around it verdicts race with the trouble's end; far above it everything is done."""
GAP_DEADTIMES = (0.1, 3.0)
"""Between the beginnings of two troubles; often less than the first one lasts."""
MOODS = ("fail", "hang", "lie", "slow")


def draw(seed: int, troubles: int, nodes: Sequence[str], links: Sequence[str], deadtime_s: float) -> list[Step]:
    """Return the steps of so many troubles, in order of time; the same for the same arguments, on every machine."""
    chance = random.Random(seed)  # noqa: S311 - a schedule that can be drawn again, not a secret
    kinds, weights = list(WEIGHTS), list(WEIGHTS.values())
    steps: list[Step] = []
    at_s = 0.0
    for number in range(1, troubles + 1):
        at_s += deadtime_s * chance.uniform(*GAP_DEADTIMES)
        action, node = chance.choices(kinds, weights)[0], chance.choice(nodes)
        lasts_s = deadtime_s * chance.uniform(*LASTS_DEADTIMES)
        words = _words(chance, action, links)
        steps.append(Step(at_s, number, action, "" if action == "device" else node, words))
        if action in ENDS:
            over = ("ok",) if action == "device" else ()
            ended = "" if action in ("cut", "device") else node
            steps.append(Step(at_s + lasts_s, number, ENDS[action], ended, over))
    return sorted(steps, key=lambda step: (step.at_s, step.number))


def _words(chance: random.Random, action: str, links: Sequence[str]) -> tuple[str, ...]:
    match action:
        case "cut":
            return (chance.choice(["", *links]), chance.choice(["both", "both", "in", "out"]))
        case "kill":
            return (chance.choice(["daemon", "daemon", "executor", "both"]),)
        case "standby" | "takeover":
            return (chance.choice(["all", "local", "foreign"]),)
        case "device":
            return (chance.choice(MOODS),)
    return ()
