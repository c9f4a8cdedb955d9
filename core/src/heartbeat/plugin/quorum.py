"""The contract of a tie-breaker: somebody outside the cluster who grants the right to go on to one half at most."""

import abc
import enum
from dataclasses import dataclass
from typing import ClassVar

from heartbeat.plugin.kind import Plugin
from heartbeat.plugin.param import Params

ViewNumber = tuple[int, int]
"""(epoch, nid of who made the view); views are compared by it. Epoch 0: none."""


class Verdict(enum.Enum):
    """What the tie-breaker said."""

    GRANT = "grant"
    DENY = "deny"
    """Another half of the cluster has the right, or may have it; or this half had better not go on."""
    NO_OBJECTION = "no-objection"
    """Of one that never grants: this half can go on, if somebody else grants it."""
    UNREACHABLE = "unreachable"
    """No answer before the deadline; counts as no right."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """An answer; ``token`` comes with a GRANT only and grows with every one, so that an old grant is recognised."""

    verdict: Verdict
    token: int = 0
    why: str = ""
    """In words, for the journal."""


@dataclass(frozen=True, slots=True)
class Tie:
    """Who asks: half of a cluster's votes, in one view. The names of nodes without a vote are left out everywhere."""

    cluster: str
    view: ViewNumber
    members: tuple[str, ...]
    """Sorted. All of them have left every earlier view."""
    rank: ViewNumber = (0, -1)
    """The newest view with quorum that a member was in, as far as they remember."""
    company: tuple[str, ...] = ()
    """The members of that one; empty when it is not remembered."""
    off: tuple[str, ...] = ()
    """Nodes that are proved off, or left in order, and have not been heard since."""
    asker: str = ""
    """The node that puts the question: the coordinator of the view, which may be one without a vote. Empty by hand."""


class TieBreaker(Plugin, abc.ABC):
    """Grants at most one half of a divided cluster the right to act. Plain blocking code, killed at its deadline."""

    grants: ClassVar[bool] = True
    """False: it can only keep a half from going on; then NO_OBJECTION is the best it says."""

    def __init__(self, params: Params) -> None:
        self.settings = params

    @classmethod
    def check(cls, params: Params) -> None:
        """Raise BadConfig for parameters that cannot be, each well formed by itself. Asks and opens nothing."""

    @abc.abstractmethod
    def ask(self, tie: Tie, deadline_s: float) -> Ruling:
        """Ask for the right to go on as this half.

        ``deadline_s`` is monotonic. What goes wrong on the way is UNREACHABLE, never an exception and never GRANT.
        Whoever grants keeps a ``heartbeat.plugin.tie_record.TieRecord`` of each cluster, on disk before it answers.
        """
