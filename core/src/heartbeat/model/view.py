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
    NO_QUORUM = "no-quorum"
    """A minority: neither fences nor takes."""


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
