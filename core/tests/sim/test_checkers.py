"""Each checker fires on a trace that breaks its law, and is silent on one that keeps it."""

import msgspec
import pytest
from heartbeat.kernel import effects as fx
from heartbeat.kernel import events as ev
from heartbeat.model.cluster import Cluster
from heartbeat.model.delivery import Delivery
from heartbeat.model.names import Nid
from heartbeat.model.operation import Action, Outcome, Result
from heartbeat.model.proof import Proof
from heartbeat.model.reason import Decision, because
from heartbeat.model.view import Member, Standing, View, ViewId
from heartbeat.sim import check
from heartbeat.sim import observation as o
from heartbeat.sim.check.checker import Checker, Setting
from heartbeat.sim.observation import Words
from heartbeat.sim.schedule import GroupShape, Shape
from heartbeat.wire.frame import Header
from heartbeat.wire.messages import Order, Packet, Propose, StaleLife

DEAD_S = 1.0
A, B, C = Nid(0), Nid(1), Nid(2)


def cluster() -> Cluster:
    """Three nodes; g0 shares data and has two resources, g1 shares none."""
    groups = (GroupShape(0, shares_data=True, resources=2), GroupShape(1))
    return Shape(3, groups, 0.2, 0.5, DEAD_S, 2.0, device=True).cluster()


def view(epoch: int, *nids: Nid, by: Nid = A, life: int = 1) -> View:
    return View(ViewId(epoch, by), tuple(Member(nid, life) for nid in nids))


def installed(nid: Nid, shown: View, at_s: float = 1001.0) -> o.Installed:
    return o.Installed(at_s, Member(nid, 1), shown)


def born(nid: Nid = A, incarnation: int = 1, durable: int = 1, session: bytes = b"a") -> o.Born:
    return o.Born(1001.0, nid, incarnation, durable, session, 1)


FIFO, CAUSAL = Words(B, 1, Delivery.FIFO, 1), Words(B, 1, Delivery.CAUSAL, 1)
AGREED, SAFE = Words(B, 1, Delivery.AGREED, 1), Words(B, 1, Delivery.SAFE, 1)


def said(nid: Nid, words: Words) -> o.Said:
    return o.Said(1001.0, nid, words)


def given(nid: Nid, words: Words, *, epoch: int = 2, place: int = 0, holders: tuple[Nid, ...] = ()) -> o.Given:
    return o.Given(1001.0, Member(nid, 1), ViewId(epoch, A), words, ViewId(1, A), place, holders)


def met(*nids: Nid) -> list[o.Met]:
    """Their programs came in view 1."""
    return [o.Met(1000.5, Member(nid, 1), ViewId(1, A), has_gap=False) for nid in nids]


def in_view_2(*nids: Nid) -> list[o.Installed]:
    return [installed(nid, view(2, *nids)) for nid in nids]


RAN = o.Ran(
    1005.0, A, fx.Run(1, Action.START, "g0r0", "g0", token=7), view(2, A, B), Standing.PRIMARY,
    {B: 1, C: 1}, {B: 1004.9, C: 1000.0}, DEAD_S,
)  # fmt: skip
"""A start of g0 on a while c is silent and nothing shows that it is off."""


def ran(**fields: object) -> o.Ran:
    return msgspec.structs.replace(RAN, **fields)


def run(action: Action, subject: str, group: str = "", host: str = "", number: int = 1) -> fx.Run:
    return fx.Run(number, action, subject, group, host)


def ended(number: int) -> o.Ended:
    return o.Ended(1005.0, A, ev.OperationFinished(number, Result(Outcome.DONE)))


def look(phase: str = "all", **fields: object) -> o.Look:
    """Two nodes in one view, g0 on one of them."""
    both = view(3, A, B)
    good = o.Look(
        1020.0, phase, (A, B), {A: both, B: both}, {A: Standing.PRIMARY, B: Standing.PRIMARY},
        {"g0": (A,)}, {"g0": (A,)}, ("g0",), 2.0,
    )  # fmt: skip
    return msgspec.structs.replace(good, **fields)


