"""The telnet side of a card, as pages of text and answers (AP7900 user's guide, fence-agents' dialogue)."""

import re
from collections.abc import Callable, Mapping

from heartbeat.testing.device import Fault
from heartbeat.testing.dialogue import Answer
from heartbeat.testing.outlets import RELAY_FAULTS, Outlets, OutletSimulator
from heartbeat.testing.telnet_menu import END, Reply, State, TelnetMenu

NAMES = ("twin", "node1", "node10", "twin", "a-name-of-23-letters-xx")
USER, PASSWORD = "apc", "hunter2-hunter2"
PAGE_LINES = 22
FOOT = "\r\n     ?- Help, <ESC>- Back, <ENTER>- Refresh, <CTRL-L>- Event Log\r\n"


def screen(title: str, *lines: str) -> str:
    """Return a menu under its heading, with the keys that it knows."""
    body = "".join(f"     {line}\r\n" for line in lines)
    return f"\r\n------- {title} {'-' * (60 - len(title))}\r\n\r\n{body}{FOOT}"


class _Card(OutletSimulator):
    """Two prompts for the login, then whatever the page has."""

    faults = frozenset(TelnetMenu.FAULTS | RELAY_FAULTS | {Fault.REFUSES_LOGIN})
    version = "v3.7.3"
    first = "main"

    def __init__(self, names: tuple[str, ...] = NAMES, *, relays: Outlets | None = None) -> None:
        super().__init__(relays or Outlets(names))
        self._is_known = False
        page = self._page()
        self._states = {
            "user": State("\rUser Name : ", {".*": self._user}),
            "password": State("\rPassword  : ", {".*": self._login}),
            **page,
        }
        self.menu = TelnetMenu(self._states, "user", keys="\x1b\x03", echoes=page.keys() | {"user"})
        self.menu.wire.late_s = 3.0

    def _page(self) -> Mapping[str, State]:
        raise NotImplementedError

    def _welcome(self) -> str:
        return ""

    def _user(self, typed: re.Match[str]) -> Reply:
        self._is_known = typed[0] == USER
        return Reply("", "password")

    def _login(self, typed: re.Match[str]) -> Reply:
        if not self._is_known or typed[0] != PASSWORD or self.relays.fault is Fault.REFUSES_LOGIN:
            return Reply("\r\n", "user")
        banner = "American Power Conversion               Network Management Card AOS"
        return Reply(f"\r\n{banner}      {self.version}\r\n{self._welcome()}", self.first)

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


