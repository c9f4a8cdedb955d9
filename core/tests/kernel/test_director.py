"""The director: what forbids a start, one order at a time, and no start that can still act somewhere else."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from heartbeat.kernel import events as ev
from heartbeat.kernel.cases import LIMIT
from heartbeat.kernel.director import ORDER_AGAIN_S
from heartbeat.model.cluster import Failback
from heartbeat.model.names import Nid
from heartbeat.model.operation import Action, Outcome
from heartbeat.model.proof import Proof, Proved
from heartbeat.model.view import Member, Standing, View, ViewId
from heartbeat.sim.machine import Behaviour
from heartbeat.wire import api
from heartbeat.wire.messages import Heard, Holding, Local, Order

NODE1, NODE2, NODE3 = Nid(0), Nid(1), Nid(2)
MakeDirecting = Callable[..., Any]


class Play:
    """node1 coordinates a view; the test says what the members' beats say, and reads the orders."""

    def __init__(self, make_directing: MakeDirecting, cluster: Any, members: tuple[int, ...]) -> None:
        self.bench, self.director, self.membership, self.groups = make_directing(cluster, members)
        self.director.standing = Standing.PRIMARY
        self.director.executor_ready = True
        self._sequence = 0
        for nid in members[1:]:
            self.bench.hears(nid, 1)
            self.bench.beats(nid)
        for nid in members:
            for index in range(len(cluster.groups)):
                self.says(nid, index, Local.STOPPED)

    def says(self, nid: int, index: int, state: Local, token: int = 0, **more: Any) -> None:
        """Let a member say how a group stands on it."""
        holding = Holding(index, state, token, more.pop("proved", True), more.pop("failures", 0))
        ledger = self.bench.ledger
        if nid == self.bench.desk.me:
            self.groups[index].state, self.groups[index].token = state, token
            ledger.mine[index] = holding
        else:
            self._sequence += 1
            known = dict(ledger._rows[Nid(nid)].holdings)
            known[index] = holding
            ledger.told(Nid(nid), 1, self._sequence, tuple(known.values()))
        ledger.dirty = True

    def orders(self, after_s: float = 0.0) -> list[str]:
        """Return the orders of one look, as ``start 0 on node2``; prepare left out."""
        self.bench.later(after_s)
        self.director.wake()
        sent = [message for message in self.bench.sent if isinstance(message, Order)]
        self.token = sent[-1].token if sent else 0
        name = self.bench.desk.cluster.nodes
        words = [f"{o.action} {o.group} on {name[o.node]}" for o in sent if o.action != "prepare"]
        started = [each.group.name for each in self.groups if each.state is Local.STARTING]
        return words + [f"start here {name}" for name in started]


@pytest.fixture
def play(make_directing: MakeDirecting, make_cluster: Any, make_group: Any) -> Play:
    """Three nodes in a view; the group's home is node2."""
    return Play(make_directing, make_cluster(3, make_group("ip", "node2")), (0, 1, 2))


# One step at a time.


def test_what_runs_nowhere_is_started_at_home_once(play: Play) -> None:
    assert play.orders() == ["start 0 on node2"]
    play.bench.ledger.dirty = True
    assert play.orders() == [], "it is on its way"


def test_nothing_is_started_while_a_member_has_not_looked(play: Play) -> None:
    play.says(2, 0, Local.UNKNOWN)
    assert play.orders() == []
    assert "node3 has not looked yet" in play.director.waiting[0]
    play.says(2, 0, Local.STOPPED)
    assert play.orders() == ["start 0 on node2"]


@pytest.mark.parametrize("state", [Local.STARTING, Local.RUNNING, Local.STOPPING, Local.BLOCKED])
def test_nothing_is_started_while_a_member_holds_it(play: Play, state: Local) -> None:
    play.says(2, 0, state)
    assert "start 0 on node2" not in play.orders()


def test_a_move_stops_at_the_source_and_starts_when_it_says_stopped(play: Play) -> None:
    play.says(2, 0, Local.RUNNING, 5)
    play.director.sent_to[0] = NODE2
    assert play.orders() == ["stop 0 on node3"]
    play.says(2, 0, Local.STOPPING, 6)
    assert play.orders() == []
    play.says(2, 0, Local.STOPPED, 6)
    assert play.orders() == ["start 0 on node2"]


