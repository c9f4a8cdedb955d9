"""The report: states in the words of the field, each with its reason, and alarms that end with their cause."""

from collections.abc import Callable
from typing import Any

import pytest
from heartbeat.kernel import events as ev
from heartbeat.kernel.birth import Birth
from heartbeat.kernel.kernel import Kernel
from heartbeat.model.names import Nid
from heartbeat.model.operation import Action, Outcome
from heartbeat.model.status import ClusterStatus
from heartbeat.sim.machine import Behaviour
from heartbeat.wire.messages import Beat

NODE1, NODE2 = Nid(0), Nid(1)


@pytest.fixture
def pair(make_world: Callable[..., Any], make_cluster: Any, make_group: Any) -> Any:
    return make_world(make_cluster(2, make_group("data", "node1", "fs!", "web"), reset_after_off=False))


def _status(world: Any, nid: Nid) -> ClusterStatus:
    status = world.nodes[nid].kernel.status(world.nodes[nid].clock.read(world.now_s))
    assert isinstance(status, ClusterStatus)
    return status


def _node(status: ClusterStatus, name: str) -> tuple[str, str]:
    return next((node.state, node.why) for node in status.nodes if node.name == name)


def test_all_is_well(pair: Any) -> None:
    status = _status(pair, NODE2)
    assert (status.state, status.standing, status.coordinator) == ("member", "primary", "node1")
    assert [node.state for node in status.nodes] == ["member", "member"]
    (group,) = status.groups
    assert (group.state, group.node, group.protected_by) == ("running", "node1", "proof")
    assert [resource.state for resource in group.resources] == ["running", "running"]
    assert status.alarms == ()


def test_before_the_first_view_it_is_joining_without_quorum(make_lone: Any) -> None:
    lone = make_lone()
    status = lone.kernel.status(lone.now_s)
    assert (status.state, status.standing, status.view) == ("joining", "no-quorum", "")
    assert _node(status, "node2")[0] == "unknown"


def test_a_silent_node_then_off(pair: Any) -> None:
    pair.machines.behaviour["node2", "switch", Action.FENCE] = Behaviour(Outcome.FAILED, detail="no route")
    pair.crash(NODE1)
    pair.run(3.0)
    status = _status(pair, NODE2)
    state, why = _node(status, "node1")
    assert state == "silent"
    assert "no route" in why
    assert status.standing == "pending"
    assert status.groups[0].state == "waiting"
    assert "not proved off" in status.groups[0].why
    assert any("silent" in alarm.text for alarm in status.alarms)
    pair.machines.behaviour.clear()
    pair.run(10.0)
    status = _status(pair, NODE2)
    assert _node(status, "node1")[0] == "off"
    assert status.groups[0].node == "node2"
    assert not any("silent" in alarm.text for alarm in status.alarms)


def test_a_node_being_shot_is_fencing_whatever_it_beats(pair: Any) -> None:
    pair.machines.behaviour["node2", "switch", Action.FENCE] = Behaviour(takes_s=5.0)
    pair.crash(NODE1)
    pair.run(2.0)
    assert _node(_status(pair, NODE2), "node1")[0] == "fencing"


def test_one_way(pair: Any) -> None:
    pair.machines.behaviour["node1", "switch", Action.FENCE] = Behaviour(Outcome.FAILED)
    pair.cut(NODE1, outward=False)
    pair.run(2.0)
    assert _node(_status(pair, NODE2), "node1")[0] == "one-way"


def test_who_left_in_order_left(pair: Any) -> None:
    pair.step(NODE1, ev.Asked("SIGTERM"))
    pair.run(3.0)
    status = _status(pair, NODE2)
    assert _node(status, "node1")[0] == "left"
    assert status.alarms == ()


def test_a_dead_link_is_an_alarm_as_long_as_it_is_dead(pair: Any) -> None:
    pair.cut(NODE1, (1,))
    pair.run(2.0)
    assert [alarm.text for alarm in _status(pair, NODE2).alarms] == ["node1 is not heard over bcast/eth1"]
    pair.heal()
    pair.run(2.0)
    assert _status(pair, NODE2).alarms == ()


def test_a_medium_that_cannot_be_opened_is_an_alarm(pair: Any) -> None:
    pair.step(NODE2, ev.LinkOpened(1, "no such interface"))
    assert "bcast/eth1 cannot be opened: no such interface" in [a.text for a in _status(pair, NODE2).alarms]
    pair.step(NODE2, ev.LinkOpened(1))
    assert _status(pair, NODE2).alarms == ()


def test_a_blocked_group_says_what_blocks_it(make_world: Any, make_cluster: Any, make_group: Any) -> None:
    world = make_world(make_cluster(2, make_group("data", "node1", "fs!"), device=False))
    world.machines.behaviour["node1", "fs", Action.STOP] = Behaviour(Outcome.FAILED, acts=False, detail="busy")
    world.step(NODE1, ev.Asked("SIGTERM"))
    world.run(2.0)
    (group,) = _status(world, NODE2).groups
    assert group.state == "blocked"
    assert group.node == "node1"
    assert "busy" in group.why


def test_looking_changes_nothing(pair: Any) -> None:
    first = _status(pair, NODE1)
    assert _status(pair, NODE1) == first


def test_beats_tell_which_plugins_a_node_uses_and_the_status_shows_it(make_lone: Any, beat_of: Any) -> None:
    lone = make_lone()
    lone.kernel = Kernel(lone.cluster, Birth(NODE1, 1, b"session0", "boot-a", ("eth0", "eth1"), {}, plugins="mine"))
    lone.step(ev.Wake())
    assert [message.plugins for message in lone.sent if isinstance(message, Beat)] == ["mine"]
    lone.frame(NODE2, beat_of(lone.cluster, NODE2, plugins="theirs"))
    assert [node.plugins for node in lone.kernel.status(lone.now_s).nodes] == ["mine", "theirs"]
