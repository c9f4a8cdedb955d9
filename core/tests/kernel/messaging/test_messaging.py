"""Messaging in whole kernels: what programs on several nodes get, in which order, and what a crash takes."""

from collections.abc import Callable
from typing import Any

import pytest
from heartbeat.kernel import effects as fx
from heartbeat.kernel import events as ev
from heartbeat.kernel.messaging.log import KEPT
from heartbeat.model.cluster import Cluster
from heartbeat.model.delivery import Delivery
from heartbeat.model.names import Nid
from heartbeat.sim.world import World
from heartbeat.wire import api

A, B, C = Nid(0), Nid(1), Nid(2)


class Talk:
    """A program on every node of a world, in one group, and all that they got."""

    def __init__(self, world: World, group: str = "g") -> None:
        self.world, self._group = world, group
        self.got: dict[Nid, list[api.ToProgram]] = {nid: [] for nid in world.nodes}
        world._do[fx.Deliver] = lambda node, effect: self.got[node.nid].append(effect.what)
        for nid in world.nodes:
            self.join(nid)
        world.run(0.5)

    def join(self, nid: Nid, program: int = 1) -> None:
        self.world.step(nid, ev.ProgramAsked(program, api.Join(self._group)))

    def say(self, nid: Nid, text: str, delivery: Delivery = Delivery.SAFE, others: int = 0) -> None:
        self.world.step(nid, ev.ProgramAsked(1, api.Say(self._group, delivery, text.encode(), others)))

    def heard(self, nid: Nid) -> list[str]:
        return [each.body.decode() for each in self.got[nid] if isinstance(each, api.Heard)]

    def companies(self, nid: Nid) -> list[api.Company]:
        return [each for each in self.got[nid] if isinstance(each, api.Company)]

    def count(self, nid: Nid, kind: type) -> int:
        return sum(isinstance(each, kind) for each in self.got[nid])


@pytest.fixture
def make_talk(make_cluster: Callable[..., Cluster], make_world: Callable[..., World]) -> Callable[..., Talk]:
    def make(nodes: int, *, device: bool = True, **more: Any) -> Talk:
        return Talk(make_world(make_cluster(nodes, device=device), **more))

    return make


MakeTalk = Callable[..., Talk]


@pytest.mark.parametrize("delivery", list(Delivery))
def test_every_program_of_the_group_gets_what_one_says(make_talk: MakeTalk, delivery: Delivery) -> None:
    talk = make_talk(3)
    talk.say(B, "hello", delivery)
    talk.world.run(0.1)
    assert [talk.heard(nid) for nid in (A, B, C)] == [["hello"]] * 3


@pytest.mark.parametrize("delivery", [Delivery.AGREED, Delivery.SAFE])
def test_ordered_messages_of_several_come_in_one_order(make_talk: MakeTalk, delivery: Delivery) -> None:
    talk = make_talk(3)
    for number in range(20):
        for nid in (C, A, B):
            talk.say(nid, f"{nid} {number}", delivery)
        talk.world.run(0.0001 * (number % 5))
    talk.world.run(0.5)
    assert talk.heard(A) == talk.heard(B) == talk.heard(C)
    assert sorted(talk.heard(A)) == sorted(f"{nid} {number}" for nid in (A, B, C) for number in range(20))


def test_nothing_is_lost_where_half_of_all_frames_are(make_talk: MakeTalk) -> None:
    talk = make_talk(3, seed=3)
    talk.world.loss = 0.4
    for number in range(60):
        talk.say(Nid(number % 3), f"{number}", Delivery(1 + number % 4))
        talk.world.run(0.01)
    talk.world.loss = 0.0
    talk.world.run(2.0)
    assert {len(talk.heard(nid)) for nid in (A, B, C)} == {60}


def test_who_is_in_a_group_is_told_to_all_in_it_when_somebody_comes_and_goes(make_talk: MakeTalk) -> None:
    talk = make_talk(2)
    talk.join(B, program=2)
    talk.world.run(0.1)
    assert talk.companies(A)[-1].members == (("node1", 1), ("node2", 1), ("node2", 2))
    talk.world.step(B, ev.ProgramGone(1))
    talk.world.run(0.1)
    assert talk.companies(A)[-1].members == (("node1", 1), ("node2", 2))


