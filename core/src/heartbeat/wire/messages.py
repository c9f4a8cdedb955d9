"""What nodes say to each other: a closed set of messages, and the packet that carries one.

Sizes are small: a beat of a three-node cluster is about 200 bytes.
"""

import enum

import msgspec

from heartbeat.model.electorate import Roll
from heartbeat.model.inspection import Seen
from heartbeat.model.names import Nid
from heartbeat.model.proof import Proved
from heartbeat.model.rehearsal import RehearsalStage, Rehearsed
from heartbeat.model.view import Member, ViewId
from heartbeat.wire.talk import Again, Fill, Lack, Raw, Spoken, Talk, Want


class Heard(msgspec.Struct, frozen=True, array_like=True):
    """One entry of a beat's row: what the sender hears of one peer."""

    nid: Nid
    incarnation: int
    """0: nothing heard."""
    age_ms: int
    """Age of the newest frame, on any link."""
    contiguous: int
    """Highest stream number up to which nothing is missing."""
    echo_ms: int = 0
    """``sent_ms`` of its newest beat heard: shows the peer how old what we know of it is, by its own clock."""


class Local(enum.IntEnum):
    """How a group stands on one node; the owner's word. Everything but STOPPED counts as holding it."""

    UNKNOWN = 0
    """Not probed yet, or the executor was lost in the middle of an operation."""
    STOPPED = 1
    STARTING = 2
    RUNNING = 3
    STOPPING = 4
    BLOCKED = 5
    """A stop failed and nothing shows that it is gone: only a fence or a person frees it."""


class Holding(msgspec.Struct, frozen=True, array_like=True):
    """How one group stands on the reporting node."""

    group: int
    """Index in the cluster's groups; comparable because planning needs equal digests."""
    state: Local
    token: int
    """Of the newest order that this machine has seen, in whatever life of its daemon; 0 for none since it booted."""
    proved: bool
    """Obtained with every other holder proved away; False for an unproved takeover."""
    failures: int = 0
    """Failed starts here that still keep it from being tried again."""
    detail: str = ""
    """Why it failed or is blocked."""
    muted: bool = False
    """It must not answer now, although it may be there."""
    hold: str = ""
    """What silences it by itself when its node's processes stop: ``nftables``, ``lifetime``, ``guard only``."""


class Outsider(msgspec.Struct, frozen=True, array_like=True):
    """A node that the sender hears and its view does without: it is to stop what it holds. With its last word on it."""

    nid: Nid
    incarnation: int
    rests: ViewId
    """``Beat.rests`` of its newest beat."""
    holds: tuple[int, ...]
    """The groups that it does not call stopped."""


class Beat(msgspec.Struct, frozen=True, tag="beat", array_like=True):
    """The sign of life, sent every keepalive on every link, and at once when something in it changes."""

    name: str
    """The sender's node name, in clear for whoever does not know it."""
    boot_id: str
    nodes_digest: str
    """Of the node list alone: where it differs, nids mean different nodes and the beat counts for nothing."""
    digest: str
    """Of all that must be alike on all nodes (model.cluster.Cluster.digest); a difference blocks planning."""
    deadtime_s: float
    view: ViewId
    phase: str
    """``boot``, ``member``, ``leaving``"""
    row: tuple[Heard, ...]
    holdings: tuple[Holding, ...]
    stream_high: int
    """Highest stream number sent so far."""
    epoch: int
    """Highest epoch seen."""
    can_fence: tuple[Nid, ...]
    executor_ok: bool
    sent_ms: int = 0
    """Send time by the sender's monotonic clock, milliseconds; 0: not told."""
    plugins: str = ""
    """Fingerprint of the plugins that its configuration uses, for people to compare; nothing is decided by it."""
    unable: bool = False
    """Its executor stood still again and again: it can stop things, and wants nothing new."""
    sent: int = 0
    """How many things it has said to its view for programs (wire.talk): shows a lost tail."""
    outsiders: tuple[Outsider, ...] = ()
    """Whom a view with quorum excludes, though the sender hears them."""
    rests: ViewId = ViewId()
    """Not epoch 0: the sender takes no order of this view, or of any before it: what it calls stopped stays stopped."""
    executor_age_ms: int = 0
    """For how long the sender's executor, ready once, has not answered or is away; 0 while it answers in time."""
    persist_age_ms: int = 0
    """For how long something has waited for the sender's disk; 0 when nothing does."""
    watchdog_ms: int = 0
    """So long after the newest beat of the sender's that a quorum in its view showed to have, its watchdog has reset
    its machine, or this life of it is over and holds nothing. 0: nothing promises that."""


