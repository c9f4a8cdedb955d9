"""Rehearsals: nothing is on the node, its silence is the witness, a wrong plug is found, and all keep the proof."""

from collections.abc import Callable
from typing import Any

import pytest
from heartbeat.kernel import effects as fx
from heartbeat.kernel import events as ev
from heartbeat.model.names import Nid
from heartbeat.model.operation import Action, Outcome
from heartbeat.model.proof import Proof
from heartbeat.model.rehearsal import Rehearsed
from heartbeat.sim.machine import Behaviour
from heartbeat.wire import api

NODE1, NODE2, NODE3 = Nid(0), Nid(1), Nid(2)
DATE = "2026-03-01 02:10 +0000"


@pytest.fixture
def trio(make_world: Callable[..., Any], make_cluster: Any, make_group: Any) -> Any:
    """a (which shares data) lives on node1, b on node2."""
    return make_world(make_cluster(3, make_group("a!", "node1"), make_group("b", "node2")))


@pytest.fixture
def pair(make_world: Callable[..., Any], make_cluster: Any, make_group: Any) -> Any:
    return make_world(make_cluster(2, make_group("a!", "node1")))


def rehearse(world: Any, by: Nid, node: str, seconds: float = 60.0, **more: Any) -> api.Done:
    how: dict[str, Any] = {"window_s": 600.0, "date": DATE, "off_for_s": 5.0}
    ticket = world.ask(by, api.Rehearse(node, **(how | more)))
    world.run(seconds)
    answer = world.answer(by, ticket)
    assert isinstance(answer, api.Done)
    return answer


def kept(world: Any, nid: Nid) -> tuple[Rehearsed, ...]:
    records: tuple[Rehearsed, ...] = world.nodes[nid].kernel.status(world.now_s).rehearsals
    return records


def orders(world: Any) -> list[tuple[str, Action, str]]:
    """Note every order that leaves for a device, from now on: who, what, whom."""
    seen: list[tuple[str, Action, str]] = []

    def note(nid: Nid, effect: fx.Effect) -> None:
        if isinstance(effect, fx.Run) and effect.action in (Action.FENCE, Action.ON):
            seen.append((world.cluster.nodes[nid], effect.action, effect.host))

    world.on_effect = note
    return seen


def test_the_groups_move_away_the_node_is_off_for_a_while_and_comes_back_and_all_keep_the_proof(trio: Any) -> None:
    given = orders(trio)
    done = rehearse(trio, NODE2, "node1", operator="ana")
    assert done.good, done.text
    assert given == [("node2", Action.FENCE, "node1"), ("node2", Action.ON, "node1")], "nobody else fenced it again"
    for nid in (NODE1, NODE2, NODE3):
        (record,) = kept(trio, nid)
        assert (record.node, record.date, record.operator, record.by) == ("node1", DATE, "ana (root)", "node2")
        assert (record.good, record.level, record.device) == (True, "read back, and silent", "switch")
    assert trio.machines.violations == []
    assert trio.where("a") == {"node1"}, "legacy: it went home"


def test_what_it_held_ran_elsewhere_before_the_power_went(trio: Any) -> None:
    where: list[tuple[set[str], set[str]]] = []
    given = orders(trio)
    note = trio.on_effect

    def look(nid: Nid, effect: fx.Effect) -> None:
        before = len(given)
        note(nid, effect)
        if len(given) > before:
            where.append((trio.where("a"), trio.where("b")))

    trio.on_effect = look
    assert rehearse(trio, NODE3, "node1").good
    assert "node1" not in where[0][0]
    assert where[0][0], "it ran"


def test_two_nodes_rehearse_each_other(pair: Any) -> None:
    assert rehearse(pair, NODE2, "node1").good
    assert rehearse(pair, NODE1, "node2", date="2026-03-01 03:00 +0000").good
    assert [it.node for it in kept(pair, NODE2)] == ["node1", "node2"]
    assert pair.machines.violations == []


