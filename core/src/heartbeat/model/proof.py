"""How sure we are that a node no longer holds anything."""

import enum

import msgspec

from heartbeat.model.names import Nid


class Proof(enum.IntEnum):
    """Strength of the evidence that a node is off. Taking over shared data needs SELF_FENCED at least."""

    NONE = 0
    ASKED = 1
    """The device took the command and cannot say more."""
    SELF_FENCED = 2
    """Its watchdog has had the time to reset it: nobody read that, but a quorum has waited for it."""
    READ_BACK = 3
    """The device, asked again, reads off."""
    CONFIRMED = 4
    """Seen independently: a person, a second device, another boot id, or the node's own clean leave."""


class Proved(msgspec.Struct, frozen=True, array_like=True):
    """A proof about one life of one node. It says nothing about a later life."""

    nid: Nid
    incarnation: int
    """Lives up to and including this one are proved over. 0: never heard in this cluster's memory."""
    proof: Proof
    how: str
    """For a person: ``lab switched node1 off and read it back``, ``left cleanly``, ``confirmed by root``."""
