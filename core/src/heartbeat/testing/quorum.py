"""The conformance tests of a tie-breaker: the right to go on is given to one half at most."""

import time
from typing import ClassVar

import pytest

from heartbeat.plugin import Plugin, Ruling, Tie, TieBreaker, Verdict
from heartbeat.testing.contract import DeclarationConformance, checked
from heartbeat.testing.leaks import nothing_left_open

HERE, THERE = ("node1", "node2"), ("node3", "node4")
PATIENCE_S = 5.0


class QuorumConformance(DeclarationConformance):
    """Subclass it, give ``plugin`` and ``given``: two calls of it must reach the same, fresh tie-breaker in a test.

    ``unreachable`` are unparsed parameters with which nobody can be asked. One that never grants says so
    (``grants = False``), and the tests of grants are skipped.
    """

    plugin: ClassVar[type[Plugin]]
    unreachable: ClassVar[dict[str, str] | None] = None
    cluster: ClassVar[str] = "linux-ha"
    """A cluster that the tie-breaker serves."""

    def given(self) -> dict[str, str]:
        """Return the unparsed parameters."""
        raise NotImplementedError("the subclass says whom to ask")

    def made(self, raw: dict[str, str] | None = None) -> TieBreaker:
        """Return the tie-breaker as core makes it."""
        assert issubclass(self.plugin, TieBreaker)
        return self.plugin(checked(self.plugin, self.given() if raw is None else raw))

    def tie(self, members: tuple[str, ...], epoch: int, **more: object) -> Tie:
        """Return the question of a half in the view of that epoch."""
        return Tie(self.cluster, (epoch, 0), members, **more)  # type: ignore[arg-type]

    def asked(self, members: tuple[str, ...], epoch: int, **more: object) -> Ruling:
        """Return what a tie-breaker that was just made says to that half."""
        return self.made().ask(self.tie(members, epoch, **more), time.monotonic() + PATIENCE_S)

    def _must_grant(self) -> None:
        assert issubclass(self.plugin, TieBreaker)
        if not self.plugin.grants:
            pytest.skip("it never grants (grants = False)")

    def test_one_half_at_most_is_granted(self) -> None:
        self._must_grant()
        assert self.asked(HERE, 7).verdict is Verdict.GRANT
        assert self.asked(THERE, 7).verdict is Verdict.DENY
        assert self.asked(THERE, 9).verdict is Verdict.DENY, "a later view of the other half is no reason"

    def test_who_has_it_is_granted_again_with_a_greater_token(self) -> None:
        self._must_grant()
        rulings = [self.asked(HERE, epoch) for epoch in (7, 7, 8)]
        assert [ruling.verdict for ruling in rulings] == [Verdict.GRANT] * 3
        tokens = [ruling.token for ruling in rulings]
        assert tokens == sorted(set(tokens)), "an old grant could not be told from a new one"
        assert tokens[0] > 0

    def test_an_earlier_view_is_denied(self) -> None:
        self._must_grant()
        assert self.asked(HERE, 8).verdict is Verdict.GRANT
        assert self.asked(HERE, 7).verdict is Verdict.DENY, "whoever asks so has been overtaken"

    def test_the_other_half_is_granted_once_all_have_met(self) -> None:
        self._must_grant()
        assert self.asked(HERE, 7).verdict is Verdict.GRANT
        met = {"rank": (9, 0), "company": (*HERE, *THERE)}
        assert self.asked(THERE, 11, **met).verdict is Verdict.GRANT
        assert self.asked(HERE, 12, **met).verdict is Verdict.DENY

    def test_halves_with_a_node_in_common_are_told_from_those_without(self) -> None:
        self._must_grant()
        assert self.asked(HERE, 7).verdict is Verdict.GRANT
        assert self.asked(("node1", "node3"), 9).verdict is Verdict.GRANT
        assert self.asked(("node2", "node4"), 11).verdict is Verdict.DENY
        assert self.asked(THERE, 12).verdict is Verdict.DENY, "node2 may still be where it was granted first"

    def test_one_that_never_grants_does_not(self) -> None:
        assert issubclass(self.plugin, TieBreaker)
        if self.plugin.grants:
            pytest.skip("it grants")
        assert self.asked(HERE, 7).verdict in (Verdict.NO_OBJECTION, Verdict.DENY)

    def test_who_cannot_be_asked_grants_nothing_in_time(self) -> None:
        if self.unreachable is None:
            pytest.skip("the subclass gives no parameters with which nobody can be asked")
        deadline_s = time.monotonic() + 1
        with nothing_left_open():
            ruling = self.made(self.unreachable).ask(self.tie(HERE, 7), deadline_s)
        assert ruling.verdict in (Verdict.UNREACHABLE, Verdict.DENY)
        assert time.monotonic() < deadline_s + 1

    def test_a_deadline_that_has_passed_grants_nothing(self) -> None:
        ruling = self.made().ask(self.tie(HERE, 7), time.monotonic() - 1)
        assert ruling.verdict not in (Verdict.GRANT, Verdict.NO_OBJECTION)
