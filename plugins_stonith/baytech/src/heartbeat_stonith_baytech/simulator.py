"""The device's simulator: an RPC-5 with its menu, and what the other models do differently."""

import re
from collections.abc import Callable, Mapping

from heartbeat.testing.device import Fault
from heartbeat.testing.dialogue import Answer
from heartbeat.testing.outlets import RELAY_FAULTS, Outlets, OutletSimulator
from heartbeat.testing.telnet_menu import END, HELLO, Reply, State, TelnetMenu

NAMES = ("twin", "node1", "node10", "twin", "eighteen-letters-x")
USER, PASSWORD = "admin", "hunter2-hunter2"
GREETING = "RPC-5 Telnet Host\r\nRevision F 4.22, (C) 1999\r\nBay Technical Associates\r\nUnit ID: rack 7\r\n\r\n"
MENU = (
    "\r\nRPC-5 Menu:\r\n   1)...Outlet Control\r\n   2)...Manage Users\r\n   3)...Configuration\r\n"
    "   4)...Unit Status\r\n   5)...Reset Unit\r\n   6)...Logout\r\n\r\n"
)


class Rpc(OutletSimulator):
    """Takes several sessions, as these units do. ``prompt`` names the model."""

    faults = frozenset(TelnetMenu.FAULTS | RELAY_FAULTS | {Fault.REFUSES_LOGIN})

    def __init__(
        self,
        prompt: str = "RPC-5",
        names: tuple[str, ...] = NAMES,
        start: str = "user",
        *,
        asks: bool = False,
        relays: Outlets | None = None,
    ) -> None:
        super().__init__(relays or Outlets(names))
        self.resets = 0
        """How often the unit was reset: entry 5 of the menu, one beside the right one."""
        self.lost = 0
        """Outlet whose row is missing."""
        self._prompt, self._asks = prompt, asks
        self._waits: tuple[int, bool] | None = None
        self._user = ""
        greeting = b"" if start == "quiet" else GREETING.encode()
        self.menu = TelnetMenu(
            self._pages(), start, sessions=4, hello=HELLO + greeting, echoes={"menu", "prompt", "sure"}
        )
        self.menu.wire.late_s = 3.0

    def _pages(self) -> Mapping[str, State]:
        has_menu = self._prompt in ("RPC-3", "RPC-5")
        order = r"(?i)(on|off) (\d+)"
        commands: dict[str, Answer] = {
            "(?i)status": lambda _: Reply(self._status()),
            order: self._order,
            "(?i)menu": Reply("", "menu"),
            "(?i)logout": Reply("\r\n", END),
            "": Reply("\r\n"),
        }
        orders = frozenset({order, "Y"})
        choices: dict[str, Answer] = {
            "1": lambda _: Reply(self._status(), "prompt"),
            "5": self._reset,
            "6": Reply("", END),
        }
        return {
            "quiet": State("", {"": Reply(GREETING, "user")}, unknown=Reply()),
            "user": State("Enter username>", {".*": self._named}),
            "password": State("Enter password>", {".*": self._let_in("menu" if has_menu else "prompt")}),
            "menu": State(f"{MENU}Enter Selection>", choices, unknown=Reply()),
            "prompt": State(f"{self._prompt}>", commands, orders, unknown=Reply("Input error\r\n\r\n")),
            "sure": State("Are you sure? (Y/N)>", {"Y": self._done, ".*": Reply("", "prompt")}, orders),
        }

    def _named(self, typed: re.Match[str]) -> Reply:
        self._user = typed[0]
        return Reply("", "password")

    def _let_in(self, state: str) -> Callable[[re.Match[str]], Reply]:
        def judge(typed: re.Match[str]) -> Reply:
            if self._user not in (USER, "") or typed[0] != PASSWORD or self.relays.fault is Fault.REFUSES_LOGIN:
                return Reply("Invalid password\r\n\r\n", "user")
            return Reply("\r\n", state)

        return judge

    def _reset(self, typed: re.Match[str]) -> Reply:
        self.resets += 1
        return Reply("", END)

    def _status(self) -> str:
        rows = {number: name for number, name in self.relays.names.items() if number != self.lost}
        states = {number: "On" if self.relays.has_power(number) else "Off" for number in rows}
        if self._prompt in ("RPC-3", "RPC-5"):
            head = "\r\nAverage Power:    0 Watts\r\nTrue RMS Voltage: 120.9 Volts\r\nInternal Temperature:  32.0 C\r\n"
            wide = 18 if self._prompt == "RPC-5" else 10
            lines = [
                f"{number:>7}       {name:<{wide}}   {number:>4}       {states[number]}"
                for number, name in rows.items()
            ]
            return head + "".join(f"{line}\r\n" for line in lines) + "\r\n"
        cells = [f"{number:>2})...{name:<15} : {states[number]:<5}" for number, name in rows.items()]
        half = len(cells) // 2 if self._prompt.startswith("RPC-2") else 0
        if half:
            cells = [f"{left}    {right}" for left, right in zip(cells[:half], cells[half:], strict=True)]
        return "\r\n" + "".join(f" {cell}\r\n" for cell in cells) + "\r\n"

    def _order(self, typed: re.Match[str]) -> Reply:
        self._waits = int(typed[2]), typed[1].lower() == "on"
        return Reply(state="sure") if self._asks else self._done(typed)

    def _done(self, typed: re.Match[str]) -> Reply:
        outlet, on = self._waits or (0, False)
        if outlet not in self.relays.names:
            return Reply("Input error\r\n\r\n", "prompt")
        was_on = self.relays.has_power(outlet)
        if not self.relays.order(outlet, on=on):
            return Reply(f"Outlet {outlet} is locked.\r\n\r\n", "prompt")
        return Reply("" if on or was_on else f"Outlet {outlet} already off.\r\n\r\n", "prompt")

    def params(self) -> dict[str, str]:
        return {
            "ipaddr": "127.0.0.1",
            "port": str(self.menu.port),
            "login": USER,
            "password": PASSWORD,
            "timeout": "10",
        }

    def hasty_params(self) -> dict[str, str]:
        return self.params() | {"timeout": "300ms"}

    def abandoned(self) -> int:
        return self.menu.abandoned

    def misbehave(self, fault: Fault) -> None:
        if fault in RELAY_FAULTS | {Fault.REFUSES_LOGIN}:
            self.relays.fault = fault
        else:
            self.menu.misbehave(fault)

    def close(self) -> None:
        self.menu.close()
