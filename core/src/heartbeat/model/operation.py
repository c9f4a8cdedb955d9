"""Operations: what the executor does to a resource or a device, and how it ended."""

import enum

import msgspec

from heartbeat.model.inspection import Inspection
from heartbeat.model.proof import Proof
from heartbeat.model.tie import Answer


class Action(enum.Enum):
    """What is asked of an agent, of a device or of a tie-breaker."""

    PROBE = "probe"
    """Monitor, once, before anything else is done: is it running here?"""
    MONITOR = "monitor"
    START = "start"
    STOP = "stop"
    PROMOTE = "promote"
    DEMOTE = "demote"
    VALIDATE = "validate"
    """Check the parameters against this host and change nothing; asked by hand."""
    ANNOUNCE = "announce"
    """Tell the network again where the resource is."""
    HOSTS = "hosts"
    """Which nodes can this device switch?"""
    FENCE = "fence"
    """Off, then read back until off or until the deadline."""
    ON = "on"
    POWER = "power"
    ASK = "ask"
    """Of a tie-breaker: may this half go on?"""
    STATUS = "status"
    """Is the device itself reachable, and does it let us in? Asked by hand; the cluster asks for HOSTS."""
    LOOK = "look"
    """Look at everything that a device shows of the nodes, and switch nothing."""
    CHECK = "check"
    """The same, and see whether it would take an order, which may write something that it has already."""


class Outcome(enum.Enum):
    """How an operation ended. A time-out is UNKNOWN, never a failure and never a success."""

    DONE = "done"
    RUNNING = "running"
    """Answer of a probe or monitor."""
    STOPPED = "stopped"
    """Answer of a probe or monitor."""
    FAILED = "failed"
    REFUSED = "refused"
    """Not tried: bad parameters, program not installed."""
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"
    """Not wanted any more, or not allowed here now: called back, too late, without a hold."""


class Result(msgspec.Struct, frozen=True):
    """What an operation brought back."""

    outcome: Outcome
    detail: str = ""
    """One line for a person: what happened, never a secret."""
    proof: Proof = Proof.NONE
    """Of a FENCE that is DONE."""
    hosts: tuple[str, ...] = ()
    """Of HOSTS."""
    output: str = ""
    """Bounded tail of what the agent printed, for the journal."""
    took_s: float = 0.0
    answer: Answer = Answer.UNREACHABLE
    """Of ASK."""
    inspection: Inspection | None = None
    """Of CHECK."""
