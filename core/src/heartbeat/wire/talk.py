"""What nodes say to each other for the programs that run on them: bulk, repaired, ordered.

A node numbers what it says within a view from 1. What is lost is asked for (Want) and said again (Again); what the
members of the next view lack of the history before it is asked for by place (Lack) and filled in (Fill).
"""

import enum

import msgspec

from heartbeat.model.delivery import Delivery
from heartbeat.model.names import Nid
from heartbeat.model.view import Member, ViewId


class Verb(enum.IntEnum):
    SAY = 0
    JOIN = 1
    LEAVE = 2


class Run(msgspec.Struct, frozen=True, array_like=True, tag="run"):
    """What a program handed over at once: messages that its client packed, which nobody in between looks into."""

    group: str
    program: int
    """Number of the program in its node's life."""
    number: int
    """Counts the ordered runs of the node's life from 1, so that none is ordered twice; 0 where there is no order."""
    delivery: Delivery
    others: int = 0
    """SAFE: nodes that must hold it besides the one that orders it."""
    verb: Verb = Verb.SAY
    body: bytes = b""


class Places(msgspec.Struct, frozen=True, array_like=True, tag="places"):
    """The coordinator gives the next places in the total order to these runs."""

    runs: tuple[tuple[Nid, int], ...]
    """(who said it, under which number of the view)"""


class Say(msgspec.Struct, frozen=True, array_like=True):
    """One thing said in a view."""

    number: int
    what: Run | Places
    past: tuple[int, ...] = ()
    """CAUSAL: by member, up to which number its unordered runs were delivered where this was said."""


class Talk(msgspec.Struct, frozen=True, tag="talk", array_like=True):
    """New things said, and how far the sender has come with everybody's."""

    view: ViewId
    sent: int
    """Highest number said so far: shows what was lost behind the last one."""
    says: tuple[Say, ...]
    row: tuple[int, ...]
    """By member: the number up to which nothing is missing here."""
    held: int
    """The place up to which the sender holds the history."""
    given: int
    """The place up to which it gave it to its programs."""
    asks: bool = False
    """Answer at once how far you are."""


class Want(msgspec.Struct, frozen=True, tag="want", array_like=True):
    """Please say these numbers of a member again, whoever you are."""

    view: ViewId
    of: Nid
    first: int
    last: int


class Again(msgspec.Struct, frozen=True, tag="again", array_like=True):
    """What a member said before."""

    view: ViewId
    of: Nid
    says: tuple[Say, ...]


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """One place of the history: who said what, in which life."""

    origin: Member
    run: Run


class Lack(msgspec.Struct, frozen=True, tag="lack", array_like=True):
    """I am to enter the view of this ballot and lack these places."""

    ballot: ViewId
    first: int
    last: int


class Fill(msgspec.Struct, frozen=True, tag="fill", array_like=True):
    """Consecutive places, from ``first``."""

    ballot: ViewId
    first: int
    entries: tuple[Entry, ...]


class Raw(msgspec.Struct, frozen=True, tag="raw", array_like=True):
    """A run that nobody repairs."""

    run: Run


class Spoken(msgspec.Struct, frozen=True, array_like=True):
    """What a node brings into a view of all that was said before."""

    row: tuple[tuple[Nid, int], ...] = ()
    """In the view it comes from: (member, number up to which nothing is missing)."""
    line: ViewId = ViewId()
    """The primary view that founded the history it holds; epoch 0 when it holds none."""
    roots: tuple[tuple[ViewId, int], ...] = ()
    """(primary view, place after which it began), oldest first; the last one is its rank."""
    floor: int = 0
    """It keeps the places above this one, up to ``held``."""
    held: int = 0
    given: int = 0
    said: tuple[tuple[Member, int], ...] = ()
    """By origin: the number of its newest run up to ``held``."""
    programs: tuple[tuple[str, tuple[int, ...]], ...] = ()
    """(group, numbers of the programs that are in it here)"""


Speech = Talk | Want | Again | Lack | Fill | Raw
"""What the kernel's messaging takes; everything else on the wire is membership's, fencing's or the groups'."""
