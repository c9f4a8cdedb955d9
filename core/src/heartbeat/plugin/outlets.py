"""A switch with numbered outlets: which of them feed a host, and what that means for its power.

The part that is the same for every such device, whatever it speaks: whole names only, all outlets of a host, and an
explicit map where the device's own names do not say it.
"""

import abc
import re
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from heartbeat.plugin.errors import BadConfig, BadHost
from heartbeat.plugin.param import Param, ParamKind, Params
from heartbeat.plugin.stonith import Identity, Power, StonithDevice, match_host

OUTLETS = Param(
    "outlets",
    ParamKind.HOSTMAP,
    example="node1=1,node2=2+3",
    help="Which outlets feed which node; two power supplies joined by +. Default: the names that the device has.",
)
"""The parameter of every OutletSwitch; without it the device's own names count."""

_HOST_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True)
class Outlet:
    """One outlet as the device tells it."""

    number: str
    name: str
    power: Power


class OutletSession(Protocol):
    """A conversation with the device, logged in."""

    def outlets(self) -> Sequence[Outlet]:
        """Ask for all outlets. Raises PluginError, also when the list breaks off."""

    def switch(self, outlets: Sequence[Outlet], power: Power) -> None:
        """Order ON or OFF for all of these. Raises PluginError when the device does not take it."""


class OutletSwitch(StonithDevice):
    """A device that lists its outlets with number, name and power. A driver gives ``session`` and declares OUTLETS."""

    @abc.abstractmethod
    def session(self) -> AbstractContextManager[OutletSession]:
        """Return a session to use as a context: logged in on entering, logged out on leaving, also after errors."""

    @classmethod
    def configured_hosts(cls, params: Params) -> tuple[str, ...] | None:
        """Return the hosts of the map; None without one. Raises BadConfig for an outlet of two hosts."""
        mapped = _mapped(params)
        return tuple(mapped) if mapped else None

    def hosts(self) -> list[str]:
        """Return the hosts that the device has an outlet for."""
        with self.session() as session:
            outlets = session.outlets()
        mapped = _mapped(self.settings)
        return [host for host in mapped or _names(outlets) if self._of(host, outlets)]

    def power(self, host: str) -> Power:
        """Return OFF when all outlets of the host read off, ON when one reads on."""
        self._must_know(host)
        with self.session() as session:
            states = {outlet.power for outlet in self._of(host, session.outlets())}
        if states == {Power.OFF}:
            return Power.OFF
        return Power.ON if Power.ON in states else Power.UNKNOWN

    def switch(self, host: str, power: Power) -> None:
        """Order it of all outlets of the host, in the session that looked them up."""
        if power is Power.UNKNOWN:
            raise ValueError("a host is switched on or off")
        self._must_know(host)
        with self.session() as session:
            session.switch(self._of(host, session.outlets()), power)

    def identity(self, host: str) -> Identity:
        """Return the numbers of the host's outlets, and those of their names that can be a host's."""
        self._must_know(host)
        with self.session() as session:
            mine = self._of(host, session.outlets())
        return Identity(tuple(_names(mine)), tuple(outlet.number for outlet in mine))

    def _must_know(self, host: str) -> None:
        """Refuse, before the device is spoken to, what it cannot have."""
        mapped = _mapped(self.settings)
        if mapped:
            match_host(host, mapped)
        elif self.name_max and len(host.strip()) > self.name_max:
            cut = f"the device holds names of {self.name_max} letters and {host!r} has {len(host.strip())}"
            raise BadHost(f"{cut}: say its outlets, outlets={host.strip()}=N")

    def _of(self, host: str, outlets: Sequence[Outlet]) -> list[Outlet]:
        mapped = _mapped(self.settings)
        if not mapped:
            name = match_host(host, _names(outlets)).lower()
            return [outlet for outlet in outlets if outlet.name.strip().lower() == name]
        numbers = mapped[match_host(host, mapped)]
        there = {outlet.number: outlet for outlet in outlets}
        missing = [number for number in numbers if number not in there]
        if missing:
            raise BadConfig(f"`outlets` gives {host} outlet {missing[0]}; the device has {', '.join(there) or 'none'}")
        return [there[number] for number in numbers]


def _names(outlets: Sequence[Outlet]) -> list[str]:
    """Return the names that can be hosts, each once: ``(undefined)`` and ``Outlet 7`` are none."""
    names: dict[str, str] = {}
    for outlet in outlets:
        names.setdefault(outlet.name.strip().lower(), outlet.name.strip())
    return [name for name in names.values() if _HOST_NAME.fullmatch(name)]


def _mapped(params: Params) -> Mapping[str, Sequence[str]]:
    """Return host to numbers of the parameter ``outlets``, empty without it. Raises BadConfig."""
    value = params.known.get(OUTLETS.name)
    pairs = value if isinstance(value, Mapping) else {}
    mapped = {host: [_number(host, word) for word in words.split("+")] for host, words in pairs.items()}
    owners: dict[str, str] = {}
    for host, number in ((host, number) for host, numbers in mapped.items() for number in numbers):
        if owners.setdefault(number, host) != host:
            both = f"{owners[number]} and {host}"
            raise BadConfig(f"`outlets` gives outlet {number} to {both}: switching one off would switch both off")
    return mapped


def _number(host: str, word: str) -> str:
    if not word.isdecimal() or not int(word):
        raise BadConfig(f"`outlets` gives {host} the outlet {word!r}; expected its number, or numbers joined by +")
    return str(int(word))