def test_an_order_is_above_all_that_any_machine_has_seen_of_its_group(play: Play) -> None:
    """All daemons were started anew, and the executors go on."""
    play.says(0, 0, Local.STOPPED, 41)
    play.says(2, 0, Local.STOPPED, 57)
    assert play.orders() == ["start 0 on node2"]
    assert play.token > 57


def test_what_a_new_executor_has_seen_is_not_taken_for_the_order_that_is_on_its_way(play: Play) -> None:
    """An order of a token that the machine has seen is refused there; so another is given."""
    play.orders()
    first = play.token
    play.says(1, 0, Local.STOPPED, first + 20)
    assert play.orders() == ["start 0 on node2"]
    assert play.token > first + 20


def test_an_order_without_effect_is_given_again(play: Play) -> None:
    play.orders()
    assert play.orders(ORDER_AGAIN_S) == ["start 0 on node2"]
    play.says(1, 0, Local.STARTING, play.token)
    assert play.orders(ORDER_AGAIN_S) == []


def test_a_start_that_may_still_be_on_its_way_is_called_back_before_another_node_starts(play: Play) -> None:
    """The order to node2 is delayed; meanwhile a person wants the group on node3. Both would start it."""
    assert play.orders() == ["start 0 on node2"]
    play.director.sent_to[0] = NODE3
    play.bench.ledger.dirty = True
    assert play.orders() == ["stop 0 on node2"]
    called_back = play.token
    assert play.orders(ORDER_AGAIN_S) == ["stop 0 on node2"], "and again, but no start"
    play.says(1, 0, Local.STOPPED, called_back)
    assert play.orders() == ["start 0 on node3"]


def test_if_the_delayed_start_came_first_it_is_seen_and_stopped(play: Play) -> None:
    play.orders()
    started = play.token
    play.director.sent_to[0] = NODE3
    play.says(1, 0, Local.STARTING, started)
    assert play.orders() == []
    play.says(1, 0, Local.RUNNING, started)
    assert play.orders() == ["stop 0 on node2"]


def test_a_view_change_voids_orders_and_preparations(play: Play) -> None:
    play.orders()
    play.membership.view = View(ViewId(2, NODE1), play.membership.view.members)
    play.membership.promised = play.membership.view.id
    play.director.view_installed(())
    assert play.orders() == ["start 0 on node2"]


def test_a_group_that_failed_on_all_waits_with_the_reason(play: Play) -> None:
    for nid in (0, 1, 2):
        play.says(nid, 0, Local.STOPPED, 3, failures=1)
    assert play.orders() == []
    assert "failed to start" in play.director.waiting[0]


def test_a_blocked_group_is_started_nowhere(play: Play) -> None:
    play.says(2, 0, Local.BLOCKED)
    assert play.orders() == []
    assert "could not be stopped on node3" in play.director.waiting[0]


def test_a_holder_without_an_executor_keeps_what_runs(play: Play, beat_of: Any) -> None:
    play.says(2, 0, Local.RUNNING)
    play.bench.beats(2, executor_ok=False)
    assert play.orders() == []
    assert "executor of node3 is away" in play.director.waiting[0]


def test_a_node_that_leaves_gets_nothing_and_is_not_told_to_stop(play: Play) -> None:
    play.says(1, 0, Local.RUNNING)
    play.director.leaving.add(NODE2)
    assert play.orders() == []
    play.says(1, 0, Local.STOPPED)
    assert play.orders() == ["start here ip"]


# Twice.


def test_found_on_two_nodes_without_data_one_keeps_it(play: Play) -> None:
    play.says(1, 0, Local.RUNNING)
    play.says(2, 0, Local.RUNNING, proved=False)
    assert play.orders() == ["stop 0 on node3"]