def test_a_program_that_comes_gets_what_is_said_from_then_on(make_talk: MakeTalk) -> None:
    talk = make_talk(2)
    talk.say(A, "before")
    talk.world.run(0.1)
    talk.join(A, program=9)
    talk.world.run(0.1)
    before = talk.count(A, api.Heard)
    talk.say(B, "after")
    talk.world.run(0.1)
    assert talk.count(A, api.Heard) == before + 1  # one delivery, to both programs


def test_a_run_that_is_too_long_or_one_too_many_is_refused(make_talk: MakeTalk) -> None:
    talk = make_talk(2)
    (welcome,) = [each for each in talk.got[A] if isinstance(each, api.Welcome)]
    talk.say(A, "x" * (welcome.body_bytes + 1))
    assert isinstance(talk.got[A][-1], api.Refused)
    talk.say(A, "x" * welcome.body_bytes, Delivery.CAUSAL)
    talk.world.run(0.1)
    assert talk.heard(B) == ["x" * welcome.body_bytes]


def test_one_node_brings_no_more_programs_into_a_view_than_all_can_hand_over(make_talk: MakeTalk) -> None:
    talk = make_talk(2)
    for program in range(2, 50):
        talk.join(A, program)
    talk.world.run(0.1)
    assert talk.count(A, api.Refused) > 0
    assert 5 < len(talk.companies(B)[-1].members) < 50


def test_what_was_said_safe_survives_the_crash_of_the_coordinator(make_talk: MakeTalk) -> None:
    talk = make_talk(3)
    for number in range(5):
        talk.say(B, f"before {number}")
    talk.world.crash(A)
    for number in range(5):
        talk.say(C, f"after {number}")
    talk.world.run(3.0)
    assert talk.heard(B) == talk.heard(C)
    assert len(talk.heard(B)) == 10
    assert talk.companies(B)[-1].members == (("node2", 1), ("node3", 1))


def test_a_minority_says_what_needs_no_order_and_orders_the_rest_when_it_is_back(make_talk: MakeTalk) -> None:
    talk = make_talk(3, device=False)
    talk.world.cut(C)
    talk.world.run(3.0)
    assert not talk.companies(C)[-1].is_primary
    talk.say(C, "plain", Delivery.FIFO)
    talk.say(C, "ordered")
    talk.say(A, "meanwhile")
    talk.world.run(1.0)
    assert talk.heard(C) == ["plain"]
    talk.world.heal()
    talk.world.run(5.0)
    assert talk.heard(A) == talk.heard(B) == ["meanwhile", "ordered"]
    assert talk.heard(C) == ["plain", "meanwhile", "ordered"]
    assert not any(each.has_gap for each in talk.companies(C))


def test_who_was_away_for_too_much_is_told_of_a_gap(make_talk: MakeTalk) -> None:
    talk = make_talk(3, device=False)
    talk.world.cut(C)
    talk.world.run(3.0)
    for number in range(2 * KEPT):
        talk.say(A, f"{number}")
        talk.world.run(0.01)
    talk.world.heal()
    talk.world.run(5.0)
    assert talk.heard(A) == talk.heard(B) == [f"{number}" for number in range(2 * KEPT)]
    assert talk.heard(C) == []
    assert talk.companies(C)[-1].has_gap


def test_of_two_nodes_the_one_that_is_left_orders_once_the_other_is_proved_off(make_talk: MakeTalk) -> None:
    talk = make_talk(2)
    talk.world.crash(A)
    talk.say(B, "alone")
    talk.world.run(0.9)
    assert talk.heard(B) == []
    talk.world.run_until(lambda: talk.heard(B) == ["alone"], 10.0)


