"""Decisions and the reasons they cannot exist without: what ``hb why`` walks over."""

import msgspec


class Cause(msgspec.Struct, frozen=True, array_like=True):
    """One thing a decision rests on: an earlier decision by its number, or a fact from outside in words."""

    decision: int = 0
    """Number of an earlier decision of this node's life; 0 when the cause is a fact."""
    fact: str = ""


class Reason(msgspec.Struct, frozen=True):
    """Why. At least one cause: a reason without causes is a programming error."""

    causes: tuple[Cause, ...]

    def __post_init__(self) -> None:
        if not self.causes:
            raise ValueError("a reason names at least one cause")


def because(*causes: "int | str") -> Reason:
    """Return a Reason from decision numbers and facts: ``because(17, "node1 silent for 1.002 s")``."""
    return Reason(tuple(Cause(decision=c) if isinstance(c, int) else Cause(fact=c) for c in causes))


class Decision(msgspec.Struct, frozen=True):
    """A change of state that an operator could ask about."""

    number: int
    """Counts up from 1 in one life of the daemon."""
    at_s: float
    """Monotonic seconds at which the kernel decided."""
    kind: str
    """Stable dotted word: ``node.silent``, ``view.installed``, ``fence.proved``, ``group.start`` ..."""
    subject: str
    """What it is about: ``node node1``, ``group 10.0.0.1``, ``link bcast/eth1``, ``cluster``."""
    text: str
    """One true sentence for a person."""
    reason: Reason
    alarm: bool = False
    """True when somebody should be woken."""
