"""The SNMP side of a card: PowerNet-MIB of each generation, on the brick of an agent."""

import functools
from collections.abc import Callable, Mapping

from heartbeat.testing.device import Fault
from heartbeat.testing.outlets import RELAY_FAULTS, Outlets, OutletSimulator
from heartbeat.testing.snmp_agent import Oid, SnmpAgent, Value

from heartbeat_stonith_apc.trees import APC, OBJECT_ID, PRODUCTS

NAMES = ("twin", "node1", "node10", "twin")
COMMUNITY = "hunter2-hunter2"
DELAYED = {4, 5, 6}


class ApcAgent(OutletSimulator):
    """An AP7900 (rPDU). The numbers stand here as in the MIB, not as in the driver."""

    faults = frozenset(SnmpAgent.FAULTS | RELAY_FAULTS)
    product = "5"
    on_off = (1, 2)
    """What a state reads."""
    columns: Mapping[str, str] = {
        "name": f"{APC}.12.3.5.1.1.2",
        "state": f"{APC}.12.3.5.1.1.4",
        "pending": f"{APC}.12.3.5.1.1.5",
        "command": f"{APC}.12.3.3.1.1.4",
    }
    counted = f"{APC}.12.1.8.0"
    cancel = 7
    ident = f"{APC}.12.1.5.0"
    configured = f"{APC}.12.3.4.1.1"
    """Names once more, and how long a reboot lasts; ours needs neither, other clients do."""

    def __init__(self, relays: Outlets | None = None) -> None:
        super().__init__(relays or Outlets(NAMES))
        self.pending: set[int] = set()
        """Outlets for which a delayed command waits; an order for them is refused."""
        self.agent = SnmpAgent(self._objects(), self._set, "public", COMMUNITY)
        self.agent.wire.late_s = 2.0

    def params(self) -> dict[str, str]:
        return {"ipaddr": "127.0.0.1", "port": str(self.agent.port), "community": COMMUNITY, "timeout": "10"}

    def hasty_params(self) -> dict[str, str]:
        return self.params() | {"timeout": "300ms"}

    def misbehave(self, fault: Fault) -> None:
        if fault in RELAY_FAULTS:
            self.relays.fault = fault
        else:
            self.agent.misbehave(fault)

    def close(self) -> None:
        self.agent.close()

    def _objects(self) -> dict[str, Value | Callable[[], Value]]:
        objects: dict[str, Value | Callable[[], Value]] = {OBJECT_ID: Oid(PRODUCTS + self.product)}
        if self.counted:
            objects[self.counted] = len(self.relays.names)
        if self.ident:
            objects[self.ident] = b"AP7900"
        for number, name in self.relays.names.items():
            if self.configured:
                objects[f"{self.configured}.2.{number}"] = name.encode()
                objects[f"{self.configured}.6.{number}"] = 5
            objects[f"{self.columns['name']}.{number}"] = name.encode()
            objects[f"{self.columns['state']}.{number}"] = functools.partial(self._state, number, self.on_off)
            objects[f"{self.columns['pending']}.{number}"] = functools.partial(self._is_pending, number)
            if self.columns["command"] != self.columns["state"]:
                objects[f"{self.columns['command']}.{number}"] = functools.partial(self._state, number, (1, 2))
        return objects

    def _state(self, outlet: int, on_off: tuple[int, int]) -> int:
        return on_off[0] if self.relays.has_power(outlet) else on_off[1]

    def _is_pending(self, outlet: int) -> int:
        return 1 if outlet in self.pending else 2

    def _set(self, name: str, value: Value) -> bool:
        column, _, number = name.strip(".").rpartition(".")
        outlet = int(number)
        if column != self.columns["command"] or not isinstance(value, int):
            return False
        if self.cancel and value == self.cancel:
            self.pending.discard(outlet)
            return True
        return outlet not in self.pending and value in (1, 2) and self.relays.order(outlet, on=value == 1)


class ApcAgentRpdu2(ApcAgent):
    """An AP8953 (rPDU2): its states are the other way round, its commands are not."""

    product = "6"
    on_off = (2, 1)
    columns: Mapping[str, str] = {
        "name": f"{APC}.26.9.2.3.1.3",
        "state": f"{APC}.26.9.2.3.1.5",
        "pending": f"{APC}.26.9.2.3.1.6",
        "command": f"{APC}.26.9.2.4.1.5",
    }
    counted = f"{APC}.26.4.2.1.5.1"
    cancel = 8
    ident = configured = ""


class ApcAgentSpdu(ApcAgent):
    """A MasterSwitch AP9212 (sPDU): one column is state and command."""

    product = "2"
    columns: Mapping[str, str] = {
        "name": f"{APC}.4.4.2.1.4",
        "state": f"{APC}.4.4.2.1.3",
        "pending": f"{APC}.4.4.2.1.2",
        "command": f"{APC}.4.4.2.1.3",
    }
    counted = ""
    cancel = 0
    ident = configured = ""
