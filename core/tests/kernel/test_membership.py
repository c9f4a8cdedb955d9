"""Views: agreed by all who are in, on the largest set that hears each other; a promise once given is kept."""

from collections.abc import Callable
from typing import Any

import pytest
from heartbeat.kernel import effects as fx
from heartbeat.kernel import events as ev
from heartbeat.kernel.membership import REPEAT_S, ROUND_S, SETTLE_S, joiners, stand_in_s
from heartbeat.model.names import Nid
from heartbeat.model.view import Member, ViewId
from heartbeat.wire import messages as m

MakeLone = Callable[..., Any]
BeatOf = Callable[..., m.Beat]
ME, NODE2, NODE3 = Nid(0), Nid(1), Nid(2)


def _state(nid: int, old: ViewId = ViewId()) -> m.State:  # noqa: B008 - an immutable value
    return m.State(Member(Nid(nid), 1), "boot", old, (), (), 0, 0, 0, leaving=False)


@pytest.fixture
def two(make_lone: MakeLone, make_cluster: Any, beat_of: BeatOf) -> Any:
    """node1, which hears node2 both ways and is about to propose."""
    lone = make_lone(make_cluster(2))
    lone.frame(1, beat_of(lone.cluster, 1))
    return lone


@pytest.fixture
def second(make_lone: MakeLone, make_cluster: Any, beat_of: BeatOf) -> Any:
    """node2, which hears node1 and waits for its proposal."""
    lone = make_lone(make_cluster(2), me=1)
    lone.frame(0, beat_of(lone.cluster, 0))
    return lone


def _sent(lone: Any, kind: type[Any]) -> list[Any]:
    return [message for message in lone.sent if isinstance(message, kind)]


def _view(lone: Any) -> str:
    view: str = lone.kernel.status(lone.now_s).view
    return view


# Coordinator.


def test_propose_flush_sync_synced_install(two: Any) -> None:
    two.step(ev.Wake(), SETTLE_S)
    (propose,) = _sent(two, m.Propose)
    assert propose.members == (Member(ME, 1), Member(NODE2, 1))
    two.frame(1, m.Flush(propose.ballot, _state(1)))
    (sync,) = _sent(two, m.Sync)
    assert [state.member.nid for state in sync.states] == [0, 1]
    assert _view(two) == "", "not before all hold what all brought"
    two.frame(1, m.Synced(propose.ballot))
    assert _sent(two, m.Install) == [m.Install(propose.ballot)]
    assert _view(two) == str(propose.ballot)


def test_it_is_not_proposed_before_the_picture_stands_still(two: Any) -> None:
    two.step(ev.Wake(), SETTLE_S - 0.001)
    assert not _sent(two, m.Propose)


def test_who_is_not_heard_both_ways_is_not_proposed(make_lone: MakeLone, make_cluster: Any, beat_of: BeatOf) -> None:
    lone = make_lone(make_cluster(2))
    lone.frame(1, beat_of(lone.cluster, 1, row=()))
    lone.step(ev.Wake(), SETTLE_S)
    lone.step(ev.Wake(), SETTLE_S)
    assert not _sent(lone, m.Propose)


def test_what_is_not_answered_is_repeated_and_then_done_without_who_does_not_answer(two: Any, beat_of: BeatOf) -> None:
    two.step(ev.Wake(), SETTLE_S)
    (first,) = _sent(two, m.Propose)
    two.step(ev.Wake(), REPEAT_S)
    assert _sent(two, m.Propose) == [first]
    two.frame(1, beat_of(two.cluster, 1), after_s=0.1)
    two.step(ev.Wake(), ROUND_S)
    assert _view(two) == "", "alone it counts others as absent only after initdead"
    two.frame(1, beat_of(two.cluster, 1), after_s=0.5)
    two.step(ev.Wake(), 0.1)
    assert not _sent(two, m.Propose), "who did not answer sits out a deadtime"


