"""The contract of a resource agent: plain blocking code, run in a process of its own, killed at its deadline."""

import abc
import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from heartbeat.plugin.kind import Plugin
from heartbeat.plugin.param import Params


class Health(enum.Enum):
    """What ``monitor`` found."""

    RUNNING = "running"
    STOPPED = "stopped"
    """Certainly and cleanly not running here."""
    FAILED = "failed"
    """Broken or half there: must be stopped before it is started anywhere."""
    PROMOTED = "promoted"


@dataclass(frozen=True, slots=True)
class Claim:
    """Something that only one resource of the cluster may use: the same claim in two groups is refused."""

    kind: str
    """``address``, ``device``, ``mount`` ..."""
    value: str
    """Canonical, so that equal things compare equal."""


class ResourceAgent(Plugin, abc.ABC):
    """Starts, stops and looks at one kind of resource. All actions are idempotent.

    Any state found after a power loss must lead to a correct ``monitor``, and ``stop`` must succeed on whatever
    half state an interrupted ``start`` left. Raise PluginError with what, where and the mend.
    """

    start_timeout_s: ClassVar[float] = 60.0
    stop_timeout_s: ClassVar[float] = 60.0
    monitor_timeout_s: ClassVar[float] = 20.0

    def __init__(self, params: Params) -> None:
        self.settings = params

    @classmethod
    def from_words(cls, words: Sequence[str]) -> dict[str, str]:
        """Return unparsed parameters from the old form ``Agent::word::word``; raises ValueError with the form."""
        if len(words) > len(cls.positional):
            raise ValueError(f"takes at most {len(cls.positional)} arguments: {'::'.join(cls.positional) or 'none'}")
        return dict(zip(cls.positional, words, strict=False))

    @classmethod
    def timeouts_s(cls, params: Params) -> dict[str, float]:
        """Return the time limits of ``start``, ``stop`` and ``monitor``: those of the class, unless it knows better.

        A runner of other people's agents may ask the agent for its advice here.
        """
        return {"start": cls.start_timeout_s, "stop": cls.stop_timeout_s, "monitor": cls.monitor_timeout_s}

    @classmethod
    def shares_data(cls, params: Params) -> bool | None:
        """Would running it on two nodes at once endanger data? None: the agent does not know, which counts as yes."""
        return None

    @classmethod
    def claims(cls, params: Params) -> tuple[Claim, ...]:
        """Return what must not be used by any other resource of the cluster."""
        return ()

    @abc.abstractmethod
    def start(self) -> None:
        """Return when the service works. Already running: return."""

    @abc.abstractmethod
    def stop(self) -> None:
        """Return when everything is released. Already stopped: return."""

    @abc.abstractmethod
    def monitor(self) -> Health:
        """Look, change nothing."""

    def prepare_start(self) -> None:
        """Do what can be done before the address or data is ours (import, resolve, open), so that start is short.

        Called in the same process just before ``start``, possibly long before; must have no effect on others.
        """

    def after_start(self) -> None:
        """Work that may follow once ``start`` was reported as done (announcements that are spaced in time)."""

    def announce(self) -> bool:
        """Tell the network once more where the service is now; return whether it is here. Many have nothing to tell."""
        return False

    # The hold: what can fall silent by itself when nobody speaks for it any more. Optional, both methods or none.
    # An agent that has them never *answers* from two nodes because its node's processes died or froze.

    def hold(self, seconds: float) -> str:
        """Let the resource answer for ``seconds`` (more than 0) from now on; a call during that time replaces the rest.

        Called just before ``start``, in the same process and after ``prepare_start``, and from then on after each
        beat of the node (every keepalive: 50 ms to some seconds) by the guard, a real-time process that keeps one
        instance for as long as the resource runs. Begun anew after ``mute``, it ends the silence. When the time is
        over without a call, the resource must not answer and not announce itself, although it may still be there:
        if possible by the kernel's own doing, with every process of the node stopped or killed.

        Must return at once (well below a millisecond; it delays the holds of others), fork nothing, wait for nobody.
        Never starts what is not started. ``stop`` clears away whatever this left; a later ``hold`` takes over what
        an instance that was killed left.

        Returns what ends it by itself, in one word for ``hb status`` (``nftables``, ``lifetime``); empty when nothing
        but the guard's call of ``mute`` does. Raises PluginError or OSError when it cannot be done: tried again.
        """
        raise NotImplementedError("this agent cannot hold its resource")

    def mute(self) -> None:
        """Silence the resource at once, until the next ``hold``; it need not be stopped. As fast as ``hold``.

        Called by the guard when the time of the last ``hold`` is over, or earlier when another node turns out to have
        the resource. Not there, or silent already: return.
        """
        raise NotImplementedError("this agent cannot mute its resource")

    @classmethod
    def can_hold(cls) -> bool:
        """Does this agent implement the hold?"""
        return cls.hold is not ResourceAgent.hold and cls.mute is not ResourceAgent.mute

    def validate(self) -> None:
        """Check the parameters against this host. Raises PluginError."""

    def promote(self) -> None:
        raise NotImplementedError("this agent has no roles")

    def demote(self) -> None:
        raise NotImplementedError("this agent has no roles")

    def notify(self) -> None:
        """Told about the group's changes; never fails."""

    def reload(self) -> None:
        """Take changed parameters over without an interruption; the default is stop and start."""
        self.stop()
        self.start()
