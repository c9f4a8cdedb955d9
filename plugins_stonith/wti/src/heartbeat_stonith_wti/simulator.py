"""The simulators: an NPS with its command line, and the SNMP agent of an MPC."""

import functools
import re
from collections.abc import Callable

from heartbeat.testing.device import Fault
from heartbeat.testing.dialogue import Answer
from heartbeat.testing.outlets import RELAY_FAULTS, Outlets, OutletSimulator
from heartbeat.testing.snmp_agent import SnmpAgent, Value
from heartbeat.testing.telnet_menu import END, Reply, State, TelnetMenu

NAMES = ("twin", "node1", "node10", "twin", "sixteen-letters-")
SECRET = "hunter2-hunter2"  # noqa: S105 - of a simulator
HEAD = "Network Power Switch v3.02     Site ID: (undefined)\r\n\r\n"
COLUMNS = "Plug | Name             | Password    | Status | Boot/Seq. Delay | Default |\r\n"
RULE = "-----+------------------+-------------+--------+-----------------+---------+\r\n"


class _Switch(OutletSimulator):
    """What telnet and SNMP have in common: the relays."""

    def hasty_params(self) -> dict[str, str]:
        return self.params() | {"timeout": "300ms"}


class NpsSwitch(_Switch):
    """An NPS with firmware 3; the later families ask for a user name first."""

    faults = frozenset(TelnetMenu.FAULTS | RELAY_FAULTS | {Fault.REFUSES_LOGIN})

    def __init__(
        self,
        user: str = "",
        prompt: str = "NPS",
        names: tuple[str, ...] = NAMES,
        *,
        asks: bool = False,
        relays: Outlets | None = None,
    ) -> None:
        super().__init__(relays or Outlets(names))
        self._user = user
        self._asks = asks
        """It wants to know whether an order is meant, whatever was said."""
        self._order_waits: tuple[int, bool] | None = None
        self.page_rows = 0
        """Rows after which the table stops for ENTER; 0: never."""
        self.lost_row = 0
        self._rest = ""
        order = r"(?i)/(on|off) (\d+) ?,y"
        commands: dict[str, Answer] = {
            "(?i)/s": self._table,
            "(?i)/h": Reply("/S  Status    /On n    /Off n    /Boot n    /X  Exit\r\n\r\n"),
            order: self._order,
            "(?i)/x,y": Reply("Disconnected.\r\n", END),
        }
        orders = frozenset({order, "Y"})
        menu = State(f"{prompt}> ", commands, orders, unknown=Reply("Invalid command\r\n"))
        self._page = {
            "user": State("login: ", {re.escape(user): Reply(state="password")}),
            "password": State("Password: " if user else "Enter Password: ", {".*": self._login}),
            "menu": menu,
            "sure": State("Sure? (Y/N): ", {"Y": self._done, ".*": Reply(state="menu")}, orders),
            "more": State("Press Enter: ", {".*": lambda _: Reply(self._rest, "menu")}),
        }
        self.menu = TelnetMenu(self._page, "user" if user else "password", echoes={"user", "menu", "sure"})
        self.menu.wire.late_s = 3.0

    def params(self) -> dict[str, str]:
        params = {"ipaddr": "127.0.0.1", "port": str(self.menu.port), "password": SECRET, "timeout": "10"}
        return params | ({"login": self._user} if self._user else {})

    def abandoned(self) -> int:
        return self.menu.abandoned

    def misbehave(self, fault: Fault) -> None:
        if fault in RELAY_FAULTS | {Fault.REFUSES_LOGIN}:
            self.relays.fault = fault
        else:
            self.menu.misbehave(fault)

    def close(self) -> None:
        self.menu.close()

    def _login(self, typed: re.Match[str]) -> Reply:
        if typed[0] != SECRET or self.relays.fault is Fault.REFUSES_LOGIN:
            return Reply("Invalid password\r\n", "user" if self._user else "password")
        return Reply(f"\r\n{HEAD}", "menu")

    def _rows(self) -> list[str]:
        rows = []
        for number, name in self.relays.names.items():
            state = "ON " if self.relays.has_power(number) else "OFF"
            rows.append(f" {number:>2}  | {name:<16} | (undefined) |  {state}   |    0.5 Secs     |   ON    |\r\n")
        return [row for number, row in enumerate(rows, 1) if number != self.lost_row]

    def _table(self, typed: re.Match[str]) -> Reply:
        rows = self._rows()
        if not self.page_rows:
            return Reply(HEAD + COLUMNS + RULE + "".join(rows) + RULE + "\r\n")
        self._rest = "".join(rows[self.page_rows :]) + RULE + "\r\n"
        return Reply(HEAD + COLUMNS + RULE + "".join(rows[: self.page_rows]), "more")

    def _order(self, typed: re.Match[str]) -> Reply:
        self._order_waits = int(typed[2]), typed[1].lower() == "on"
        return Reply(state="sure") if self._asks else self._done(typed)

    def _done(self, typed: re.Match[str]) -> Reply:
        plug, on = self._order_waits or (0, False)
        if plug not in self.relays.names:
            return Reply("Invalid plug\r\n", "menu")
        if not self.relays.order(plug, on=on):
            return Reply("Access denied\r\n", "menu")
        table = self._table(typed)
        return Reply(f"\r\nProcessing - please wait ...\r\n\r\n{table.text}", table.state or "menu")