def test_who_was_not_asked_is_not_counted(make_lone: MakeLone, make_cluster: Any, beat_of: BeatOf) -> None:
    """Nor is a state of somebody else. Found by fuzzing: the third node's answer filled up the number of two."""
    lone = make_lone(make_cluster(3))
    lone.frame(1, beat_of(lone.cluster, 1))
    for _ in range(2):
        lone.step(ev.Wake(), 0.02)
    ballot = lone.kernel._membership.promised

    def state(nid: int, life: int = 1) -> m.State:
        return m.State(Member(Nid(nid), life), "boot", ViewId(), (), (), 0, 0, 0, leaving=False)

    for nid, said in ((2, state(2)), (2, state(1)), (1, state(2)), (1, state(1, life=2))):
        lone.frame(nid, m.Flush(ballot, said))
        lone.frame(nid, m.Synced(ballot))
    assert not lone.kernel._membership.view.members
    lone.frame(1, m.Flush(ballot, state(1)))
    lone.frame(2, m.Synced(ballot))
    assert not lone.kernel._membership.view.members, "SYNCED counts only of whom SYNC was for"
    lone.frame(1, m.Synced(ballot))
    assert lone.kernel._membership.view.nids == (0, 1)


def test_a_life_that_starts_meanwhile_sits_nothing_out(two: Any, beat_of: BeatOf) -> None:
    two.step(ev.Wake(), SETTLE_S)
    two.step(ev.Wake(), ROUND_S)
    seen: list[m.Propose] = []
    for _ in range(10):
        two.frame(1, beat_of(two.cluster, 1), incarnation=2, session=b"session2", after_s=0.02)
        seen += _sent(two, m.Propose)
    assert seen
    assert Member(NODE2, 2) in seen[0].members


def test_a_refusal_makes_the_next_ballot_higher(two: Any) -> None:
    two.step(ev.Wake(), SETTLE_S)
    (first,) = _sent(two, m.Propose)
    two.frame(1, m.Refuse(first.ballot, ViewId(40, NODE2)))
    seen: list[m.Propose] = []
    for _ in range(20):
        two.step(ev.Wake(), 0.01)
        seen += _sent(two, m.Propose)
    assert seen
    assert seen[0].ballot > ViewId(40, NODE2)


def test_epochs_are_reserved_ahead_and_never_used_again(make_lone: MakeLone, make_cluster: Any) -> None:
    lone = make_lone(make_cluster(1))
    stored: dict[str, bytes] = {}
    views = []
    for life in range(1, 4):
        lone = make_lone(make_cluster(1), incarnation=life, stored=dict(stored))
        views.append(int(_view(lone).split(".", maxsplit=1)[0]))
        stored |= {effect.key: effect.value for effect in lone.effects if isinstance(effect, fx.Persist)}
    assert views == sorted(set(views))


# Member.


def _promised(second: Any, ballot: ViewId) -> Any:
    second.frame(0, m.Propose(ballot, (Member(ME, 1), Member(NODE2, 1)), "first view"))
    assert [message.ballot for message in _sent(second, m.Flush)] == [ballot]
    return second


def test_a_lower_ballot_than_the_promised_one_is_refused(second: Any) -> None:
    _promised(second, ViewId(5, ME))
    second.frame(0, m.Propose(ViewId(4, ME), (Member(ME, 1), Member(NODE2, 1)), ""))
    assert _sent(second, m.Refuse) == [m.Refuse(ViewId(4, ME), ViewId(5, ME))]


def test_a_ballot_that_an_earlier_life_may_have_seen_is_refused(
    make_lone: MakeLone, make_cluster: Any, beat_of: BeatOf
) -> None:
    second = make_lone(make_cluster(2), me=1, incarnation=2, stored={"epoch": b"64"})
    second.frame(0, beat_of(second.cluster, 0, row=(m.Heard(NODE2, 2, 10, 0),)))
    both = (Member(ME, 1), Member(NODE2, 2))
    second.frame(0, m.Propose(ViewId(64, ME), both, ""))
    assert _sent(second, m.Refuse) == [m.Refuse(ViewId(64, ME), ViewId(64, NODE2))]
    second.frame(0, m.Propose(ViewId(65, ME), both, ""))
    assert [flush.ballot for flush in _sent(second, m.Flush)] == [ViewId(65, ME)]


def test_a_repeated_proposal_is_answered_again(second: Any) -> None:
    _promised(second, ViewId(5, ME))
    _promised(second, ViewId(5, ME))


