"""What the checkers see: facts about the world and about what each kernel did, with the world's true time."""

from collections.abc import Mapping

import msgspec

from heartbeat.kernel import effects as fx
from heartbeat.kernel import events as ev
from heartbeat.model.delivery import Delivery
from heartbeat.model.electorate import Roll
from heartbeat.model.names import Nid
from heartbeat.model.proof import Proof
from heartbeat.model.reason import Decision
from heartbeat.model.view import Member, Standing, View, ViewId
from heartbeat.wire.messages import Order, Propose


class Born(msgspec.Struct, frozen=True):
    """A daemon started. ``durable`` is the incarnation that its disk holds at this moment."""

    at_s: float
    nid: Nid
    incarnation: int
    durable: int
    session: bytes
    boots: int
    has_forgotten: bool = False
    """A fault of its disk took the newest mark of the epochs that its earlier lives had used."""


class Gone(msgspec.Struct, frozen=True):
    """A daemon ended: died, lost its machine, or left in order (``clean``)."""

    at_s: float
    nid: Nid
    incarnation: int
    clean: bool = False
    machine_too: bool = False


class Farewell(msgspec.Struct, frozen=True):
    """A kernel sent a LEAVE that names nothing, and what of its groups was active on its machine in truth."""

    at_s: float
    nid: Nid
    incarnation: int
    active: frozenset[str]


class Installed(msgspec.Struct, frozen=True):
    """A kernel is in a new view."""

    at_s: float
    member: Member
    view: View


class Stood(msgspec.Struct, frozen=True):
    """What a kernel believes that its view may do has changed, or the view has."""

    at_s: float
    member: Member
    view: View
    standing: Standing


class Ran(msgspec.Struct, frozen=True):
    """A kernel had an operation run, or let one act that was on hold, and what it went by."""

    at_s: float
    nid: Nid
    run: fx.Run
    view: View
    standing: Standing
    known: Mapping[Nid, int]
    """The newest life of each other node that it has heard of; 0 for none."""
    heard_s: Mapping[Nid, float]
    """True time at which a frame of each other node's newest life last reached it."""
    deadtime_s: float
    for_cause: bool = False
    """A fence of a member that asked for it."""


class Acted(msgspec.Struct, frozen=True):
    """An executor let an operation act, whoever asked for it."""

    at_s: float
    nid: Nid
    run: fx.Run


class LetGo(msgspec.Struct, frozen=True):
    """A beat left that says that its node rests, and takes no order of a view up to this one."""

    at_s: float
    nid: Nid
    incarnation: int
    rests: ViewId
    stopped: frozenset[str]
    """The groups that it calls stopped."""


class Ended(msgspec.Struct, frozen=True):
    """An operation's result reached the kernel that wanted it."""

    at_s: float
    nid: Nid
    event: ev.OperationFinished


class Decided(msgspec.Struct, frozen=True):
    at_s: float
    nid: Nid
    incarnation: int
    decision: Decision


class Proposed(msgspec.Struct, frozen=True):
    """A coordinator proposed a view; ``view`` is the one it leaves."""

    at_s: float
    nid: Nid
    propose: Propose
    view: View


class HasStates(msgspec.Struct, frozen=True):
    """A member told its coordinator that it has what the view of this ballot is made of."""

    at_s: float
    nid: Nid
    ballot: ViewId


class Ordered(msgspec.Struct, frozen=True):
    """A coordinator sent an order to another node."""

    at_s: float
    nid: Nid
    order: Order


class Woke(msgspec.Struct, frozen=True):
    """A frozen node goes on, after ``gap_s``."""

    at_s: float
    nid: Nid
    gap_s: float


class Answered(msgspec.Struct, frozen=True):
    """A node that woke less than a deadtime ago lets a resource answer that others answer for,
    which were in its view when it began to stand still."""

    at_s: float
    nid: Nid
    resource: str
    others: tuple[Nid, ...]


class Activated(msgspec.Struct, frozen=True):
    """A resource becomes active on a node; ``others`` are powered nodes where it is active already."""

    at_s: float
    nid: Nid
    group: str
    resource: str
    others: tuple[Nid, ...]
    unguarded: tuple[Nid, ...] = ()
    """Those of the others that answer for it with a daemon that is dead or stands still, and not because the network
    lost the last beats of that daemon, which renewed its hold."""
    deaf: tuple[Nid, ...] = ()
    """In two nodes: the other, when it answers for it and has heard this one without a break for a deadtime."""


class Fenced(msgspec.Struct, frozen=True):
    """A device reported a node off. ``incarnation`` is the target's at that moment, in truth."""

    at_s: float
    by: Nid
    target: Nid
    incarnation: int
    proof: Proof
    is_true: bool