class MpcAgent(_Switch):
    """An MPC with firmware 1.62 (WTI-MPC-MIB): plugs with a state, groups without one."""

    faults = frozenset(SnmpAgent.FAULTS | RELAY_FAULTS)
    root = "1.3.6.1.4.1.2634.3.100"
    groups: tuple[tuple[str, tuple[int, ...]], ...] = (
        ("rack", (2, 3)),
        ("twin", (1,)),
        ("", ()),
        ("after-the-end", (2,)),
    )

    def __init__(self, relays: Outlets | None = None) -> None:
        super().__init__(relays or Outlets(NAMES))
        if relays is not None:
            self.groups = ()  # those below are of the kit's outlets
        self.agent = SnmpAgent(self._objects(), self._set, "public", SECRET)
        self.agent.wire.late_s = 2.0

    def params(self) -> dict[str, str]:
        return {"ipaddr": "127.0.0.1", "port": str(self.agent.port), "community": SECRET, "timeout": "10"}

    def hosts(self) -> list[str]:
        return [*self.relays.hosts(), *(["rack"] if self.groups else [])]

    def is_on(self, host: str) -> bool:
        return any(map(self.relays.has_power, dict(self.groups)["rack"])) if host == "rack" else super().is_on(host)

    def misbehave(self, fault: Fault) -> None:
        if fault in RELAY_FAULTS:
            self.relays.fault = fault
        else:
            self.agent.misbehave(fault)

    def close(self) -> None:
        self.agent.close()

    def _objects(self) -> dict[str, Value | Callable[[], Value]]:
        objects: dict[str, Value | Callable[[], Value]] = {}
        for number, name in self.relays.names.items():
            objects[f"{self.root}.200.1.3.{number}"] = functools.partial(self._state, number)
            objects[f"{self.root}.200.1.4.{number}"] = 0
            objects[f"{self.root}.200.1.5.{number}"] = name.encode()
        for number, (name, _) in enumerate(self.groups, 1):
            objects[f"{self.root}.300.1.2.{number}"] = name.encode()
            objects[f"{self.root}.300.1.3.{number}"] = 0
        return objects

    def _state(self, plug: int) -> int:
        return int(self.relays.has_power(plug))

    def _set(self, name: str, value: Value) -> bool:
        column, _, number = name.removeprefix(f"{self.root}.").rpartition(".")
        plugs = {"200.1.4": (int(number),), "300.1.3": self.groups[int(number) - 1][1] if column == "300.1.3" else ()}
        if value not in (5, 6) or column not in plugs:
            return False
        done = [self.relays.order(plug, on=value == 5) for plug in plugs[column]]
        return all(done)
