"""The local API over ``api.sock``: what the command line (and any client) may ask, msgpack framed by ``wire.local``.

A connection carries any number of requests, answered in order; ``Watch`` turns it into a stream of Status answers,
one at each change. Progress answers may precede the final one of a long request (standby, takeover, stop).
"""

from typing import Annotated

import msgspec

from heartbeat.model.delivery import Delivery
from heartbeat.model.inspection import FenceFinding, Seen
from heartbeat.model.status import ClusterStatus

PROTOCOL = 1


class GetStatus(msgspec.Struct, frozen=True, tag="status"):
    """Anybody who may connect may ask this."""


class Watch(msgspec.Struct, frozen=True, tag="watch"):
    """Status now and after each change."""


class Standby(msgspec.Struct, frozen=True, tag="standby"):
    """Give groups away: ``all``, ``local`` (those whose home is this node) or ``foreign``."""

    which: str = "all"
    timeout_s: float = 120.0


class Takeover(msgspec.Struct, frozen=True, tag="takeover"):
    """Take groups over: ``all``, ``local`` or ``foreign``, as seen from this node."""

    which: str = "all"
    timeout_s: float = 120.0


class Stop(msgspec.Struct, frozen=True, tag="stop"):
    """Leave the cluster in order and end the daemon."""

    timeout_s: float = 300.0


class ConfirmRequests(msgspec.Struct, frozen=True, tag="confirm-requests"):
    """Which nodes wait for a person to confirm that they are off?"""


class Confirm(msgspec.Struct, frozen=True, tag="confirm"):
    """A person says that this node is off. Wants the open request's id."""

    node: str
    request: int


class CheckDevices(msgspec.Struct, frozen=True, tag="check-devices"):
    """Have every member look at all its STONITH devices, one after the other. Answered by Checked."""


class Rehearse(msgspec.Struct, frozen=True, tag="rehearse"):
    """Switch a node off for a trial, with nothing on it, and on again. Answered by Done; Progress before it."""

    node: str
    window_s: float
    """From now on it may be done for so long."""
    date: str
    """When it is asked for, by the operator's clock: ``2026-03-01 02:10 +0100``."""
    operator: str = ""
    device: str = ""
    """Empty: the one that would be tried first."""
    off_for_s: Annotated[float, msgspec.Meta(ge=0, le=600)] = 10.0


GroupLabel = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
"""Name of a group of programs."""


class Join(msgspec.Struct, frozen=True, tag="join"):
    """A program enters a group, and from there on gets what is said in it. Answered by Welcome, then Company."""

    group: GroupLabel


class Leave(msgspec.Struct, frozen=True, tag="leave"):
    """A program leaves a group; hanging up leaves all."""

    group: GroupLabel


class Say(msgspec.Struct, frozen=True, tag="say"):
    """A program says something to a group. Answered by Taken once it is on its way."""

    group: GroupLabel
    delivery: Delivery
    body: bytes
    others: Annotated[int, msgspec.Meta(ge=0, le=255)] = 0
    """SAFE: nodes that must hold it besides the one that orders it; no more than there are."""


ToCluster = Join | Leave | Say

Request = (
    GetStatus
    | Watch
    | Standby
    | Takeover
    | Stop
    | ConfirmRequests
    | Confirm
    | CheckDevices
    | Rehearse
    | Join
    | Leave
    | Say
)


class Status(msgspec.Struct, frozen=True, tag="is"):
    status: ClusterStatus


class Progress(msgspec.Struct, frozen=True, tag="progress"):
    text: str


class Moved(msgspec.Struct, frozen=True, array_like=True):
    """One group's planned move."""

    group: str
    source: str
    target: str
    """Empty when it was only stopped."""
    away_s: float | None
    """From the first resource stopped to the last started; None when unknown."""


class Done(msgspec.Struct, frozen=True, tag="done"):
    """The request's end: did it do what was asked?"""

    good: bool
    text: str
    moved: tuple[Moved, ...] = ()


class OpenConfirmation(msgspec.Struct, frozen=True, array_like=True):
    """A node that a person is asked to confirm as off."""

    request: int
    node: str
    incarnation: int
    silent_s: float
    starts: tuple[str, ...]
    """Groups that will start on confirmation."""


class Confirmations(msgspec.Struct, frozen=True, tag="confirmations"):
    open: tuple[OpenConfirmation, ...]


class Checked(msgspec.Struct, frozen=True, tag="checked"):
    """What the devices showed all members, and what that means."""

    seen: tuple[Seen, ...]
    findings: tuple[FenceFinding, ...]


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """Not permitted, or not understood."""

    text: str


class Welcome(msgspec.Struct, frozen=True, tag="welcome"):
    """Who a program is to the others, and how long the body of one Say may be."""

    node: str
    program: int
    body_bytes: int


class Taken(msgspec.Struct, frozen=True, tag="taken"):
    """So many Says are on their way."""

    count: int


class Heard(msgspec.Struct, frozen=True, tag="heard"):
    """Something was said in a group that this program is in; by whom."""

    group: str
    node: str
    program: int
    delivery: Delivery
    place: int
    """In the one order of all ordered messages; 0 for those without order."""
    body: bytes


class Company(msgspec.Struct, frozen=True, tag="company"):
    """Who is in a group from here on, in the order of its messages."""

    group: str
    view: str
    members: tuple[tuple[str, int], ...]
    """(node, program), sorted."""
    is_primary: bool
    """False: this part of the cluster orders nothing until it is one with the rest again."""
    has_gap: bool = False
    """This program may have missed ordered messages before this."""


ToProgram = Welcome | Taken | Heard | Company | Refused

Answer = Status | Progress | Done | Confirmations | Checked | Refused | Welcome | Taken | Heard | Company
