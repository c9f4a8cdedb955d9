"""The device's simulator: one outlet, and commands that switch it after a while and for a while."""

import re
import threading

from heartbeat.testing.device import Fault
from heartbeat.testing.outlets import RELAY_FAULTS, Outlets
from heartbeat.testing.serial_line import Answer, Reply, SerialLine, SerialSimulator, State

COMMAND = r"//0,0,(\d+|\*);?"
"""Outlet 0 at once: 0 = on, * = off, a number = off for so many seconds. Some software ends it with a semicolon."""


class Rpc100sBox(SerialSimulator):
    """Refuses an order as it refuses nonsense; empty lines it ignores."""

    faults = frozenset(SerialLine.FAULTS - {Fault.BREAKS_OFF} | RELAY_FAULTS)

    hosts_max = 1

    def __init__(self, relays: Outlets | None = None) -> None:
        super().__init__(relays or Outlets(["node1"]))
        self._timers: list[threading.Timer] = []
        answers: dict[str, Answer] = {"": Reply(), COMMAND: self._order}
        unknown = Reply("\r\nInvalid Entry\r\n")
        self.line = SerialLine({"line": State("", answers, frozenset({COMMAND}), unknown)}, "line")
        self.line.wire.late_s = 1.5
        self.line.noise(b"\r\nOK\r\n")  # an old answer lies on the line before anybody asks

    def params(self) -> dict[str, str]:
        return {"ttydev": self.line.path, "hostlist": self.hosts()[0], "timeout": "3"}

    def hasty_params(self) -> dict[str, str]:
        return self.params() | {"timeout": "300ms"}

    def close(self) -> None:
        super().close()
        for timer in self._timers:
            timer.cancel()
            timer.join()

    def _order(self, asked: re.Match[str]) -> Reply:
        if not self.relays.order(1, on=asked[1] == "0"):
            return Reply("\r\nInvalid Entry\r\n")
        if asked[1] not in ("*", "0"):
            self._timers.append(threading.Timer(float(asked[1]), self.relays.turn, (1,), {"on": True}))
            self._timers[-1].start()
        return Reply("\r\nOK\r\n")
