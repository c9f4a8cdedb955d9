"""A rehearsal: one node switched off for real, in a window, with nothing on it; and what everybody keeps of it."""

import enum

import msgspec


class RehearsalStage(enum.Enum):
    """How far it is. All members are told each of these."""

    DRAIN = "drain"
    """The node's groups move away, and it is given none."""
    OFF = "off"
    """The order to switch it off leaves now."""
    ON = "on"
    """It was seen off, and is switched on again."""
    OVER = "over"


class Rehearsed(msgspec.Struct, frozen=True):
    """The proof of one, in the journal of every node."""

    node: str
    date: str
    """When it was asked for, as its operator's clock had it: ``2026-03-01 02:10 +0100``."""
    operator: str
    by: str
    """Node that switched it off."""
    device: str
    good: bool
    level: str
    """What proved that it was off: ``read back, and silent``; empty when nothing did."""
    code: str = ""
    """Of what went wrong: ``HB-F041``."""
    text: str = ""
    off_s: float = 0.0
    """From the order to the reading *off*."""
    back_s: float = 0.0
    """From the order to switch on until it was a member again."""