def silent_decision(at_s: float) -> o.Decided:
    return o.Decided(at_s, A, 1, Decision(1, at_s, "node.silent", "node b", "b is silent", because("nothing heard")))


def fenced(target: Nid, incarnation: int = 1) -> o.Fenced:
    return o.Fenced(1004.0, A, target, incarnation, Proof.READ_BACK, True)


ACTED = o.Acted(1006.0, A, RAN.run)
GONE = o.Gone(1005.5, A, 1)
SHOT = run(Action.FENCE, "switch", host="node2")
BOGUS_SEND = fx.Send(Header(0, b"c", b"s", 1, b"x", 9), Packet(Propose(ViewId(9, A), (), "")))
TOLD_STALE = fx.Send(Header(0, b"c", b"s", 1, b"x", 9), Packet(StaleLife(Member(A, 1), b"x")))

BROKEN: dict[str, list[o.Observation]] = {
    "S1": [installed(A, view(1, A, B)), installed(B, view(1, B))],
    "S2": [installed(A, view(1, B))],
    "S3": [installed(A, view(2, A)), installed(A, view(2, A))],
    "S4": [o.Stood(1001.0, Member(n, 1), view(2, n, by=n), Standing.PRIMARY) for n in (A, B)],
    "S10": [ran(nid=B, view=view(2, A, B))],
    "S12": [born(incarnation=2, durable=1)],
    "S13": [born(session=b"a"), born(session=b"b")],
    "S14": [o.Activated(1001.0, A, "g0", "g0r0", (B,))],
    "S15": [ran()],
    "S16": [ran(run=SHOT, heard_s={C: 1004.8})],
    "S17": [o.Woke(1004.5, A, 3.0), silent_decision(1004.6)],
    "S25": [o.Keeping(at_s, A, ("g0",)) for at_s in (1001.0, 1001.5, 1002.5)],
    "S18": [ran(run=run(Action.START, "g0r1", "g0"))],
    "S5": [
        *met(A, B),
        installed(A, view(2, A, B)),
        installed(B, view(2, A, B)),
        said(A, FIFO),
        given(A, FIFO),
        installed(A, view(3, A, B)),
        installed(B, view(3, A, B)),
        installed(C, view(3, A, B)),
    ],
    "S6": [given(A, FIFO), given(A, Words(B, 1, Delivery.CAUSAL, 3))],
    "S7": [
        given(B, Words(A, 1, Delivery.FIFO, 1)),
        said(B, CAUSAL),
        given(C, CAUSAL),
        given(C, Words(A, 1, Delivery.FIFO, 1)),
    ],
    "S8": [*in_view_2(A, B), given(A, AGREED, place=1), given(B, SAFE, place=1)],
    "S9": [given(A, SAFE, place=1), given(B, Words(C, 1, Delivery.SAFE, 1), place=1)],
    "S11": [given(A, SAFE, place=1, holders=(A,))],
    "L4": [o.Unheard(1001.0, A, 1, 0)],
    "L9": [o.Unheard(1001.0, A, 0, 1)],
    "S21": [o.Size(1001.0, A, "early stream messages", 1025, 1024)],
    "S23": [o.Bogus(1001.0, A, "of a stranger", (BOGUS_SEND,))],
    "S24": [RAN, GONE, ACTED],
    "promise b": [o.Activated(1001.0, A, "g1", "g1r0", (B,), (B,))],
    "promise c": [
        ran(run=run(Action.START, "g1r0", "g1"), heard_s={B: 1004.9}),
        o.Activated(1005.0, A, "g1", "g1r0", (B,)),
    ],
    "L1": [look(views={A: view(3, A), B: view(3, A, B)})],
    "L2": [look("crash", since={"L2": 1.5}, bounds={"L2": 1.4})],
    "L3": [look("rejoin", since={"L3": 1.5}, bounds={"L3": 1.4})],
    "L5": [look(whole={"g0": ()})],
    "L6": [o.Flushing(at_s, Member(A, 1), ViewId(5, B)) for at_s in (1001.0, 1002.5)],
    "L7": [look("crash", since={"L7": 0.2}, bounds={"L7": 0.1})],
    "L8": [look("idle"), installed(A, view(4, A))],
}
"""The shortest trace that breaks each law."""

