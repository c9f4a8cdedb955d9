"""What may happen to a tie-breaker on the way: nobody there, too late, killed, started anew, two halves at once."""

import contextlib
import sys
import threading
import time
from typing import ClassVar

import pytest

from heartbeat.plugin import Ruling, Verdict
from heartbeat.testing.killed import killed_on_the_way
from heartbeat.testing.leaks import nothing_left_open
from heartbeat.testing.quorum_contract import ALL, HERE, PATIENCE_S, THERE, QuorumContract

ROUNDS = 12
"""Of two halves that ask at once: so many races are enough to see a rule that reads, thinks and writes."""
SWITCH_S = 1e-5
IN_TIME_S = 1.0
"""What an answer may be late: a machine that tests are run on has other work, too."""


class QuorumFaults(QuorumContract):
    """The part that plays with time. A subclass says what it can do to its tie-breaker."""

    unreachable: ClassVar[dict[str, str] | None] = None
    """Unparsed parameters with which nobody can be asked."""

    def restart(self) -> None:
        """Stop whoever decides and start him again, with what he has stored and nothing else."""
        pytest.skip("the subclass cannot restart who decides")

    def stalled(self) -> contextlib.AbstractContextManager[object]:
        """Return a context in which whoever decides is there and does not answer, as a frozen disk or server."""
        pytest.skip("the subclass cannot have who decides stand still")

    def one_of_two(self, epoch: int, **met: object) -> tuple[str, ...]:
        """Ask for both halves and return which one may go on; fails unless it is exactly one."""
        rulings = {half: self.asked(half, epoch, **met) for half in (HERE, THERE)}
        having = [half for half, ruling in rulings.items() if ruling.verdict is Verdict.GRANT]
        assert len(having) == 1, f"{len(having)} of two halves may go on: {rulings}"
        return having[0]

    def test_who_cannot_be_asked_grants_nothing_in_time(self) -> None:
        if self.unreachable is None:
            pytest.skip("the subclass gives no parameters with which nobody can be asked")
        deadline_s = time.monotonic() + 1
        with nothing_left_open():
            ruling = self.made(self.unreachable).ask(self.tie(HERE, 7), deadline_s)
        assert ruling.verdict in (Verdict.UNREACHABLE, Verdict.DENY)
        assert ruling.why.strip(), "nobody is told what to mend"
        assert time.monotonic() < deadline_s + IN_TIME_S

    def test_a_deadline_that_has_passed_grants_nothing(self) -> None:
        ruling = self.made().ask(self.tie(HERE, 7), time.monotonic() - 1)
        assert ruling.verdict not in (Verdict.GRANT, Verdict.NO_OBJECTION)

    def test_who_does_not_answer_grants_nothing_in_time_and_never_both(self) -> None:
        with self.stalled():
            deadline_s = time.monotonic() + 0.5
            ruling = self.made().ask(self.tie(HERE, 7), deadline_s)
            assert ruling.verdict in (Verdict.UNREACHABLE, Verdict.DENY)
            assert time.monotonic() < deadline_s + IN_TIME_S
        if self.plugin.grants:  # type: ignore[attr-defined]  # must_grant has looked
            self.one_of_two(9)  # whatever the first question has left behind

    def test_a_restart_forgets_nothing(self) -> None:
        self.must_grant()
        self.granted(HERE, 7)
        self.restart()
        self.denied(THERE, 9, "the other half was granted the right before the restart")
        self.granted(HERE, 9)

    def test_of_two_halves_that_ask_at_once_one_goes_on(self) -> None:
        self.must_grant()
        for epoch in range(10, 10 + 10 * ROUNDS, 10):
            met = {"rank": (epoch - 5, 0), "company": ALL}
            verdicts = [ruling.verdict for ruling in self._both_at_once(epoch, **met)]
            assert verdicts.count(Verdict.GRANT) < 2, "both halves go on"
            before = [half for half, verdict in zip((HERE, THERE), verdicts, strict=True) if verdict is Verdict.GRANT]
            assert self.one_of_two(epoch + 2) in (before or (HERE, THERE)), "the right has gone to the other half"

    def test_one_that_is_killed_on_the_way_leaves_at_most_one_grant_and_nobody_locked_out(self) -> None:
        self.must_grant()
        epochs = [10]
        for _ in killed_on_the_way(lambda: self.asked(HERE, epochs[-1], rank=(epochs[-1] - 5, 0), company=ALL)):
            self.one_of_two(epochs[-1] + 2)
            epochs.append(epochs[-1] + 10)

    def _both_at_once(self, epoch: int, **met: object) -> list[Ruling]:
        together = threading.Barrier(2)
        rulings: dict[tuple[str, ...], Ruling] = {}

        def ask(half: tuple[str, ...]) -> None:
            asking, tie = self.made(), self.tie(half, epoch, **met)
            together.wait(PATIENCE_S)
            rulings[half] = asking.ask(tie, time.monotonic() + PATIENCE_S)

        threads = [threading.Thread(target=ask, args=(half,)) for half in (HERE, THERE)]
        usual_s = sys.getswitchinterval()
        sys.setswitchinterval(SWITCH_S)  # of one interpreter: otherwise one thread is through before the other begins
        try:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(2 * PATIENCE_S)
        finally:
            sys.setswitchinterval(usual_s)
        return [rulings[half] for half in (HERE, THERE)]
