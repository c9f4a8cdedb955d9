"""Questions to a tie-breaker, one after the other, and who of those that ask may go on."""

import time
from typing import ClassVar

import pytest

from heartbeat.plugin import Plugin, Ruling, Tie, TieBreaker, Verdict
from heartbeat.testing.contract import DeclarationConformance, checked
from heartbeat.testing.leaks import nothing_left_open

HERE, THERE = ("node1", "node2"), ("node3", "node4")
ALL = (*HERE, *THERE)
PATIENCE_S = 5.0


class QuorumContract(DeclarationConformance):
    """What holds of any tie-breaker that grants, and the little that holds of one that never does."""

    plugin: ClassVar[type[Plugin]]
    cluster: ClassVar[str] = "linux-ha"
    """A cluster that the tie-breaker serves."""
    other_cluster: ClassVar[str] = ""
    """Another one that it serves at the same time, if it can."""

    def given(self) -> dict[str, str]:
        """Return the unparsed parameters."""
        raise NotImplementedError("the subclass says whom to ask")

    def made(self, raw: dict[str, str] | None = None) -> TieBreaker:
        """Return the tie-breaker as core makes it."""
        assert issubclass(self.plugin, TieBreaker)
        return self.plugin(checked(self.plugin, self.given() if raw is None else raw))

    def tie(self, members: tuple[str, ...], epoch: int, **more: object) -> Tie:
        """Return the question of a half in the view of that epoch, put by the first of its members."""
        said = {"cluster": self.cluster, "asker": members[0] if members else ALL[0], **more}
        return Tie(view=(epoch, 0), members=members, **said)  # type: ignore[arg-type]

    def asked(self, members: tuple[str, ...], epoch: int, **more: object) -> Ruling:
        """Return what a tie-breaker that was just made says to that half."""
        return self.made().ask(self.tie(members, epoch, **more), time.monotonic() + PATIENCE_S)

    def granted(self, members: tuple[str, ...], epoch: int, **more: object) -> None:
        """Ask, and hold that the half may go on."""
        ruling = self.asked(members, epoch, **more)
        assert ruling.verdict is Verdict.GRANT, f"{', '.join(members)}, view {epoch}, are denied the right: {ruling}"

    def denied(self, members: tuple[str, ...], epoch: int, why: str, **more: object) -> None:
        """Ask, and hold that the half may not go on, with the reason."""
        ruling = self.asked(members, epoch, **more)
        assert ruling.verdict is Verdict.DENY, f"{', '.join(members)}, view {epoch}: {ruling}, but {why}"

    def must_grant(self) -> None:
        """Skip the test for a tie-breaker that never grants."""
        assert issubclass(self.plugin, TieBreaker)
        if not self.plugin.grants:
            pytest.skip("it never grants (grants = False)")

    # Who may go on.

    def test_one_half_at_most_is_granted(self) -> None:
        self.must_grant()
        self.granted(HERE, 7)
        self.denied(THERE, 7, "the other half was granted the right")
        self.denied(THERE, 9, "a later view of the other half is no reason")

    def test_who_has_it_is_granted_again_with_a_greater_token(self) -> None:
        self.must_grant()
        rulings = [self.asked(HERE, epoch) for epoch in (7, 7, 8)]
        assert [ruling.verdict for ruling in rulings] == [Verdict.GRANT] * 3
        tokens = [ruling.token for ruling in rulings]
        assert tokens == sorted(set(tokens)), "an old grant could not be told from a new one"
        assert tokens[0] > 0

    def test_an_earlier_view_is_denied(self) -> None:
        self.must_grant()
        self.granted(HERE, 8)
        self.denied(HERE, 7, "whoever asks so has been overtaken")

    def test_the_other_half_is_granted_once_all_have_met(self) -> None:
        self.must_grant()
        self.granted(HERE, 7)
        met = {"rank": (9, 0), "company": ALL}
        self.granted(THERE, 11, **met)
        self.denied(HERE, 12, "now the other half has it", **met)

    def test_halves_with_a_node_in_common_are_told_from_those_without(self) -> None:
        self.must_grant()
        self.granted(HERE, 7)
        self.granted(("node1", "node3"), 9)
        self.denied(("node2", "node4"), 11, "node1 and node3 were granted the right last")
        self.denied(THERE, 12, "node2 may still be where it was granted first")

    def test_nodes_that_are_off_are_no_meeting(self) -> None:
        self.must_grant()
        self.granted(HERE, 7)
        self.denied(THERE, 9, "what only the dead half knows would be lost", off=HERE)

    def test_who_has_met_one_of_a_half_and_knows_the_others_off_may_go_on(self) -> None:
        self.must_grant()
        self.granted(HERE, 7)
        met = {"rank": (9, 0), "company": ("node1", *THERE)}
        self.denied(THERE, 11, "node2 may still be in its half", **met)
        self.granted(THERE, 12, off=("node2",), **met)

    def test_a_view_of_the_granted_half_alone_is_no_meeting(self) -> None:
        self.must_grant()
        self.granted(HERE, 7)
        self.denied(THERE, 11, "view 9 may be the granted half itself", rank=(9, 0), company=HERE)

    def test_a_view_before_the_grant_is_no_meeting(self) -> None:
        self.must_grant()
        self.granted(HERE, 7)
        self.denied(THERE, 11, "all were together before the cut, not after it", rank=(5, 0), company=ALL)

    def test_what_is_no_question_is_denied_and_changes_nothing(self) -> None:
        self.must_grant()
        self.denied(HERE, 7, "its rank is not below its view", rank=(7, 0))
        self.denied(HERE, 7, "it has seen a later view than its own", rank=(8, 0))
        self.denied(("node2", "node1"), 7, "its members are not sorted")
        self.denied(("node1", "node1"), 7, "one member counts twice")
        self.denied((), 7, "nobody asks")
        self.denied(HERE, 0, "there is no view before the first")
        self.granted(THERE, 7)

    def test_clusters_have_nothing_to_do_with_each_other(self) -> None:
        self.must_grant()
        if not self.other_cluster:
            pytest.skip("it serves one cluster (other_cluster names no second one)")
        self.granted(HERE, 7)
        self.granted(THERE, 7, cluster=self.other_cluster)
        self.denied(THERE, 9, "the other half of its own cluster has the right")
        self.denied(HERE, 9, "the other half of its own cluster has the right", cluster=self.other_cluster)

    # What comes with an answer, and what does not.

    def test_one_that_never_grants_does_not(self) -> None:
        assert issubclass(self.plugin, TieBreaker)
        if self.plugin.grants:
            pytest.skip("it grants")
        ruling = self.asked(HERE, 7)
        assert ruling.verdict is Verdict.NO_OBJECTION, f"nothing is wrong here, and it says {ruling}"
        assert not ruling.token, "a token is of a grant"

    def test_a_denial_says_why_and_brings_no_token(self) -> None:
        self.must_grant()
        self.granted(HERE, 7)
        ruling = self.asked(THERE, 9)
        assert not ruling.token
        assert ruling.why.strip(), "hb why has nothing to tell"
        assert "\n" not in ruling.why

    def test_a_question_leaves_nothing_open(self) -> None:
        with nothing_left_open():
            self.asked(HERE, 7)
            self.asked(THERE, 9)
