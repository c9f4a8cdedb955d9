"""An inspection: what a STONITH device showed when it was looked at and nobody's power was touched."""

import enum
from collections.abc import Callable

import msgspec

from heartbeat.model.fence_codes import Severity

DETAIL_MAX = 160
"""Characters of a detail: an inspection goes to all nodes, in one frame."""


class Trouble(enum.Enum):
    """Why a question to a device had no answer that helps."""

    UNREACHABLE = "unreachable"
    DENIED = "denied"
    """It refused our credentials."""
    SILENT = "silent"
    """No answer within the device's own time-out, or none before the inspection's end."""
    PARAMETERS = "parameters"
    """They cannot work here or anywhere."""
    HOST = "host"
    """It does not switch that host."""
    MISSING = "missing"
    """A program or kernel feature on the asking node."""
    OTHER = "other"


class Look(msgspec.Struct, frozen=True, array_like=True):
    """What it showed of one node."""

    host: str
    power: str = ""
    """``on``, ``off``, ``unknown``; empty when the question had no answer."""
    took_s: float = 0.0
    """For one session that reads the power."""
    trouble: Trouble | None = None
    detail: str = ""
    names: tuple[str, ...] = ()
    """What the device calls the node's outlets."""
    outlets: tuple[str, ...] = ()
    """Their numbers."""
    machine: str = ""
    """UUID of the machine that the device sits in."""
    refusal: str = ""
    """Why it would take no order from us; empty: nothing shows that."""


class Inspection(msgspec.Struct, frozen=True, array_like=True):
    """All that one node saw of one device."""

    looks: tuple[Look, ...] = ()
    """Of the nodes that it is meant for."""
    trouble: Trouble | None = None
    """Of the first question, which hosts it switches; then there are no looks."""
    detail: str = ""
    place: str = ""
    """Where the device is, by its parameters: ``10.0.0.7 161``, ``/dev/ttyS1``; empty when they do not say."""
    machine: str = ""
    """UUID of the asking machine; empty when its firmware or our rights do not tell."""
    worst_off_s: float = 0.0
    """What the device declares."""
    can_read_power: bool = True
    dies_with_host: bool = False
    test_only: bool = False
    knows_refusals: bool = True
    """Whether it would take orders was looked at, too."""
    weakness: str = ""
    """Why somebody else's word may pass for the device's."""

    def hidden(self, mask: Callable[[str], str]) -> "Inspection":
        """Return it with every free text masked: none of them may hold a secret."""
        looks = [
            msgspec.structs.replace(
                look,
                detail=mask(look.detail),
                refusal=mask(look.refusal),
                names=tuple(mask(name) for name in look.names),
            )
            for look in self.looks
        ]
        detail, weakness = mask(self.detail), mask(self.weakness)
        return msgspec.structs.replace(self, looks=tuple(looks), detail=detail, weakness=weakness)


class Seen(msgspec.Struct, frozen=True, array_like=True):
    """One node's inspection of one device."""

    node: str
    """Who looked."""
    device: str
    """``ipmilan #1``: the same line of ha.cf has the same name on every node."""
    inspection: Inspection


class FenceFinding(msgspec.Struct, frozen=True):
    """One thing that is wrong, doubtful or worth knowing; one sentence, its cause and its mend."""

    code: str
    severity: Severity
    device: str
    host: str
    """Node that it is about; empty: all that the device switches."""
    seen_from: tuple[str, ...]
    message: str
    mend: str


class Setting(msgspec.Struct, frozen=True):
    """What the judge knows besides: the nodes, who of them runs now for certain, and how long silence is death."""

    nodes: tuple[str, ...]
    running: tuple[str, ...]
    deadtime_s: float
