"""Rounds of looking: every member in turn, everybody told, nobody's fence delayed, and an end whatever happens."""

from collections.abc import Callable
from typing import Any

import pytest
from heartbeat.kernel import effects as fx
from heartbeat.model.inspection import FenceFinding, Inspection, Look, Seen
from heartbeat.model.names import Nid
from heartbeat.model.operation import Action, Outcome
from heartbeat.sim.machine import Behaviour
from heartbeat.wire import api
from heartbeat.wire.messages import Inspected

NODE1, NODE2, NODE3 = Nid(0), Nid(1), Nid(2)


@pytest.fixture
def trio(make_world: Callable[..., Any], make_cluster: Any, make_group: Any) -> Any:
    return make_world(make_cluster(3, make_group("a", "node1")))


def _ask(world: Any, nid: Nid, seconds: float = 3.0) -> api.Answer:
    ticket = world.ask(nid, api.CheckDevices())
    world.run(seconds)
    answer: api.Answer = world.answer(nid, ticket)
    return answer


def _found(world: Any, nid: Nid) -> tuple[FenceFinding, ...]:
    findings: tuple[FenceFinding, ...] = world.nodes[nid].kernel.status(world.now_s).fence_findings
    return findings


def test_every_member_looks_and_every_member_knows(trio: Any) -> None:
    checked = _ask(trio, NODE2)
    assert isinstance(checked, api.Checked)
    assert [one.node for one in checked.seen] == ["node1", "node2", "node3"]
    assert {look.host: look.power for look in checked.seen[0].inspection.looks} == dict.fromkeys(
        trio.cluster.nodes, "on"
    )
    assert checked.findings == ()
    for nid in (NODE1, NODE2, NODE3):
        devices = trio.nodes[nid].kernel.status(trio.now_s).devices
        assert [(it.node, it.state, it.hosts) for it in devices] == [
            (name, "good", ("node1", "node2", "node3")) for name in trio.cluster.nodes
        ]


def test_what_one_node_cannot_reach_is_found_by_all_and_stands_as_an_alarm(trio: Any) -> None:
    trio.machines.behaviour["node3", "switch", Action.CHECK] = Behaviour(Outcome.REFUSED, detail="no such type")
    _ask(trio, NODE1)
    for nid in (NODE1, NODE2, NODE3):
        assert [(it.code, it.seen_from) for it in _found(trio, nid)] == [("HB-F005", ("node3",))]
        alarms = [it.text for it in trio.nodes[nid].kernel.status(trio.now_s).alarms]
        assert alarms == ["HB-F005 switch: no such type"]
    del trio.machines.behaviour["node3", "switch", Action.CHECK]
    _ask(trio, NODE1)
    assert _found(trio, NODE2) == ()


def test_two_who_ask_at_once_get_the_same_round(trio: Any) -> None:
    tickets = [trio.ask(NODE1, api.CheckDevices()) for _ in range(2)]
    trio.run(3.0)
    first, second = (trio.answer(NODE1, ticket) for ticket in tickets)
    assert isinstance(first, api.Checked)
    assert first == second


def test_a_device_that_hangs_is_a_finding_and_the_round_goes_on(trio: Any) -> None:
    trio.machines.behaviour["node1", "switch", Action.CHECK] = Behaviour(takes_s=1000.0)
    checked = _ask(trio, NODE1, 80.0)
    assert isinstance(checked, api.Checked)
    assert [(it.code, it.seen_from) for it in checked.findings] == [
        ("HB-F003", ("node1",)),
        ("HB-F007", ("node1",)),
    ]


def test_a_node_that_dies_in_its_turn_is_not_waited_for(trio: Any) -> None:
    trio.machines.behaviour["node2", "switch", Action.CHECK] = Behaviour(takes_s=30.0)
    ticket = trio.ask(NODE1, api.CheckDevices())
    trio.run(1.0)
    trio.crash(NODE2)
    trio.run(10.0)
    checked = trio.answer(NODE1, ticket)
    assert isinstance(checked, api.Checked)
    assert "HB-F027" in [it.code for it in checked.findings]


def test_nobody_looks_while_a_node_is_to_be_switched_off(trio: Any) -> None:
    for name in trio.cluster.nodes:
        trio.machines.behaviour[name, "switch", Action.FENCE] = Behaviour(Outcome.FAILED, acts=False)
    trio.crash(NODE3)
    trio.run(3.0)
    answer = _ask(trio, NODE1)
    assert isinstance(answer, api.Done)
    assert not answer.good
    assert "node3 is to be switched off" in answer.text


def test_a_fence_ends_the_round(trio: Any) -> None:
    """The executor ends the look itself; here no further one may begin."""
    trio.machines.behaviour["node1", "switch", Action.CHECK] = Behaviour(takes_s=4.0)
    for name in trio.cluster.nodes:
        trio.machines.behaviour[name, "switch", Action.FENCE] = Behaviour(Outcome.FAILED, acts=False)
    ticket = trio.ask(NODE1, api.CheckDevices())
    trio.run(0.5)
    trio.crash(NODE3)
    trio.run(8.0)
    checked = trio.answer(NODE1, ticket)
    assert isinstance(checked, api.Checked)
    assert {one.node for one in checked.seen} <= {"node1"}