def test_a_message_is_not_ordered_twice_though_its_sender_could_not_know_of_the_first_time(make_talk: MakeTalk) -> None:
    talk = make_talk(3, device=False)
    talk.world.cut(C, outward=False)
    talk.say(C, "once")
    talk.world.run(3.0)
    talk.world.heal()
    talk.world.run(5.0)
    assert talk.heard(A) == talk.heard(B) == ["once"]
    assert talk.count(C, api.Taken) == 1


def test_what_a_coordinator_ordered_alone_is_said_again_once_others_went_on_without_it(make_talk: MakeTalk) -> None:
    talk = make_talk(3, device=False)
    talk.world.cut(A)
    talk.say(A, "into the void")
    talk.world.run(3.0)
    talk.say(B, "meanwhile")
    talk.world.run(0.5)
    assert (talk.heard(A), talk.heard(B)) == ([], ["meanwhile"])
    talk.world.heal()
    talk.world.run(5.0)
    assert talk.heard(A) == talk.heard(B) == talk.heard(C) == ["meanwhile", "into the void"]


def test_one_that_beats_and_takes_no_messages_is_named_and_then_left_out(make_talk: MakeTalk) -> None:
    talk = make_talk(3)
    kernel = talk.world.nodes[C].kernel
    assert kernel is not None
    kernel._messaging.take = lambda nid, speech: None  # type: ignore[method-assign]  # as if it choked on bulk
    talk.say(A, "hello")
    talk.world.run_until(lambda: any(d.kind == "member.slow" for _, d in talk.world.nodes[A].decisions), 3.0)
    took_s = talk.world.run_until(lambda: len(talk.companies(A)[-1].members) == 2, 8.0)
    assert took_s > 2.0
    assert any(d.kind == "member.excluded" for _, d in talk.world.nodes[A].decisions)


def test_one_whose_word_to_a_third_node_was_lost_is_asked_before_it_is_taken_for_slow(make_talk: MakeTalk) -> None:
    talk = make_talk(3)
    kernel = talk.world.nodes[B].kernel
    assert kernel is not None
    take = kernel._messaging.take
    kernel._messaging.take = lambda nid, speech: None if nid == C else take(nid, speech)  # type: ignore[method-assign]
    talk.say(A, "hello", Delivery.FIFO)
    talk.world.run(0.05)
    kernel._messaging.take = take  # type: ignore[method-assign]
    assert kernel._messaging._lags(C)
    talk.world.run(10.0)
    assert not kernel._messaging._lags(C)
    assert not any(d.kind.startswith("member.") for node in talk.world.nodes.values() for _, d in node.decisions)


def test_a_node_whose_programs_do_not_read_takes_nothing_more_until_they_do(make_talk: MakeTalk) -> None:
    talk = make_talk(2)
    talk.world.step(B, ev.ProgramsSlow(are_slow=True))
    for number in range(3):
        talk.say(A, f"{number}")
    talk.world.run(0.6)
    assert talk.heard(A) == talk.heard(B) == []
    talk.world.step(B, ev.ProgramsSlow(are_slow=False))
    talk.world.run(0.6)
    assert talk.heard(A) == talk.heard(B) == ["0", "1", "2"]


def test_a_quiet_cluster_says_nothing_more_once_all_have_all(make_talk: MakeTalk) -> None:
    talk = make_talk(3)
    talk.say(A, "hello")
    talk.world.run(1.0)
    sent: list[str] = []
    carry = talk.world._do[fx.Send]

    def noted(node: Any, effect: fx.Send) -> None:
        sent.append(type(effect.packet.message).__name__)
        carry(node, effect)

    talk.world._do[fx.Send] = noted
    talk.world.run(2.0)
    assert set(sent) == {"Beat"}


def test_bulk_goes_over_one_link_and_over_another_when_that_brings_nothing(make_talk: MakeTalk) -> None:
    talk = make_talk(2)
    talk.world.cut(A, links=(0,))
    talk.say(A, "while the link was cut")
    talk.world.run_until(lambda: talk.heard(B) == ["while the link was cut"], 0.5)
    talk.world.run(2.0)
    talk.say(A, "after it was found cut")
    assert talk.world.run_until(lambda: len(talk.heard(B)) == 2, 0.5) < 0.01
