"""The kernel as a whole: what gets in, what is told, and that nothing that can be decoded makes it raise."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest
from heartbeat.kernel import effects as fx
from heartbeat.kernel import events as ev
from heartbeat.kernel.birth import Birth
from heartbeat.kernel.kernel import Kernel
from heartbeat.model.cluster import Timers
from heartbeat.model.names import Nid
from heartbeat.model.proof import Proof, Proved
from heartbeat.model.view import Member, ViewId
from heartbeat.wire import messages as m
from heartbeat.wire.frame import Header, short_id
from hypothesis import given, settings
from hypothesis import strategies as st

MakeLone = Callable[..., Any]
BeatOf = Callable[..., m.Beat]


# What gets in.


def test_frames_of_another_cluster_change_nothing(make_lone: MakeLone, beat_of: BeatOf) -> None:
    lone = make_lone()
    before = lone.kernel.status(lone.now_s)
    effects = lone.frame(1, beat_of(lone.cluster, 1), cluster="another")
    assert not lone.decisions
    assert [type(effect) for effect in effects if not isinstance(effect, fx.Arm)] == []
    assert lone.kernel.status(lone.now_s) == before


def test_a_node_with_another_node_list_is_named_and_only_its_beats_are_read(
    make_lone: MakeLone, beat_of: BeatOf, make_cluster: Callable[..., Any]
) -> None:
    """Its nids mean other nodes: its proof that 'node 1' is off may be about any machine."""
    lone = make_lone(make_cluster(3))
    lone.frame(2, beat_of(lone.cluster, 2, nodes_digest="other"))
    assert "config.nodes-differ" in [d.kind for d in lone.decisions]
    proved = Proved(Nid(1), 9, Proof.READ_BACK, "off")
    lone.frame(2, m.FenceReport(1, Member(Nid(1), 9), "proved", proved, ""), stream=1)
    assert not lone.decisions
    assert {each.name: each.state for each in lone.kernel.status(lone.now_s).nodes}["node2"] == "unknown"


def test_a_message_before_any_beat_is_not_taken(make_lone: MakeLone, make_cluster: Callable[..., Any]) -> None:
    lone = make_lone(make_cluster(3))
    lone.frame(2, m.FenceMe(0, ""), stream=1)
    assert [d.kind for d in lone.decisions if not d.kind.startswith(("node.heard", "link."))] == []


def test_a_node_that_is_told_of_its_lost_memory_keeps_the_number_and_starts_anew(make_lone: MakeLone) -> None:
    lone = make_lone()
    effects = lone.frame(1, m.StaleLife(Member(Nid(0), 41), b"session0"))
    assert "node.stale" in [d.kind for d in lone.decisions]
    assert fx.Persist("incarnation", b"41") in effects
    (halt,) = [effect for effect in effects if isinstance(effect, fx.Halt)]
    assert not halt.clean


def test_a_recording_of_such_a_message_is_not_for_this_life(make_lone: MakeLone) -> None:
    lone = make_lone()
    effects = lone.frame(1, m.StaleLife(Member(Nid(0), 41), b"session9"))
    assert not [effect for effect in effects if isinstance(effect, fx.Halt)]


# What is told.


def test_every_decision_has_a_cause_and_causes_come_before(make_world: Any, make_cluster: Any, make_group: Any) -> None:
    world = make_world(make_cluster(3, make_group("data", "node1", "fs!", "web")))
    world.crash(Nid(0))
    world.run(5.0)
    for node in world.nodes.values():
        for life, decision in node.decisions:
            assert decision.reason.causes
            assert all(cause.decision < decision.number for cause in decision.reason.causes)
            assert [d.number for at, d in node.decisions if at == life] == list(
                range(1, 1 + sum(at == life for at, _ in node.decisions))
            )


def test_a_takeover_can_be_walked_back_to_the_silence(make_world: Any, make_cluster: Any, make_group: Any) -> None:
    world = make_world(make_cluster(2, make_group("data", "node1", "fs!")))
    world.crash(Nid(0))
    world.run(1.5)
    decisions = {decision.number: decision for _, decision in world.nodes[Nid(1)].decisions}
    at = max(number for number, decision in decisions.items() if decision.kind == "group.running")
    seen: list[str] = []
    waiting = [at]
    while waiting:
        decision = decisions[waiting.pop()]
        seen.append(decision.kind)
        waiting += [cause.decision for cause in decision.reason.causes if cause.decision]
    assert {"group.start", "quorum.primary", "fence.proved", "fence.begun", "fence.wanted", "node.silent"} <= set(seen)


def test_a_healthy_cluster_is_quiet(make_world: Any, make_cluster: Any, make_group: Any) -> None:
    world = make_world(make_cluster(3, make_group("data", "node1", "fs!")))
    said = len(world.log)
    world.run(60.0)
    assert world.log[said:] == []


def test_a_beat_leaves_every_keepalive_and_at_once_when_something_changes(make_lone: MakeLone, beat_of: BeatOf) -> None:
    lone = make_lone()
    beats = sum(isinstance(message, m.Beat) for message in lone.sent)
    assert beats == 1, "the first one, at birth"
    (armed,) = [effect.at_s for effect in lone.effects if isinstance(effect, fx.Arm)]
    assert armed == pytest.approx(100.2)
    lone.step(ev.Wake(), 0.1)
    assert not lone.sent
    lone.step(ev.LinkOpened(0))
    assert [type(message) for message in lone.sent] == [m.Beat], "whoever is behind it shall know at once"


def test_a_woken_node_accuses_nobody_for_a_deadtime(make_world: Any, make_cluster: Any, make_group: Any) -> None:
    """The pause was its own; what its sockets hold is read first, and no fence leaves."""
    of = make_cluster(2, make_group("data", "node1", "fs!"), has_device=("node1",))
    world = make_world(of)
    world.freeze(Nid(1))
    world.run(10.0)
    said = len(world.nodes[Nid(1)].decisions)
    world.thaw(Nid(1))
    world.run(0.9)
    kinds = [decision.kind for _, decision in world.nodes[Nid(1)].decisions[said:]]
    assert "self.paused" in kinds
    assert not {"node.silent", "fence.begun"} & set(kinds)
    assert world.machines.fenced == []


def test_a_pause_during_initdead_gives_the_unheard_another_deadtime(make_lone: MakeLone) -> None:
    lone = make_lone()
    lone.step(ev.Wake(), 60.0)
    assert [d.kind for d in lone.decisions] == ["self.paused"]
    lone.step(ev.Wake(), 0.3)
    lone.step(ev.Wake(), 0.3)
    assert not lone.decisions
    lone.step(ev.Wake(), 0.3)
    lone.step(ev.Wake(), 0.1)
    assert "view.installed" in [d.kind for d in lone.decisions]


def test_it_never_asks_to_be_woken_at_once(make_world: Any, make_cluster: Any, make_group: Any) -> None:
    """A deadline that is past and stays would keep a real-time daemon spinning. A frame may ask for it: in step with
    its sender this node's beat leaves at the wake-up that follows, and with that the deadline is over."""
    groups = (make_group("data", "node1", "fs!"), make_group("ip", "node2"))
    timers = Timers(keepalive_s=0.2, warntime_s=0.5, deadtime_s=1.0, initdead_s=2.0)
    world = make_world(make_cluster(4, *groups, device=False, timers=timers), at_rest=False, seed=5)
    late: list[tuple[str, float]] = []

    class Watched(Kernel):
        def step(self, now_s: float, event: ev.Event) -> list[fx.Effect]:
            wanted = super().step(now_s, event)
            if isinstance(event, ev.Wake) and any(isinstance(it, fx.Arm) and it.at_s <= now_s for it in wanted):
                late.append((self._desk.name(self._desk.me), world.since_s))
            return wanted

    world.mind = Watched
    # node4 does not hear node3, so node1 leaves it out; it waits, beyond initdead, until it may stand in for node1.
    world.network.cuts |= {(a, b, k) for k in (0, 1) for a, b in ((Nid(2), Nid(3)), (Nid(3), Nid(2)))}
    world.boot_all()
    world.run(6.0)
    world.heal()
    world.cut(Nid(0), outward=False)
    world.run(6.0)
    world.loss = 0.3
    world.run(6.0)
    assert late == []


