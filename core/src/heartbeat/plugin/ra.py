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
