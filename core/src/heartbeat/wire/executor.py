"""What daemon and executor say to each other over ``executor.sock``: msgpack, framed by ``wire.local``.

The executor knows nothing of cluster or configuration: each request says completely what to do. It answers each
operation exactly once, and keeps working when the daemon is gone; a daemon that connects anew is first sent
``Running`` for every operation still under way, then the results as they come.
"""

import msgspec

from heartbeat.model.operation import Action, Result
from heartbeat.model.tie import Tie

# Daemon to executor.


class Warm(msgspec.Struct, frozen=True, tag="warm"):
    """Import these plugins now, once, before any child is forked."""

    plugins: tuple[tuple[str, str], ...]
    """(kind, entry-point name): ``("ra", "IPaddr")``, ``("stonith", "lab")``."""
    tokens: dict[str, int] = {}
    """By group, the highest token that this daemon has ever sent; what an executor kept may be lost."""


class Run(msgspec.Struct, frozen=True, tag="run"):
    """Fork a child for one operation."""

    id: int
    """Unique for the life of the daemon's node; grows."""
    kind: str
    """``ra``, ``stonith`` or ``quorum``"""
    plugin: str
    """Entry-point name."""
    subject: str
    """The resource's or device's name, for logs and environment."""
    params: dict[str, str]
    action: Action
    deadline_s: float
    """Seconds from receipt; then SIGTERM to the operation's process group, SIGKILL one second later."""
    host: str = ""
    """The target of FENCE, ON and POWER; of LOOK and CHECK the nodes to look at, separated by blanks."""
    on_hold: bool = False
    """Fork and prepare (``prepare_start``), then wait for Go; for a planned move. The deadline runs from Go."""
    trace: bool = False
    group: str = ""
    """The resource's group; empty for devices, and by hand: then no token is asked for."""
    token: int = 0
    """Of the order. A start of a group needs one that nothing seen since overtook."""
    host_boot_id: str = ""
    """What the host of FENCE and POWER last told of itself; empty when it was never heard."""
    tie: Tie | None = None
    """Of ASK."""


class Go(msgspec.Struct, frozen=True, tag="go"):
    """Let an operation on hold act."""

    id: int
    token: int = 0
    """Of the order to start, in place of that of the order to prepare."""


class Cancel(msgspec.Struct, frozen=True, tag="cancel"):
    """End an operation that has not acted yet. A fence whose off command may have left is never cancelled."""

    id: int


class Ping(msgspec.Struct, frozen=True, tag="ping"):
    """Answer with Pong, at once: does your loop still turn?"""


# Executor to daemon.


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """First message after connect and after each Warm: what could not be loaded, and why."""

    pid: int
    broken: dict[str, str] = {}
    """``kind:name`` to reason."""
    tokens: dict[str, int] = {}
    """By group, the highest token seen since this machine booted."""
    forgot: str = ""
    """Why that is not known; empty when it is."""


class Running(msgspec.Struct, frozen=True, tag="running"):
    """An operation started by an earlier daemon is still under way."""

    id: int
    subject: str
    action: Action


class Finished(msgspec.Struct, frozen=True, tag="finished"):
    """One operation's end."""

    id: int
    subject: str
    action: Action
    result: Result


class Protected(msgspec.Struct, frozen=True, tag="protected"):
    """What silences a resource by itself when its node's processes stop; told after connect and at each change."""

    subject: str
    how: str
    """``nftables``, ``lifetime`` ...; empty: nothing but the guard."""


class Armed(msgspec.Struct, frozen=True, tag="armed"):
    """What is known of the machine's watchdog; told after connect and at each change."""

    identity: str
    timeout_s: float
    """As the device tells it."""
    weakness: str = ""
    """Why its reset proves nothing to other nodes; empty when it does."""
    problem: str = ""
    """Why it does not run; empty when it does."""


class Pong(msgspec.Struct, frozen=True, tag="pong"):
    """It does."""


Request = Warm | Run | Go | Cancel | Ping
Report = Ready | Running | Finished | Protected | Armed | Pong