KEPT: dict[str, list[o.Observation]] = {
    "S1": [o.HasStates(1000.9, B, ViewId(1, A)), installed(A, view(1, A, B)), installed(B, view(1, A, B))],
    "S2": [installed(A, view(1, A))],
    "S3": [installed(A, view(2, A)), installed(A, view(3, A))],
    "S4": [
        o.Stood(1001.0, Member(A, 1), view(2, A), Standing.PRIMARY),
        o.Gone(1002.0, A, 1),
        o.Stood(1003.0, Member(B, 1), view(3, B, by=B), Standing.PRIMARY),
    ],
    "S10": [o.Ordered(1004.0, A, Order(ViewId(2, A), 7, 0, B, "start", "")), ran(nid=B, view=view(2, A, B))],
    "S12": [born(incarnation=2, durable=2)],
    "S13": [born(), born(incarnation=2, session=b"b")],
    "S14": [o.Lied(1000.0, node=B), o.Activated(1001.0, A, "g0", "g0r0", (B,)), o.Activated(1002.0, A, "g0", "x", ())],
    "S15": [fenced(C), ran()],
    "S16": [ran(run=SHOT, heard_s={C: 1003.0})],
    "S17": [o.Woke(1004.5, A, 3.0), silent_decision(1006.0)],
    "S25": [o.Keeping(1001.0, A, ("g0",)), o.Keeping(1001.5, A, ()), o.Keeping(1002.5, A, ("g0",))],
    "S18": [ran(), ended(1), ran(run=run(Action.START, "g0r1", "g0", number=2))],
    "S5": [
        *met(A, B),
        installed(A, view(2, A, B)),
        installed(B, view(2, A, B)),
        said(A, FIFO),
        given(A, FIFO),
        installed(A, view(3, A, B)),
        installed(B, view(3, A, B)),
        o.Met(1001.0, Member(B, 1), ViewId(3, A), has_gap=True),
        installed(C, view(3, A, B)),
        given(B, SAFE, place=1),
        given(A, SAFE, place=1, epoch=3),
        installed(A, view(4, A, B)),
        installed(B, view(4, A, B)),
        installed(C, view(4, A, B)),
    ],
    "S6": [given(A, FIFO), given(A, Words(B, 1, Delivery.CAUSAL, 2)), given(A, Words(B, 1, Delivery.FIFO, 5), epoch=3)],
    "S7": [
        given(B, Words(A, 1, Delivery.FIFO, 1)),
        said(B, CAUSAL),
        given(C, Words(A, 1, Delivery.FIFO, 1)),
        given(C, CAUSAL),
    ],
    "S8": [*in_view_2(A, B), given(A, AGREED, place=1), given(B, AGREED, place=1), given(B, SAFE, place=2)],
    "S9": [given(A, SAFE, place=1), given(B, SAFE, place=1), given(A, Words(C, 1, Delivery.SAFE, 1), place=2)],
    "S11": [given(A, SAFE, place=1, holders=(A, B)), o.Gone(1000.9, B, 1), given(A, SAFE, place=2, holders=(A,))],
    "L4": [o.Unheard(1001.0, A, 0, 1)],
    "L9": [o.Unheard(1001.0, A, 1, 0)],
    "S21": [o.Size(1001.0, A, "early stream messages", 1024, 1024)],
    "S23": [o.Bogus(1001.0, A, "of a former life", (fx.Arm(1.0), TOLD_STALE))],
    "S24": [RAN, ACTED, GONE, msgspec.structs.replace(born(), boots=2), ACTED],
    "promise b": [o.Activated(1001.0, A, "g1", "g1r0", (B,)), o.Activated(1001.0, A, "g0", "g0r0", (B,), (B,))],
    "promise c": [
        ran(run=run(Action.START, "g1r0", "g1"), heard_s={C: 1000.0}),
        o.Activated(1005.0, A, "g1", "g1r0", (C,)),
    ],
    "L1": [look()],
    "L2": [look("crash", since={"L2": 1.3}, bounds={"L2": 1.4})],
    "L3": [look("rejoin")],
    "L5": [look(), look(whole={"g0": ()}, standings={A: Standing.NO_QUORUM, B: Standing.NO_QUORUM})],
    "L6": [
        o.Flushing(1001.0, Member(A, 1), ViewId(5, B)),
        o.Flushing(1001.9, Member(A, 1), ViewId()),
        o.Flushing(1002.5, Member(A, 1), ViewId(5, B)),
    ],
    "L7": [look("crash", since={"L7": 0.05}, bounds={"L7": 0.1})],
    "L8": [look("idle"), look("all"), installed(A, view(4, A))],
}


