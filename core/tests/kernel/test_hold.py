"""The hold, judged in simulated clusters without a device, where silence alone frees an address.

``answering`` is the truth: active, and permitted by the newest word that the node's guard got.
"""

from collections.abc import Callable
from typing import Any

import pytest
from heartbeat.kernel import effects as fx
from heartbeat.kernel import events as ev
from heartbeat.model.cluster import Cluster, Failback
from heartbeat.model.group import Group
from heartbeat.model.names import Nid
from heartbeat.model.operation import Action, Outcome, Result
from heartbeat.model.view import ViewId
from heartbeat.sim.machine import Behaviour
from heartbeat.sim.world import World
from heartbeat.wire import messages as m

ONE, TWO = Nid(0), Nid(1)
DEAD_S = 1.0
"""Of the worlds here; keepalive is 0.2 s, warntime 0.5 s."""

FIRST = (1 << 20) + 1
"""Id of the first operation of a first life: the look at its only group."""

Worlds = Callable[..., World]


@pytest.fixture
def world(make_world: Worlds, make_cluster: Callable[..., Cluster], make_group: Callable[..., Group]) -> World:
    """Two nodes, no device, an address that shares no data on node1."""
    return make_world(make_cluster(2, make_group("ip", "node1"), device=False, failback=Failback.OFF))


def watched(world: World, seconds: float) -> list[set[str]]:
    """Let time pass and return who answered at each of its milliseconds, changes only; never two."""
    seen: list[set[str]] = []
    for _ in range(round(seconds * 1000)):
        world.run(0.001)
        now = world.answering("ip")
        assert len(now) <= 1, f"both answer at {world.now_s}:\n" + "\n".join(world.log[-40:])
        if not seen or seen[-1] != now:
            seen.append(now)
    return seen


def decided(world: World, nid: Nid, kind: str) -> int:
    return sum(decision.kind == kind for _, decision in world.nodes[nid].decisions)


def lone_member(lone: Any) -> None:
    """Bring a lone kernel to a first view of its own: initdead passes, beat by beat."""
    for _ in range(30):
        lone.step(ev.Wake(), after_s=0.2)


# Renewing.


def test_each_beat_lets_resources_answer_for_a_share_of_the_peers_patience(make_lone: Callable[..., Any]) -> None:
    lone = make_lone()
    lone_member(lone)
    lone.step(ev.Wake(), after_s=0.2)
    kinds = [type(effect) for effect in lone.effects]
    assert kinds.index(fx.Send) < kinds.index(fx.Hold)
    (hold,) = [effect for effect in lone.effects if isinstance(effect, fx.Hold)]
    assert hold == fx.Hold(lone.now_s + 0.8 * DEAD_S)


def test_a_peer_that_is_more_patient_does_not_lengthen_the_hold_and_never_shortens_it(
    make_lone: Callable[..., Any], beat_of: Callable[..., m.Beat]
) -> None:
    for announced_s, share_s in ((5.0, 4.0), (0.1, 0.8)):
        lone = make_lone()
        lone_member(lone)
        lone.frame(1, beat_of(lone.cluster, 1, deadtime_s=announced_s, row=()))
        lone.step(ev.Wake(), after_s=0.2)
        (hold,) = [effect for effect in lone.effects if isinstance(effect, fx.Hold)]
        assert hold.until_s == pytest.approx(lone.now_s + share_s)


def test_a_daemon_without_a_view_says_nothing_for_what_an_earlier_one_started(make_lone: Callable[..., Any]) -> None:
    lone = make_lone()
    seen = list(lone.effects)
    for _ in range(10):
        seen += lone.step(ev.Wake(), after_s=0.2)
    assert any(isinstance(effect, fx.Send) for effect in seen)
    assert not any(isinstance(effect, fx.Hold) for effect in seen)


def test_an_executor_that_comes_late_is_told_at_once(make_lone: Callable[..., Any]) -> None:
    lone = make_lone()
    lone_member(lone)
    lone.step(ev.ExecutorChanged(ready=True), after_s=0.01)
    assert any(isinstance(effect, fx.Hold) for effect in lone.effects)


