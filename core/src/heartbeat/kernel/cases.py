"""The open cases: whom this node knows to be wanted off, in every stage from the first wish to the proof."""

from collections.abc import Iterator, Mapping

from heartbeat.kernel.case import RETRY_LAST_S, Case, Stage
from heartbeat.kernel.desk import Desk
from heartbeat.kernel.ledger import Ledger
from heartbeat.kernel.tally import Tally
from heartbeat.model.names import Nid
from heartbeat.model.view import Member

LIMIT = 3
LIMIT_WINDOW_S = 600.0
"""More than LIMIT fencings of one node within this time: something is wrong that shooting does not mend."""


class Cases(Mapping[Nid, Case]):
    """All cases this node knows of, by target, whoever carries them out."""

    def __init__(self, desk: Desk, ledger: Ledger) -> None:
        self._desk, self._ledger = desk, ledger
        self._cases: dict[Nid, Case] = {}
        self._number = 0
        self.tally = Tally(desk, "fenced", LIMIT, LIMIT_WINDOW_S)
        """How often each node was proved off lately, by whomever."""

    def __getitem__(self, nid: Nid) -> Case:
        return self._cases[nid]

    def __iter__(self) -> Iterator[Nid]:
        return iter(self._cases)

    def __len__(self) -> int:
        return len(self._cases)

    # Questions.

    def is_shooting(self, nid: Nid) -> bool:
        """True while the off command may be on its way: the target is in no view, whatever it beats."""
        case = self._cases.get(nid)
        return case is not None and case.stage is Stage.UNDER_WAY

    def shooting(self) -> tuple[Member, ...]:
        """Return whom this node is switching off itself."""
        mine = (case for case in self._cases.values() if case.by == self._desk.me and case.stage is Stage.UNDER_WAY)
        return tuple(sorted(case.target for case in mine))

    # Coming and going.

    def open(self, target: Member, why: str, cause: int, *, for_cause: bool = False, delay_s: float = 0.0) -> Case:
        """Begin a case of this node's own, to be sent out no sooner than ``delay_s`` seconds from now."""
        self._number += 1
        number = self._desk.birth.incarnation * 1000 + self._number
        case = self.add(Case(target, cause, number))
        case.why, case.for_cause = why, for_cause
        case.not_before_s = self._desk.now_s + delay_s
        text = f"{self._desk.name(target.nid)} must be switched off: {why}"
        if delay_s:
            text += f"; waiting {delay_s:g} s first"
        case.cause = self._desk.decide(
            "fence.wanted", self._desk.node(target.nid), text, *([cause] if cause else []), why
        )
        return case

    def add(self, case: Case) -> Case:
        """Take up a case that another member began; one about another life of the node gives way."""
        self._cases[case.target.nid] = case
        return case

    def drop(self, nid: Nid) -> Case | None:
        """Forget the case of a node, and return it."""
        return self._cases.pop(nid, None)

    # Ends of an attempt.

    def failed(self, case: Case, problem: str) -> None:
        """An attempt brought no proof: the next one is made after a wait that doubles each time."""
        case.stage, case.problem = Stage.WAITING, problem
        case.not_before_s = self._desk.now_s + case.retry_s
        name = self._desk.name(case.target.nid)
        case.cause = self._desk.decide(
            "fence.failed",
            self._desk.node(case.target.nid),
            f"{name} could not be switched off: {problem}; next attempt in {case.retry_s:g} s",
            problem,
            case.cause,
            alarm=True,
        )
        case.retry_s = min(2 * case.retry_s, RETRY_LAST_S)
        self._ledger.dirty = True

    def give_up(self, case: Case, problem: str) -> None:
        """No attempt is made any more before a person has looked."""
        case.stage, case.problem = Stage.GIVEN_UP, problem
        self._desk.decide(
            "fence.given-up",
            self._desk.node(case.target.nid),
            f"{self._desk.name(case.target.nid)} is not fenced again: {problem}",
            problem,
            case.cause,
            alarm=True,
        )