class Outwaited(msgspec.Struct, frozen=True):
    """A node takes a life of another for over, because it has waited for its watchdog."""

    at_s: float
    by: Nid
    target: Nid
    incarnation: int
    lives: bool
    """In truth: its daemon still steps that life."""
    active: frozenset[str]
    """In truth: what runs on that machine."""


class Confirmed(msgspec.Struct, frozen=True):
    """A person looked, saw that a node is off, and said so."""

    at_s: float
    target: Nid
    incarnation: int


class Lied(msgspec.Struct, frozen=True):
    """From here on somebody tells a lie that no cluster can see through: about a node's power, or a resource."""

    at_s: float
    node: Nid = Nid(-1)
    resource: str = ""


class Words(msgspec.Struct, frozen=True):
    """One message of a simulated program: which it is, and all it says."""

    origin: Nid
    life: int
    delivery: Delivery
    number: int
    """From 1, in one life: of its raw, its FIFO and CAUSAL, or its AGREED and SAFE ones."""

    @property
    def text(self) -> bytes:
        return b"%d %d %d %d" % (self.origin, self.life, self.delivery, self.number)

    @classmethod
    def read(cls, text: bytes) -> "Words":
        origin, life, delivery, number = map(int, text.split())
        return cls(Nid(origin), life, Delivery(delivery), number)

    def __str__(self) -> str:
        return f"{self.delivery.name} {self.number} of life {self.life} of node {self.origin}"


class Said(msgspec.Struct, frozen=True):
    """A program says something."""

    at_s: float
    nid: Nid
    message: Words


class Given(msgspec.Struct, frozen=True):
    """A kernel gives a message to its program."""

    at_s: float
    member: Member
    view: ViewId
    message: Words
    line: ViewId = ViewId()
    place: int = 0
    holders: tuple[Nid, ...] = ()
    """SAFE: who holds it, in truth."""
    company: tuple[Nid, ...] = ()
    """The members of its view."""
    roll: Roll = Roll()
    """Who votes, as this kernel has it, where the voters follow the members."""


class Met(msgspec.Struct, frozen=True):
    """A kernel tells its program who is in the group with it."""

    at_s: float
    member: Member
    view: ViewId
    has_gap: bool


class Unheard(msgspec.Struct, frozen=True):
    """Faults are over, time enough has passed, and a program still waits for something."""

    at_s: float
    nid: Nid
    undelivered: int
    """SAFE messages of its own that it has not got."""
    untaken: int
    """Messages that its node has not taken from it."""


class Bogus(msgspec.Struct, frozen=True):
    """A frame that must not count was given to a kernel that had nothing else to do; these effects came of it."""

    at_s: float
    nid: Nid
    what: str
    effects: tuple[fx.Effect, ...]


class Size(msgspec.Struct, frozen=True):
    """How long one of a kernel's queues is, and the length it may have."""

    at_s: float
    nid: Nid
    queue: str
    length: int
    bound: int


class Flushing(msgspec.Struct, frozen=True):
    """Looked at from time to time: the promise that a running kernel waits on; epoch 0 for none."""

    at_s: float
    member: Member
    ballot: ViewId


class Keeping(msgspec.Struct, frozen=True):
    """Looked at from time to time: what a kernel that could stop it merely lets run in a view without quorum."""

    at_s: float
    nid: Nid
    groups: tuple[str, ...]


class Look(msgspec.Struct, frozen=True):
    """The world at the end of a phase, when its bound has passed or it has converged."""

    at_s: float
    phase: str
    """``subset``, ``all``, ``crash``, ``rejoin``, ``idle``"""
    asked: tuple[Nid, ...]
    """Nodes that should share one view of exactly themselves."""
    views: Mapping[Nid, View | None]
    """None: no daemon."""
    standings: Mapping[Nid, Standing]
    holders: Mapping[str, tuple[Nid, ...]]
    """Group to the powered nodes with any of its resources active."""
    whole: Mapping[str, tuple[Nid, ...]]
    """Group to the nodes with all of its resources active."""
    runnable: tuple[str, ...]
    """Groups that nothing keeps from running in that view."""
    waited_s: float = 0.0
    since: Mapping[str, float] = {}
    """Named durations in seconds, of what this phase measures."""
    bounds: Mapping[str, float] = {}


Observation = (
    Born
    | Gone
    | Farewell
    | LetGo
    | Installed
    | Stood
    | Ran
    | Acted
    | Ended
    | Decided
    | Proposed
    | HasStates
    | Ordered
    | Woke
    | Answered
    | Activated
    | Fenced
    | Outwaited
    | Confirmed
    | Lied
    | Said
    | Given
    | Met
    | Unheard
    | Bogus
    | Size
    | Flushing
    | Keeping
    | Look
)