def test_an_old_proof_says_nothing_to_a_member_that_has_not_heard_the_newer_life(
    make_lone: MakeLone, make_cluster: Callable[..., Any], beat_of: BeatOf
) -> None:
    """node3 was shot in life 1 and lives in life 2; node1 was away meanwhile. Found by a simulated swarm: node1 came
    back, never heard node3, took the old proof from node2 and started what node3 held."""
    lone = make_lone(make_cluster(3), stored={"lives": b"1:1,2:2"})
    lone.frame(1, beat_of(lone.cluster, 1))
    for _ in range(2):
        lone.step(ev.Wake(), 0.02)
    ballot = lone.kernel._membership.promised
    old = Proved(Nid(2), 1, Proof.READ_BACK, "read off")
    state = m.State(Member(Nid(1), 1), "boot", ViewId(), (), (old,), 0, 0, 0, leaving=False)
    lone.frame(1, m.Flush(ballot, state))
    lone.frame(1, m.Synced(ballot))
    assert lone.kernel._membership.view.nids == (0, 1)
    assert lone.kernel._ledger.proofs == {}


def test_a_proof_that_a_newer_life_has_outdated_is_not_handed_on(
    make_lone: MakeLone, make_cluster: Callable[..., Any], beat_of: BeatOf
) -> None:
    lone = make_lone(make_cluster(3))
    lone.kernel._ledger.prove(Proved(Nid(2), 1, Proof.READ_BACK, "read off"))
    assert len(lone.kernel._state().proofs) == 1
    lone.frame(2, beat_of(lone.cluster, 2), incarnation=2)
    assert lone.kernel._state().proofs == ()