def test_a_killed_daemon_falls_silent_before_the_other_takes_over_and_comes_back_muted(world: World) -> None:
    world.kill_daemon(ONE)
    assert watched(world, 2.0) == [{"node1"}, set(), {"node2"}]
    world.boot(ONE, new_boot=False)
    assert watched(world, 5.0) == [{"node2"}]
    assert world.where("ip") == {"node2"}


def test_what_was_taken_meanwhile_stays_silent_also_before_anybody_has_looked_at_it(world: World) -> None:
    """The guard never forgot it, and the new daemon is in a view before its look has an answer."""
    world.kill_daemon(ONE)
    assert watched(world, 2.0) == [{"node1"}, set(), {"node2"}]
    world.machines.behaviour["node1", "ip", Action.PROBE] = Behaviour(takes_s=0.5)
    world.boot(ONE, new_boot=False)
    assert watched(world, 5.0) == [{"node2"}]
    assert world.where("ip") == {"node2"}


def test_a_daemon_that_is_back_in_time_goes_on_without_a_silence_of_its_address(world: World) -> None:
    world.kill_daemon(ONE)
    assert watched(world, 0.1) == [{"node1"}]
    world.boot(ONE, new_boot=False)
    assert watched(world, 3.0) == [{"node1"}]


# A node that stood still.


@pytest.mark.parametrize("deads", [0.5, 0.9, 1.0, 1.1, 1.5, 5.0])
def test_a_frozen_node_never_answers_beside_the_one_that_takes_over(world: World, deads: float) -> None:
    world.freeze(ONE)
    watched(world, deads * DEAD_S)
    world.thaw(ONE)
    watched(world, 8.0)
    assert len(world.where("ip")) == 1
    assert world.answering("ip") == world.where("ip")


@pytest.mark.parametrize("deads", [1.5, 5.0])
def test_a_suspended_machine_finds_out_by_its_peers_clocks(world: World, deads: float) -> None:
    world.suspend(ONE)
    watched(world, deads * DEAD_S)
    world.thaw(ONE)
    world.run(0.001)  # its own clock shows nothing: only a frame can tell it
    world.run_until(lambda: decided(world, ONE, "self.resync") == 1, 0.5)
    watched(world, 8.0)
    assert world.where("ip") == {"node2"}


def test_the_first_thing_a_woken_node_does_is_to_mute(
    make_lone: Callable[..., Any], beat_of: Callable[..., m.Beat]
) -> None:
    lone = make_lone()
    in_view(lone, beat_of)
    lone.step(ev.Wake(), after_s=1.5)
    first = next(effect for effect in lone.effects if not isinstance(effect, fx.Record))
    assert first == fx.Hold(lone.now_s)
    assert [d.kind for d in lone.decisions][:1] == ["self.resync"]
    lone.step(ev.Wake(), after_s=0.2)
    assert any(isinstance(effect, fx.Send) for effect in lone.effects)
    assert not any(isinstance(effect, fx.Hold) for effect in lone.effects)


def test_a_machine_that_was_suspended_falls_silent_before_it_reads_a_frame(
    make_lone: Callable[..., Any], beat_of: Callable[..., m.Beat]
) -> None:
    """Its monotonic clock stood still: between two steps lies no time at all."""
    lone = make_lone()
    in_view(lone, beat_of)
    lone.step(ev.Suspended(30.0))
    first = next(effect for effect in lone.effects if not isinstance(effect, fx.Record))
    assert first == fx.Hold(lone.now_s)
    assert [d.kind for d in lone.decisions][:2] == ["self.suspended", "self.resync"]
    lone.step(ev.Wake(), after_s=0.9)
    assert not any(isinstance(effect, fx.Hold) for effect in lone.effects), "nothing is renewed meanwhile"


def test_a_suspension_that_nobody_noticed_is_told_and_mutes_nothing(
    make_lone: Callable[..., Any], beat_of: Callable[..., m.Beat]
) -> None:
    lone = make_lone()
    in_view(lone, beat_of)
    lone.step(ev.Suspended(0.05))
    assert [d.kind for d in lone.decisions] == ["self.suspended"]
    assert not any(isinstance(effect, fx.Hold) for effect in lone.effects)