class ApcMenuCard(_Card):
    """A Switched Rack PDU AP7900 with AOS 3, an administrator's menus; the list stops when a page is full."""

    def __init__(
        self,
        names: tuple[str, ...] = NAMES,
        way: tuple[str, ...] = ("Outlet Management", "Outlet Control/Configuration"),
        *,
        relays: Outlets | None = None,
    ) -> None:
        self._way = way
        self._outlet = 0
        self._on = False
        self._rest = ""
        self.is_cut = False
        """The list breaks off in the middle, without its foot."""
        super().__init__(names, relays=relays)

    def _welcome(self) -> str:
        return self._main()

    def _main(self) -> str:
        return screen("Control Console", "1- Device Manager", "2- Network", "3- System", "4- Logout")

    def _page(self) -> Mapping[str, State]:
        page = {
            "main": self._state(
                {"1": self._step(0), "4": Reply("\r\nConnection Closed - Bye\r\n", END), "": Reply(self._main())}
            ),
            "list": self._state({r"(\d+)": self._chosen}),
            "page": State("", {"": lambda _: Reply(self._rest, "list"), "\x03": Reply(self._main(), "main")}),
            "outlet": self._state({"1": self._control}),
            "control": self._state({"([12])": self._asked}),
            "confirm": State(
                "\r\n        Enter 'YES' to continue or <ENTER> to cancel : ",
                {"YES": self._order, "\x03": Reply(self._main(), "main"), ".*": self._control},
                orders=frozenset({"YES"}),
            ),
            "done": State("\r\nPress <ENTER> to continue...", {"": self._control, "\x03": Reply(self._main(), "main")}),
        }
        for number in range(len(self._way)):
            page[f"way{number}"] = self._state({str(self._position(number)): self._step(number + 1)})
        return page

    def _state(self, answers: Mapping[str, Answer]) -> State:
        return State("> ", {"\x03": Reply(self._main(), "main"), **answers}, unknown=Reply())

    def _step(self, number: int) -> Callable[[re.Match[str]], Reply]:
        """Return what leads one menu further down, the last time to the list."""
        return lambda _: self._below(number)

    def _below(self, number: int) -> Reply:
        if number == len(self._way):
            return self._list()
        at = self._position(number)
        others = [f"{other}- Something {other}" for other in range(1, at)]
        below = ["2- Outlet Restriction"] if number and self._way[number].endswith("/Configuration") else []
        return Reply(screen("Switched Rack PDU", *others, f"{at}- {self._way[number]}", *below), f"way{number}")

    def _position(self, number: int) -> int:
        """Return where the next step stands in its menu: application 3 of an AP79xx has it second, then first."""
        if number > 0:
            return 1
        return 3 if self._way[0] == "Outlet Control/Configuration" else 2

    def _list(self) -> Reply:
        rows = [
            f"{number:>2}- {name:<24}{'ON' if self.relays.has_power(number) else 'OFF'}"
            for number, name in self.relays.names.items()
        ]
        rows.append(f"{len(rows) + 1:>2}- Master Control/Configuration")
        if self.is_cut:
            return Reply("".join(f"    {row}\r\n" for row in rows[: len(rows) // 2]), "list")
        text = screen("Outlet Control/Configuration", *rows)
        lines = text.splitlines(keepends=True)
        if len(rows) <= PAGE_LINES:
            return Reply(text, "list")
        self._rest = "".join(lines[PAGE_LINES:])
        return Reply("".join(lines[:PAGE_LINES]) + "Press <ENTER> to continue...", "page")

    def _chosen(self, typed: re.Match[str]) -> Reply:
        if int(typed[1]) not in self.relays.names:
            return Reply("Master Control is not simulated\r\n")
        self._outlet = int(typed[1])
        if self._way[-1:] == ("Outlet Control",):  # a device user may do nothing else there
            return self._control(typed)
        return Reply(
            screen(f"Outlet {self._outlet}", *self._about(), "1- Control Outlet", "2- Configure Outlet"), "outlet"
        )

    def _about(self) -> tuple[str, str]:
        name, on = self.relays.names[self._outlet], self.relays.has_power(self._outlet)
        return f"   Name         : {name}", f"   State        : {'ON' if on else 'OFF'}"

    def _control(self, typed: re.Match[str]) -> Reply:
        verbs = ("1- Immediate On", "2- Immediate Off", "3- Immediate Reboot", "4- Delayed On", "5- Delayed Off")
        return Reply(screen("Control Outlet", *self._about(), *verbs, "6- Delayed Reboot", "7- Cancel"), "control")

    def _asked(self, typed: re.Match[str]) -> Reply:
        self._on = typed[1] == "1"
        return Reply(f"\r\n        Outlet {self._outlet}\r\n", "confirm")

    def _order(self, typed: re.Match[str]) -> Reply:
        done = self.relays.order(self._outlet, on=self._on)
        return Reply("\r\nCommand successfully issued.\r\n" if done else "\r\nOutlet access denied.\r\n", "done")


class ApcCommandCard(_Card):
    """A card with AOS 5 and its command line."""

    version = "v5.1.7"
    first = "prompt"

    def __init__(self, names: tuple[str, ...] = NAMES, *, relays: Outlets | None = None) -> None:
        self.is_cut = False
        super().__init__(names, relays=relays)

    def _page(self) -> Mapping[str, State]:
        order = r"ol(On|Off) (\d+)"
        answers: dict[str, Answer] = {
            "olStatus all": self._status,
            r"olStatus (\d+)": self._one,
            order: self._order,
            "quit": Reply("Bye.\r\n", END),
            "": Reply(),
        }
        wrong = Reply("E101: Command Not Found\r\n")
        return {"prompt": State("apc>", answers, orders=frozenset({order}), unknown=wrong)}

    def _row(self, number: int) -> str:
        return f" {number}: {self.relays.names[number]}: {'On' if self.relays.has_power(number) else 'Off'}\r\n"

    def _status(self, typed: re.Match[str]) -> Reply:
        rows = [self._row(number) for number in self.relays.names]
        return Reply("E000: Success\r\n" + "".join(rows[: len(rows) // 2] if self.is_cut else rows) + "\r\n")

    def _one(self, typed: re.Match[str]) -> Reply:
        number = int(typed[1])
        return Reply(
            f"E000: Success\r\n{self._row(number)}" if number in self.relays.names else "E102: Parameter Error\r\n"
        )

    def _order(self, typed: re.Match[str]) -> Reply:
        done = self.relays.order(int(typed[2]), on=typed[1] == "On")
        return Reply("E000: Success\r\n" if done else "E104: User Level Denial\r\n")