def test_the_coordinator_looks_by_itself_and_the_journal_has_what_changed(
    make_world: Any, make_cluster: Any, make_group: Any
) -> None:
    world = make_world(make_cluster(2, make_group("a", "node1"), check_every_s=600.0))
    world.run(70.0)
    assert [it.node for it in world.nodes[NODE2].kernel.status(world.now_s).devices] == ["node1", "node2"]
    assert "devices.found" not in world.trace()
    world.machines.behaviour["node1", "switch", Action.LOOK] = Behaviour(Outcome.FAILED, detail="no answer")
    world.run(1300.0)
    assert world.trace().count("devices.found") == 1, "two rounds found the same"
    del world.machines.behaviour["node1", "switch", Action.LOOK]
    world.run(700.0)
    assert world.trace().count("devices.good") == 1


def test_without_the_directive_nobody_looks_unasked(trio: Any) -> None:
    trio.run(300.0)
    assert trio.nodes[NODE1].kernel.status(trio.now_s).devices == ()


def test_what_a_node_tells_of_more_devices_than_any_has_is_not_kept(trio: Any) -> None:
    from heartbeat.kernel.sightings import DEVICES_MAX

    kernel = trio.nodes[NODE1].kernel
    for number in range(DEVICES_MAX + 5):
        kernel._inspections.reported(NODE2, Inspected(1, Seen("node9", f"pdu #{number}", Inspection())))
    devices = kernel.status(trio.now_s).devices
    assert len(devices) == DEVICES_MAX
    assert {it.node for it in devices} == {"node2"}, "whoever sends it is who looked"


def test_of_a_node_that_came_after_the_look_its_power_then_says_nothing(trio: Any) -> None:
    trio.machines.boots_again = False
    trio.crash(NODE3)
    trio.run(20.0)
    assert isinstance(_ask(trio, NODE1), api.Checked)
    trio.start(NODE3)
    trio.run(5.0)
    assert _found(trio, NODE1) == (), "it runs, and read off while it did not"


def test_where_there_is_no_device_there_is_nothing_to_see(
    make_world: Any, make_cluster: Any, make_group: Any, make_lone: Any
) -> None:
    world = make_world(make_cluster(2, make_group("b", "node1"), device=False))
    assert _ask(world, NODE1) == api.Checked((), ())
    world.crash(NODE2)
    world.run(10.0)
    assert _ask(world, NODE1) == api.Checked((), ()), "alone, and over at once"


def test_what_would_be_refused_is_asked_by_people_and_after_a_change_and_not_every_hour(
    make_world: Any, make_cluster: Any, make_group: Any
) -> None:
    world = make_world(make_cluster(2, make_group("a", "node1"), check_every_s=100.0))
    seen: list[Action] = []
    world.on_effect = lambda _nid, effect: seen.append(effect.action) if isinstance(effect, fx.Run) else None
    world.run(65.0)
    assert seen == [Action.CHECK, Action.CHECK], "once for each node, after the view"
    seen.clear()
    world.run(220.0)
    assert seen == [Action.LOOK] * 4
    seen.clear()
    _ask(world, NODE2)
    assert seen == [Action.CHECK] * 2


def test_a_mere_look_keeps_what_was_known_of_refusals(trio: Any) -> None:
    told = trio.nodes[NODE1].kernel._inspections
    looks = (Look("node2", "on", 0.1, refusal="read-only"), Look("node3", "on", 0.1))
    told.reported(NODE1, Inspected(1, Seen("node1", "pdu #1", Inspection(looks))))
    later = (Look("node2", "on", 0.2), Look("node3", "on", 0.2))
    told.reported(NODE1, Inspected(1, Seen("node1", "pdu #1", Inspection(later, knows_refusals=False))))
    assert "HB-F021" in [it.code for it in _found(trio, NODE1) if it.host == "node2"]
    told.reported(NODE1, Inspected(1, Seen("node1", "pdu #1", Inspection(later))))
    assert "HB-F021" not in [it.code for it in _found(trio, NODE1)], "and a whole check takes it back"


def test_who_asks_during_a_mere_look_gets_a_whole_check_after_it(
    make_world: Any, make_cluster: Any, make_group: Any
) -> None:
    world = make_world(make_cluster(2, make_group("a", "node1"), check_every_s=100.0))
    world.run(150.0)
    world.machines.behaviour["node1", "switch", Action.LOOK] = Behaviour(takes_s=5.0)
    world.run(12.0)
    ticket = world.ask(NODE1, api.CheckDevices())
    world.run(10.0)
    checked = world.answer(NODE1, ticket)
    assert isinstance(checked, api.Checked)
    assert all(one.inspection.knows_refusals for one in checked.seen)
