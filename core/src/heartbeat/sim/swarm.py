"""The swarm: draws a schedule from a seed. Each seed has its own mix, with whole classes of faults left out.

Leaving classes out finds more than having them all: a fault that hides another's effect is absent half of the time.
"""

import random

import msgspec

from heartbeat.model.cluster import Failback
from heartbeat.model.delivery import Delivery
from heartbeat.model.electorate import NOBODY, Electorate
from heartbeat.model.names import Nid
from heartbeat.sim import ambush, conversations, pairs
from heartbeat.sim.network import Noise
from heartbeat.sim.schedule import Fault, GroupShape, Schedule, Shape

_TIMERS = ((0.1, 0.25, 0.5), (0.2, 0.5, 1.0), (0.2, 0.5, 1.0), (0.5, 1.5, 3.0), (0.4, 1.0, 2.0), (0.25, 0.4, 0.75))
"""(keepalive, warntime, deadtime) in seconds: fast, classic, slow, and one that is tight."""
_NODES = (2, 2, 2, 3, 3, 3, 4, 4, 5, 6, 7)
_BOGUS = ("of a stranger", "of a former life", "of another session", "seen before")
_DEVICE = ("fails", "hangs", "hangs, but acts", "only asks", "comes late", "slow", "fails", "slow")
_AGENT = ("fails", "fails, half done", "hangs", "hangs, but acts", "slow", "slow")
_VOTES_SHARE = 0.3
"""Of seeds with three nodes or more in which the nodes' votes differ, or one node breaks ties."""
_LAST_MAN_SHARE = 0.15
"""Of seeds with three nodes or more in which the voters follow the members."""
_WATCHDOG_SHARE = 0.3
"""Of seeds in which the machines have watchdogs."""
_TIED_SHARE = 0.5
"""Of seeds with an even number of equal nodes, four and more, in which halves ask a witness."""
_QUIET_SHARE = 0.06
"""Of seeds with a quiet stretch and no faults."""


