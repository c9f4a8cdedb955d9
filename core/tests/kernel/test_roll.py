"""The roll of voters: however views come, break off and are forgotten, two parts never both have a majority."""

import random
from collections.abc import Sequence

import pytest
from heartbeat.kernel import roll as rolls
from heartbeat.kernel.quorum import judge, outlives
from heartbeat.model.cluster import Cluster, Timers
from heartbeat.model.electorate import NOBODY, Electorate, Roll
from heartbeat.model.names import Nid, NodeName
from heartbeat.model.view import Member, Standing, ViewId
from heartbeat.sim.mutants.mutant import applied, mutant
from heartbeat.sim.mutants.voters import MUTANTS
from heartbeat.wire.messages import State

A, B, C, D, E = map(Nid, range(5))
ALL = (A, B, C, D, E)
OLD = ViewId(3, A)


def cluster(nodes: int = 5, breaker: Nid = NOBODY) -> Cluster:
    names = tuple(NodeName(f"node{n}") for n in range(nodes))
    return Cluster("c", names, Timers(), (), electorate=Electorate((), breaker, 10.0))


def state(nid: Nid, roll: Roll, old: ViewId = OLD, *, recount: bool = False) -> State:
    return State(Member(nid, 1), "boot", old, (), (), 0, 0, 0, leaving=False, roll=roll, recount=recount)


def stands(roll: Roll, *nids: Nid, breaker: Nid = NOBODY) -> Standing:
    return judge(cluster(breaker=breaker), [state(nid, roll) for nid in nids])[0]


def test_before_all_nodes_were_in_one_view_only_that_view_has_quorum() -> None:
    assert stands(Roll(), A, B, C, D) is Standing.NO_QUORUM
    assert stands(Roll(), *ALL) is Standing.PRIMARY
    assert rolls.brought_on(OLD, [state(nid, Roll()) for nid in ALL]) == Roll(rolls.FIRST, ALL)


def test_a_majority_is_one_of_the_voters_and_not_of_the_nodes() -> None:
    three = Roll(ViewId(9, A), (A, B, C))
    assert stands(three, A, B) is Standing.PRIMARY
    assert stands(three, A, D, E) is Standing.NO_QUORUM


def test_of_two_voters_none_goes_on_alone_but_the_tie_breaker() -> None:
    two = Roll(ViewId(9, A), (A, B))
    assert stands(two, A) is stands(two, B) is Standing.NO_QUORUM
    assert (stands(two, A, breaker=A), stands(two, B, breaker=A)) == (Standing.PRIMARY, Standing.NO_QUORUM)
    assert stands(two, A, breaker=C) is Standing.NO_QUORUM, "a tie-breaker that does not vote breaks no tie"


def test_an_unfinished_change_takes_both_majorities() -> None:
    unsure = Roll(rolls.FIRST, ALL, ViewId(9, A), (A, B, C))
    assert stands(unsure, A, B) is Standing.NO_QUORUM, "no majority of the old voters"
    assert stands(unsure, C, D, E) is Standing.NO_QUORUM, "no majority of the new ones"
    assert stands(unsure, B, C, D) is Standing.PRIMARY


def test_a_change_is_the_coordinators_word_about_one_common_view() -> None:
    agreed = Roll(rolls.FIRST, ALL)
    together = [state(A, agreed, recount=True), state(B, agreed), state(C, agreed)]
    assert rolls.brought_on(ViewId(9, A), together) == Roll(rolls.FIRST, ALL, ViewId(9, A), (A, B, C))
    assert rolls.brought_on(ViewId(9, B), together) == agreed, "the coordinator says nothing of it"
    from_elsewhere = [*together, state(D, agreed, ViewId(4, D))]
    assert rolls.brought_on(ViewId(9, A), from_elsewhere) == agreed, "one comes from another view"


def test_an_unfinished_change_is_made_again_and_no_other() -> None:
    unsure = Roll(rolls.FIRST, ALL, ViewId(9, A), (A, B, C))
    states = [state(B, unsure, recount=True), state(C, unsure), state(D, Roll(rolls.FIRST, ALL))]
    assert rolls.brought_on(ViewId(12, B), states).candidates == (A, B, C)


def test_the_newest_roll_in_force_ends_every_change_tried_before_it() -> None:
    unsure, agreed = Roll(rolls.FIRST, ALL, ViewId(9, A), (A, B, C)), Roll(ViewId(9, A), (A, B, C))
    assert rolls.merged([unsure, agreed]) == agreed
    assert rolls.merged([agreed, Roll(ViewId(9, A), (A, B, C), ViewId(12, A), (A, B))]).candidates == (A, B)


