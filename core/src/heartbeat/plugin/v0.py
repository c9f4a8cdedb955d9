"""Version 0 of the contracts of devices and agents: what was, kept for plugins that were written for it.

They have the shape of what heartbeat 3 loaded: the functions of a ``stonith2`` module of cluster-glue
(``stonith_plugin.h``: status, get_hostlist, reset_req), and a script of resource.d (start, stop, status). Results are
numbers: S_* of ``stonith.h``, and exit codes of init scripts (Linux Standard Base, "Init Script Actions").

Nobody should write one now. Core loads such a class through an adapter, with a notice, until the contract's version 2.
"""

import abc
import enum
from typing import ClassVar

from heartbeat.plugin.kind import Plugin
from heartbeat.plugin.param import Params


class Request(enum.IntEnum):
    """What ``reset_req`` is asked for; the numbers are those of ``stonith.h``."""

    GENERIC_RESET = 1
    POWERON = 2
    POWEROFF = 3


class StonithDevice(Plugin, abc.ABC):
    """A device that takes orders and cannot be asked for the state of a host's power."""

    api: ClassVar[int] = 0

    def __init__(self, params: Params) -> None:
        self.settings = params

    @abc.abstractmethod
    def status(self) -> int:
        """Is the device reachable? S_OK (0) or another S_* number."""

    @abc.abstractmethod
    def get_hostlist(self) -> list[str] | None:
        """Return the hosts that it switches; None when it cannot tell."""

    @abc.abstractmethod
    def reset_req(self, request: Request, node: str) -> int:
        """Carry out the request and return an S_* number; S_OK means that the device took it."""


class ResourceAgent(Plugin, abc.ABC):
    """An agent in the shape of an init script."""

    api: ClassVar[int] = 0

    def __init__(self, params: Params) -> None:
        self.settings = params

    @abc.abstractmethod
    def start(self) -> int:
        """Return 0 when the service runs, also when it did before; another number: it could not be started."""

    @abc.abstractmethod
    def stop(self) -> int:
        """Return 0 when the service is stopped, also when it was before; another number: it could not be stopped."""

    @abc.abstractmethod
    def status(self) -> int:
        """Return 0 when it runs, 3 when it does not; every other number is trouble."""
