"""The smart protocol: single characters there, short answers back, and alerts in between at any moment."""

import contextlib
import time
from collections.abc import Iterator

from heartbeat.plugin import Params, Power, TimedOut
from heartbeat.plugin.conversation import Conversation
from heartbeat.plugin.serial_port import serial_conversation

BAUD = 2400
ALERTS = b"!$%+?=#&|*"
"""On battery, mains back, battery low and so on: single characters that no answer of ours contains."""
KEY_S = 0.05
"""Between two characters; the UPS loses what comes faster."""
SMART, READY = "Y", r"^SM\n"
REGISTER_1 = "~"
LOAD_OFF = 0x40 | 0x80
"""Bits of register 1: off until somebody says on, and off until then or until mains are back."""
KEYS = {Power.OFF: "Z", Power.ON: "\x0e"}
"""Sent twice, they act at once and are not answered."""


class SmartUps:
    """One conversation. The UPS forgets within seconds that it was told to be smart: it is told before each command."""

    def __init__(self, talk: Conversation, twice_s: float) -> None:
        self._talk = talk
        self._twice_s = twice_s

    @classmethod
    @contextlib.contextmanager
    def opened(cls, settings: Params) -> Iterator["SmartUps"]:
        """Lock and open the port. Raises Unreachable."""
        import serial

        limit_s, twice_s = settings.number("timeout"), settings.number("twice")
        total_s = 8 * limit_s + twice_s
        with serial_conversation(
            serial, settings.text("ttydev"), BAUD, answer_s=limit_s, total_s=total_s, noise=ALERTS
        ) as (_, talk):
            yield cls(talk, twice_s)

    def power(self) -> Power:
        """Ask register 1; UNKNOWN of a model that has none. Raises PluginError."""
        self._be_smart()
        self._press(REGISTER_1)
        # A late SM may stand before the answer; it is no hexadecimal number.
        told = self._talk.hear(r"^([0-9A-F]{2})\n", r"^NA\n", what="answer of register 1").match
        if told[0].startswith("NA"):
            return Power.UNKNOWN
        return Power.OFF if int(told[1], 16) & LOAD_OFF else Power.ON

    def switch(self, power: Power) -> None:
        """Switch the load at once. The order is not answered; a question after it is, when it has been taken in."""
        self._be_smart()
        self._press(KEYS[power])
        time.sleep(self._twice_s)
        self._press(KEYS[power])
        self.power()

    def _be_smart(self) -> None:
        self._talk.forget(KEY_S)
        self._press(SMART)
        try:
            self._talk.hear(READY, what="SM")
        except TimedOut as silent:
            raise TimedOut(f"{silent}: is it a Smart-UPS, and the smart cable (940-0024)?") from None

    def _press(self, key: str) -> None:
        time.sleep(KEY_S)
        self._talk.say(key)
