"""Planned moves: what the words mean, what is refused, and that the answer tells how it ended."""

from collections.abc import Callable
from typing import Any

import pytest
from heartbeat.kernel import events as ev
from heartbeat.model.cluster import Failback
from heartbeat.model.names import Nid
from heartbeat.model.operation import Action, Outcome
from heartbeat.sim.machine import Behaviour
from heartbeat.wire import api

NODE1, NODE2, NODE3 = Nid(0), Nid(1), Nid(2)


@pytest.fixture
def pair(make_world: Callable[..., Any], make_cluster: Any, make_group: Any) -> Any:
    """a lives on node1, b on node2."""
    of = make_cluster(2, make_group("a", "node1"), make_group("b", "node2"), failback=Failback.OFF)
    return make_world(of)


def _ask(world: Any, nid: Nid, request: api.Request, seconds: float = 2.0) -> api.Done:
    ticket = world.ask(nid, request)
    world.run(seconds)
    answer = world.answer(nid, ticket)
    assert isinstance(answer, api.Done)
    return answer


def _places(world: Any) -> dict[str, str]:
    return {name: "+".join(sorted(world.where(name))) for name in ("a", "b")}


@pytest.mark.parametrize(
    ("request_", "then"),
    [
        (api.Standby("all"), {"a": "node2", "b": "node2"}),
        (api.Standby("local"), {"a": "node2", "b": "node2"}),
        (api.Standby("foreign"), {"a": "node1", "b": "node2"}),
        (api.Takeover("all"), {"a": "node1", "b": "node1"}),
        (api.Takeover("foreign"), {"a": "node1", "b": "node1"}),
        (api.Takeover("local"), {"a": "node1", "b": "node2"}),
    ],
    ids=str,
)
def test_the_words_are_meant_from_the_asked_node(pair: Any, request_: api.Request, then: dict[str, str]) -> None:
    assert _ask(pair, NODE1, request_).good
    assert _places(pair) == then


def test_the_answer_names_source_target_and_the_time_away(pair: Any) -> None:
    done = _ask(pair, NODE1, api.Standby("all"))
    (moved,) = done.moved
    assert (moved.group, moved.source, moved.target) == ("a", "node1", "node2")
    assert moved.away_s is not None
    assert moved.away_s > 0


def test_nothing_to_move_is_good(pair: Any) -> None:
    assert _ask(pair, NODE1, api.Standby("foreign")) == api.Done(True, "nothing to move")


def test_an_unknown_word_and_a_node_without_a_view_are_refused(pair: Any, make_lone: Any) -> None:
    assert not _ask(pair, NODE1, api.Standby("everything")).good
    lone = make_lone()
    effects = lone.step(ev.ClientAsked(1, "root", api.Standby("all")))
    assert "in no view yet" in str(effects)


def test_legacy_refuses_a_standby_that_would_be_undone_at_once(
    make_world: Any, make_cluster: Any, make_group: Any
) -> None:
    world = make_world(make_cluster(2, make_group("a", "node1"), failback=Failback.LEGACY))
    for which in ("all", "local"):
        done = _ask(world, NODE1, api.Standby(which))
        assert not done.good
        assert "legacy" in done.text
    assert world.where("a") == {"node1"}


def test_what_cannot_be_moved_whole_is_not_moved_at_all(make_world: Any, make_cluster: Any, make_group: Any) -> None:
    """One group would find no node that has not failed to start it: the other one stays, too."""
    of = make_cluster(2, make_group("a", "node1"), make_group("b", "node1"), failback=Failback.OFF)
    world = make_world(of)
    world.machines.behaviour["node2", "b", Action.START] = Behaviour(Outcome.FAILED, acts=False)
    _ask(world, NODE1, api.Standby("all"))
    assert _ask(world, NODE2, api.Standby("all")).good
    assert _places(world) == {"a": "node1", "b": "node1"}
    done = _ask(world, NODE1, api.Standby("all"))
    assert not done.good
    assert "can take b" in done.text
    assert _places(world) == {"a": "node1", "b": "node1"}


def test_a_takeover_forgives_earlier_failures_here(make_world: Any, make_cluster: Any, make_group: Any) -> None:
    world = make_world(make_cluster(2, make_group("a", "node1"), failback=Failback.OFF), at_rest=False)
    world.machines.behaviour["node1", "a", Action.START] = Behaviour(Outcome.FAILED, acts=False)
    world.boot_all()
    world.run(2.0)
    assert world.where("a") == {"node2"}
    world.machines.behaviour.clear()
    assert _ask(world, NODE1, api.Takeover("all")).good
    assert world.where("a") == {"node1"}


def test_a_node_without_an_executor_takes_nothing_over(pair: Any) -> None:
    pair.step(NODE1, ev.ExecutorChanged(ready=False, detail="killed"))
    done = _ask(pair, NODE1, api.Takeover("all"))
    assert not done.good
    assert "cannot take b" in done.text
    assert _places(pair)["b"] == "node2"


def test_a_move_that_fails_comes_back_and_says_no(pair: Any) -> None:
    pair.machines.behaviour["node2", "a", Action.START] = Behaviour(Outcome.FAILED, acts=False)
    done = _ask(pair, NODE1, api.Standby("all"))
    assert not done.good
    assert _places(pair)["a"] == "node1"


def test_a_client_that_hangs_up_stops_nothing(pair: Any) -> None:
    ticket = pair.ask(NODE1, api.Standby("all"))
    pair.step(NODE1, ev.ClientGone(ticket))
    pair.run(2.0)
    assert pair.answer(NODE1, ticket) is None
    assert _places(pair)["a"] == "node2"