@pytest.mark.parametrize(("holders", "survives"), [((A, B), True), ((A, D, E), False), ((), False)])
def test_what_a_majority_of_the_voters_holds_outlives_its_view(holders: Sequence[Nid], *, survives: bool) -> None:
    assert outlives(cluster(), tuple(holders), (A, B, C), Roll(ViewId(9, A), (A, B, C))) is survives


class Views:
    """Five nodes promise, store and install as membership has them do it; any message may be the last one."""

    def __init__(self, breaker: Nid) -> None:
        self.epoch = 10
        self.disk = dict.fromkeys(ALL, Roll(rolls.FIRST, ALL))
        self.old = dict.fromkeys(ALL, ViewId(1, A))
        self.believes: dict[Nid, tuple[Nid, ...]] = dict.fromkeys(ALL, ALL)
        """Who thinks that he is in a view with quorum, of these members."""
        self.breaker = breaker

    def split(self, here: set[Nid]) -> None:
        """The network falls in two; the nodes of each side find each other, and all goes well."""
        for side in (here, set(ALL) - here):
            if side:
                self._change(side, stored=side, heard=side, recount=False)

    def recount(self, members: tuple[Nid, ...], stored: set[Nid], heard: set[Nid]) -> None:
        """A view has stood still. Its change is stored by some; if by all, some hear that it is in force."""
        if all(self.believes.get(nid) == members for nid in members):
            self._change(set(members), stored=stored, heard=heard, recount=True)

    def _change(self, who: set[Nid], *, stored: set[Nid], heard: set[Nid], recount: bool) -> None:
        members = tuple(sorted(who))
        self.epoch += 1
        ballot = ViewId(self.epoch, members[0])
        for nid in members:
            self.believes.pop(nid, None)
        states = [state(nid, self.disk[nid], self.old[nid], recount=recount) for nid in members]
        is_primary = judge(cluster(breaker=self.breaker), states)[0] is Standing.PRIMARY
        brought = rolls.brought_on(ballot, states)
        if is_primary:
            self.disk |= dict.fromkeys(who & stored, brought)
        if is_primary and not who <= stored:
            return
        for nid in who & heard:
            self.old[nid] = ballot
            if is_primary:
                self.believes[nid] = members
                self.disk[nid] = rolls.in_force(brought) if rolls.is_recount(ballot, states) else brought

    def forget(self, nid: Nid) -> None:
        """A disk is lost: it comes back as somebody who knows nothing."""
        self.disk[nid], self.old[nid] = Roll(), ViewId(1, nid)
        self.believes.pop(nid, None)

    @property
    def are_two(self) -> bool:
        """Are there two parts with quorum?"""
        parts = [set(members) for members in self.believes.values()]
        return not all(one & other for one in parts for other in parts)


WALKS = 12_000
"""The rarest of the mistakes below shows in walk 10,456."""
ANOTHER = mutant(
    "another-change-instead",
    "an unfinished change of the voters is given up for another one; too rare for a simulated cluster",
    "roll:brought_on",
    "known.candidates or members",
    "members",
)


def first_of_two(walks: int) -> int | None:
    """Return the first walk of chance in which two parts have quorum at once; None: in none of so many."""
    for number in range(walks):
        chance = random.Random(number)
        views = Views(Nid(chance.randrange(-1, 5)))

        def some(share: float, chance: random.Random = chance) -> set[Nid]:
            return {nid for nid in ALL if chance.random() < share}

        for _ in range(12):
            if chance.random() < 0.1:
                views.forget(chance.choice(ALL))
            elif chance.random() < 0.5 and views.believes:
                members = chance.choice(sorted(views.believes.values()))
                views.recount(members, some(0.9), some(0.7))
            else:
                views.split(some(0.5))
            if views.are_two:
                return number
    return None


def test_however_views_come_and_break_off_two_parts_never_both_have_quorum() -> None:
    assert first_of_two(WALKS) is None


@pytest.mark.parametrize("name", ["new-voters-alone", "old-voters-alone", "another-change-instead", "who-forgot-votes"])
def test_each_part_of_the_rule_is_needed(name: str) -> None:
    with applied(next(one for one in (*MUTANTS, ANOTHER) if one.name == name)):
        assert first_of_two(WALKS) is not None
