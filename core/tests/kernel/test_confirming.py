"""Confirmation by a person: only where there is a question, only about who is silent, only once."""

from collections.abc import Callable
from typing import Any

import pytest
from heartbeat.model.names import Nid
from heartbeat.wire import api

NODE1, NODE2, NODE3 = Nid(0), Nid(1), Nid(2)


@pytest.fixture
def alone(make_world: Callable[..., Any], make_cluster: Any, make_group: Any) -> Any:
    """node2, whose peer is silent, with shared data and no device."""
    world = make_world(make_cluster(2, make_group("data", "node1", "fs!"), device=False))
    world.crash(NODE1)
    world.run(3.0)
    return world


def _open(world: Any, nid: Nid) -> tuple[api.OpenConfirmation, ...]:
    answer = world.answer(nid, world.ask(nid, api.ConfirmRequests()))
    assert isinstance(answer, api.Confirmations)
    return answer.open


def _confirm(world: Any, nid: Nid, node: str, request: int) -> bool:
    answer = world.answer(nid, world.ask(nid, api.Confirm(node, request)))
    assert isinstance(answer, api.Done)
    return answer.good


def test_a_request_shows_who_which_life_how_long_and_what_would_start(alone: Any) -> None:
    (request,) = _open(alone, NODE2)
    assert (request.node, request.incarnation, request.starts) == ("node1", 1, ("data",))
    assert request.silent_s > 2.9


def test_an_answer_frees_what_waits_and_closes_the_request(alone: Any) -> None:
    (request,) = _open(alone, NODE2)
    assert _confirm(alone, NODE2, "NODE1", request.request)
    alone.run(1.0)
    assert alone.where("data") == {"node2"}
    assert _open(alone, NODE2) == ()
    assert not _confirm(alone, NODE2, "node1", request.request)


@pytest.mark.parametrize(("node", "off_by"), [("node2", 0), ("node9", 0), ("node1", 1)])
def test_about_oneself_a_stranger_or_with_another_number_it_is_refused(alone: Any, node: str, off_by: int) -> None:
    (request,) = _open(alone, NODE2)
    assert not _confirm(alone, NODE2, node, request.request + off_by)
    alone.run(1.0)
    assert alone.where("data") == set()


def test_a_returning_node_closes_the_request(alone: Any) -> None:
    (request,) = _open(alone, NODE2)
    alone.boot(NODE1)
    alone.run(0.01)
    assert _open(alone, NODE2) == ()
    assert not _confirm(alone, NODE2, "node1", request.request)


def test_a_node_that_runs_all_groups_has_nothing_to_ask(make_world: Any, make_cluster: Any, make_group: Any) -> None:
    world = make_world(make_cluster(2, make_group("data", "node1", "fs!"), device=False))
    world.crash(NODE2)
    world.run(3.0)
    assert _open(world, NODE1) == ()


def test_a_minority_has_nothing_to_ask(make_world: Any, make_cluster: Any, make_group: Any) -> None:
    """What a person said there would be carried into the heal: a proof against nodes that live."""
    world = make_world(make_cluster(3, make_group("data", "node1", "fs!"), device=False))
    world.cut(NODE1)
    world.run(5.0)
    assert _open(world, NODE1) == ()
    assert [each.node for each in _open(world, NODE2)] == ["node1"]


def test_a_person_who_was_wrong_is_found_out_at_the_first_frame(
    make_world: Any, make_cluster: Any, make_group: Any
) -> None:
    """node1 was only cut off and holds the data: what was started on the person's word is stopped, and no second
    word is taken while it speaks."""
    world = make_world(make_cluster(2, make_group("data", "node1", "fs!"), device=False))
    world.cut(NODE1)
    world.run(3.0)
    (request,) = _open(world, NODE2)
    assert _confirm(world, NODE2, "node1", request.request)
    world.run(2.0)
    world.heal()
    world.run(3.0)
    kinds = [decision.kind for _, decision in world.nodes[NODE2].decisions]
    assert "fence.withdrawn" in kinds
    assert "node2" not in world.where("data")
    assert _open(world, NODE2) == ()
    assert not world.nodes[NODE2].kernel._membership.view.has(NODE1), "that life never joins again"
    world.kill_daemon(NODE1)
    world.boot(NODE1, new_boot=False)
    world.run(3.0)
    assert world.nodes[NODE2].kernel._membership.view.has(NODE1), "its next one does"
