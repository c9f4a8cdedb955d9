"""The toy switch of ``toy_telnet``: a page of text and answers."""

import re

from heartbeat.testing.device import DeviceSimulator, Fault
from heartbeat.testing.outlets import Outlets
from heartbeat.testing.telnet_menu import END, Reply, State, TelnetMenu

RELAY_FAULTS = {Fault.LIES, Fault.SLOW, Fault.DENIES}


class ToySwitch(DeviceSimulator):
    """Three hosts, the first of them with two outlets, the second's name the beginning of the third's."""

    faults = frozenset(TelnetMenu.FAULTS | RELAY_FAULTS | {Fault.REFUSES_LOGIN})

    def __init__(self) -> None:
        self.relays = Outlets(["twin", "node1", "node10", "twin", "ten-long-x"])
        self._password = "hunter2-hunter2"
        self._page = {
            "login": State(
                "Password: ", {self._password: Reply("Toy 1.0\r\n", "menu")}, unknown=Reply("Wrong\r\n", END)
            ),
            "menu": State(
                "> ",
                {"list": self._list, r"(ON|OFF) (\d+)": self._order, "bye": Reply("", END)},
                orders=frozenset({r"(ON|OFF) (\d+)"}),
            ),
        }
        self.menu = TelnetMenu(self._page, "login")
        self.menu.wire.late_s = 3.0

    def _list(self, asked: re.Match[str]) -> Reply:
        rows = [
            f"{number} | {name:10.10} | {'ON' if self.relays.has_power(number) else 'OFF'}\r\n"
            for number, name in self.relays.names.items()
        ]
        return Reply("".join(rows) + "end of list\r\n")

    def _order(self, asked: re.Match[str]) -> Reply:
        done = self.relays.order(int(asked[2]), on=asked[1] == "ON")
        return Reply("Done\r\n" if done else "Outlet locked\r\n")

    def params(self) -> dict[str, str]:
        return {
            "ipaddr": "127.0.0.1",
            "port": str(self.menu.port),
            "password": self._password,
            "timeout": "10",
        }

    def hasty_params(self) -> dict[str, str]:
        return {**self.params(), "timeout": "400ms"}

    def hosts(self) -> list[str]:
        return self.relays.hosts()

    def is_on(self, host: str) -> bool:
        return self.relays.is_on(host)

    def outlets(self, host: str) -> list[int]:
        return self.relays.of(host)

    def turn(self, outlet: int, *, on: bool) -> None:
        self.relays.turn(outlet, on=on)

    def abandoned(self) -> int:
        return self.menu.abandoned

    def misbehave(self, fault: Fault) -> None:
        if fault in RELAY_FAULTS:
            self.relays.fault = fault
        elif fault is Fault.REFUSES_LOGIN:
            self._page["login"] = State("Password: ", unknown=Reply("Wrong\r\n", END))
        else:
            self.menu.misbehave(fault)

    def close(self) -> None:
        self.menu.close()