@pytest.mark.parametrize(
    ("by", "node", "more", "why"),
    [
        (NODE1, "node9", {}, "node9 is no node"),
        (NODE1, "node1", {}, "ask another one"),
        (NODE1, "node2", {"device": "pdu #7"}, "pdu #7 of this node reaches node2"),
        (NODE1, "node2", {"window_s": 3.0}, "the window ends in 3 s"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_moves(trio: Any, by: Nid, node: str, more: Any, why: str) -> None:
    given = orders(trio)
    done = rehearse(trio, by, node, 5.0, **more)
    assert not done.good
    assert why in done.text
    assert (given, trio.where("b")) == ([], {"node2"})


def test_a_cluster_that_is_not_whole_is_not_rehearsed(trio: Any) -> None:
    trio.crash(NODE3)
    trio.machines.boots_again = False
    trio.run(10.0)
    given = orders(trio)
    done = rehearse(trio, NODE1, "node2", 5.0)
    assert "node3 is not a member" in done.text
    assert given == []


def test_one_at_a_time(trio: Any) -> None:
    first = trio.ask(NODE1, api.Rehearse("node2", 600.0, DATE))
    trio.run(1.5)
    assert "a rehearsal of node2 is under way" in rehearse(trio, NODE1, "node3", 1.0).text
    assert "a rehearsal of node2 is under way" in rehearse(trio, NODE3, "node1", 1.0).text
    trio.run(60.0)
    assert trio.answer(NODE1, first).good


def test_of_two_that_begin_at_once_one_gives_way(trio: Any) -> None:
    given = orders(trio)
    tickets = [trio.ask(NODE1, api.Rehearse("node2", 600.0, DATE)), trio.ask(NODE3, api.Rehearse("node1", 600.0, DATE))]
    trio.run(60.0)
    first, second = trio.answer(NODE1, tickets[0]), trio.answer(NODE3, tickets[1])
    assert first.good
    assert "node1 began one at the same time" in second.text
    assert {host for _, action, host in given if action is Action.FENCE} == {"node2"}


def test_nobody_is_switched_off_under_a_group_that_runs_nowhere_else(trio: Any) -> None:
    for name in ("node2", "node3"):
        trio.machines.behaviour[name, "a", Action.START] = Behaviour(Outcome.FAILED, acts=False)
    given = orders(trio)
    done = rehearse(trio, NODE2, "node1", 10.0)
    assert done.text == "not rehearsed: a failed to start on every other node"
    assert given == []
    trio.run(5.0)
    assert trio.where("a") == {"node1"}, "it goes home again"
    assert kept(trio, NODE1) == ()


def test_a_window_that_closes_while_the_groups_move_is_kept(trio: Any) -> None:
    for name in ("node2", "node3"):
        trio.machines.behaviour[name, "a", Action.START] = Behaviour(takes_s=19.0)
    given = orders(trio)
    done = rehearse(trio, NODE2, "node1", 30.0, window_s=20.0)
    assert done.text == "not rehearsed: the window is over before it could be done"
    assert given == []


def test_a_device_that_leaves_it_on_is_found_and_fences_nobody_wrongly(trio: Any) -> None:
    trio.machines.behaviour["node2", "switch", Action.FENCE] = Behaviour(
        Outcome.FAILED, detail="node1 is still on", acts=False
    )
    done = rehearse(trio, NODE2, "node1", 20.0)
    assert (done.good, done.text) == (False, "HB-F040: node1 is still on")
    assert [it.code for it in kept(trio, NODE1)] == ["HB-F040"]
    assert trio.where("a") == {"node1"}


def test_a_device_that_reads_off_while_the_node_beats_is_found_at_once(trio: Any) -> None:
    trio.machines.behaviour["node2", "switch", Action.FENCE] = Behaviour(acts=False)
    given = orders(trio)
    done = rehearse(trio, NODE2, "node1", 20.0)
    assert done.text.startswith("HB-F041: the device reads off and node1 goes on")
    assert given == [("node2", Action.FENCE, "node1"), ("node2", Action.ON, "node1")], "the outlet gets its power back"
    assert trio.nodes[NODE1].kernel is not None


def test_a_node_that_comes_back_by_itself_was_rebooted_and_not_switched_off(trio: Any) -> None:
    trio.on_effect = lambda _nid, effect: (
        trio.at(3.0, lambda: trio.start(NODE1))
        if isinstance(effect, fx.Run) and effect.action is Action.FENCE
        else None
    )
    done = rehearse(trio, NODE2, "node1", off_for_s=8.0)
    assert done.text.startswith("HB-F043"), done.text


def test_a_node_that_stays_away_is_proved_off_and_told(trio: Any) -> None:
    trio.machines.boots_again = False
    done = rehearse(trio, NODE2, "node1", 1000.0)
    assert done.text.startswith("HB-F044")
    assert trio.where("a") <= {"node2", "node3"}
    trio.boot(NODE1)
    trio.run(5.0)
    assert [it.code for it in kept(trio, NODE1)] == ["HB-F044"], "it is told when it is back"


def test_who_was_away_or_starts_anew_knows_all_of_them(trio: Any) -> None:
    assert rehearse(trio, NODE2, "node1").good
    trio.kill_daemon(NODE3)
    trio.run(3.0)
    trio.start(NODE3)
    trio.run(5.0)
    assert [it.node for it in kept(trio, NODE3)] == ["node1"]


def test_the_one_who_leads_may_die_and_nobody_is_held_back(trio: Any) -> None:
    """After the order: whoever led has fallen silent, so its plug may be the one; the device fences nobody any more."""
    trio.on_effect = lambda nid, effect: (
        trio.at(0.01, lambda: trio.crash(NODE2))
        if isinstance(effect, fx.Run) and effect.action is Action.FENCE and nid == NODE2
        else None
    )
    trio.machines.behaviour["node2", "switch", Action.FENCE] = Behaviour(takes_s=5.0)
    trio.ask(NODE2, api.Rehearse("node1", 600.0, DATE))
    trio.run(30.0)
    for nid in (NODE1, NODE3):
        alarms = [it.text for it in trio.nodes[nid].kernel.status(trio.now_s).alarms]
        assert any("switch fences nobody any more" in text for text in alarms), alarms
    assert trio.machines.violations == []


def test_a_device_that_hit_another_node_fences_nobody_until_a_rehearsal_shows_it_right(trio: Any) -> None:
    devices = trio.nodes[NODE2].kernel._fencing.devices
    devices.distrust("switch", "a test says so")
    assert devices.names(NODE1) == []
    assert "no device of this node reaches node1" in rehearse(trio, NODE2, "node1", 3.0).text
    assert rehearse(trio, NODE2, "node1", device="switch").good
    assert devices.names(NODE1) == ["switch"]


def test_one_of_two_supplies_is_not_tried_alone(trio: Any) -> None:
    """The node would run on from the other, and the device would seem to switch somebody else."""
    for device in ("switch", "other"):
        trio.step(NODE2, ev.DevicesKnown(device, ("node1",), 1.0, "", serialises=True, level=1, supplies=2))
    given = orders(trio)
    done = rehearse(trio, NODE2, "node1", seconds=5.0)
    assert not done.good
    assert "one of 2 devices that feed node1 together" in done.text
    assert given == []


@pytest.fixture
def resetting(trio: Any) -> Any:
    """The switch of node2 only resets: the machine boots by itself, 3 s after its power went."""
    how = {"serialises": True, "gives_power": False}
    trio.step(NODE2, ev.DevicesKnown("switch", ("node1", "node2", "node3"), 1.0, "", **how))
    trio.machines.behaviour["node2", "switch", Action.FENCE] = Behaviour(proof=Proof.SELF_FENCED)
    trio.machines.behaviour["node2", "switch", Action.ON] = Behaviour(Outcome.FAILED, acts=False)
    return trio


@pytest.mark.parametrize("boots_after_s", [0.3, 5.0])
def test_a_node_that_boots_by_itself_after_its_reset_has_done_well(resetting: Any, boots_after_s: float) -> None:
    given, note = orders(resetting), resetting.on_effect

    def boot(nid: Nid, effect: fx.Effect) -> None:
        note(nid, effect)
        if isinstance(effect, fx.Run) and effect.action is Action.FENCE:
            resetting.at(1.0 + boots_after_s, lambda: resetting.start(NODE1))

    resetting.on_effect = boot
    done = rehearse(resetting, NODE2, "node1")
    assert done.good, done.text
    assert given == [("node2", Action.FENCE, "node1")], "it was asked for power, or fenced again"
    assert kept(resetting, NODE3)[-1].level == "reset by its watchdog, and silent"
    assert resetting.machines.violations == []


def test_a_daemon_that_starts_anew_on_the_same_boot_was_not_reset(resetting: Any) -> None:
    resetting.machines.behaviour["node2", "switch", Action.FENCE] = Behaviour(acts=False, proof=Proof.SELF_FENCED)
    note = resetting.on_effect

    def restart(nid: Nid, effect: fx.Effect) -> None:
        if isinstance(effect, fx.Run) and effect.action is Action.FENCE:
            resetting.at(1.0, lambda: resetting.kill_daemon(NODE1))
            resetting.at(1.3, lambda: resetting.start(NODE1))
        if note:
            note(nid, effect)

    resetting.on_effect = restart
    done = rehearse(resetting, NODE2, "node1")
    assert not done.good
    assert done.text.startswith("HB-F043"), done.text
