"""What can happen to the kernel: a closed set. The shell turns sockets, timers and processes into these."""

import msgspec

from heartbeat.model.operation import Result
from heartbeat.wire.api import Request, ToCluster
from heartbeat.wire.frame import Header
from heartbeat.wire.messages import Packet


class FrameReceived(msgspec.Struct, frozen=True, tag=True):
    """An authenticated frame of this cluster arrived. Anything else never gets this far."""

    link: int
    """Index of the link, in the order of the configuration."""
    header: Header
    packet: Packet


class Wake(msgspec.Struct, frozen=True, tag=True):
    """The armed time has come (or something else woke us; harmless)."""

    more_waits: bool = False
    """Not everything that arrived has been read: nobody's silence can be judged, but my beat may be due."""


class Suspended(msgspec.Struct, frozen=True, tag=True):
    """The whole machine was suspended: its monotonic clock, from which all other times come, stood still."""

    seconds: float


class OperationFinished(msgspec.Struct, frozen=True, tag=True):
    """An operation that the kernel asked for has ended."""

    id: int
    result: Result


class ExecutorChanged(msgspec.Struct, frozen=True, tag=True):
    """The executor is connected and warm, or gone. Gone: every operation under way is of unknown outcome."""

    ready: bool
    detail: str = ""
    """When gone: why. When ready: why it does not know any more which orders it has seen; empty when it does."""
    tokens: dict[str, int] = {}
    """When ready: by group, the highest token that this machine has seen; of a former daemon's life, too."""


class ExecutorHung(msgspec.Struct, frozen=True, tag=True):
    """The executor has not answered for too long. It is being killed, and started anew."""

    silent_s: float


class ExecutorSilent(msgspec.Struct, frozen=True, tag=True):
    """The executor, asked every second, does not answer in time any more; or it does again."""

    silent_s: float
    """Since its last answer; 0: it answers."""


class HoldKnown(msgspec.Struct, frozen=True, tag=True):
    """What silences one of this node's resources by itself when the node's processes stop."""

    resource: str
    how: str
    """Empty: nothing but the guard."""


class WatchdogKnown(msgspec.Struct, frozen=True, tag=True):
    """The watchdog was opened for the first feeding, or something is wrong with it."""

    identity: str
    """As its driver calls itself."""
    timeout_s: float
    """As the device tells it, which may be another one than it was asked for."""
    weakness: str = ""
    """Why it proves nothing to other nodes; empty when it does."""
    problem: str = ""
    """Why it does not run; empty when it does."""


class DevicesKnown(msgspec.Struct, frozen=True, tag=True):
    """One of this node's STONITH devices told which hosts it can switch, or failed to."""

    device: str
    hosts: tuple[str, ...]
    worst_off_s: float
    problem: str = ""
    serialises: bool = False
    gives_power: bool = True
    """It may be asked to switch a node on."""
    level: int = 0
    """Devices of one level feed the same nodes together; levels are tried in order. 0: one of its own, by name."""
    supplies: int = 1
    """How many devices its level has."""


class ClientAsked(msgspec.Struct, frozen=True, tag=True):
    """A local client that may do so asks for something that changes the cluster."""

    ticket: int
    """Comes back in Answer effects."""
    who: str
    """``root``, ``uid 1000``: for the journal."""
    request: Request


class ClientGone(msgspec.Struct, frozen=True, tag=True):
    """The client of this ticket hung up; what it asked for goes on."""

    ticket: int


class ProgramAsked(msgspec.Struct, frozen=True, tag=True):
    """A program of this node enters a group, leaves one or says something."""

    program: int
    """Its number in this life of the daemon."""
    request: ToCluster


class ProgramGone(msgspec.Struct, frozen=True, tag=True):
    """A program hung up."""

    program: int


class ProgramsSlow(msgspec.Struct, frozen=True, tag=True):
    """Some program of this node leaves much unread, or none does any more."""

    are_slow: bool


class Persisted(msgspec.Struct, frozen=True, tag=True):
    """A value handed over with Persist is on disk, or could not be written."""

    key: str
    error: str = ""


class LinkOpened(msgspec.Struct, frozen=True, tag=True):
    """A medium could be opened, or not (yet)."""

    link: int
    problem: str = ""


class Asked(msgspec.Struct, frozen=True, tag=True):
    """A signal asks this node to leave (SIGTERM to the parent)."""

    why: str


Event = (
    FrameReceived
    | Wake
    | Suspended
    | OperationFinished
    | ExecutorChanged
    | ExecutorHung
    | ExecutorSilent
    | HoldKnown
    | WatchdogKnown
    | DevicesKnown
    | ClientAsked
    | ClientGone
    | ProgramAsked
    | ProgramGone
    | ProgramsSlow
    | Persisted
    | LinkOpened
    | Asked
)
