"""What is said on the line, and what the box answers (WTI RPS-10 user's guide, "Command set")."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from heartbeat.plugin import Params, PluginError, Power, TimedOut
from heartbeat.plugin.conversation import Conversation
from heartbeat.plugin.serial_port import serial_conversation

if TYPE_CHECKING:
    from serial import Serial

ATTENTION = "\x02\x18\x18\x02\x18\x18"
"""STX CAN CAN, twice: what follows is a command and no text that passes by."""

PAUSE_S = {"9600": 0.5, "2400": 1.5}
"""What the box needs between two commands, by line speed."""
QUIET_S = 0.05
"""So long nothing may come before a question is asked: the rest of an old answer must not become the new one's."""


class Rps10Line:
    """The open port, for one conversation."""

    def __init__(self, port: "Serial", conversation: Conversation, settings: Params) -> None:
        self._port = port
        self._talk = conversation
        self._settings = settings
        self._pause_s = settings.number("pause") if "pause" in settings else PAUSE_S[settings.text("baud")]
        self._next_s = 0.0

    @classmethod
    @contextmanager
    def opened(cls, path: str, settings: Params) -> Iterator["Rps10Line"]:
        """Lock and open the port for the conversation inside the context. Raises Unreachable."""
        import serial

        limit_s = settings.number("timeout")
        total_s = 40 * limit_s + settings.number("dtr_low") + settings.number("ready_timeout")
        baud = int(settings.text("baud"))
        with serial_conversation(serial, path, baud, answer_s=limit_s, total_s=total_s) as (port, talk):
            yield cls(port, talk, settings)

    def wake(self, plug: str) -> Sequence[Power]:
        """Return the states at an address; a box that says nothing is reset first. Raises PluginError."""
        try:
            return self.ask(plug, "?")
        except TimedOut:
            self._reset()
            return self.ask(plug, "?")

    def ask(self, plug: str, command: str) -> Sequence[Power]:
        """Send a command, 0 for off, 1 for on, ? for a question, and return the states that the boxes tell.

        Of the one plug that was meant; of each box for the address of all. Raises PluginError.
        """
        time.sleep(max(self._next_s - time.monotonic(), 0))
        self._talk.forget(QUIET_S)
        self._talk.say(f"{ATTENTION}{plug}{command}\r")
        states = []
        while (heard := self._talk.hear(r"Plug (\S+) (On|Off)\b", "Complete", what="answer of a plug").match)[
            0
        ] != "Complete":
            if plug not in ("*", heard[1]):
                raise PluginError(f"{self._talk.place}: plug {plug} was asked and another one answered")
            states.append(Power.ON if heard[2] == "On" else Power.OFF)
        self._next_s = time.monotonic() + self._pause_s
        if not states:
            raise PluginError(f"{self._talk.place}: plug {plug} answers without its state")
        return states

    def _reset(self) -> None:
        """Drop DTR, which resets every box on the line, and wait until one is ready."""
        self._talk.forget()
        speed = self._port.baudrate
        self._port.baudrate = 0  # line speed 0 is how a terminal hangs up (termios(3), B0)
        time.sleep(self._settings.number("dtr_low"))
        self._port.baudrate = speed
        try:
            self._talk.hear("Ready", what="RPS-10 Ready", within_s=self._settings.number("ready_timeout"))
        except TimedOut:
            where = self._talk.place
            raise TimedOut(f"{where}: no RPS-10 answers; check port, speed and a cable that carries DTR") from None
        self._next_s = time.monotonic() + self._pause_s