def test_found_on_two_nodes_with_data_both_stop_before_one_starts(
    make_directing: MakeDirecting, make_cluster: Any, make_group: Any
) -> None:
    play = Play(make_directing, make_cluster(3, make_group("data", "node2", "fs!")), (0, 1, 2))
    play.says(1, 0, Local.RUNNING)
    play.says(2, 0, Local.RUNNING)
    assert sorted(play.orders()) == ["stop 0 on node2", "stop 0 on node3"]
    play.says(1, 0, Local.STOPPED, 9)
    play.says(2, 0, Local.STOPPING, 9)
    assert play.orders() == []
    play.says(2, 0, Local.STOPPED, 9)
    assert play.orders() == ["start 0 on node2"]


# Obstacles.


def _absent(make_directing: MakeDirecting, make_cluster: Any, make_group: Any, *, device: bool, shared: bool) -> Play:
    """node1 and node2 of three are in the view; node3 was heard and is silent."""
    group = make_group("data", "node2", "fs!" if shared else "ip")
    play = Play(make_directing, make_cluster(3, group, device=device), (0, 1))
    play.bench.hears(2, 1)
    play.bench.later(10.0)
    play.bench.detector.wake()
    play.bench.hears(1, 2)
    play.bench.beats(1, row=())
    return play


@pytest.mark.parametrize(
    ("have", "why"),
    [
        ({"device": True, "shared": True}, "not proved off"),
        ({"device": False, "shared": True}, "not proved off"),
        ({"device": True, "shared": False}, "being fenced"),
        ({"device": False, "shared": False}, ""),
    ],
    ids=str,
)
def test_what_an_absent_node_may_hold_is_taken_only_as_far_as_it_is_safe(
    make_directing: MakeDirecting, make_cluster: Any, make_group: Any, have: dict[str, bool], why: str
) -> None:
    play = _absent(make_directing, make_cluster, make_group, **have)
    obstacle, proved = play.director.obstacle(0)
    assert why in obstacle
    assert bool(obstacle) == bool(why)
    assert not proved
    play.bench.ledger.prove(Proved(NODE3, 1, Proof.READ_BACK, "read off"))
    assert play.director.obstacle(0) == ("", True)


def test_a_weak_proof_frees_only_what_shares_no_data(
    make_directing: MakeDirecting, make_cluster: Any, make_group: Any
) -> None:
    for shared in (True, False):
        play = _absent(make_directing, make_cluster, make_group, device=True, shared=shared)
        play.bench.ledger.prove(Proved(NODE3, 1, Proof.ASKED, "asked"))
        assert bool(play.director.obstacle(0)[0]) == shared


def test_a_proof_of_an_earlier_life_frees_nothing(
    make_directing: MakeDirecting, make_cluster: Any, make_group: Any
) -> None:
    play = _absent(make_directing, make_cluster, make_group, device=True, shared=True)
    play.bench.ledger.prove(Proved(NODE3, 1, Proof.READ_BACK, "read off"))
    play.bench.hears(2, 1, incarnation=2)
    assert "heard but not in the view" in play.director.obstacle(0)[0]


def test_what_another_member_hears_is_not_taken_for_silence(
    make_directing: MakeDirecting, make_cluster: Any, make_group: Any
) -> None:
    play = _absent(make_directing, make_cluster, make_group, device=False, shared=False)
    play.bench.beats(1, row=(Heard(NODE3, 1, 100, 0),))
    assert play.director.obstacle(0)[0] == "node3 is heard by node2 but not in the view"
    play.bench.later(1.0)
    play.bench.hears(1, 3)
    play.bench.beats(1, row=())
    assert play.director.obstacle(0)[0] == ""


def test_a_member_that_hears_it_does_not_obey_such_an_order_either(
    make_directing: MakeDirecting, make_cluster: Any, make_group: Any
) -> None:
    play = Play(make_directing, make_cluster(3, make_group("ip", "node1"), device=False), (0, 1))
    play.bench.hears(2, 1)
    view = play.membership.view.id
    play.director.obey(Order(view, 9, 0, NODE1, "start", "", proved=False))
    assert play.groups[0].state is Local.STOPPED


