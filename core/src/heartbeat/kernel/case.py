"""A case: one life of one node that should be off, and how far that has come."""

import enum

from heartbeat.kernel.level import Level
from heartbeat.model.names import Nid
from heartbeat.model.operation import Result
from heartbeat.model.view import Member

RETRY_FIRST_S = 1.0
RETRY_LAST_S = 60.0
"""The wait between two attempts doubles from the one to the other."""


class Stage(enum.Enum):
    WAITING = "waiting"
    """Not begun: delayed, or between two attempts. A beat of the target cancels it."""
    UNDER_WAY = "under way"
    """The off command may have left."""
    PROVED = "proved"
    GIVEN_UP = "given up"
    """Too many within the limit's window, or no device reaches it: a person must look."""


class Case:
    """One life of one node that should be off."""

    def __init__(self, target: Member, cause: int, number: int) -> None:
        self.target = target
        self.cause = cause
        self.number = number
        self.stage = Stage.WAITING
        self.not_before_s = 0.0
        self.retry_s = RETRY_FIRST_S
        self.by: Nid = Nid(-1)
        self.why = ""
        self.problem = ""
        self.ladder: list[tuple[str, ...]] = []
        """Levels still to be tried in this attempt."""
        self.level = Level()
        """Being tried, or the one that proved it."""
        self.weak: Result | None = None
        """Of a device whose word is no proof for shared data; taken when no other knows better."""
        self.operation = 0
        self.is_unknown = False
        """The executor was lost in the middle of it: the power is to be read before anything is tried again."""
        self.is_reading = False
        self.for_cause = False
        self.is_outside = False
        """The cause is that it holds something though it is in no view: a case for as long as that lasts."""