def draw(seed: int) -> Schedule:
    """Return the schedule of a seed."""
    chance = random.Random(seed)  # noqa: S311 - a reproducible world, not a secret
    shape = _with_watchdog(seed, _tied(seed, _last_man(seed, _with_votes(seed, _shape(chance)))))
    quiet = chance.random() < _QUIET_SHARE
    chaos_s = shape.initdead_s + 1 if quiet else round(chance.uniform(8, 24), 3)
    nodes = range(shape.nodes)
    late = chance.random() < 0.3
    boots = tuple(
        -1.0
        if late and chance.random() < 0.2
        else round(chance.choice((0.0, 0.3, shape.initdead_s)) * chance.random(), 3)
        for _ in nodes
    )
    clocks: tuple[tuple[float, float], ...] = ()
    if chance.random() < 0.5:
        clocks = tuple((round(chance.uniform(0, 1e5), 3), 1 + round(chance.uniform(-2e-4, 2e-4), 6)) for _ in nodes)
    subset: tuple[int, ...] = ()
    if shape.nodes > 2 and not quiet and chance.random() < 0.5:
        subset = tuple(sorted(chance.sample(nodes, chance.randint(shape.nodes // 2 + 1, shape.nodes - 1))))
    faults: tuple[Fault, ...] = ()
    if not quiet:
        more = (
            *ambush.draw(seed, shape, chaos_s),
            *pairs.draw(seed, shape, chaos_s),
            *pairs.rare(seed, shape, chaos_s),
            *pairs.rivals(seed, shape, chaos_s),
            *conversations.draw(seed, shape, chaos_s),
            *_starve(seed, shape, chaos_s),
            *_halved(seed, shape, chaos_s),
        )
        faults = (*_Faults(chance, shape, chaos_s).draw(), *more)
    return Schedule(
        shape,
        seed,
        tuple(0.0 for _ in nodes) if quiet else boots,
        (*faults, *_talk(seed, shape, chaos_s), *(() if quiet else _peeled(seed, shape, chaos_s))),
        chaos_s,
        subset,
        chance.randrange(shape.nodes) if chance.random() < 0.5 else -1,
        30.0 if quiet else 0.0,
        clocks,
        real_bytes=seed % 100 == 0,
    )


def _talk(seed: int, shape: Shape, chaos_s: float) -> list[Fault]:
    """In half of the seeds programs talk. By a chance of its own, so that all else stays as it is without."""
    chance = random.Random(f"say {seed}")  # noqa: S311 - a reproducible world, not a secret
    if chance.random() < 0.5:
        return []
    deliveries = [each.name for each in Delivery if chance.random() < 0.6] or [Delivery.SAFE.name]
    return [
        Fault(
            round(chance.uniform(0.1, chaos_s), 3),
            "say",
            node=chance.randrange(shape.nodes),
            other=chance.choice((0, 0, 1, 2)),
            for_s=round(shape.deadtime_s * chance.choice((0.0, 0.1, 1.0, 4.0)) * chance.random(), 3),
            value=float(chance.choice((1, 3, 10, 30))),
            word=chance.choice(deliveries),
        )
        for _ in range(chance.randint(3, 25))
    ]


def _shape(chance: random.Random) -> Shape:
    nodes = chance.choice(_NODES)
    keepalive_s, warntime_s, deadtime_s = chance.choice(_TIMERS)
    groups = tuple(
        GroupShape(chance.randrange(nodes), chance.random() < 0.6, chance.choice((1, 1, 2, 3)))
        for _ in range(chance.randint(1, 4))
    )
    return Shape(
        nodes,
        groups,
        keepalive_s,
        warntime_s,
        deadtime_s,
        chance.choice((2, 2, 4)) * deadtime_s,
        links=chance.choice((1, 2, 2, 3)) if nodes < 6 else chance.choice((1, 2)),
        device=chance.random() < 0.6,
        reset_after_off=chance.random() < 0.7,
        fence_delay_s=chance.choice((0.0, 0.0, 0.0, 0.7)),
        failback=chance.choice((Failback.ON, Failback.OFF, Failback.LEGACY)),
        operation_timeout_s=chance.choice((1.0, 3.0)),
    )


def _with_votes(seed: int, shape: Shape) -> Shape:
    """Draw them apart from the rest, so that what a seed has besides is the same with and without them."""
    chance = random.Random(f"votes {seed}")  # noqa: S311 - a reproducible world, not a secret
    if shape.nodes < 3 or chance.random() >= _VOTES_SHARE:
        return shape
    votes = tuple(chance.choice((0, 1, 1, 2, 3)) for _ in range(shape.nodes)) if chance.random() < 0.6 else ()
    breaker = Nid(chance.randrange(shape.nodes)) if not any(votes) or chance.random() < 0.7 else NOBODY
    return msgspec.structs.replace(shape, electorate=Electorate(votes if any(votes) else (), breaker))


def _last_man(seed: int, shape: Shape) -> Shape:
    """In some seeds the voters follow the members; all of them count the same then."""
    chance = random.Random(f"last man {seed}")  # noqa: S311 - a reproducible world, not a secret
    if shape.nodes < 3 or chance.random() >= _LAST_MAN_SHARE:
        return shape
    breaker = shape.electorate.tie_breaker if shape.electorate.votes else Nid(chance.randrange(-1, shape.nodes))
    window_s = round(shape.deadtime_s * chance.choice((0.2, 1.0, 3.0)), 3)
    return msgspec.structs.replace(shape, electorate=Electorate((), breaker, window_s))


def _peeled(seed: int, shape: Shape, chaos_s: float) -> list[Fault]:
    """Where the voters follow the members, nodes fall away one after the other, and some of them stay together."""
    chance = random.Random(f"peeled {seed}")  # noqa: S311 - a reproducible world, not a secret
    if not shape.electorate.window_s or chance.random() < 0.2:
        return []
    order = chance.sample(range(shape.nodes), shape.nodes)
    at_s = round(shape.initdead_s * chance.random(), 3)
    if chance.random() < 0.5:
        # One changes sides while those that stay together agree on who votes from now on.
        gone = (shape.nodes - 1) // 2
        word = chance.choice(("recount/0", "roll/0.001", "roll/0.002", "roll/0.0025", "roll/0.003", "roll/0.005"))
        here, turned = sum(1 << nid for nid in order[:gone]), 1 << order[gone]
        turn = Fault(at_s, "turn", other=here | turned, for_s=chaos_s, value=float(here), word=word)
        if chance.random() < 0.5:
            return [turn]
        # Its daemon starts anew over there, with the voters that its disk knows.
        later_s = at_s + shape.deadtime_s * chance.uniform(1, 4) + shape.electorate.window_s * chance.uniform(1, 2)
        return [turn, Fault(round(later_s, 3), "kill", node=order[gone], for_s=0.2)]
    faults, gone = [], 0
    while order and at_s < chaos_s:
        for nid in order[: chance.choice((1, 1, 1, 2))]:
            gone |= 1 << nid
            order.remove(nid)
        if gone < 2**shape.nodes - 1:
            until_s = chaos_s - at_s if chance.random() < 0.7 else shape.deadtime_s * chance.uniform(1, 6)
            faults.append(Fault(round(at_s, 3), "split", value=float(gone), for_s=round(until_s, 3)))
        at_s += shape.deadtime_s + shape.electorate.window_s * chance.uniform(0.5, 2) + chance.random()
    return faults


def _with_watchdog(seed: int, shape: Shape) -> Shape:
    """In some seeds every machine has a watchdog, slower than deadtime as it must be; drawn apart, as votes are."""
    chance = random.Random(f"watchdog {seed}")  # noqa: S311 - a reproducible world, not a secret
    if chance.random() >= _WATCHDOG_SHARE:
        return shape
    deadtimes = chance.uniform(1.05, 2) if chance.random() < 0.6 else chance.uniform(2, 5)
    watchdog_s = round(shape.deadtime_s * deadtimes, 3)
    return msgspec.structs.replace(shape, watchdog_s=watchdog_s, device=shape.device and chance.random() < 0.4)


def _starve(seed: int, shape: Shape, chaos_s: float) -> list[Fault]:
    """Where others may wait for a watchdog: a node that is away for longer than that, and what befalls it there."""
    chance = random.Random(f"starve {seed}")  # noqa: S311 - a reproducible world, not a secret
    if not shape.watchdog_s or shape.nodes < 3 or chance.random() < 0.3:
        return []
    node, wait_s = chance.randrange(shape.nodes), 2 * (shape.deadtime_s + shape.watchdog_s)
    at_s = round(chance.uniform(0.1, chaos_s / 2), 3)
    word = chance.choice(("", "", "in", "out"))
    faults = [Fault(at_s, "cut", node=node, for_s=round(wait_s * chance.uniform(0.8, 2.5), 3), word=word)]
    if chance.random() < 0.7:
        kind = chance.choice(("freeze", "suspend", "kill", "executor"))
        later_s = round(at_s + shape.deadtime_s * chance.uniform(-1, 2.5), 3)
        for_s = round(shape.deadtime_s * chance.choice((0.1, 0.5, 1.0, 2.0)) * chance.uniform(0.5, 1.2), 3)
        faults.append(Fault(max(later_s, 0.1), kind, node=node, for_s=for_s))
    if chance.random() < 0.5:
        # What it holds it cannot stop: nothing but the watchdog ends it.
        word = chance.choice(("hangs", "fails"))
        faults += [
            Fault(round(at_s / 2, 3), "agent", node, word=f"stop/g{index}r{chance.randrange(group.resources)}/{word}")
            for index, group in enumerate(shape.groups)
        ]
    return faults


def _tied(seed: int, shape: Shape) -> Shape:
    """In some clusters that can fall into halves these ask a witness."""
    chance = random.Random(f"tied {seed}")  # noqa: S311 - a reproducible world, not a secret
    if chance.random() >= _TIED_SHARE or shape.electorate.window_s:
        return shape
    if shape.nodes == 3:
        votes = [1, 1, 1]
        votes[chance.randrange(3)] = 2
        electorate = Electorate(tuple(votes), tie_breakers=("witness",))
        return msgspec.structs.replace(shape, electorate=electorate) if chance.random() < 0.3 else shape
    if shape.nodes % 2 or shape.nodes < 4:
        return shape
    return msgspec.structs.replace(shape, electorate=Electorate(tie_breakers=("witness",)))


def _halved(seed: int, shape: Shape, chaos_s: float) -> list[Fault]:
    """Where halves ask a witness: halves of all sorts, one after the other, and a witness that is not always there."""
    chance = random.Random(f"halved {seed}")  # noqa: S311 - a reproducible world, not a secret
    electorate, nodes, dead_s = shape.electorate, range(shape.nodes), shape.deadtime_s
    if not electorate.tie_breakers or chance.random() < 0.1:
        return []
    masks = range(1, 2**shape.nodes - 1)
    total = electorate.of(map(Nid, nodes))
    halves = [m for m in masks if 2 * electorate.of(Nid(n) for n in nodes if m >> n & 1) == total]
    at_s, faults = shape.initdead_s * chance.uniform(0.5, 1), []
    while at_s < chaos_s:
        for_s = dead_s * chance.uniform(1.2, 8)
        faults.append(Fault(round(at_s, 3), "split", value=float(chance.choice(halves)), for_s=round(for_s, 3)))
        at_s += for_s + dead_s * chance.choice((-1.0, -0.2, 0.0, 0.5, 2.0)) * chance.random()
        if chance.random() < 0.5:
            node, word = chance.choice((-1, *nodes)), chance.choice(("", "", "late", "slow"))
            value, for_s = round(chance.uniform(0.1, 4), 3), round(dead_s * chance.uniform(0.5, 8), 3)
            faults.append(Fault(round(at_s * chance.random(), 3), "witness", node, word=word, value=value, for_s=for_s))
    return faults


class _Faults:
    """Draws the faults of one seed."""

    def __init__(self, chance: random.Random, shape: Shape, chaos_s: float) -> None:
        self._chance, self._shape, self._chaos_s = chance, shape, chaos_s

    def draw(self) -> tuple[Fault, ...]:
        chance = self._chance
        classes = [self._cut, self._noise, self._process, self._people, self._agent, self._disk, self._bogus]
        if self._shape.device:
            classes.append(self._device)
        enabled = [one for one in classes if chance.random() < 0.5] or [self._process]
        faults = [chance.choice(enabled)() for _ in range(chance.randint(2, 14))]
        if chance.random() < 0.08 and self._shape.device:
            faults.append(self._at(0.0, "device", node=self._node(), word="lies", for_s=self._chaos_s / 2))
        if chance.random() < 0.08:
            faults.append(
                self._at(chance.random() * 5, "agent", node=self._node(), word=f"stop/{self._resource()}/lies")
            )
        if chance.random() < 0.05:
            faults.append(self._fault("crash", node=self._node(), for_s=self._time(3), value=1.0))
        return tuple(sorted(faults, key=lambda fault: fault.at_s))

    # Pieces.

    def _node(self) -> int:
        return self._chance.randrange(self._shape.nodes)

    def _resource(self) -> str:
        group = self._chance.randrange(len(self._shape.groups))
        return f"g{group}r{self._chance.randrange(self._shape.groups[group].resources)}"

    def _time(self, up_to_deadtimes: float) -> float:
        """A duration, as likely around the cluster's own times as anywhere."""
        dead_s = self._shape.deadtime_s
        near = self._chance.choice((0.5, 0.9, 1.0, 1.1, 2.0)) * self._chance.uniform(0.95, 1.05)
        anywhere = self._chance.uniform(0.05, up_to_deadtimes)
        return round(dead_s * (near if self._chance.random() < 0.5 else anywhere), 3)

    def _at(self, at_s: float, kind: str, **fields: object) -> Fault:
        return Fault(round(at_s, 3), kind, **fields)  # type: ignore[arg-type]

    def _fault(self, kind: str, **fields: object) -> Fault:
        return self._at(self._chance.uniform(0.1, self._chaos_s - 0.1), kind, **fields)

    # Classes.

    def _cut(self) -> Fault:
        chance, nodes = self._chance, self._shape.nodes
        link = -1 if chance.random() < 0.7 else chance.randrange(self._shape.links)
        draw = chance.random()
        if draw < 0.4 or nodes == 2:
            return self._fault(
                "cut", node=self._node(), link=link, for_s=self._time(5), word=chance.choice(("", "", "in", "out"))
            )
        if draw < 0.75:
            a, b = chance.sample(range(nodes), 2)
            return self._fault(
                "part", node=a, other=b, link=link, for_s=self._time(6), word=chance.choice(("", "", "out"))
            )
        return self._fault("split", value=float(chance.randrange(1, 2**nodes - 1)), link=link, for_s=self._time(5))

    def _noise(self) -> Fault:
        chance, dead_s = self._chance, self._shape.deadtime_s
        noise = chance.choice(
            (
                Noise(loss=round(chance.uniform(0.02, 0.4), 3)),
                Noise(burst=round(chance.uniform(0.01, 0.1), 3)),
                Noise(duplicate=0.3, slow=0.2, slow_s=round(dead_s * chance.uniform(0.02, 0.5), 3)),
                Noise(slow=0.5, slow_s=round(dead_s * chance.uniform(0.5, 2), 3)),
                Noise(corrupt=0.1, loss=0.05),
                Noise(replay=0.2),
                Noise(replay=0.2, loss=0.2),
                Noise(narrow_s=round(chance.uniform(0.005, 0.05), 3)),
            )
        )
        node = self._node() if chance.random() < 0.5 else -1
        link = -1 if chance.random() < 0.6 else chance.randrange(self._shape.links)
        return self._fault("noise", node=node, link=link, for_s=self._time(8), noise=noise)

    def _process(self) -> Fault:
        kinds = ("crash", "crash", "kill", "kill", "freeze", "freeze", "suspend", "executor", "late-start")
        kind = self._chance.choice(kinds)
        for_s = round(self._chance.uniform(0.05, 1.0), 3) if kind == "executor" else self._time(4)
        value = self._time(6) if kind == "late-start" else 0.0
        return self._fault(kind, node=self._node(), for_s=for_s, value=value)

    def _disk(self) -> Fault:
        kind = self._chance.choice(("disk-stall", "disk-slow", "disk-full"))
        return self._fault(kind, node=self._node(), for_s=self._time(8), value=0.5 if kind == "disk-slow" else 0.0)

    def _device(self) -> Fault:
        if self._chance.random() < 0.2:
            return self._fault("device-silent", node=self._node(), for_s=self._time(8))
        word = self._chance.choice(_DEVICE)
        at_s = self._chance.uniform(0, self._chaos_s / 2)
        value = round(self._chance.uniform(0.1, 6), 3) if word == "slow" else 0.0
        return self._at(at_s, "device", node=self._node(), word=word, for_s=self._time(10), value=value)

    def _agent(self) -> Fault:
        verb = self._chance.choice(("start", "start", "stop", "stop", "probe"))
        word = self._chance.choice(_AGENT)
        value = round(self._chance.uniform(0.05, 0.9), 3) if word == "slow" else 0.0
        return self._fault(
            "agent", node=self._node(), word=f"{verb}/{self._resource()}/{word}", for_s=self._time(8), value=value
        )

    def _people(self) -> Fault:
        word = self._chance.choice(
            ("standby all", "standby local", "takeover all", "takeover foreign", "stop", "confirm")
        )
        if word == "stop":
            return self._fault("stop", node=self._node(), for_s=self._time(5) + 0.5)
        if word == "confirm":
            return self._fault("confirm", node=self._node())
        return self._fault("ask", node=self._node(), word=word)

    def _bogus(self) -> Fault:
        return self._fault("bogus", node=self._node(), word=self._chance.choice(_BOGUS))
