"""The conformance tests of a tie-breaker: the right to go on is given to one part at most."""

import time
from typing import ClassVar

import pytest

from heartbeat.plugin import Plugin, TieBreaker, Verdict
from heartbeat.testing.contract import DeclarationConformance, checked
from heartbeat.testing.leaks import nothing_left_open


class QuorumConformance(DeclarationConformance):
    """Subclass it, give ``plugin`` and ``given``: two calls of it must reach the same, fresh tie-breaker in a test.

    ``unreachable`` are unparsed parameters with which nobody can be asked.
    """

    plugin: ClassVar[type[Plugin]]
    unreachable: ClassVar[dict[str, str] | None] = None

    def given(self) -> dict[str, str]:
        """Return the unparsed parameters."""
        raise NotImplementedError("the subclass says whom to ask")

    def made(self, raw: dict[str, str] | None = None) -> TieBreaker:
        """Return the tie-breaker as core makes it."""
        assert issubclass(self.plugin, TieBreaker)
        return self.plugin(checked(self.plugin, self.given() if raw is None else raw))

    def test_one_part_at_most_is_granted(self) -> None:
        one, other = self.made(), self.made()
        first = one.ask("7.0", ["node1"], time.monotonic() + 5)
        second = other.ask("7.1", ["node2"], time.monotonic() + 5)
        assert first.verdict is Verdict.GRANT
        assert second.verdict is Verdict.DENY

    def test_who_has_it_is_granted_again_with_a_greater_token(self) -> None:
        asked = self.made()
        tokens = []
        for view in ("7.0", "7.0", "8.0"):
            ruling = asked.ask(view, ["node1"], time.monotonic() + 5)
            if ruling.verdict is Verdict.GRANT:
                tokens.append(ruling.token)
        assert tokens
        assert tokens == sorted(set(tokens)), "an old grant could not be told from a new one"
        assert tokens[0] > 0

    def test_who_cannot_be_asked_grants_nothing_in_time(self) -> None:
        if self.unreachable is None:
            pytest.skip("the subclass gives no parameters with which nobody can be asked")
        deadline_s = time.monotonic() + 1
        with nothing_left_open():
            ruling = self.made(self.unreachable).ask("7.0", ["node1"], deadline_s)
        assert ruling.verdict is Verdict.UNREACHABLE
        assert time.monotonic() < deadline_s + 1

    def test_a_deadline_that_has_passed_grants_nothing(self) -> None:
        assert self.made().ask("7.0", ["node1"], time.monotonic() - 1).verdict is not Verdict.GRANT
