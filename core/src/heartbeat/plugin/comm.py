"""The contract of a medium: how frames reach the other nodes over one network or line."""

import abc
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from heartbeat.plugin.kind import Plugin
from heartbeat.plugin.param import Params

Deliver = Callable[[bytes], None]
"""Takes one received frame. Never blocks, never raises."""


@dataclass(frozen=True, slots=True)
class DirectiveLine:
    """One line of ha.cf that a medium claims: the words after the directive."""

    words: tuple[str, ...]
    number: int
    """The line's number in ha.cf, from 1."""


@dataclass(frozen=True, slots=True)
class LinkPlan:
    """One link that the lines of a directive make: its name and the medium's unparsed parameters."""

    name: str
    """Unique on the node, for people: ``bcast/eth1``."""
    params: dict[str, str]
    line: int
    problems: tuple[str, ...] = field(default=())
    """What is wrong with the line's form, each with what was expected."""


class Medium(Plugin, abc.ABC):
    """One link. Lives in the daemon's event loop: nothing here may wait except ``open`` and ``close``.

    The entry point's name is the directive in ha.cf. Core frames, signs, counts loss, reopens with back-off
    and decides whether the link is up.
    """

    repeats: ClassVar[str] = ""
    """Name of the parameter that each word of the line gives anew (``bcast eth0 eth1`` makes two links)."""

    def __init__(self, params: Params) -> None:
        self.settings = params
        self.dropped = 0
        """Frames that ``send`` could not hand over at once."""

    @classmethod
    def plan(cls, directive: str, lines: Sequence[DirectiveLine]) -> list[LinkPlan]:
        """Return the links that all lines of this directive make together.

        The default reads each line by ``positional`` (or ``repeats``) and names the link after its first word.
        A medium that gathers several lines into one link (ucast: one socket, many peers) overrides it.
        """
        plans: list[LinkPlan] = []
        for line in lines:
            if cls.repeats:
                plans += [LinkPlan(f"{directive}/{word}", {cls.repeats: word}, line.number) for word in line.words]
                continue
            given = dict(zip(cls.positional, line.words, strict=False))
            over = line.words[len(cls.positional) :]
            problems = (f"too many words: {' '.join(over)}",) if over else ()
            plans.append(LinkPlan(f"{directive}/{line.words[0] if line.words else '?'}", given, line.number, problems))
        return plans

    @abc.abstractmethod
    async def open(self, deliver: Deliver) -> None:
        """Open sockets or lines and start delivering frames. Raises PluginError with place, cause and mend.

        Called again after a failure; must leave nothing behind when it raises.
        """

    @abc.abstractmethod
    def send(self, frame: bytes) -> None:
        """Send one frame to everybody on this link. Never waits: what cannot go now is dropped and counted."""

    @abc.abstractmethod
    async def close(self) -> None:
        """Release everything; harmless when not open."""

    @property
    @abc.abstractmethod
    def mtu(self) -> int:
        """Largest frame in bytes that goes in one piece."""

    @property
    def largest(self) -> int:
        """Largest frame in bytes that ``send`` takes, open or not. More than ``mtu`` where the network cuts it up and
        puts it together again; the default is ``mtu``."""
        return self.mtu

    def drain(self) -> bool | None:
        """Deliver what has already arrived, some 64 frames at most; return True when more waits.

        Called before a verdict of silence, and again soon after each True: in between the node sends its own beat.
        A medium that always delivers everything may return nothing. The default does nothing.
        """
        return None