def violations(law: str, trace: list[o.Observation]) -> list[str]:
    kind = next(kind for kind in check.CHECKERS if kind.law == law)
    checker = kind(Setting(cluster()))
    for observation in trace:
        if isinstance(observation, checker.sees):
            checker.see(observation)
    return checker.violations


@pytest.mark.parametrize("kind", check.CHECKERS, ids=lambda kind: kind.law)
def test_a_broken_law_is_found(kind: type[Checker]) -> None:
    assert violations(kind.law, BROKEN[kind.law])


@pytest.mark.parametrize("kind", check.CHECKERS, ids=lambda kind: kind.law)
def test_a_kept_law_is_not_called_broken(kind: type[Checker]) -> None:
    assert violations(kind.law, KEPT[kind.law]) == []


def test_every_property_has_a_checker_or_a_reason_why_not() -> None:
    checked = {kind.law for kind in check.CHECKERS}
    wanted = {f"S{n}" for n in range(1, 26)} | {f"L{n}" for n in range(1, 10)}
    wanted |= {"promise a", "promise b", "promise c"}
    # S14 is promise (a); S22 is judged by running twice (test_determinism).
    assert checked | set(check.NOT_APPLICABLE) | {"S22", "promise a"} == wanted
    assert not checked & set(check.NOT_APPLICABLE)
    assert (len(checked), len(check.NOT_APPLICABLE)) == (33, 2)


def test_a_start_on_the_word_of_a_former_life_is_found() -> None:
    assert violations("S15", [fenced(C, incarnation=1), ran(known={B: 1, C: 2})])


def test_a_farewell_frees_what_a_node_held_and_only_if_it_is_true() -> None:
    assert violations("S15", [o.Farewell(1004.0, C, 1, frozenset()), ran()]) == []
    assert violations("S15", [o.Farewell(1004.0, C, 1, frozenset({"g0r0"})), ran()])
    lied = o.Lied(1003.0, resource="g0r0")
    assert violations("S15", [lied, o.Farewell(1004.0, C, 1, frozenset({"g0r0"})), ran()]) == []


def test_the_rest_of_a_group_is_started_on_the_word_of_its_first_start_but_never_without_quorum() -> None:
    rest = run(Action.START, "g0r1", "g0", number=2)
    assert violations("S15", [ran(run=rest)]) == []
    assert violations("S15", [ran(run=rest, standing=Standing.NO_QUORUM)])


@pytest.mark.parametrize(("forgets", "broken"), [(False, 1), (True, 0)])
def test_only_a_node_whose_disk_failed_may_use_the_id_of_a_view_again(forgets: bool, broken: int) -> None:  # noqa: FBT001
    anew = o.Born(1000.0, A, 2, 2, b"s", 1, has_forgotten=forgets)
    for law in ("S1", "S3"):
        synced = o.HasStates(1000.9, B, ViewId(5, A))
        trace: list[o.Observation] = [synced, installed(A, view(5, A, B)), anew, installed(A, view(5, A))]
        assert len(violations(law, trace)) == broken


