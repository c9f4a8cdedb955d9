"""The contract of a tie-breaker: somebody outside the cluster who grants the right to go on to one part at most."""

import abc
import enum
from collections.abc import Sequence
from dataclasses import dataclass

from heartbeat.plugin.kind import Plugin
from heartbeat.plugin.param import Params


class Verdict(enum.Enum):
    """What the tie-breaker said."""

    GRANT = "grant"
    DENY = "deny"
    """Another part of the cluster has the right."""
    UNREACHABLE = "unreachable"
    """No answer before the deadline; counts as no right."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """An answer; ``token`` comes with a GRANT only and grows with every one, so that an old grant is recognised."""

    verdict: Verdict
    token: int = 0


class TieBreaker(Plugin, abc.ABC):
    """Grants at most one part of a divided cluster the right to act. Plain blocking code, killed at its deadline."""

    def __init__(self, params: Params) -> None:
        self.settings = params

    @abc.abstractmethod
    def ask(self, view: str, members: Sequence[str], deadline_s: float) -> Ruling:
        """Ask for the right to act as ``view`` (its identity, for example ``7.0``) with these members.

        ``deadline_s`` is monotonic. What goes wrong on the way is UNREACHABLE, never an exception and never GRANT.
        """
