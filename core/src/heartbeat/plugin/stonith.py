"""The contract of a STONITH device: plain blocking code, run in a process of its own, killed at its deadline."""

import abc
import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from heartbeat.plugin.errors import BadHost
from heartbeat.plugin.kind import Plugin
from heartbeat.plugin.param import Params


class Power(enum.Enum):
    """The state of a host's power as the device reads it."""

    ON = "on"
    OFF = "off"
    UNKNOWN = "unknown"
    """The device cannot say. Such a device proves nothing by itself."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who stands behind a host's power, as the device itself tells it. What it cannot tell stays empty."""

    names: tuple[str, ...] = ()
    """What the device calls the host's outlets, as somebody wrote it there."""
    outlets: tuple[str, ...] = ()
    """Their numbers."""
    machine: str = ""
    """UUID of the machine in which the device sits, as its firmware tells it (SMBIOS type 1, DSP0134 7.2.1)."""


class StonithDevice(Plugin, abc.ABC):
    """A switch that can take a host's power away.

    Three methods; core makes off, on and reset of them, reads back after each off until the device says OFF or
    the deadline passes, serialises shared controllers, retries, and records how strong the proof is.
    """

    can_read_power: ClassVar[bool] = True
    """False for a device that takes commands but cannot be asked; it never protects shared data."""
    resets_itself: ClassVar[bool] = False
    """True where OFF means that the host's own watchdog has had the time to reset it: nobody has read its power."""
    gives_power: ClassVar[bool] = True
    """False for a device that switches nobody on, because it cannot or must not: after a fence it is not asked to."""
    worst_off_s: ClassVar[float] = 10.0
    """Longest time that switching off and reading back takes when all is well; two nodes that race delay by it."""
    serialises: ClassVar[bool] = False
    """True when the device drops the requests of a client that it has switched off (one outlet, one queue)."""
    name_max: ClassVar[int] = 0
    """Longest host name, in letters, that the device's own list of names can hold; 0: it has none, or no such limit."""
    itself_only: ClassVar[bool] = False
    """True for a device that can only ever switch the machine on which it runs: it protects nobody."""
    dies_with_host: ClassVar[bool] = False
    """True for a device inside its one host, such as a BMC: without mains both are silent, and that proves nothing."""

    def __init__(self, params: Params) -> None:
        self.settings = params

    @classmethod
    def configured_hosts(cls, params: Params) -> tuple[str, ...] | None:
        """Return the hosts that the parameters alone name; None when only the device knows."""
        for param in cls.params:
            value = params.known[param.name]
            if isinstance(value, tuple):
                return value
            if isinstance(value, Mapping):
                return tuple(value)
        return None

    @classmethod
    def worst_off_with(cls, params: Params) -> float:
        """Return ``worst_off_s`` as these parameters make it, in seconds; raises BadConfig."""
        return cls.worst_off_s

    @classmethod
    def weakness_with(cls, params: Params) -> str:
        """Return why, with these parameters, somebody else's word may pass for the device's; empty: no reason known."""
        return ""

    @abc.abstractmethod
    def hosts(self) -> list[str]:
        """Return the hosts that this device can switch. Raises PluginError when the device cannot be reached."""

    @abc.abstractmethod
    def power(self, host: str) -> Power:
        """Ask the device, freshly, whether the host has power. Raises PluginError."""

    @abc.abstractmethod
    def switch(self, host: str, power: Power) -> None:
        """Order ON or OFF and return when the device took the order; idempotent. Raises PluginError.

        An acknowledgement is no proof: core calls ``power`` afterwards.
        """

    def status(self) -> None:
        """Is the device reachable and willing to log us in? Raises PluginError when not."""
        self.hosts()

    def identity(self, host: str) -> Identity:
        """Return what the device tells of the machine behind this host's power, for `hb stonith check` to compare.

        Looks only. Raises PluginError. Empty by default: nothing is compared.
        """
        return Identity()

    def may_switch(self, host: str) -> None:
        """Would an order for this host be taken from us? Raises AccessDenied when the device shows that it would not.

        Never touches anybody's power, not even with the order that changes nothing. Raises PluginError. By default
        nothing is known before a rehearsal.
        """


def match_host(host: str, hosts: Iterable[str]) -> str:
    """Return the one of a device's hosts that is meant, as the device spells it; raises BadHost.

    The whole name must match, whatever its case and padding: node1 must never switch node10.
    """
    known = list(hosts)
    for name in known:
        if host and name.strip().lower() == host.strip().lower():
            return name
    raise BadHost(f"this device does not switch {host or 'a host without a name'}; it switches {', '.join(known)}")