def test_only_an_answer_to_a_beat_sent_since_ends_the_silence(
    make_lone: Callable[..., Any], beat_of: Callable[..., m.Beat]
) -> None:
    lone = make_lone()
    view = in_view(lone, beat_of)
    before_ms = int(lone.now_s * 1000)
    lone.step(ev.Wake(), after_s=0.65)  # too short to doubt the view, long enough to be missed
    woke_ms = int(lone.now_s * 1000)
    for echo_ms, shown, speaks in (
        (before_ms, view, False),  # a frame that waited in the socket
        (woke_ms + 1, ViewId(view.epoch + 9, TWO), False),  # in another view
        (woke_ms + 1, view, True),
    ):
        said = lone.frame(1, answer(lone, beat_of, shown, echo_ms), after_s=0.01)
        said += lone.step(ev.Wake(), after_s=0.001)
        assert any(isinstance(effect, fx.Hold) and effect.until_s > lone.now_s for effect in said) is speaks


def test_who_is_not_back_in_step_starts_nothing_on_an_order(
    make_lone: Callable[..., Any], make_cluster: Callable[..., Cluster], make_group: Callable[..., Group],
    beat_of: Callable[..., m.Beat],
) -> None:  # fmt: skip
    def starts(pause_s: float) -> bool:
        lone = make_lone(make_cluster(2, make_group("ip", "node2"), device=False))
        view = in_view(lone, beat_of)
        lone.step(ev.OperationFinished(FIRST, Result(Outcome.STOPPED)))
        lone.step(ev.Wake(), after_s=pause_s)
        lone.frame(1, m.Order(view, 7, 0, ONE, "start", "go"), stream=1, after_s=0.001)
        return any(isinstance(effect, fx.Run) and effect.action is Action.START for effect in lone.effects)

    assert starts(0.01)
    assert not starts(0.65)


def test_a_short_stop_is_no_reason_to_fall_silent(world: World) -> None:
    world.freeze(ONE)
    world.run(0.15)
    world.thaw(ONE)
    assert watched(world, 3.0) == [{"node1"}]
    assert decided(world, ONE, "self.resync") == 0


def test_a_dead_peer_does_not_make_its_survivor_fall_silent(world: World) -> None:
    world.crash(TWO)
    assert watched(world, 5.0) == [{"node1"}]
    world.freeze(ONE)
    world.run(0.5)
    world.thaw(ONE)
    assert watched(world, 2.0)[-1] == {"node1"}


def in_view(lone: Any, beat_of: Callable[..., m.Beat]) -> ViewId:
    """Bring a lone kernel into a view with node2, and let node2 answer its newest beat."""
    lone.step(ev.ExecutorChanged(ready=True))
    echo_ms = int(lone.now_s * 1000)
    lone.frame(1, answer(lone, beat_of, ViewId(), echo_ms), after_s=0.001)
    lone.step(ev.Wake(), after_s=0.02)
    (propose,) = [message for message in lone.sent if isinstance(message, m.Propose)]
    member = propose.members[1]
    holdings = (m.Holding(0, m.Local.STOPPED, 0, True),)
    state = m.State(member, "boot-1", ViewId(), holdings, (), 0, 0, 0, False)
    lone.frame(1, m.Flush(propose.ballot, state), after_s=0.001)
    lone.frame(1, m.Synced(propose.ballot), after_s=0.001)
    for _ in range(3):
        lone.frame(1, answer(lone, beat_of, propose.ballot, int(lone.now_s * 1000)), after_s=0.1)
    assert any(isinstance(effect, fx.Hold) for effect in lone.step(ev.Wake(), after_s=0.11))
    return ViewId(propose.ballot.epoch, propose.ballot.coordinator)


def answer(lone: Any, beat_of: Callable[..., m.Beat], view: ViewId, echo_ms: int) -> m.Beat:
    """Return node2's beat in a view that shows to have heard one of ours, sent then."""
    return beat_of(
        lone.cluster, 1, view=view, row=(m.Heard(ONE, 1, 1, 0, echo_ms),), sent_ms=int(lone.now_s * 1000) + 1
    )


# One-way cuts.


def test_a_node_that_is_no_longer_heard_falls_silent_before_the_other_takes_over(world: World) -> None:
    world.cut(ONE, inward=False)
    assert watched(world, 4.0) == [{"node1"}, set(), {"node2"}]
    assert decided(world, ONE, "self.unheard") == 1
    world.heal()
    assert watched(world, 6.0) == [{"node2"}]
    assert world.where("ip") == {"node2"}


