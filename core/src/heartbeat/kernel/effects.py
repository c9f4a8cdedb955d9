"""What the kernel wants done: a closed set, carried out by the shell in the order returned.

The ordering contract:

1. A ``Run`` that starts a resource is returned only after what makes it safe has been received: every other
   node's report that it is stopped there, or a proof, or (no shared data, no device) silence beyond deadtime.
2. Nothing here waits for a ``Persist``: epochs and incarnations are reserved ahead.
3. ``Record`` never gates anything; losing one loses an explanation, not safety.
"""

import msgspec

from heartbeat.model.operation import Action
from heartbeat.model.reason import Decision
from heartbeat.model.tie import Tie
from heartbeat.model.view import ViewId
from heartbeat.wire.api import Answer as ApiAnswer
from heartbeat.wire.api import ToProgram
from heartbeat.wire.frame import Header
from heartbeat.wire.messages import Packet


class Send(msgspec.Struct, frozen=True, tag=True):
    """Seal and send one frame on every open link, or on one."""

    header: Header
    packet: Packet
    link: int = -1
    """-1: every open one."""


class Run(msgspec.Struct, frozen=True, tag=True):
    """Have the executor do something. Ends in exactly one OperationFinished."""

    id: int
    action: Action
    subject: str
    """Resource name, or the device's name for FENCE, ON and POWER."""
    group: str = ""
    """The resource's group; empty for devices."""
    host: str = ""
    """Node that a device operation is about."""
    timeout_s: float = 60.0
    on_hold: bool = False
    """Prepare only; acts on Go."""
    token: int = 0
    """Of the order that it belongs to, for the executor to tell a late start from a new one; 0 for devices."""
    host_boot_id: str = ""
    """Of the life of ``host`` that FENCE and POWER mean; empty when that life was never heard here."""
    tie: Tie | None = None
    """Of ASK: who asks the tie-breaker that is the subject."""


class Go(msgspec.Struct, frozen=True, tag=True):
    """Let an operation on hold act."""

    id: int
    token: int = 0
    """Of the order to start; the one on hold was prepared by an earlier order."""


class Cancel(msgspec.Struct, frozen=True, tag=True):
    """Drop an operation that has not acted."""

    id: int


class Hold(msgspec.Struct, frozen=True, tag=True):
    """Let what runs here answer until then, and replace what was said before. After the beat that it rests on."""

    until_s: float
    """Monotonic. Not later than now: everything must fall silent at once."""
    muted: tuple[str, ...] = ()
    """Resources that must be silent all the same."""


class Feed(msgspec.Struct, frozen=True, tag=True):
    """Feed the watchdog, unless it is later than that; the first time, open it and set its time-out. After the beat."""

    until_s: float
    """Monotonic."""


class Disarm(msgspec.Struct, frozen=True, tag=True):
    """Stop the watchdog's timer: this node has left in order and holds nothing."""


class Persist(msgspec.Struct, frozen=True, tag=True):
    """Store a small value durably; answered by Persisted."""

    key: str
    value: bytes


class Record(msgspec.Struct, frozen=True, tag=True):
    """Write a decision to the journal."""

    decision: Decision


class Arm(msgspec.Struct, frozen=True, tag=True):
    """Wake me at this monotonic time; replaces the previous one."""

    at_s: float


class Answer(msgspec.Struct, frozen=True, tag=True):
    """Answer a client's request; the last one of a ticket is anything but Progress."""

    ticket: int
    answer: ApiAnswer


class Deliver(msgspec.Struct, frozen=True, tag=True):
    """Give something to programs of this node."""

    programs: tuple[int, ...]
    what: ToProgram
    view: ViewId
    """In which it is delivered."""
    line: ViewId = ViewId()
    """Of the history that the message's place counts in."""


class Changed(msgspec.Struct, frozen=True, tag=True):
    """The answer to ``hb status`` changed in more than ages: tell the watchers."""


class Halt(msgspec.Struct, frozen=True, tag=True):
    """End the daemon. ``clean``: this node left in order and holds nothing."""

    why: str
    clean: bool


Effect = Send | Run | Go | Cancel | Hold | Feed | Disarm | Persist | Record | Arm | Answer | Deliver | Changed | Halt