def test_who_woke_must_not_answer_for_what_another_took_meanwhile() -> None:
    answered = o.Answered(1005.0, A, "g1r0", (B,))
    assert violations("promise b", [answered])
    assert violations("promise b", [o.Lied(1003.0, resource="g1r0"), answered]) == []
    assert violations("promise b", [o.Lied(1003.0, node=A), answered]), "a device's lie excuses nothing here"


def test_what_shares_no_data_waits_for_the_device_too_but_not_where_there_is_none() -> None:
    start = ran(run=run(Action.START, "g1r0", "g1"))
    asked = msgspec.structs.replace(fenced(C), proof=Proof.ASKED)
    assert violations("S15", [start])
    assert violations("S15", [asked, start]) == []
    assert violations("S15", [ran(run=start.run, known={B: 1, C: 0})]) == [], "never heard: it is only late"


def test_a_life_that_was_proved_off_is_never_a_member_again() -> None:
    off = ev.OperationFinished(SHOT.id, Result(Outcome.DONE, "off", Proof.READ_BACK))
    trace: list[o.Observation] = [ran(run=SHOT, heard_s={}), o.Ended(1006.0, A, off)]
    again = View(ViewId(3, A), (Member(A, 1), Member(C, 1)))
    assert violations("S16", [*trace, installed(A, again)])
    anew = View(ViewId(3, A), (Member(A, 1), Member(C, 2)))
    assert violations("S16", [*trace, installed(A, anew)]) == []


def test_who_hears_that_it_is_not_heard_must_be_silent() -> None:
    deaf = o.Activated(1001.0, A, "g1", "g1r0", (B,), deaf=(B,))
    assert violations("promise b", [deaf])
    assert violations("promise b", [msgspec.structs.replace(deaf, group="g0")]) == []


def test_a_view_before_all_of_its_members_have_its_states_is_found() -> None:
    assert violations("S1", [o.HasStates(1000.9, B, ViewId(1, A)), installed(A, view(1, A, B, C))])


def test_a_member_that_is_being_switched_off_is_found_until_the_device_has_answered() -> None:
    fires: list[o.Observation] = [ran(run=SHOT, heard_s={})]
    assert violations("S16", [*fires, installed(A, view(3, A, C))])
    assert violations("S16", [*fires, ended(SHOT.id), installed(A, view(3, A, C))]) == []
    assert violations("S16", [*fires, installed(B, view(3, A, C))]) == [], "another node need not know it yet"


@pytest.mark.parametrize("newer", [run(Action.STOP, "g0r1", "g0"), run(Action.START, "g0r1", "g0")])
def test_a_start_that_acts_after_a_newer_order_is_found(newer: fx.Run) -> None:
    same, later = (ran(run=msgspec.structs.replace(newer, token=token)) for token in (7, 8))
    assert violations("S24", [RAN, later, ACTED])
    assert bool(violations("S24", [RAN, same, ACTED])) is (newer.action is Action.STOP), "a group starts with one token"


def test_a_fence_without_quorum_is_found() -> None:
    assert violations("S16", [ran(run=SHOT, heard_s={}, standing=Standing.NO_QUORUM)])


def test_a_proposal_without_a_member_just_after_waking_is_found() -> None:
    proposed = o.Proposed(1004.6, A, Propose(ViewId(9, A), (Member(A, 1),), ""), view(2, A, B))
    assert violations("S17", [o.Woke(1004.5, A, 3.0), proposed])


def test_a_view_of_one_just_after_waking_is_found() -> None:
    woke: list[o.Observation] = [installed(A, view(2, A, B), 1001.0), o.Woke(1004.5, A, 3.0)]
    assert violations("S17", [*woke, installed(A, view(3, A), 1004.6)])
    assert violations("S17", [*woke, installed(A, view(3, A), 1006.0)]) == []
    assert violations("S17", [*woke, born(A), installed(A, view(3, A), 1004.6)]) == [], "a new life blames nobody"


def test_stopping_a_resource_under_another_is_found() -> None:
    up: list[o.Observation] = [ran(), ended(1), ran(run=run(Action.START, "g0r1", "g0", number=2)), ended(2)]
    assert violations("S18", [*up, ran(run=run(Action.STOP, "g0r0", "g0"))])