def test_a_node_that_hears_nothing_but_is_heard_keeps_what_it_holds(world: World) -> None:
    world.cut(ONE, outward=False)
    assert watched(world, 4.0) == [{"node1"}]
    world.heal()
    assert watched(world, 6.0) == [{"node1"}]


def test_half_a_second_of_one_way_silence_mutes_nothing_for_good(world: World) -> None:
    world.cut(ONE, inward=False)
    world.run(0.5)
    world.heal()
    assert watched(world, 3.0)[-1] == {"node1"}
    assert decided(world, TWO, "node.silent") == 0


def test_what_shares_data_is_not_muted_for_being_unheard(
    make_world: Worlds, make_cluster: Callable[..., Cluster], make_group: Callable[..., Group]
) -> None:
    world = make_world(make_cluster(2, make_group("disk!", "node1"), device=False))
    world.cut(ONE, inward=False)
    world.run(4.0)
    assert world.answering("disk") == {"node1"}


# After a heal.


def test_after_a_full_cut_the_loser_falls_silent_at_once_and_the_winner_announces(world: World) -> None:
    world.step(ONE, ev.HoldKnown("ip", "nftables"))
    world.step(TWO, ev.HoldKnown("ip", "nftables"))
    world.cut(ONE)
    world.run(4.0)
    assert world.answering("ip") == {"node1", "node2"}  # nothing can decide: promise (c)
    asked: list[tuple[Nid, fx.Run]] = []
    carry_out = world.machines.carry_out

    def noting(nid: Nid, effect: fx.Run | fx.Go | fx.Cancel) -> None:
        if isinstance(effect, fx.Run) and effect.action is Action.ANNOUNCE:
            asked.append((nid, effect))
        carry_out(nid, effect)

    world.machines.carry_out = noting  # type: ignore[method-assign]
    world.heal()
    world.run_until(lambda: len(world.answering("ip")) == 1, 0.25)
    assert world.answering("ip") == {"node1"}
    assert watched(world, 70.0) == [{"node1"}]
    assert [nid for nid, _ in asked] == [ONE] * 9


def test_a_loser_whose_stop_hangs_is_silent_all_the_same(world: World) -> None:
    world.machines.behaviour["node2", "ip", Action.STOP] = Behaviour(Outcome.DONE, takes_s=15.0)
    world.cut(ONE)
    world.run(4.0)
    world.heal()
    world.run_until(lambda: len(world.answering("ip")) == 1, 0.25)
    assert watched(world, 10.0) == [{"node1"}]
    assert world.where("ip") == {"node1", "node2"}


def test_after_three_contests_nothing_is_taken_without_proof(world: World) -> None:
    for _ in range(3):
        world.cut(ONE)
        world.run(4.0)
        world.heal()
        world.run(5.0)
    assert decided(world, TWO, "group.contested") == 3
    world.cut(ONE)
    world.run(5.0)
    assert world.answering("ip") == {"node1"}


# What is shown.


def test_status_says_what_protects_each_group(world: World) -> None:
    def shown() -> str:
        kernel = world.nodes[TWO].kernel
        assert kernel is not None
        return kernel.status(world.nodes[TWO].clock.read(world.now_s)).groups[0].protected_by

    assert shown() == "nothing"
    for how, words in (("nftables", "hold (nftables)"), ("lifetime", "hold (lifetime)"), ("", "hold (guard only)")):
        world.step(ONE, ev.HoldKnown("ip", how))
        world.run(0.5)
        assert shown() == words


def test_a_group_with_a_device_is_protected_by_proof_and_hold(
    make_world: Worlds, make_cluster: Callable[..., Cluster], make_group: Callable[..., Group]
) -> None:
    world = make_world(make_cluster(2, make_group("ip", "node1")))
    world.step(ONE, ev.HoldKnown("ip", "nftables"))
    kernel = world.nodes[ONE].kernel
    assert kernel is not None
    (group,) = kernel.status(world.nodes[ONE].clock.read(world.now_s)).groups
    assert group.protected_by == "proof and hold (nftables)"
