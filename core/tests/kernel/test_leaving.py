"""Leaving: everything stopped, everybody told, and nothing that is in doubt left alone."""

from collections.abc import Callable
from typing import Any

import pytest
from heartbeat.kernel import effects as fx
from heartbeat.kernel import events as ev
from heartbeat.model.names import Nid
from heartbeat.model.operation import Action, Outcome
from heartbeat.model.proof import Proof
from heartbeat.model.view import Member
from heartbeat.sim.machine import Behaviour
from heartbeat.wire import api
from heartbeat.wire import messages as m

NODE1, NODE2 = Nid(0), Nid(1)


@pytest.fixture
def pair(make_world: Callable[..., Any], make_cluster: Any, make_group: Any) -> Any:
    return make_world(make_cluster(2, make_group("data", "node1", "fs!", "web"), device=False))


def _kinds(world: Any, nid: Nid) -> list[str]:
    return [decision.kind for _, decision in world.nodes[nid].decisions]


def test_what_it_held_is_free_at_once(pair: Any) -> None:
    pair.step(NODE1, ev.Asked("SIGTERM"))
    pair.run(0.2)
    assert pair.where("data") == {"node2"}
    assert pair.nodes[NODE1].halted == fx.Halt("left in order", clean=True)
    assert pair.machines.violations == []


def test_the_daemon_ends_only_when_the_others_know_or_deadtime_has_passed(pair: Any) -> None:
    pair.cut(NODE1, inward=True, outward=False)
    pair.step(NODE1, ev.Asked("SIGTERM"))
    pair.run(0.5)
    assert pair.nodes[NODE1].halted is None
    pair.run(1.5)
    assert pair.nodes[NODE1].halted is not None


def test_a_stop_that_fails_keeps_the_daemon_and_says_no(pair: Any) -> None:
    pair.machines.behaviour["node1", "fs", Action.STOP] = Behaviour(Outcome.FAILED, acts=False, detail="busy")
    ticket = pair.ask(NODE1, api.Stop())
    pair.run(10.0)
    answer = pair.answer(NODE1, ticket)
    assert isinstance(answer, api.Done)
    assert not answer.good
    assert "busy" in answer.text
    assert pair.nodes[NODE1].halted is None
    assert pair.where("data") == set()
    assert "fs" in pair.machines.active[NODE1]


def test_who_asks_again_after_mending_it_gets_through(pair: Any) -> None:
    pair.machines.behaviour["node1", "fs", Action.STOP] = Behaviour(Outcome.FAILED, acts=False)
    pair.ask(NODE1, api.Stop())
    pair.run(2.0)
    pair.machines.behaviour.clear()
    ticket = pair.ask(NODE1, api.Stop())
    pair.run(2.0)
    answer = pair.answer(NODE1, ticket)
    assert isinstance(answer, api.Done)
    assert answer.good
    assert pair.where("data") == {"node2"}


def test_a_second_signal_is_still_orderly(pair: Any) -> None:
    pair.step(NODE1, ev.Asked("SIGTERM"))
    pair.step(NODE1, ev.Asked("SIGTERM"))
    pair.run(1.0)
    assert _kinds(pair, NODE1).count("leave.asked") == 1
    assert pair.nodes[NODE1].halted is not None


# Others' goodbye.


def test_what_a_goodbye_names_as_unproved_stays_locked_and_is_told_once(
    make_lone: Any, make_cluster: Any, make_group: Any, beat_of: Any
) -> None:
    lone = make_lone(make_cluster(2, make_group("data", "node2", "fs!")))
    lone.frame(1, beat_of(lone.cluster, 1))
    told = []
    for _ in range(3):
        lone.frame(1, m.Leave(Member(NODE2, 1), (0,)))
        told += [d.kind for d in lone.decisions if d.kind.startswith("node.left")]
    assert told == ["node.left-unproved"]
    assert lone.kernel._ledger.proof(NODE2, 1) is Proof.NONE


def test_a_goodbye_for_another_life_or_another_node_proves_nothing(make_lone: Any, beat_of: Any) -> None:
    lone = make_lone()
    lone.frame(1, beat_of(lone.cluster, 1))
    lone.frame(1, m.Leave(Member(NODE2, 9), ()))
    lone.frame(1, m.Leave(Member(NODE1, 1), ()))
    assert lone.kernel._ledger.proofs == {}
    lone.frame(1, m.Leave(Member(NODE2, 1), ()))
    assert lone.kernel._ledger.proof(NODE2, 1) is Proof.CONFIRMED


def test_who_left_may_finish_its_sentence(make_lone: Any, beat_of: Any) -> None:
    lone = make_lone()
    lone.frame(1, beat_of(lone.cluster, 1))
    lone.frame(1, m.Leave(Member(NODE2, 1), ()))
    lone.frame(1, beat_of(lone.cluster, 1, phase="leaving"), after_s=0.1)
    assert "fence.withdrawn" not in [d.kind for d in lone.decisions]
    assert lone.kernel._ledger.proof(NODE2, 1) is Proof.CONFIRMED