class Nak(msgspec.Struct, frozen=True, tag="nak", array_like=True):
    """Please send these stream numbers again."""

    first: int
    last: int


class State(msgspec.Struct, frozen=True, array_like=True):
    """What one node brings into a view: its own holdings, and what it knows of nodes that are not in it."""

    member: Member
    boot_id: str
    old: ViewId
    """The view it comes from; epoch 0 for a newcomer."""
    holdings: tuple[Holding, ...]
    proofs: tuple[Proved, ...]
    token: int
    """Highest token seen."""
    stream: int
    """Its highest stream number: whatever was numbered up to here is covered by this state."""
    sequence: int
    """Its frame number at the time, so that no older beat overrules it."""
    leaving: bool
    shooting: tuple[Member, ...] = ()
    """Whom it is switching off itself; the end of any other fence of its was told, or died with its former life."""
    spoken: Spoken = Spoken()
    roll: Roll = Roll()
    """Whose votes count, as far as it knows, where the voters follow the members."""
    lives: tuple[Member, ...] = ()
    """The newest life that it ever heard of each other node: a proof about an earlier one is worth nothing."""
    granted: ViewId = ViewId()
    """Not epoch 0: a tie-breaker granted its old view the right to go on, which is half of the votes."""
    recount: bool = False
    """The view that it comes from has stood still for the window: its members become the voters."""


class Propose(msgspec.Struct, frozen=True, tag="propose", array_like=True):
    ballot: ViewId
    members: tuple[Member, ...]
    why: str


class Refuse(msgspec.Struct, frozen=True, tag="refuse", array_like=True):
    """NACK: a higher ballot was promised."""

    ballot: ViewId
    promised: ViewId


class Reject(msgspec.Struct, frozen=True, tag="reject", array_like=True):
    """The proposal names members that the sender does not hear, or would part it from others for nothing better."""

    ballot: ViewId
    unheard: tuple[Nid, ...]
    parts_from: tuple[Nid, ...] = ()
    """Fellow members that the sender hears and the proposer does not."""


class Flush(msgspec.Struct, frozen=True, tag="flush", array_like=True):
    """The sender promised this ballot and stopped acting in its old view."""

    ballot: ViewId
    state: State


class Sync(msgspec.Struct, frozen=True, tag="sync", array_like=True):
    """Everything the members brought, for all of them to hold before the view is installed."""

    ballot: ViewId
    members: tuple[Member, ...]
    states: tuple[State, ...]


class Synced(msgspec.Struct, frozen=True, tag="synced", array_like=True):
    ballot: ViewId


class Install(msgspec.Struct, frozen=True, tag="install", array_like=True):
    """All members hold the same Sync: the view is in force."""

    ballot: ViewId


class Order(msgspec.Struct, frozen=True, tag="order", array_like=True):
    """Stream: the coordinator tells a node what to do with a group."""

    view: ViewId
    token: int
    group: int
    node: Nid
    action: str
    """``prepare``, ``start``, ``stop``, ``drop`` (give a preparation up)"""
    why: str
    proved: bool = True


class FenceOrder(msgspec.Struct, frozen=True, tag="fence-order", array_like=True):
    """Stream: the coordinator tells a node with a device to switch another off."""

    view: ViewId
    id: int
    target: Member
    by: Nid
    why: str
    for_cause: bool = False
    """Not for silence: whoever hears the target switches it off all the same."""