def test_a_late_order_takes_nothing_from_a_life_that_its_proof_was_not_about(
    make_directing: MakeDirecting, make_cluster: Any, make_group: Any
) -> None:
    play = Play(make_directing, make_cluster(3, make_group("fs!", "node1")), (0, 1))
    play.bench.ledger.prove(Proved(NODE3, 1, Proof.READ_BACK, "read off"))
    play.bench.hears(2, 1)
    play.bench.detector.new_life(NODE3, 2)
    view = play.membership.view.id
    play.director.obey(Order(view, 9, 0, NODE1, "start", "", proved=True))
    assert play.groups[0].state is Local.STOPPED
    play.bench.ledger.prove(Proved(NODE3, 2, Proof.READ_BACK, "read off"))
    play.director.obey(Order(view, 10, 0, NODE1, "start", "", proved=True))
    assert play.groups[0].is_busy


def test_before_initdead_an_unheard_node_may_only_be_late(
    make_directing: MakeDirecting, make_cluster: Any, make_group: Any
) -> None:
    play = Play(make_directing, make_cluster(3, make_group("ip", "node2")), (0, 1))
    play.bench.beats(1, row=())
    assert "may only be late" in play.director.obstacle(0)[0]
    play.bench.later(5.0)
    play.bench.hears(1, 9)
    play.bench.beats(1, row=())
    assert play.director.obstacle(0) == ("", False)


# Obeying.


@pytest.mark.parametrize("spoilt", ["view", "node", "token", "standing", "doubt", "leaving"])
def test_a_start_that_is_not_for_now_is_void(play: Play, spoilt: str) -> None:
    order = Order(play.membership.view.id, 9, 0, NODE1, "start", "")
    if spoilt == "view":
        order = msgspec.structs.replace(order, view=ViewId(0, NODE1))
    elif spoilt == "node":
        order = msgspec.structs.replace(order, node=NODE2)
    elif spoilt == "token":
        play.groups[0].token = 9
    elif spoilt == "standing":
        play.director.standing = Standing.NO_QUORUM
    elif spoilt == "doubt":
        play.membership.phase = type(play.membership.phase).MEMBER
        play.membership.doubt()
    else:
        play.director.leaving.add(NODE1)
    play.director.obey(order)
    assert play.groups[0].state is Local.STOPPED


def test_a_stop_is_obeyed_whatever_its_token(play: Play) -> None:
    play.groups[0].state, play.groups[0].token = Local.RUNNING, 50
    play.director.standing = Standing.NO_QUORUM
    play.director.obey(Order(play.membership.view.id, 9, 0, NODE1, "stop", ""))
    assert play.groups[0].is_busy


def test_without_quorum_everything_here_is_stopped(play: Play) -> None:
    play.groups[0].state = Local.RUNNING
    play.director.standing = Standing.NO_QUORUM
    play.director.executor_ready = False
    play.director.wake()
    assert not play.groups[0].is_busy, "not before there is an executor to do it"
    play.director.executor_ready = play.bench.ledger.dirty = True
    play.director.wake()
    assert play.groups[0].is_busy


# Files that differ.


def test_planning_waits_while_a_member_reads_other_files(play: Play) -> None:
    play.bench.beats(1, digest="other")
    assert play.orders() == []
    assert [d.alarm for d in play.bench.decisions if d.kind == "config.differs"] == [True]
    play.bench.beats(1)
    play.bench.ledger.dirty = True
    assert play.orders() == ["start 0 on node2"]


# auto_failback.


def _failback(make_world: Any, make_cluster: Any, make_group: Any, falls: int, failback: Failback) -> list[float]:
    """Crash the home node some times; return how long after each return its group came home, infinity for never."""
    world = make_world(make_cluster(3, make_group("ip", "node1"), failback=failback))
    waits = []
    for _ in range(min(falls, LIMIT)):
        world.crash(NODE1)
        world.run_until(lambda: world.where("ip") == {"node2"} or world.where("ip") == {"node3"}, 10.0)
        world.run_until(lambda: world.nodes[NODE2].kernel._membership.view.has(NODE1), 10.0)
        start_s = world.now_s
        try:
            world.run_until(lambda: world.where("ip") == {"node1"}, 60.0)
        except AssertionError:
            waits.append(float("inf"))
        else:
            waits.append(world.now_s - start_s)
    return waits


def test_auto_failback_waits_for_ten_deadtimes_and_twice_as_long_after_each_fall(
    make_world: Any, make_cluster: Any, make_group: Any
) -> None:
    waits = _failback(make_world, make_cluster, make_group, 1, Failback.ON)
    assert waits == [pytest.approx(10.0, abs=0.2)]


