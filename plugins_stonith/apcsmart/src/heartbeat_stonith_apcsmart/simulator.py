"""The device's simulator: a UPS on mains that is dumb until told to be smart."""

import re
import time
from collections.abc import Mapping, Sequence

from heartbeat.testing.device import Fault
from heartbeat.testing.outlets import Outlets
from heartbeat.testing.serial_line import Answer, Reply, SerialLine, SerialSimulator, State

RELAY_FAULTS = {Fault.LIES, Fault.SLOW}
DELAYS: Mapping[str, Sequence[str]] = {"p": ("020", "180", "300", "600"), "r": ("000", "060", "180", "300")}
"""Grace and wake-up delay, and the values that they step through."""


class SmartUpsLoad(SerialSimulator):
    """Register 1 tells the truth about the load. It refuses nothing: what it does not take it is silent about."""

    faults = frozenset(SerialLine.FAULTS - {Fault.BREAKS_OFF} | RELAY_FAULTS)

    hosts_max = 1

    def __init__(self, relays: Outlets | None = None) -> None:
        super().__init__(relays or Outlets(["node1"]))
        self.has_register = True
        self.twice_s = 0.1
        """Least time between the two characters of an order; 1.5 s for a real one."""
        self.alert = ""
        """Character that comes in the middle of each answer."""
        self.late_sm = ""
        """What comes before the next answer, as if an earlier one had been late."""
        self._pressed = ("", 0.0)
        self._delays = dict.fromkeys(DELAYS, 0)
        self._shown = "p"
        self._smart: dict[str, Answer] = {
            "Y": Reply("SM\r\n"),
            "R": Reply("BYE\r\n", "dumb"),
            "Q": Reply("08\r\n"),
            "8": Reply("00\r\n"),
            "'": Reply("00\r\n"),
            "~": self._register_1,
            "[pr]": self._delay,
            "-": self._step,
            "[Z\x0e]": self._order,
        }
        page = {
            "dumb": State(answers={"Y": Reply("SM\r\n", "smart")}, unknown=Reply()),
            "smart": State(answers=self._smart, orders=frozenset({"[Z\x0e]"}), unknown=Reply("NA\r\n")),
        }
        self.line = SerialLine(page, "dumb", by_key=True)
        self.line.wire.late_s = 1.5

    def params(self) -> dict[str, str]:
        return {"ttydev": self.line.path, "hostlist": self.hosts()[0], "timeout": "3", "twice": f"{2 * self.twice_s}"}

    def hasty_params(self) -> dict[str, str]:
        return self.params() | {"timeout": "300ms"}

    def _register_1(self, pressed: re.Match[str]) -> Reply:
        value = "00" if self.relays.has_power(1) else "40"
        return Reply(f"{self.late_sm}{value[0]}{self.alert}{value[1]}\r\n" if self.has_register else "NA\r\n")

    def _order(self, pressed: re.Match[str]) -> Reply:
        """The second of two acts, when it comes neither too soon nor after something else."""
        key, at_s = self._pressed
        now_s = time.monotonic()
        if key != pressed[0] or now_s - at_s < self.twice_s:
            self._pressed = pressed[0], now_s
            return Reply()
        self._pressed = "", 0.0
        self.relays.order(1, on=key == "\x0e")
        return Reply()

    def _delay(self, pressed: re.Match[str]) -> Reply:
        self._shown = pressed[0]
        return Reply(f"{DELAYS[self._shown][self._delays[self._shown]]}\r\n")

    def _step(self, pressed: re.Match[str]) -> Reply:
        self._delays[self._shown] = (self._delays[self._shown] + 1) % len(DELAYS[self._shown])
        return Reply("OK\r\n")
