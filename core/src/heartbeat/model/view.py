"""Membership views: who is in, agreed by all who are in."""

import enum

import msgspec

from heartbeat.model.names import Nid


class ViewId(msgspec.Struct, frozen=True, order=True, array_like=True):
    """A view's identity and a proposal's ballot are one type, compared by epoch, then coordinator."""

    epoch: int = 0
    coordinator: Nid = Nid(-1)

    def __str__(self) -> str:
        return f"{self.epoch}.{self.coordinator}"


class Member(msgspec.Struct, frozen=True, order=True, array_like=True):
    """A node in one life: its incarnation grows by one at each start of its daemon."""

    nid: Nid
    incarnation: int


class Standing(enum.Enum):
    """What a view may do; the quorum engine's answer."""

    PRIMARY = "primary"
    """May start, move and fence."""
    PENDING = "pending"
    """Two nodes, the peer silent and unproved: keeps what it holds, may fence, starts nothing that needs proof."""
    WAITING = "waiting"
    """Half of the votes, and a tie-breaker was asked: keeps what it holds, neither fences nor takes."""
    NO_QUORUM = "no-quorum"
    """A minority: neither fences nor takes, and stops what it holds."""

    @property
    def may_act(self) -> bool:
        """May it fence, and start at least what needs no proof?"""
        return self in (Standing.PRIMARY, Standing.PENDING)


class View(msgspec.Struct, frozen=True, array_like=True):
    """One installed view."""

    id: ViewId
    members: tuple[Member, ...]
    """Sorted by nid."""

    def has(self, nid: Nid) -> bool:
        return any(member.nid == nid for member in self.members)

    @property
    def nids(self) -> tuple[Nid, ...]:
        return tuple(member.nid for member in self.members)
