"""The toy switch of ``toy_serial``: a page of text and answers."""

import re

from heartbeat.testing.device import DeviceSimulator, Fault
from heartbeat.testing.outlets import Outlets
from heartbeat.testing.serial_line import Answer, Reply, SerialLine, State

RELAY_FAULTS = {Fault.LIES, Fault.SLOW, Fault.DENIES}


class ToySerialSwitch(DeviceSimulator):
    """Three plugs; the first host's name is the beginning of the second's."""

    faults = frozenset(SerialLine.FAULTS | RELAY_FAULTS | {Fault.OFF_TOPIC})

    def __init__(self) -> None:
        self.relays = Outlets(["node1", "node10", "node2"])
        answers: dict[str, Answer] = {r"\?": Reply("Ready\r\n"), r"(\d) \?": self._state, r"(\d) (ON|OFF)": self._order}
        self.line = SerialLine({"ready": State("", answers, frozenset({r"(\d) (ON|OFF)"}))}, "ready")
        self.line.wire.late_s = 3.0
        self.line.noise(b"Plug 0 Off\r\n")  # a stale answer lies on the line before anybody asks

    def _state(self, asked: re.Match[str]) -> Reply:
        return Reply(f"Plug {asked[1]} {'On' if self.relays.has_power(int(asked[1]) + 1) else 'Off'}\r\n")

    def _order(self, asked: re.Match[str]) -> Reply:
        done = self.relays.order(int(asked[1]) + 1, on=asked[2] == "ON")
        return Reply(f"Plug {asked[1]} {'Complete' if done else 'Locked'}\r\n")

    def params(self) -> dict[str, str]:
        return {"device": self.line.path, "hosts": " ".join(self.relays.hosts())}

    def hasty_params(self) -> dict[str, str]:
        return {**self.params(), "timeout": "300ms"}

    def hosts(self) -> list[str]:
        return self.relays.hosts()

    def is_on(self, host: str) -> bool:
        return self.relays.is_on(host)

    def misbehave(self, fault: Fault) -> None:
        if fault in RELAY_FAULTS:
            self.relays.fault = fault
        else:
            self.line.misbehave(fault)

    def close(self) -> None:
        self.line.close()
