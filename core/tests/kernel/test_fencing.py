"""Fencing: who is shot, when, by whom and how often, and what its result is worth."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from heartbeat.kernel import effects as fx
from heartbeat.kernel import events as ev
from heartbeat.kernel.case import RETRY_LAST_S
from heartbeat.model.cluster import Failback
from heartbeat.model.names import Nid
from heartbeat.model.operation import Action, Outcome, Result
from heartbeat.model.proof import Proof, Proved
from heartbeat.model.view import Member, ViewId
from heartbeat.sim.machine import Behaviour
from heartbeat.wire.messages import FenceOrder, FenceReport, State

NODE1, NODE2, NODE3 = Nid(0), Nid(1), Nid(2)
MakeWorld = Callable[..., Any]


@pytest.fixture
def pair(make_world: MakeWorld, make_cluster: Any, make_group: Any) -> Any:
    """Two nodes at rest; node1 holds shared data, and nothing that was shot comes up again."""
    return make_world(make_cluster(2, make_group("data", "node1", "fs!"), reset_after_off=False))


def _kinds(world: Any, nid: Nid) -> list[str]:
    return [decision.kind for _, decision in world.nodes[nid].decisions]


def _fences(kernel_effects: list[fx.Effect]) -> list[fx.Run]:
    return [e for e in kernel_effects if isinstance(e, fx.Run) and e.action is Action.FENCE]


def _case(world: Any, by: Nid, target: Nid) -> Any:
    return world.nodes[by].kernel._fencing.cases[target]


# Whether.


def test_pending_fences_and_the_proof_makes_it_primary(pair: Any) -> None:
    pair.crash(NODE1)
    pair.run(1.5)
    kinds = _kinds(pair, NODE2)
    assert kinds.index("quorum.pending") < kinds.index("fence.begun") < kinds.index("fence.proved")
    assert kinds.index("fence.proved") < kinds.index("group.start")


def test_the_death_of_an_idle_peer_never_stops_the_survivor_s_groups(pair: Any) -> None:
    pair.machines.behaviour["node1", "switch", Action.FENCE] = Behaviour(Outcome.FAILED)
    pair.crash(NODE2)
    pair.run(60.0)
    assert pair.where("data") == {"node1"}
    assert "group.stop" not in _kinds(pair, NODE1)


@pytest.mark.parametrize("direction", ["inward", "outward"])
def test_a_node_that_hears_its_peer_never_fences_it(pair: Any, direction: str) -> None:
    pair.machines.behaviour["node1", "switch", Action.FENCE] = Behaviour(Outcome.FAILED)
    pair.machines.behaviour["node2", "switch", Action.FENCE] = Behaviour(Outcome.FAILED)
    pair.cut(NODE1, **{("outward" if direction == "inward" else "inward"): False})
    pair.run(20.0)
    hearer = NODE2 if direction == "inward" else NODE1
    assert not {"fence.wanted", "fence.begun", "group.start"} & set(_kinds(pair, hearer)[20:])


def test_who_left_in_order_is_not_fenced(pair: Any) -> None:
    pair.step(NODE2, ev.Asked("SIGTERM"))
    pair.run(10.0)
    assert pair.machines.fenced == []


def test_a_minority_never_fences(make_world: MakeWorld, make_cluster: Any) -> None:
    world = make_world(make_cluster(3, has_device=("node2", "node3")))
    world.machines.behaviour["node2", "switch", Action.FENCE] = Behaviour(Outcome.FAILED)
    world.machines.behaviour["node3", "switch", Action.FENCE] = Behaviour(Outcome.FAILED)
    world.cut(NODE1)
    world.run(30.0)
    assert "fence.begun" not in _kinds(world, NODE1)


def test_from_three_nodes_on_a_majority_needs_no_credit(make_world: MakeWorld, make_cluster: Any) -> None:
    """After a power cut one of three does not come up: the two others were its company, and go on all the same."""
    world = make_world(make_cluster(3))
    for nid in world.nodes:
        world.crash(nid)
    world.boot(NODE1)
    world.boot(NODE2)
    world.run(6.0)
    assert [target for _, _, target in world.machines.fenced] == ["node3"]


# When.


def test_the_higher_of_two_waits_half_as_long_again_as_its_device_may_take(pair: Any) -> None:
    for nid in (NODE1, NODE2):
        pair.step(nid, ev.DevicesKnown("switch", ("node1", "node2"), 4.0, "", serialises=False))
    for name in ("node1", "node2"):
        pair.machines.behaviour[name, "switch", Action.FENCE] = Behaviour(Outcome.FAILED)
    pair.cut(NODE1)
    pair.run(1.5)
    first, second = _case(pair, NODE1, NODE2), _case(pair, NODE2, NODE1)
    begun = [d for _, d in pair.nodes[NODE1].decisions if d.kind == "fence.begun"]
    assert begun
    wanted = next(d for _, d in pair.nodes[NODE2].decisions if d.kind == "fence.wanted")
    assert second.not_before_s == pytest.approx(wanted.at_s + 6.0)
    assert "waiting 6 s first" in wanted.text
    assert first.target.nid == NODE2
    status = pair.nodes[NODE2].kernel.status(pair.now_s)
    assert "switched off in" in next(n.why for n in status.nodes if n.name == "node1")


def test_fence_delay_holds_back_and_a_beat_cancels_it(make_world: MakeWorld, make_cluster: Any) -> None:
    world = make_world(make_cluster(2, fence_delay_s=3.0))
    world.cut(NODE2)
    world.run(3.0)
    assert "fence.wanted" in _kinds(world, NODE1)
    world.heal()
    world.run(10.0)
    assert "fence.cancelled" in _kinds(world, NODE1)
    assert world.machines.fenced == []


def test_a_fence_that_has_begun_is_not_called_back_and_its_target_joins_nothing(pair: Any) -> None:
    pair.machines.behaviour["node2", "switch", Action.FENCE] = Behaviour(takes_s=4.0)
    pair.machines.behaviour["node1", "switch", Action.FENCE] = Behaviour(Outcome.FAILED)
    pair.cut(NODE1)
    pair.run(1.5)
    pair.heal()
    pair.run(2.0)
    view = pair.nodes[NODE2].kernel._membership.view
    assert view.nids == (1,)
    assert "fence.cancelled" not in _kinds(pair, NODE2)
    pair.run(2.0)
    assert [target for _, _, target in pair.machines.fenced] == ["node1"]


def test_a_device_that_fails_is_asked_ever_more_seldom_and_for_ever(pair: Any) -> None:
    pair.machines.behaviour["node2", "switch", Action.FENCE] = Behaviour(Outcome.FAILED, detail="no")
    pair.crash(NODE1)
    pair.run(400.0)
    begun_s = [d.at_s for _, d in pair.nodes[NODE2].decisions if d.kind == "fence.begun"]
    pauses = [round(later - earlier) for earlier, later in itertools.pairwise(begun_s)]
    assert pauses[:7] == [1, 2, 4, 8, 16, 32, 60]
    assert set(pauses[7:]) == {int(RETRY_LAST_S)}
    assert pair.where("data") == set()


def test_a_pause_of_mine_holds_my_fence_back(pair: Any) -> None:
    for nid in (NODE1, NODE2):
        pair.step(nid, ev.DevicesKnown("switch", ("node1", "node2"), 4.0, "", serialises=False))
    pair.machines.behaviour["node1", "switch", Action.FENCE] = Behaviour(Outcome.FAILED)
    pair.cut(NODE1)
    pair.run(2.0)
    assert _case(pair, NODE2, NODE1).not_before_s > pair.now_s
    pair.freeze(NODE2)
    pair.heal()
    pair.run(10.0)
    pair.thaw(NODE2)
    pair.run(3.0)
    assert "fence.begun" not in _kinds(pair, NODE2), "its sockets held the proof that node1 lives"


# How often.


def test_after_three_fencings_of_one_node_a_person_must_look(
    make_world: MakeWorld, make_cluster: Any, make_group: Any
) -> None:
    """Whoever carried them out: here node1 and node2 take turns."""
    world = make_world(make_cluster(3, make_group("data", "node3", "fs!"), failback=Failback.OFF))
    for _ in range(4):
        world.crash(NODE3)
        world.run(8.0)
    assert len(world.machines.fenced) == 3
    assert "fence.given-up" in _kinds(world, NODE1)
    told = [d for _, d in world.nodes[NODE1].decisions if d.kind == "fence.given-up"]
    assert told[0].alarm
    world.boot(NODE3)
    world.run(3.0)
    assert world.nodes[NODE1].kernel._membership.view.has(NODE3)


def test_fencings_reported_by_others_count_too(make_lone: Any, make_cluster: Any, beat_of: Any) -> None:
    lone = make_lone(make_cluster(3))
    lone.frame(1, beat_of(lone.cluster, 1))
    for number in range(1, 4):
        target = Member(NODE3, number)
        proved = {"proved": Proof.READ_BACK}
        report = FenceReport(number, target, "proved", _proved(NODE3, number, proved["proved"]), "off")
        lone.frame(1, report, stream=number)
    assert lone.kernel._fencing.cases.tally.is_full("node3")


def _proved(nid: Nid, incarnation: int, proof: Proof) -> Any:

    return Proved(nid, incarnation, proof, "read off")


# Its result.


class Shooting:
    """node2 of two, alone and about to shoot node1, whose devices the test plays."""

    def __init__(self, make_lone: Any, cluster: Any, beat_of: Any, *devices: str) -> None:
        self.lone = make_lone(cluster, me=1)
        self.lone.step(ev.ExecutorChanged(ready=True))
        for device in devices:
            self.lone.step(ev.DevicesKnown(device, ("node1",), 1.0, "", serialises=True))
        self.lone.frame(0, beat_of(cluster, 0, row=()))
        self.run = self._until_fence()

    def _until_fence(self) -> fx.Run:
        for _ in range(60):
            fences = _fences(self.lone.step(ev.Wake(), 0.1))
            if fences:
                return fences[0]
        pytest.fail("nothing is fenced")

    def ends(self, result: Result, number: int | None = None) -> list[fx.Run]:
        return _fences(self.lone.step(ev.OperationFinished(number or self.run.id, result)))

    @property
    def kinds(self) -> list[str]:
        return [decision.kind for decision in self.lone.decisions]

    def proof(self) -> Proof:
        proof: Proof = self.lone.kernel._ledger.proof(NODE1, 1)
        return proof


OFF = Result(Outcome.DONE, "reads off", Proof.READ_BACK)
ASKED = Result(Outcome.DONE, "took the command", Proof.ASKED)


@pytest.fixture
def shooting(make_lone: Any, make_cluster: Any, make_group: Any, beat_of: Any) -> Callable[..., Shooting]:
    return lambda *devices: Shooting(make_lone, make_cluster(2, make_group("data", "node1", "fs!")), beat_of, *devices)


def test_devices_are_tried_in_order_until_one_proves_it(shooting: Callable[..., Shooting]) -> None:
    shot = shooting("b", "a", "c")
    assert shot.run.subject == "a"
    (then,) = shot.ends(Result(Outcome.FAILED, "no"))
    assert then.subject == "b"
    assert shot.ends(OFF, then.id) == []
    assert shot.proof() is Proof.READ_BACK


def test_the_device_is_told_which_boot_of_the_host_is_meant(shooting: Callable[..., Shooting]) -> None:
    shot = shooting("a")
    assert shot.run.host_boot_id == shot.lone.kernel._detector.peers[NODE1].boot_id != ""
    assert shot.lone.kernel._detector.boot_id(Member(NODE1, 2)) == "", "of another life nothing is known"


def test_a_time_out_proves_nothing(shooting: Callable[..., Shooting]) -> None:
    shot = shooting("a")
    shot.ends(Result(Outcome.UNKNOWN, "timed out"))
    assert "fence.failed" in shot.kinds
    assert shot.proof() is Proof.NONE


def test_done_without_any_proof_is_no_success(shooting: Callable[..., Shooting]) -> None:
    shot = shooting("a")
    shot.ends(Result(Outcome.DONE, "?", Proof.NONE))
    assert shot.proof() is Proof.NONE


def test_a_weak_word_is_taken_only_when_no_other_device_knows_better(shooting: Callable[..., Shooting]) -> None:
    shot = shooting("a", "b")
    (then,) = shot.ends(ASKED)
    assert shot.proof() is Proof.NONE
    shot.ends(OFF, then.id)
    assert shot.proof() is Proof.READ_BACK
    other = shooting("a", "b")
    (then,) = other.ends(ASKED)
    other.ends(Result(Outcome.FAILED, "no"), then.id)
    assert other.proof() is Proof.ASKED


def test_a_result_of_another_operation_is_nobody_s(shooting: Callable[..., Shooting]) -> None:
    shot = shooting("a")
    shot.ends(OFF, shot.run.id + 1)
    assert shot.proof() is Proof.NONE


def _read_after_a_death(shot: Shooting) -> fx.Run:
    """Let the executor die in the middle of the fence and come back; return the reading of the power."""
    shot.lone.step(ev.ExecutorChanged(ready=False, detail="killed"))
    assert "fence.unknown" in shot.kinds
    shot.ends(OFF)
    assert shot.proof() is Proof.NONE, "its result belongs to an executor that is gone"
    effects = shot.lone.step(ev.ExecutorChanged(ready=True))
    assert _fences(effects) == []
    (power,) = (e for e in effects if isinstance(e, fx.Run) and e.action is Action.POWER)
    assert (power.subject, power.host) == ("a", "node1")
    return power


def test_after_an_executor_s_death_in_a_fence_the_power_is_read_and_proves_it(
    shooting: Callable[..., Shooting],
) -> None:
    shot = shooting("a")
    power = _read_after_a_death(shot)
    assert shot.ends(Result(Outcome.STOPPED, "off", Proof.READ_BACK), power.id) == []
    assert shot.proof() is Proof.READ_BACK


@pytest.mark.parametrize("reading", [Result(Outcome.RUNNING, "on"), Result(Outcome.FAILED, "it cannot be read")])
def test_a_power_that_does_not_read_off_is_no_proof_and_the_fence_is_tried_again(
    shooting: Callable[..., Shooting], reading: Result
) -> None:
    shot = shooting("a")
    power = _read_after_a_death(shot)
    shot.ends(reading, power.id)
    assert "fence.failed" in shot.kinds
    assert shot.proof() is Proof.NONE
    assert any(_fences(shot.lone.step(ev.Wake(), 0.1)) for _ in range(11))


def test_while_it_is_unknown_whether_the_off_command_left_no_beat_calls_the_fence_back(
    shooting: Callable[..., Shooting], beat_of: Any
) -> None:
    shot = shooting("a")
    shot.lone.step(ev.ExecutorChanged(ready=False, detail="killed"))
    shot.lone.frame(0, beat_of(shot.lone.cluster, 0))
    assert shot.lone.kernel._fencing.cases.is_shooting(NODE1)


def test_an_executor_that_stays_away_makes_it_a_failed_attempt(shooting: Callable[..., Shooting]) -> None:
    shot = shooting("a")
    shot.lone.step(ev.ExecutorChanged(ready=False, detail="killed"))
    kinds = [kind for _ in range(101) if shot.lone.step(ev.Wake(), 0.1) is not None for kind in shot.kinds]
    assert "fence.failed" in kinds


def test_a_fence_whose_executor_died_ends_in_one_proof_and_one_takeover(pair: Any) -> None:
    pair.crash(NODE1)
    pair.run_until(lambda: "fence.begun" in _kinds(pair, NODE2), 5.0)
    pair.machines.executor_dies(NODE2)
    pair.run_until(lambda: pair.where("data") == {"node2"}, 5.0)
    assert pair.machines.fenced == [], "it was off already, and nobody switched again"


@pytest.mark.parametrize(("back", "orders"), [("still off", 1), ("back by itself", 0)])
def test_an_order_to_switch_on_that_died_with_its_executor_is_given_again_if_it_is_still_wanted(
    make_world: MakeWorld, make_cluster: Any, make_group: Any, back: str, orders: int
) -> None:
    world = make_world(make_cluster(2, make_group("data", "node1", "fs!")))
    world.crash(NODE1)
    world.run_until(lambda: "fence.proved" in _kinds(world, NODE2), 5.0)
    world.machines.executor_dies(NODE2, for_s=2.0)
    if back == "back by itself":
        world.boot(NODE1)
    world.run(6.0)
    assert _kinds(world, NODE2).count("fence.on") == orders
    assert "fence.on-failed" not in _kinds(world, NODE2)
    assert _kinds(world, NODE2).count("node.restarted") == 1


def test_only_a_proof_switches_it_on_again_with_the_device_that_switched_it_off(
    shooting: Callable[..., Shooting],
) -> None:
    shot = shooting("a", "b")
    (then,) = shot.ends(Result(Outcome.FAILED, "no"))
    shot.lone.step(ev.DevicesKnown("b", ("somebody-else",), 1.0, "", serialises=True))
    effects = shot.lone.step(ev.OperationFinished(then.id, OFF))
    assert [e.subject for e in effects if isinstance(e, fx.Run) and e.action is Action.ON] == ["b"]


def test_a_device_that_gives_no_power_is_not_asked_to(shooting: Callable[..., Shooting]) -> None:
    """A node that was cut off and lives must not be let in again by whoever cut it off; sbd could not anyway."""
    shot = shooting("a")
    shot.lone.step(ev.DevicesKnown("a", ("node1",), 1.0, "", gives_power=False))
    effects = shot.lone.step(ev.OperationFinished(shot.run.id, Result(Outcome.DONE, "reset", Proof.SELF_FENCED)))
    assert shot.proof() is Proof.SELF_FENCED
    assert [e for e in effects if isinstance(e, fx.Run) and e.action is Action.ON] == []


def test_the_proof_is_about_the_life_that_was_shot_at(shooting: Callable[..., Shooting], beat_of: Any) -> None:
    shot = shooting("a")
    shot.lone.frame(0, beat_of(shot.lone.cluster, 0), incarnation=2, session=b"second01", sequence=1)
    shot.ends(OFF)
    assert shot.proof() is Proof.READ_BACK
    assert shot.lone.kernel._ledger.proof(NODE1, 2) is Proof.NONE


# By order.


@pytest.fixture
def member(make_lone: Any, make_cluster: Any, beat_of: Any) -> Any:
    """node2 of three, in a view whose coordinator is node1; its device reaches node3."""
    lone = make_lone(make_cluster(3), me=1)
    lone.step(ev.ExecutorChanged(ready=True))
    lone.step(ev.DevicesKnown("switch", ("node3",), 1.0, "", serialises=True))
    for nid in (0, 2):
        lone.frame(nid, beat_of(lone.cluster, nid))
    return lone


def _order(lone: Any, *, for_cause: bool = False) -> FenceOrder:
    return FenceOrder(lone.kernel._membership.view.id, 7, Member(NODE3, 1), NODE2, "", for_cause)


def test_whoever_hears_the_target_refuses_to_shoot_it_for_silence(member: Any) -> None:
    effects = member.frame(0, _order(member), stream=1)
    assert not _fences(effects)
    assert _fences(member.frame(0, _order(member, for_cause=True), stream=2))


def test_whoever_does_not_hear_it_obeys_once(member: Any, beat_of: Any) -> None:
    for _ in range(6):
        member.frame(0, beat_of(member.cluster, 0), after_s=0.2)
    assert _fences(member.frame(0, _order(member), stream=1))
    assert not _fences(member.frame(0, _order(member), stream=2)), "it is under way already"


def test_an_order_of_another_view_or_for_a_device_that_is_gone_is_not_obeyed(member: Any, beat_of: Any) -> None:
    for _ in range(6):
        member.frame(0, beat_of(member.cluster, 0), after_s=0.2)
    old = FenceOrder(member.kernel._membership.view.id.__class__(99, NODE1), 7, Member(NODE3, 1), NODE2, "")
    assert not _fences(member.frame(0, old, stream=1))
    member.step(ev.DevicesKnown("switch", (), 1.0, "", serialises=True))
    assert not _fences(member.frame(0, _order(member), stream=2))


def test_what_another_member_reports_does_not_replace_my_own_attempt(member: Any, beat_of: Any) -> None:
    for _ in range(6):
        member.frame(0, beat_of(member.cluster, 0), after_s=0.2)
    (run,) = _fences(member.frame(0, _order(member), stream=1))
    member.frame(0, FenceReport(99, Member(NODE3, 2), "begun", None, ""), stream=2)
    member.step(ev.OperationFinished(run.id, OFF))
    assert member.kernel._ledger.proof(NODE3, 1) is Proof.READ_BACK


@pytest.mark.parametrize("goes_on", [True, False])
def test_another_s_fence_whose_end_was_not_heard_ends_with_the_next_view(member: Any, *, goes_on: bool) -> None:
    target = Member(NODE3, 1)
    member.frame(0, FenceReport(7, target, "begun", None, ""), stream=1)
    assert member.kernel._fencing.cases.is_shooting(NODE3)
    brought = (target,) if goes_on else ()
    state = State(Member(NODE1, 1), "boot", ViewId(1, NODE1), (), (), 0, 0, 0, leaving=False, shooting=brought)
    member.kernel._fencing.orders.view_installed((state,))
    assert member.kernel._fencing.cases.is_shooting(NODE3) is goes_on


# For cause.


def test_a_node_that_cannot_stop_something_is_shot_though_it_beats(
    make_world: MakeWorld, make_cluster: Any, make_group: Any
) -> None:
    world = make_world(make_cluster(3, make_group("data", "node3", "fs!"), reset_after_off=False))
    world.machines.behaviour["node3", "fs", Action.STOP] = Behaviour(Outcome.FAILED, acts=False)
    world.step(NODE3, ev.Asked("SIGTERM"))
    world.run(2.0)
    assert [target for _, _, target in world.machines.fenced] == ["node3"]
    assert world.where("data") in ({"node1"}, {"node2"})
    assert world.machines.violations == []


def test_a_blocked_node_asks_again_when_somebody_comes_who_can_help(
    make_world: MakeWorld, make_cluster: Any, make_group: Any
) -> None:
    of = make_cluster(2, make_group("data", "node1", "fs!"), make_group("ip", "node2"), reset_after_off=False)
    world = make_world(of)
    world.machines.behaviour["node1", "fs", Action.STOP] = Behaviour(Outcome.FAILED, acts=False)
    world.crash(NODE2)
    world.run(2.0)
    world.step(NODE1, ev.Asked("SIGTERM"))
    world.run(1.0)
    assert world.where("data") == {"node1"}
    world.boot(NODE2)
    world.run(3.0)
    assert world.machines.fenced[-1][1:] == ("node2", "node1")
    assert world.where("data") == {"node2"}


def test_a_node_excluded_a_second_time_gets_all_of_its_time_to_stop_again(
    make_world: MakeWorld, make_cluster: Any, make_group: Any
) -> None:
    world = make_world(make_cluster(3, make_group("data", "node3", "fs!"), reset_after_off=False))
    for _ in range(2):
        for link in range(len(world.links)):
            world.cuts.update({(NODE1, NODE3, link), (NODE3, NODE1, link)})
        world.run(15.0)
        assert not world.nodes[NODE1].kernel._membership.view.has(NODE3)
        assert world.machines.fenced == [], "its stops alone may take 20 s"
        world.heal()
        world.run_until(lambda: world.nodes[NODE1].kernel._membership.view.has(NODE3), 20.0)
