"""The ports of a switch as IF-MIB has them (RFC 2863): what each is called, what it was told, and what it does."""

import time
from collections.abc import Sequence

from heartbeat.plugin import PluginError, Power, ResetFailed
from heartbeat.plugin.outlets import Outlet
from heartbeat.plugin.snmp import Snmp, Value

ADMIN_STATUS = "1.3.6.1.2.1.2.2.1.7"
OPER_STATUS = "1.3.6.1.2.1.2.2.1.8"
ALIAS = "1.3.6.1.2.1.31.1.1.1.18"
UP, DOWN = 1, 2
"""Of both; the first is what a port was told, the second what it does."""
CLOSED = frozenset({DOWN, 6, 7})
"""ifOperStatus of a port that lets nothing through: down, notPresent, lowerLayerDown."""

PAUSE_S = 0.2
"""Between two looks at ports that were told to close."""


class Ports:
    """Implements OutletSession: a port is an outlet, its alias the node's name, its link the node's power."""

    def __init__(self, snmp: Snmp, settle_s: float) -> None:
        self._snmp = snmp
        self._settle_s = settle_s

    def outlets(self) -> Sequence[Outlet]:
        """Return all ports by their index. Raises PluginError when the tables do not fit together."""
        told, states = self._snmp.column(ADMIN_STATUS), self._snmp.column(OPER_STATUS)
        if not told or told.keys() != states.keys():
            counts = f"{len(told)} ports told what to do, and {len(states)} that do something"
            raise PluginError(f"{self._snmp.place} tells of {counts} (IF-MIB): it is no switch that is known here")
        names = self._snmp.column(ALIAS)
        return [Outlet(str(port), str(names.get(port, "")), _state(told[port], states[port])) for port in told]

    def switch(self, outlets: Sequence[Outlet], power: Power) -> None:
        """Open or close the ports; closed is done when a fresh look finds all of them closed. Raises PluginError."""
        for port in outlets:
            self._snmp.set(f"{ADMIN_STATUS}.{port.number}", UP if power is Power.ON else DOWN)
        until_s = time.monotonic() + self._settle_s
        while power is Power.OFF and (still := [port.number for port in outlets if not self._is_closed(port.number)]):
            if time.monotonic() > until_s:
                where = f"{self._snmp.place} took the order, and port {', '.join(still)}"
                raise ResetFailed(f"{where} is not closed after {self._settle_s:g} s")
            time.sleep(PAUSE_S)

    def _is_closed(self, port: str) -> bool:
        told, state = self._snmp.get(f"{ADMIN_STATUS}.{port}"), self._snmp.get(f"{OPER_STATUS}.{port}")
        return told is not None and state is not None and _state(told, state) is Power.OFF


def _state(told: Value, state: Value) -> Power:
    """Return OFF for a port that was told to close and is closed, ON for one that works.

    One whose cable is pulled was told nothing: it would work again with the cable.
    """
    if told == DOWN and state in CLOSED:
        return Power.OFF
    return Power.ON if UP in (told, state) else Power.UNKNOWN
