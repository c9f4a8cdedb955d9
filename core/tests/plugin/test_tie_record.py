"""The rule of every tie-breaker that grants: one half goes on, whatever its nodes believe for how long."""

import random

import pytest
from heartbeat.plugin import Tie, TieRecord, Verdict
from heartbeat.plugin.quorum import ViewNumber
from heartbeat.plugin.tie_record import OPEN_MAX
from heartbeat.sim.mutants.mutant import applied
from heartbeat.sim.mutants.ties import MUTANTS

A, B, C, D = NODES = ("a", "b", "c", "d")


def asked(record: TieRecord, epoch: int, *members: str, **more: object) -> tuple[Verdict, TieRecord]:
    ruling, after = record.judge(Tie("linux-ha", (epoch, 0), members, **more))  # type: ignore[arg-type]
    return ruling.verdict, after


def granted(record: TieRecord, epoch: int, *members: str, **more: object) -> TieRecord:
    verdict, after = asked(record, epoch, *members, **more)
    assert verdict is Verdict.GRANT
    return after


def test_a_half_that_died_keeps_its_right() -> None:
    record = granted(TieRecord(), 7, A, B)
    assert asked(record, 99, C, D)[0] is Verdict.DENY
    assert asked(record, 99, C, D, off=(A, B))[0] is Verdict.DENY, "and with it what only it knows"
    granted(record, 99, A, B)


def test_who_has_met_a_node_of_it_and_knows_the_other_off_may_go_on() -> None:
    record = granted(TieRecord(), 7, A, B)
    met = {"rank": (9, 0), "company": (A, C, D)}
    assert asked(record, 12, C, D, **met)[0] is Verdict.DENY, "b may believe in its half"
    granted(record, 12, C, D, off=(B,), **met)


def test_the_granted_view_itself_shows_nothing() -> None:
    record = granted(TieRecord(), 7, A, B)
    record = granted(record, 9, A, C, rank=(8, 0), company=(A, B))
    assert asked(record, 11, C, D, rank=(10, 0), company=(A, C, D))[0] is Verdict.DENY, "b may be in view 8 still"


def test_so_many_halves_at_once_are_more_than_it_remembers() -> None:
    record = TieRecord()
    for number in range(OPEN_MAX):
        record = granted(record, 7 + number, A, f"n{number}")
    assert asked(record, 99, A, B)[0] is Verdict.DENY


@pytest.mark.parametrize(
    "tie",
    [
        Tie("c", (7, 0), ()),
        Tie("", (7, 0), (A, B)),
        Tie("c", (7, 0), (B, A)),
        Tie("c", (7, 0), (A, A)),
        Tie("c", (7, 0), (A, "x" * 300)),
        Tie("c", (7, 0), tuple(f"{n:03}" for n in range(101))),
        Tie("c", (0, 0), (A, B)),
        Tie("c", (7, 0), (A, B), rank=(7, 0)),
    ],
)
def test_what_is_no_question_is_denied_and_not_remembered(tie: Tie) -> None:
    ruling, after = TieRecord().judge(tie)
    assert ruling.verdict is Verdict.DENY
    assert ruling.why
    assert after == TieRecord()


class Views:
    """Four nodes whose views come and go; who is left behind believes in his for as long as nobody takes him along."""

    def __init__(self) -> None:
        self.epoch, self.record = 1, TieRecord()
        self.believes: dict[str, tuple[str, ...]] = dict.fromkeys(NODES, NODES)
        self.rank: dict[str, ViewNumber] = dict.fromkeys(NODES, (1, 0))
        self.primary: dict[str, tuple[ViewNumber, tuple[str, ...]]] = dict.fromkeys(NODES, ((1, 0), NODES))
        """The last view with quorum that was in force for this node; its rank may be higher."""

    def change(self, members: tuple[str, ...], heard: set[str]) -> None:
        """They make a view; half of the nodes asks, and makes another one when it is granted the right."""
        self.epoch += 2
        for node in members:
            self.believes.pop(node, None)
        rank = max(self.rank[node] for node in members)
        if 2 * len(members) < len(NODES):
            return
        if 2 * len(members) == len(NODES):
            view, company = self.primary[members[0]]
            company = company if view == rank else ()
            verdict, self.record = asked(self.record, self.epoch, *members, rank=rank, company=company)
            if verdict is not Verdict.GRANT:
                return
        for node in members:
            self.rank[node] = (self.epoch + 1, 0)
            self.primary |= {node: (self.rank[node], members)} if node in heard else {}
        self.believes |= dict.fromkeys(heard & set(members), members)

    @property
    def are_two(self) -> bool:
        parts = [set(members) for members in self.believes.values()]
        return not all(one & other for one in parts for other in parts)


def first_of_two(walks: int) -> int | None:
    """Return the first walk of chance in which two parts believe to have quorum; None: in none of so many."""
    for number in range(walks):
        chance, views = random.Random(number), Views()
        for _ in range(12):
            members = tuple(sorted(chance.sample(NODES, chance.choice((1, 2, 2, 2, 3, 4)))))
            views.change(members, {node for node in NODES if chance.random() < 0.8})
            if views.are_two:
                return number
    return None


WALKS = 6000


def test_however_views_come_two_parts_never_both_believe_to_have_quorum() -> None:
    assert first_of_two(WALKS) is None


@pytest.mark.parametrize(
    "name", ["witness-grants-both", "witness-knows-the-last-grant-only", "grant-ends-with-a-later-view"]
)
def test_each_part_of_the_rule_is_needed(name: str) -> None:
    with applied(next(one for one in MUTANTS if one.name == name)):
        assert first_of_two(WALKS) is not None
