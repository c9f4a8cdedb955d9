"""A switch: IF-MIB on the brick of an agent. The numbers stand here as in RFC 2863, not as in the driver."""

import functools
from collections.abc import Callable

from heartbeat.testing.device import Fault
from heartbeat.testing.outlets import RELAY_FAULTS, Outlets, OutletSimulator
from heartbeat.testing.snmp_agent import SnmpAgent, Value

NAMES = ("uplink 1", "node1", "node10", "twin", "twin", "")
"""ifAlias of each port: ports that are no node's, too."""
COMMUNITY = "hunter2-hunter2"
ENTRY = "1.3.6.1.2.1.2.2.1"
DESCR, ADMIN, OPER = 2, 7, 8
ALIAS = "1.3.6.1.2.1.31.1.1.1.18"


class SwitchAgent(OutletSimulator):
    """What a port was told and what it does are two things: a liar shows the one and does not do it."""

    faults = frozenset(SnmpAgent.FAULTS | RELAY_FAULTS)

    def __init__(self, relays: Outlets | None = None) -> None:
        super().__init__(relays or Outlets(NAMES))
        self.told = dict.fromkeys(self.relays.names, 1)
        self.agent = SnmpAgent(self._objects(), self._set, "public", COMMUNITY)
        self.agent.wire.late_s = 2.0

    def params(self) -> dict[str, str]:
        """``open_again``: the kit opens ports as a person would."""
        return {
            "ipaddr": "127.0.0.1", "port": str(self.agent.port), "community": COMMUNITY, "timeout": "10",
            "settle": "3", "open_again": "yes",
        }  # fmt: skip

    def hasty_params(self) -> dict[str, str]:
        return self.params() | {"timeout": "300ms", "settle": "300ms"}

    def hosts(self) -> list[str]:
        return [name for name in self.relays.hosts() if name and " " not in name]

    def turn(self, outlet: int, *, on: bool) -> None:
        super().turn(outlet, on=on)
        self.told[outlet] = 1 if on else 2

    def misbehave(self, fault: Fault) -> None:
        if fault in RELAY_FAULTS:
            self.relays.fault = fault
        else:
            self.agent.misbehave(fault)

    def close(self) -> None:
        self.agent.close()

    def _objects(self) -> dict[str, Value | Callable[[], Value]]:
        objects: dict[str, Value | Callable[[], Value]] = {}
        for port, name in self.relays.names.items():
            objects[f"{ENTRY}.{DESCR}.{port}"] = f"Gi1/0/{port}".encode()
            objects[f"{ENTRY}.{ADMIN}.{port}"] = functools.partial(self.told.__getitem__, port)
            objects[f"{ENTRY}.{OPER}.{port}"] = functools.partial(self._does, port)
            objects[f"{ALIAS}.{port}"] = name.encode()
        return objects

    def _does(self, port: int) -> int:
        return 1 if self.relays.has_power(port) else 2

    def _set(self, name: str, value: Value) -> bool:
        column, _, port = name.strip(".").rpartition(".")
        if column != f"{ENTRY}.{ADMIN}" or not isinstance(value, int) or value not in (1, 2):
            return False
        if not self.relays.order(int(port), on=value == 1):
            return False
        self.told[int(port)] = value
        return True