# S23: nothing that can be decoded makes it raise.

STREAMED = m.Order | m.FenceOrder | m.FenceReport | m.FenceMe | m.MoveRequest | m.MoveReply
WORDS = ["", "start", "stop", "prepare", "begun", "proved", "failed", "standby", "takeover", "all", "local", "leaving"]
integers = st.one_of(st.integers(-2, 4), st.sampled_from([-(2**63), 2**40, 2**53 + 1, 2**64 - 1]))
"""Mostly such that they name something that is there, sometimes as far off as a frame can carry."""


def _built(kind: type[Any]) -> st.SearchStrategy[Any]:
    return st.builds(kind, **{name: _of(annotation) for name, annotation in kind.__annotations__.items()})


def _of(annotation: Any) -> st.SearchStrategy[Any]:
    """Return values of a field, as its annotation says."""
    simple: dict[Any, st.SearchStrategy[Any]] = {
        int: integers,
        Nid: integers,
        str: st.sampled_from(WORDS),
        float: st.sampled_from([-1.0, 0.5, 1.0, 1e9, float("inf"), float("nan")]),
        Proved | None: st.none() | st.deferred(lambda: _of(Proved)),
    }
    if annotation in simple:
        return simple[annotation]
    args = get_args(annotation)
    if args and args[-1] is Ellipsis:
        return st.lists(_of(args[0]), max_size=3).map(tuple)
    return _built(annotation) if hasattr(annotation, "__struct_fields__") else st.from_type(annotation)


messages = st.one_of([_built(kind) for kind in get_args(m.Message)])


@pytest.fixture(scope="session")
def make_met(make_cluster: Any, make_group: Any, beat_of: BeatOf) -> Callable[[], Any]:
    """Return a maker of kernels that coordinate a view of three and hold a group, with a device that answered."""
    of = make_cluster(3, make_group("data", "node1", "fs!", "web"), make_group("ip", "node2"))

    def make() -> tuple[Kernel, list[float], Any]:
        kernel = Kernel(of, Birth(Nid(0), 1, b"session0", "boot-a", ("eth0",), {}))
        now = [100.0]
        kernel.step(now[0], ev.Wake())
        kernel.step(now[0], ev.ExecutorChanged(ready=True))
        kernel.step(now[0], ev.DevicesKnown("switch", of.nodes, 1.0, "", serialises=True))
        for nid in (1, 2):
            kernel.step(now[0], _frame(of, nid, 1, beat_of(of, nid)))
        members = tuple(Member(Nid(n), 1) for n in range(3))
        states = tuple(m.State(each, "boot", ViewId(), (), (), 0, 0, 0, leaving=False) for each in members)
        # The shortest way to a view; how views are agreed on is proved elsewhere.
        kernel._membership.promised = ViewId(1, Nid(0))
        kernel._membership._install(m.Sync(ViewId(1, Nid(0)), members, states), "met")
        return kernel, now, of

    return make


