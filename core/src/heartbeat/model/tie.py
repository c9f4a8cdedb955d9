"""A tie: half of a cluster's votes, and what it tells a tie-breaker outside of it."""

import enum

import msgspec

from heartbeat.model.names import NodeName
from heartbeat.model.view import ViewId


class Answer(enum.Enum):
    """What a tie-breaker says, as ``heartbeat.plugin.quorum.Verdict``."""

    GRANT = "grant"
    DENY = "deny"
    NO_OBJECTION = "no-objection"
    UNREACHABLE = "unreachable"


class Tie(msgspec.Struct, frozen=True):
    """Nodes without a vote are left out everywhere."""

    cluster: str
    view: ViewId
    members: tuple[NodeName, ...]
    """Sorted. All of them have left every earlier view."""
    rank: ViewId
    """The newest view with quorum that a member was in, as far as they remember; epoch 0: none."""
    company: tuple[NodeName, ...]
    """The members of that one; empty when it is not remembered."""
    off: tuple[NodeName, ...]
    """Nodes that are proved off, or left in order, and have not been heard since."""
    asker: str = ""
    """The node that puts the question; empty from a daemon of an earlier version."""