def test_legacy_brings_home_at_once_and_off_never(make_world: Any, make_cluster: Any, make_group: Any) -> None:
    assert _failback(make_world, make_cluster, make_group, 1, Failback.LEGACY)[0] < 0.5
    assert _failback(make_world, make_cluster, make_group, 1, Failback.OFF) == [float("inf")]


def test_the_wait_doubles_with_each_fall_within_the_hour(play: Play) -> None:
    both, alone = play.membership.view, View(ViewId(2, NODE1), (Member(NODE1, 1), Member(NODE2, 1)))
    play.bench.desk.cluster = msgspec.structs.replace(play.bench.desk.cluster, failback=Failback.ON)
    waits = []
    for _ in range(4):
        play.membership.view = both
        play.director.view_installed((NODE3,))
        waits.append(play.director._failback_s[NODE3] - play.bench.desk.now_s)
        play.membership.view = alone
        play.director.view_installed(())
        play.bench.later(60.0)
    assert waits == [10.0, 10.0, 20.0, 40.0]
    play.bench.later(3600.0)
    play.membership.view = both
    play.director.view_installed((NODE3,))
    assert play.director._failback_s[NODE3] - play.bench.desk.now_s == pytest.approx(10.0)


# In a world.


def test_an_executor_that_is_started_anew_moves_nothing(make_world: Any, make_cluster: Any, make_group: Any) -> None:
    world = make_world(make_cluster(3, make_group("data", "node3", "fs!")))
    world.step(NODE3, ev.ExecutorChanged(ready=False, detail="killed"))
    world.run(3.0)
    world.step(NODE3, ev.ExecutorChanged(ready=True))
    world.run(3.0)
    assert world.where("data") == {"node3"}
    assert [d.kind for _, d in world.nodes[NODE3].decisions].count("group.adopted") == 1, "what runs is looked at again"
    assert "group.stop" not in [d.kind for node in world.nodes.values() for _, d in node.decisions]


def test_a_start_that_fails_here_is_tried_on_the_next_and_not_lost(
    make_world: Any, make_cluster: Any, make_group: Any
) -> None:
    world = make_world(make_cluster(3, make_group("data", "node1", "fs!", "web")), at_rest=False)
    for name in ("node1", "node2"):
        world.machines.behaviour[name, "web", Action.START] = Behaviour(Outcome.FAILED, acts=False)
    world.boot_all()
    world.run(3.0)
    assert world.where("data") == {"node3"}
    assert world.machines.violations == []


def test_when_all_daemons_are_new_their_orders_go_on_above_what_the_executors_have_seen(
    make_world: Any, make_cluster: Any, make_group: Any
) -> None:
    """Counted from nothing they would all come late, and be refused."""
    world = make_world(make_cluster(2, make_group("data", "node1", "fs!"), failback=Failback.OFF))
    for target in (NODE2, NODE1, NODE2):
        world.ask(target, api.Takeover("all"))
        world.run(3.0)
    seen = world.machines.tokens[NODE2].highest["data"]
    for nid in (NODE1, NODE2):
        world.kill_daemon(nid)
    for nid in (NODE1, NODE2):
        world.boot(nid, new_boot=False)
    world.run(5.0)
    assert world.where("data") == {"node2"}
    world.log.clear()
    world.ask(NODE1, api.Takeover("all"))
    world.run(3.0)
    assert world.where("data") == {"node1"}
    assert world.machines.tokens[NODE1].highest["data"] > seen
    assert "group.start-failed" not in world.trace()


def test_an_executor_that_forgot_what_it_has_seen_raises_an_alarm_and_nothing_moves(
    make_world: Any, make_cluster: Any, make_group: Any
) -> None:
    world = make_world(make_cluster(2, make_group("data", "node1", "fs!")))
    world.step(NODE1, ev.ExecutorChanged(ready=True, detail="the file is damaged"))
    world.run(1.0)
    (forgot,) = [decision for _, decision in world.nodes[NODE1].decisions if decision.kind == "executor.forgot"]
    assert forgot.alarm
    assert forgot.reason.causes[0].fact == "the file is damaged"
    assert world.where("data") == {"node1"}
