"""The brick of a serial line: a page of states served on a pty. Needs no pytest.

>>> page = {"ready": State("", {"0 OFF": Reply("Plug 0 Off\\r\\n")}, unknown=Reply("?\\r\\n"))}
>>> with contextlib.closing(SerialLine(page, "ready")) as line:
...     port = os.open(line.path, os.O_RDWR | os.O_NOCTTY)
...     _ = os.write(port, b"0 OFF\\r")
...     with open(port, "rb", buffering=0) as heard:
...         b"".join(heard.read(1) for _ in range(12))
b'Plug 0 Off\\r\\n'
"""

import contextlib
import os
import select
import termios
import threading
import tty
from collections.abc import Mapping
from typing import Self

from heartbeat.testing.device import Fault
from heartbeat.testing.dialogue import END, Answer, Dialogue, Reply, State
from heartbeat.testing.outlets import RELAY_FAULTS, OutletSimulator
from heartbeat.testing.wire import HungUp, Wire

__all__ = ["END", "Answer", "Reply", "SerialLine", "SerialSimulator", "State"]

DTR_S = 0.02
"""Between two looks at the line's speed."""
OUTPUT_SPEED = 5
"""Its place in what ``termios.tcgetattr`` returns."""


class SerialLine:
    """Plays a device at the end of a serial cable: lines end with CR, and nobody connects or hangs up.

    ``Fault.CLOSES`` is an answer that breaks off; ``Fault.LOSES_ORDER`` and ``Fault.HANGS_UP``, one that never comes.
    ``by_key``: each character is a line of its own, and nothing ends it.
    ``greeting`` is said each time that DTR comes back; on a pty, DTR is low while the line speed is 0.
    It can play ``Fault.OFF_TOPIC`` as well: for a device whose answers name the outlet, so that the driver can tell.
    """

    FAULTS = Wire.FAULTS | {Fault.BREAKS_OFF, Fault.LOSES_ORDER, Fault.HANGS_UP}

    def __init__(self, page: Mapping[str, State], start: str, *, greeting: str = "", by_key: bool = False) -> None:
        self.wire = Wire()
        self.is_ready = True
        """False: it hears nothing until DTR was low, as a box that has lost its thread."""
        self._greeting = greeting
        self._by_key = by_key
        self._is_low = False
        self._fault: Fault | None = None
        self._talk = Dialogue(page, start)
        self._device, self._cable = os.openpty()  # the cable's end stays open: else the device reads EIO at each close
        tty.setraw(self._cable)
        self.path = os.ttyname(self._cable)
        self._ended = threading.Event()
        self._wake, self._woken = os.pipe()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def misbehave(self, fault: Fault) -> Self:
        """Start one of ``FAULTS``."""
        self._fault = self.wire.fault = fault
        return self

    def noise(self, text: bytes) -> None:
        """Say something that nobody asked for: an alert, the rest of an old answer."""
        os.write(self._device, text)

    def close(self) -> None:
        """Pull the cable."""
        self._ended.set()
        os.write(self._woken, b"\0")
        self._thread.join(5)
        for each in (self._device, self._cable, self._wake, self._woken):
            os.close(each)

    def _serve(self) -> None:
        heard = ""
        while not self._ended.is_set():
            ready, _, _ = select.select([self._device, self._wake], [], [], DTR_S if self._greeting else None)
            if self._wake in ready:
                return
            self._watch_dtr()
            if self._device not in ready:
                continue
            heard += os.read(self._device, 4096).replace(b"\n", b"").decode("latin-1")
            *lines, heard = (*heard, "") if self._by_key else heard.split("\r")
            for line in lines:
                with contextlib.suppress(HungUp):
                    self._answer(line)

    def _watch_dtr(self) -> None:
        is_low = bool(self._greeting) and termios.tcgetattr(self._cable)[OUTPUT_SPEED] == termios.B0
        came_back, self._is_low = self._is_low and not is_low, is_low
        if came_back and self._fault is not Fault.SILENT:
            self.is_ready = True
            self.noise(self._greeting.encode())

    def _answer(self, line: str) -> None:
        if not self.is_ready:
            return
        is_order = self._talk.is_order(line)
        fault = self._fault
        if is_order and fault in (Fault.LOSES_ORDER, Fault.HANGS_UP):
            self._fault = self.wire.fault = None
            if fault is Fault.HANGS_UP:
                self._talk.hear(line)
            return
        earlier = self._talk.earlier(line) if fault is Fault.OFF_TOPIC else None
        reply = earlier or self._talk.hear(line)
        for pause_s, piece in self.wire.pieces((self.wire.text(reply.text) + self._talk.prompt()).encode()):
            if pause_s and self._ended.wait(pause_s):
                return
            os.write(self._device, piece)


class SerialSimulator(OutletSimulator):
    """A simulator of a device with outlets at the end of a serial cable: its constructor makes ``line``."""

    line: SerialLine

    def misbehave(self, fault: Fault) -> None:
        if fault in RELAY_FAULTS:
            self.relays.fault = fault
        else:
            self.line.misbehave(fault)

    def close(self) -> None:
        self.line.close()