def test_a_proposal_that_names_whom_i_do_not_hear_is_rejected(
    make_lone: MakeLone, make_cluster: Any, beat_of: BeatOf
) -> None:
    lone = make_lone(make_cluster(3), me=1)
    lone.frame(0, beat_of(lone.cluster, 0))
    members = tuple(Member(Nid(n), 1) for n in range(3))
    lone.frame(0, m.Propose(ViewId(5, ME), members, ""))
    assert _sent(lone, m.Reject) == [m.Reject(ViewId(5, ME), (NODE3,))]


def test_who_was_refused_for_others_asks_again_when_it_hears_them_or_the_other_one_does_not(
    make_lone: MakeLone, make_cluster: Any, beat_of: BeatOf
) -> None:
    lone = make_lone(make_cluster(3))
    hears_both = beat_of(lone.cluster, 1)
    lone.frame(1, hears_both)
    lone.step(ev.Wake(), SETTLE_S)
    (proposed,) = _sent(lone, m.Propose)
    lone.frame(1, m.Reject(proposed.ballot, (), (NODE3,)))
    assert lone.kernel._membership.estimate() == (Member(ME, 1),)
    hears_me = beat_of(lone.cluster, 1, row=(m.Heard(ME, 1, 10, 0),))
    lone.frame(1, hears_me)
    assert lone.kernel._membership.estimate() == (Member(ME, 1), Member(NODE2, 1))
    lone.frame(1, hears_both)
    lone.frame(2, beat_of(lone.cluster, 2))
    assert len(lone.kernel._membership.estimate()) == 3


def test_a_proposal_for_an_earlier_life_of_mine_is_none_of_my_business(second: Any) -> None:
    second.frame(0, m.Propose(ViewId(5, ME), (Member(ME, 1), Member(NODE2, 7)), ""))
    assert not [message for message in second.sent if not isinstance(message, m.Beat)]


def test_an_install_without_its_sync_installs_nothing(second: Any) -> None:
    _promised(second, ViewId(5, ME))
    second.frame(0, m.Install(ViewId(5, ME)))
    assert _view(second) == ""
    second.frame(0, m.Sync(ViewId(5, ME), (Member(ME, 1), Member(NODE2, 1)), (_state(0), _state(1))))
    assert _sent(second, m.Synced) == [m.Synced(ViewId(5, ME))]
    second.frame(0, m.Install(ViewId(5, ME)))
    assert _view(second) == "5.0"


def test_a_promise_that_came_to_nothing_still_ends_the_old_view(
    make_world: Any, make_cluster: Any, make_group: Any
) -> None:
    """Whoever it was given to may have installed a view: no order of the old one is taken any more, and the view is
    made anew at once because beats show the promise."""
    world = make_world(make_cluster(2, make_group("ip", "node1")))
    kernel = world.nodes[NODE2].kernel
    membership = kernel._membership
    old = membership.view.id
    ballot = ViewId(90, ME)
    membership._promise(ballot)
    world.network.cuts |= {(ME, NODE2, link) for link in (0, 1)}
    world.run(2 * ROUND_S + 0.01)
    assert membership.is_flushing
    assert membership.shown == ballot
    token = kernel._director.token + 1
    kernel._director.obey(m.Order(old, token, 0, NODE2, "start", ""))
    assert kernel._groups[0].state is m.Local.STOPPED
    world.heal()
    world.run(2.0)
    assert not membership.is_flushing
    assert membership.view.id > ballot
    assert world.nodes[ME].kernel._membership.view == membership.view


def test_after_a_pause_only_the_next_view_is_acted_upon(make_world: Any, make_cluster: Any, make_group: Any) -> None:
    world = make_world(make_cluster(3, make_group("ip", "node1")))
    membership = world.nodes[NODE3].kernel._membership
    before = membership.view
    world.freeze(NODE3)
    world.run(0.8)
    world.thaw(NODE3)
    assert membership.is_flushing
    assert membership.view == before
    world.run(1.0)
    assert not membership.is_flushing
    assert membership.view.id > before.id
    assert membership.view.nids == (0, 1, 2)