class FenceReport(msgspec.Struct, frozen=True, tag="fence-report", array_like=True):
    """Stream: how a fence ended, or that it has begun."""

    id: int
    target: Member
    state: str
    """``begun``, ``proved``, ``failed``, ``cancelled``"""
    proved: Proved | None
    detail: str


class MoveRequest(msgspec.Struct, frozen=True, tag="move", array_like=True):
    """Stream: a person asks, on some node, that groups leave it or come to it."""

    id: int
    verb: str
    """``standby``, ``takeover``"""
    which: str
    """``all``, ``local``, ``foreign``: from the requesting node's view"""
    who: str


class MoveReply(msgspec.Struct, frozen=True, tag="moved", array_like=True):
    """Stream: the coordinator's answer to a MoveRequest."""

    to: Nid
    id: int
    good: bool
    text: str
    groups: tuple[int, ...]
    """What is being moved."""


class FenceMe(msgspec.Struct, frozen=True, tag="fence-me", array_like=True):
    """Stream: I cannot stop this group; switch me off so that it can run elsewhere."""

    group: int
    detail: str


class Inspect(msgspec.Struct, frozen=True, tag="inspect", array_like=True):
    """Stream: look at all your devices, one after the other, and tell everybody what they show."""

    round: int
    thorough: bool = True
    """Whether they would take orders, too."""


class Inspected(msgspec.Struct, frozen=True, tag="inspected", array_like=True):
    """Stream: what one device showed the sender; without one, that there is no more to tell in this round."""

    round: int
    seen: Seen | None = None
    why: str = ""
    """Without one: why it stopped early; empty when all were looked at."""


class RehearsalStep(msgspec.Struct, frozen=True, tag="rehearsal", array_like=True):
    """Stream: a node that the sender is going to switch off for a trial, and how far that is."""

    round: int
    target: Member
    stage: RehearsalStage
    device: str
    patience_s: float
    """From OFF on: for how long nobody else is fenced, at most."""


class RehearsalKnown(msgspec.Struct, frozen=True, tag="rehearsed", array_like=True):
    """Stream: how a rehearsal ended, now or while the receiver was away."""

    record: Rehearsed


class Leave(msgspec.Struct, frozen=True, tag="leave", array_like=True):
    """I am going. What is listed is not proved stopped here and stays locked."""

    member: Member
    unproved: tuple[int, ...]


class LeaveSeen(msgspec.Struct, frozen=True, tag="leave-seen", array_like=True):
    member: Member


class StaleLife(msgspec.Struct, frozen=True, tag="stale", array_like=True):
    """Your incarnation was used before: this is the newest life heard of you. Start anew, above it."""

    member: Member
    session: bytes
    """Of the frame that was refused, so that no recording sends a good life away."""


Message = (
    Beat
    | Nak
    | Propose
    | Refuse
    | Reject
    | Flush
    | Sync
    | Synced
    | Install
    | Order
    | FenceOrder
    | FenceReport
    | MoveRequest
    | MoveReply
    | FenceMe
    | Inspect
    | Inspected
    | RehearsalStep
    | RehearsalKnown
    | Leave
    | LeaveSeen
    | StaleLife
    | Talk
    | Want
    | Again
    | Lack
    | Fill
    | Raw
)


class Packet(msgspec.Struct, frozen=True, array_like=True):
    """One frame's payload."""

    message: Message
    stream: int = 0
    """Number in the sender's FIFO stream; 0 for messages that stand alone."""
    to: Nid = Nid(-1)
    """Whom it is for; -1 for everybody."""


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Packet)


def encode_packet(packet: Packet) -> bytes:
    """Return the bytes to be sealed."""
    return _encoder.encode(packet)


def decode_packet(payload: bytes) -> Packet:
    """Return the packet; raises ValueError (msgspec's) on anything else, and never anything but that."""
    try:
        return _decoder.decode(payload)
    except RecursionError:  # from what a packet of a later version may carry behind the fields we know
        raise msgspec.DecodeError("nested too deeply") from None
