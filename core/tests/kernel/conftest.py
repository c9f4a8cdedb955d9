"""What the kernel's tests stand on: clusters of a line, single parts on a desk of their own, and simulated worlds."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import pytest
from heartbeat.kernel import effects as fx
from heartbeat.kernel import events as ev
from heartbeat.kernel.ability import Ability
from heartbeat.kernel.birth import Birth
from heartbeat.kernel.channel import Channel
from heartbeat.kernel.contest import Contest
from heartbeat.kernel.desk import Desk
from heartbeat.kernel.detector import Detector
from heartbeat.kernel.director import Director
from heartbeat.kernel.exclusion import Exclusion
from heartbeat.kernel.groups import LocalGroup
from heartbeat.kernel.kernel import Kernel
from heartbeat.kernel.ledger import Ledger
from heartbeat.kernel.membership import Membership
from heartbeat.kernel.rest import Rest
from heartbeat.model.cluster import Cluster, Timers
from heartbeat.model.group import Group, Resource
from heartbeat.model.names import GroupName, Nid, NodeName
from heartbeat.model.reason import Decision
from heartbeat.model.view import Member, Standing, View, ViewId
from heartbeat.sim.world import World
from heartbeat.wire import messages as m
from heartbeat.wire.frame import Header, short_id

TIMERS = Timers(keepalive_s=0.2, warntime_s=0.5, deadtime_s=1.0, initdead_s=5.0)


def group(name: str, home: str, *resources: str) -> Group:
    """A group whose resources share data where their name ends in ``!``; without any it is one of its own name."""
    words = resources or (name,)
    return Group(GroupName(name.rstrip("!")), NodeName(home), tuple(_resource(word) for word in words))


def _resource(word: str) -> Resource:
    name = word.rstrip("!")
    return Resource(name, "agent", {}, word.endswith("!"), start_timeout_s=20.0, stop_timeout_s=20.0)


def cluster(nodes: int, *groups: Group, device: bool = True, **more: Any) -> Cluster:
    """Nodes node1, node2 ... with quick timers; ``device`` says whether one can switch them all."""
    names = tuple(NodeName(f"node{n}") for n in range(1, nodes + 1))
    settings: dict[str, Any] = {"timers": TIMERS, "has_device": names if device else ()}
    return Cluster("linux-ha", names, groups=groups, **(settings | more))


class Bench:
    """Single parts around one desk, and a clock that is moved by hand."""

    def __init__(self, of: Cluster, me: int, incarnation: int, stored: Mapping[str, bytes]) -> None:
        birth = Birth(Nid(me), incarnation, b"session0", "boot-a", ("eth0", "eth1"), stored)
        self.desk = Desk(of, birth)
        self.desk.now_s = self.desk.born_s = 100.0
        self.channel = Channel(self.desk)
        self.detector = Detector(self.desk)
        self.detector.born()
        self.ledger = Ledger(self.desk)

    def later(self, seconds: float) -> None:
        """Let time pass; what was written on the desk before is forgotten."""
        self.desk.now_s += seconds
        self.desk.effects = []

    @property
    def decisions(self) -> list[Decision]:
        return [effect.decision for effect in self.desk.effects if isinstance(effect, fx.Record)]

    @property
    def kinds(self) -> list[str]:
        return [decision.kind for decision in self.decisions]

    @property
    def sent(self) -> list[m.Message]:
        return [effect.packet.message for effect in self.desk.effects if isinstance(effect, fx.Send)]

    @property
    def runs(self) -> list[fx.Run]:
        return [effect for effect in self.desk.effects if isinstance(effect, fx.Run)]

    def hears(self, nid: int, sequence: int, *, link: int = 0, incarnation: int = 1) -> None:
        """Let the detector take a frame of another node."""
        peer = self.detector.peers[Nid(nid)]
        if peer.incarnation != incarnation:
            self.detector.new_life(Nid(nid), incarnation)
        self.detector.heard(Nid(nid), link, sequence, fresh=True)

    def beats(self, nid: int, **more: Any) -> m.Beat:
        """Let the detector take a beat whose row shows everybody, unless said otherwise."""
        beat = make_beat(self.desk.cluster, nid, **more)
        self.detector.beat(Nid(nid), beat)
        return beat


def make_beat(of: Cluster, nid: int, **more: Any) -> m.Beat:
    """A healthy beat: this node is a member, hears life 1 of all others and holds nothing."""
    others = (n for n in range(len(of.nodes)) if n != nid)
    fields: dict[str, Any] = {
        "name": of.nodes[nid],
        "boot_id": f"boot-{nid}",
        "nodes_digest": of.nodes_digest,
        "digest": of.digest,
        "deadtime_s": of.timers.deadtime_s,
        "view": ViewId(),
        "phase": "member",
        "row": tuple(m.Heard(Nid(n), 1, 10, 0) for n in others),
        "holdings": tuple(m.Holding(i, m.Local.STOPPED, 0, True) for i in range(len(of.groups))),
        "stream_high": 0,
        "epoch": 0,
        "can_fence": (),
        "executor_ok": True,
    }
    return m.Beat(**(fields | more))


class Lone:
    """One whole kernel, fed by hand with what other nodes would say."""

    def __init__(self, of: Cluster, me: int, incarnation: int, stored: Mapping[str, bytes]) -> None:
        self.cluster = of
        self.me = Nid(me)
        self.now_s = 100.0
        self.kernel = Kernel(of, Birth(self.me, incarnation, b"session0", "boot-a", ("eth0", "eth1"), stored))
        self.effects = self.kernel.step(self.now_s, ev.Wake())
        self._sequences: dict[int, int] = {}

    def step(self, event: ev.Event, after_s: float = 0.0) -> list[fx.Effect]:
        """Let something happen, some time later; return what the kernel wants done because of it."""
        self.now_s += after_s
        self.effects = self.kernel.step(self.now_s, event)
        return self.effects

    def frame(self, nid: int, message: m.Message, **more: Any) -> list[fx.Effect]:
        """Let a frame of another node arrive: ``stream``, ``incarnation``, ``session``, ``cluster`` as wanted."""
        self._sequences[nid] = sequence = more.get("sequence", self._sequences.get(nid, 0) + 1)
        header = Header(
            0,
            short_id(more.get("cluster", self.cluster.name)),
            short_id(self.cluster.nodes[nid]),
            more.get("incarnation", 1),
            more.get("session", b"session1"),
            sequence,
        )
        packet = m.Packet(message, more.get("stream", 0))
        return self.step(ev.FrameReceived(more.get("link", 0), header, packet), more.get("after_s", 0.0))

    @property
    def decisions(self) -> list[Decision]:
        return [effect.decision for effect in self.effects if isinstance(effect, fx.Record)]

    @property
    def sent(self) -> list[m.Message]:
        return [effect.packet.message for effect in self.effects if isinstance(effect, fx.Send)]


class Directing(NamedTuple):
    """A director with what it needs, on a bench."""

    bench: Bench
    director: Director
    membership: Membership
    groups: tuple[LocalGroup, ...]


@pytest.fixture(scope="session")
def make_cluster() -> Callable[..., Cluster]:
    return cluster


@pytest.fixture(scope="session")
def make_group() -> Callable[..., Group]:
    return group


@pytest.fixture(scope="session")
def make_bench() -> Callable[..., Bench]:
    """Return a maker of benches: the cluster, then ``me``, ``incarnation`` and what earlier lives ``stored``."""

    def make(
        of: Cluster | None = None, me: int = 0, incarnation: int = 1, stored: Mapping[str, bytes] | None = None
    ) -> Bench:
        return Bench(of or cluster(2), me, incarnation, stored or {})

    return make


@pytest.fixture(scope="session")
def make_lone() -> Callable[..., Lone]:
    def make(
        of: Cluster | None = None, me: int = 0, incarnation: int = 1, stored: Mapping[str, bytes] | None = None
    ) -> Lone:
        return Lone(of or cluster(2, group("ip", "node1")), me, incarnation, stored or {})

    return make


@pytest.fixture(scope="session")
def beat_of() -> Callable[..., m.Beat]:
    return make_beat


@pytest.fixture(scope="session")
def make_directing() -> Callable[..., Directing]:
    """Return a maker of directors that coordinate a view of the given members."""

    def make(of: Cluster, members: tuple[int, ...]) -> Directing:
        bench = Bench(of, 0, 1, {})
        groups = tuple(LocalGroup(bench.desk, i, each, lambda _group, _why: 0) for i, each in enumerate(of.groups))
        membership = Membership(
            bench.desk,
            bench.channel,
            bench.detector,
            state=lambda: pytest.fail("no view change here"),
            is_excluded=lambda _nid: False,
            installed=lambda *_: None,
        )
        membership.view = View(ViewId(1, Nid(0)), tuple(Member(Nid(n), 1) for n in members))
        membership.promised = membership.view.id
        contest = Contest(bench.desk, membership, groups)
        ability = Ability(bench.desk, bench.detector, bench.ledger)
        exclusion, rest = Exclusion(bench.desk, bench.detector, membership, bench.ledger), Rest(bench.desk, membership)
        rest.standing = Standing.PRIMARY
        judges = (contest, ability, exclusion, rest)
        director = Director(bench.desk, bench.channel, bench.detector, membership, bench.ledger, groups, *judges)
        return Directing(bench, director, membership, groups)

    return make


@pytest.fixture(scope="session")
def make_world() -> Callable[..., World]:
    """Return a maker of worlds that are at rest: all nodes up and in one view, all groups at home."""

    def make(of: Cluster, *, at_rest: bool = True, **more: Any) -> World:
        world = World(of, **more)
        if at_rest:
            world.boot_all()
            world.run(2.0)
        return world

    return make