def _frame(of: Any, nid: int, sequence: int, message: m.Message, stream: int = 0) -> ev.FrameReceived:
    header = Header(0, short_id(of.name), short_id(of.nodes[nid]), 1, b"theirs01", sequence)
    return ev.FrameReceived(0, header, m.Packet(message, stream))


def _survives(make_met: Callable[[], Any], said: list[tuple[int, m.Message, float]]) -> None:
    kernel, now, of = make_met()
    sequences, streams = {1: 1, 2: 1}, {1: 0, 2: 0}
    for nid, message, gap_s in said:
        now[0] += gap_s
        sequences[nid] += 1
        is_streamed = isinstance(message, STREAMED)
        streams[nid] += is_streamed
        stream = streams[nid] if is_streamed else 0
        for effect in kernel.step(now[0], _frame(of, nid, sequences[nid], message, stream)):
            if isinstance(effect, fx.Send):
                m.encode_packet(effect.packet)
    kernel.status(now[0])
    kernel.step(now[0] + 100.0, ev.Wake())


saying = st.tuples(st.sampled_from([1, 2]), messages, st.sampled_from([0.0, 0.01, 0.7]))


@settings(max_examples=400, deadline=None)
@given(st.lists(saying, max_size=12))
def test_no_message_that_can_be_decoded_makes_it_raise(
    make_met: Callable[[], Any], said: list[tuple[int, m.Message, float]]
) -> None:
    """Nor does it make the kernel send what cannot be encoded, or fail to say how things stand."""
    _survives(make_met, said)


# S22: the same seed gives the same trace.

PLAY = """
import sys
from heartbeat.kernel.kernel import Kernel
from heartbeat.model.cluster import Cluster, Timers
from heartbeat.model.group import Group, Resource
from heartbeat.sim.world import World

def group(name, home):
    return Group(name, home, (Resource(name, "agent", {"a": "1", "b": "2"}, name == "data"),))

nodes = ("node1", "node2", "node3", "node4")
groups = (group("data", "node1"), group("ip", "node2"), group("web", "node4"))
world = World(Cluster("linux-ha", nodes, Timers(0.2, 0.5, 1.0, 5.0), groups, has_device=nodes), seed=7)
world.boot_all(); world.loss = 0.1; world.run(3.0)
world.crash(0); world.run(4.0)
world.cut(2); world.run(4.0)
world.heal(); world.run(4.0)
print(world.trace()); print(world.status_json(1).decode())
"""


def test_the_same_seed_gives_the_same_trace_whatever_the_order_of_hashes(tmp_path: Path) -> None:
    script = tmp_path / "play.py"
    script.write_text(PLAY, encoding="utf-8")
    traces = []
    for hashes in ("1", "4242"):
        ended = subprocess.run(
            [sys.executable, script],
            env={**os.environ, "PYTHONHASHSEED": hashes},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        traces.append(ended.stdout)
    assert traces[0] == traces[1]
    assert "group.running" in traces[0]


def test_a_beat_that_was_overtaken_changes_nothing_of_what_a_newer_one_said(make_lone: Any, beat_of: Any) -> None:
    lone = make_lone()
    lone.frame(1, beat_of(lone.cluster, 1), sequence=7)
    lone.frame(1, beat_of(lone.cluster, 1, row=(), holdings=(), phase="leaving"), sequence=6, link=1)
    assert lone.kernel._detector.hears_me(Nid(1))
    assert Nid(1) not in lone.kernel._director.leaving
    lone.frame(1, beat_of(lone.cluster, 1, row=()), sequence=8, link=1)
    assert not lone.kernel._detector.hears_me(Nid(1))