# Who should be in.


def test_of_those_that_do_not_all_hear_each_other_the_one_that_misses_most_is_left_out(
    make_world: Any, make_cluster: Any
) -> None:
    world = make_world(make_cluster(4))
    for other in (Nid(1), Nid(2)):
        world.network.cuts |= {(a, b, k) for k in (0, 1) for a, b in ((Nid(3), other), (other, Nid(3)))}
    world.run(3.0)
    views = {tuple(world.nodes[Nid(n)].kernel._membership.view.nids) for n in (0, 1, 2)}
    assert views == {(0, 1, 2)}


def test_all_agree_on_one_view_whatever_order_they_boot_in(make_world: Any, make_cluster: Any) -> None:
    for seed, order in enumerate([(0, 1, 2, 3, 4), (4, 3, 2, 1, 0), (2, 0, 4, 1, 3)]):
        world = make_world(make_cluster(5), at_rest=False, seed=seed)
        for nid in order:
            world.boot(Nid(nid))
            world.run(0.003)
        world.run(2.0)
        views = {world.nodes[Nid(n)].kernel._membership.view for n in range(5)}
        assert len(views) == 1
        assert views.pop().nids == (0, 1, 2, 3, 4)


@pytest.mark.parametrize("loss", [0.05, 0.2])
def test_loss_delays_agreement_and_does_not_break_it(make_world: Any, make_cluster: Any, loss: float) -> None:
    world = make_world(make_cluster(4), at_rest=False, seed=3)
    world.loss = loss
    world.boot_all()
    world.run(5.0)
    world.crash(NODE2)
    world.run(6.0)
    by_id: dict[ViewId, set[tuple[Member, ...]]] = {}
    for node in world.nodes.values():
        if node.kernel:
            view = node.kernel._membership.view
            by_id.setdefault(view.id, set()).add(view.members)
    assert all(len(members) == 1 for members in by_id.values())
    world.loss = 0.0
    world.run(5.0)
    assert len({world.nodes[Nid(n)].kernel._membership.view for n in (0, 2, 3)}) == 1


@pytest.mark.parametrize(
    ("nodes", "deaf", "together"),
    [
        (3, [(0, 1), (1, 0)], 2),
        (3, [(0, 1)], 2),
        (4, [(0, 1), (1, 0), (0, 3), (3, 0)], 3),
        (4, [(0, 1), (0, 3)], 3),
        (5, [(0, 3), (3, 0), (0, 4), (4, 0)], 4),
    ],
)
def test_who_hears_both_sides_of_a_cut_stays_with_one(
    make_world: Callable[..., Any], make_cluster: Any, nodes: int, deaf: list[tuple[int, int]], together: int
) -> None:
    world = make_world(make_cluster(nodes, device=False))
    world.cuts.update((Nid(a), Nid(b), link) for a, b in deaf for link in range(2))
    world.run(6.0)
    views = [node.kernel._membership.view for node in world.nodes.values()]
    assert len(views[NODE3].members) == together
    assert all(views[nid] == views[NODE3] for nid in views[NODE3].nids)
    world.run(10.0)
    assert [node.kernel._membership.view for node in world.nodes.values()] == views, "no view came since"
    world.heal()
    world.run(5.0)
    assert {node.kernel._membership.view.nids for node in world.nodes.values()} == {tuple(range(nodes))}


# Words.


def test_stand_ins_come_one_after_the_other_and_long_after_the_first() -> None:
    waits = [stand_in_s(1.0, Nid(n)) for n in range(5)]
    assert waits == sorted(set(waits))
    assert waits[0] >= 3.0


def test_joiners_are_all_but_the_largest_group_that_comes_from_one_view() -> None:
    one, other = ViewId(3, ME), ViewId(4, NODE3)
    assert joiners((_state(0, one), _state(1, one), _state(2))) == (2,)
    assert joiners((_state(0, one), _state(1, other), _state(2, other))) == (0,)
    assert joiners((_state(0, one), _state(1, one))) == ()
    assert joiners((_state(0, one), _state(1, other))) == (0, 1), "an even heal"
    assert joiners((_state(0), _state(1))) == (0, 1), "a first view"
