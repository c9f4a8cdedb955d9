"""The device over SNMP: plugs, which can be read, and groups of plugs, which can only be ordered (WTI-MPC-MIB)."""

import contextlib
from collections.abc import Iterator, Sequence

from heartbeat.plugin import Param, ParamKind, PluginError, Power
from heartbeat.plugin.outlets import OUTLETS, Outlet, OutletSession, OutletSwitch
from heartbeat.plugin.snmp import Snmp, Value

WTI = "1.3.6.1.4.1.2634.3"
PLUGS, NAME, STATUS, ACTION = f"{WTI}.100.200.1", 5, 3, 4
"""plugTable, and its columns plugName, plugStatus and plugAction."""
GROUPS = {"1": f"{WTI}.1.3.1", "3": f"{WTI}.100.300.1"}
"""plugGroupTable of firmware 1.44, and of 1.62 and later; column 2 is the name and 3 the action."""
GROUP_NAME, GROUP_ACTION = 2, 3
ON, OFF = 5, 6
"""Values of an action: do it now."""
STATES = {1: Power.ON, 0: Power.OFF}
GROUP = "group "
"""What the number of a group is told with, as it is not that of a plug."""


class WtiMpc(OutletSwitch):
    """A WTI MPC or VMR by SNMP version 1. Plugs that carry a node's name can be read back.

    A group of plugs, which the old plugin used, can be ordered and not asked: its power is unknown, and by itself it
    never proves anything. Where a plug and a group have one name, the plugs count.
    """

    api = 1
    title = "WTI MPC and VMR power switch over SNMP"
    docs_url = "https://www.wti.com/"
    params = (
        Param("ipaddr", ParamKind.HOST, required=True, example="10.0.0.8", help="Name or address of the switch."),
        Param("port", ParamKind.PORT, default=161, example="161", help="The agent's UDP port."),
        Param("community", ParamKind.SECRET, required=True, example="private", help="Community that may write."),
        Param(
            "mib-version", ParamKind.CHOICE, default="3", choices=tuple(GROUPS),
            help="3 for firmware 1.62 and later; 1, which knows groups alone, for 1.44.",
        ),
        OUTLETS,
        Param(
            "timeout", ParamKind.SECONDS, default=5.0, minimum=0.05, maximum=60, unit="s", example="5",
            help="Limit of one answer; it is asked for five times.",
        ),
    )  # fmt: skip
    positional = ("ipaddr", "port", "community", "mib-version")
    worst_off_s = 8.0
    """Some sixty packets, and a relay that follows a second or two after the order."""
    name_max = 24

    @classmethod
    def warm(cls) -> None:
        import pysnmp.hlapi.v1arch.asyncio  # noqa: F401

    @contextlib.contextmanager
    def session(self) -> Iterator[OutletSession]:
        """Raises PluginError."""
        with self._agent() as snmp:
            yield _Tables(snmp, self.settings.text("mib-version"))

    def may_switch(self, host: str) -> None:
        """May the community write? Raises AccessDenied."""
        with self._agent() as snmp:
            snmp.may_write()

    def _agent(self) -> Snmp:
        from pysnmp.hlapi.v1arch import asyncio as hlapi

        settings = self.settings
        host, port = settings.text("ipaddr"), int(settings.number("port"))
        return Snmp(hlapi, host, port, settings.secret("community"), "1", limit_s=settings.number("timeout"))


class _Tables:
    """Implements OutletSession."""

    def __init__(self, snmp: Snmp, version: str) -> None:
        self._snmp = snmp
        self._version = version

    def outlets(self) -> Sequence[Outlet]:
        plugs = self._plugs() if self._version == "3" else []
        known = {plug.name.lower() for plug in plugs}
        groups = [group for group in self._groups() if group.name.lower() not in known]
        if not plugs and not groups:
            raise PluginError(f"{self._snmp.place} tells of no plug and no group; is `mib-version` right?")
        return [*plugs, *groups]

    def switch(self, outlets: Sequence[Outlet], power: Power) -> None:
        for outlet in outlets:
            column = f"{PLUGS}.{ACTION}"
            if outlet.number.startswith(GROUP):
                column = f"{GROUPS[self._version]}.{GROUP_ACTION}"
            self._snmp.set(f"{column}.{outlet.number.removeprefix(GROUP)}", ON if power is Power.ON else OFF)

    def _plugs(self) -> list[Outlet]:
        names, states = self._snmp.column(f"{PLUGS}.{NAME}"), self._snmp.column(f"{PLUGS}.{STATUS}")
        if names.keys() != states.keys() or list(names) != list(range(1, len(names) + 1)):
            raise PluginError(f"{self._snmp.place} tells of {len(names)} names and {len(states)} states of plugs")
        return [Outlet(str(number), str(name), _power(states[number])) for number, name in names.items()]

    def _groups(self) -> list[Outlet]:
        """The first empty name ends them."""
        found = []
        for number, name in self._snmp.column(f"{GROUPS[self._version]}.{GROUP_NAME}").items():
            if not str(name).strip():
                break
            found.append(Outlet(f"{GROUP}{number}", str(name), Power.UNKNOWN))
        return found


def _power(state: Value) -> Power:
    return STATES.get(state, Power.UNKNOWN) if isinstance(state, int) else Power.UNKNOWN
