"""The device's simulator: three boxes on one line, a page of text and answers on a pty."""

import re

from heartbeat.testing.device import Fault
from heartbeat.testing.outlets import RELAY_FAULTS, Outlets
from heartbeat.testing.serial_line import Reply, SerialLine, SerialSimulator, State

COMMAND = r".*\x02\x18\x18\x02\x18\x18([0-9*])([01T?])"
"""The last attention string of a line counts; some software sends more of it."""
ORDER = COMMAND.replace("[01T?]", "[01T]")


class Rps10Boxes(SerialSimulator):
    """Boxes at addresses 0 to 3: two hosts whose names begin alike, and one with two power supplies.

    Denying is a box that goes on saying the old state; the real one has no other refusal.
    """

    faults = frozenset(SerialLine.FAULTS | RELAY_FAULTS | {Fault.OFF_TOPIC})

    def __init__(self, relays: Outlets | None = None) -> None:
        super().__init__(relays)
        self.spoken_for: int | None = None
        """The plug that answers for every other, as with two boxes of one address."""
        page = {"line": State(answers={COMMAND: self._answer}, orders=frozenset({ORDER}), unknown=Reply())}
        self.line = SerialLine(page, "line", greeting="\r\nRPS-10 Ready\r\n")
        self.line.wire.late_s = 1.5
        self.line.noise(b"Plug 0 Off\r\nComplete\r\n")  # an old answer lies on the line before anybody asks

    def params(self) -> dict[str, str]:
        targets = " ".join(f"{name} {number - 1}" for number, name in self.relays.names.items())
        return {
            "serial_to_targets": f"{self.line.path} {targets}",
            "timeout": "3",
            "pause": "10ms",
            "dtr_low": "100ms",
            "ready_timeout": "10",
        }

    def hasty_params(self) -> dict[str, str]:
        return self.params() | {"timeout": "300ms", "ready_timeout": "300ms"}

    def _answer(self, asked: re.Match[str]) -> Reply:
        """An absent address says nothing at all; for all of them each box speaks, then comes one end."""
        outlets = [number for number in self.relays.names if asked[1] in ("*", str(number - 1))]
        lines = [line for outlet in outlets for line in self._lines(outlet, asked[2])]
        return Reply("".join(f"{line}\r\n" for line in [*lines, "Complete"]) if outlets else "")

    def _lines(self, outlet: int, command: str) -> list[str]:
        told = outlet - 1 if self.spoken_for is None else self.spoken_for
        words = {"0": [False], "1": [True], "T": [False, True]}.get(command, [])
        lines = []
        for on in words:
            done = self.relays.order(outlet, on=on)
            lines.append(f"Plug {told} {'On' if on == done else 'Off'}")
        return lines or [f"Plug {told} {'On' if self.relays.has_power(outlet) else 'Off'}"]
