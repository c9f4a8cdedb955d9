"""The brick of an IPMI baseboard controller, on pyghmi's own server: ``heartbeat-core[simulators]``. Needs no pytest.

It does cipher suite 3 only, as ``ipmitool -I lanplus -C 3`` asks for, and refuses what else is proposed. pyghmi keeps
sockets and threads for the life of a process, so the controller runs in a child of its own, is told its faults over a
pipe, and asks over another for the machine's power.
"""

import contextlib
import multiprocessing
import os
import signal
import socket
import threading
import time
from typing import Self

from heartbeat.testing.device import Fault
from heartbeat.testing.ipmi_machine import READY, serve
from heartbeat.testing.outlets import RELAY_FAULTS, Outlets

PATIENCE_S = 2.0
"""A session is given up when its end has not been heard so long after its last packet."""
POWER = 1
"""The number of its one outlet: the machine itself."""


class IpmiBmc:
    """One machine's controller on a UDP port of loopback. ``relays``: its one outlet, when somebody else has it."""

    FAULTS = RELAY_FAULTS | {
        Fault.UNREACHABLE, Fault.SILENT, Fault.REFUSES_LOGIN, Fault.BUSY, Fault.LOSES_ORDER, Fault.HANGS_UP,
        Fault.GARBAGE, Fault.CLOSES, Fault.LATE,
    }  # fmt: skip
    """``CLOSES`` cuts each datagram in two and loses the second half."""

    def __init__(self, login: str = "admin", password: str = "secret", relays: Outlets | None = None) -> None:  # noqa: S107 - a simulator's
        self.relays = relays or Outlets(["node1"])
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.bind(("::", 0))
            self.port: int = probe.getsockname()[1]
        spawn = multiprocessing.get_context("spawn")
        (self._words, words), (self._wires, wires) = spawn.Pipe(), spawn.Pipe()
        self._child = spawn.Process(target=serve, args=(words, wires, self.port, login, password), daemon=True)
        self._child.start()
        words.close()
        wires.close()
        self._thread = threading.Thread(target=self._be_the_machine, daemon=True)
        self._thread.start()
        if self._words.recv() != READY:
            raise RuntimeError("the controller did not start")

    @property
    def is_on(self) -> bool:
        """The truth about the machine's power."""
        return self.relays.has_power(POWER)

    def abandoned(self) -> int:
        """Return how many sessions were opened and not closed, in a while."""
        deadline_s = time.monotonic() + PATIENCE_S
        while (left := self._tell(None)) and time.monotonic() < deadline_s:
            time.sleep(0.005)
        return left

    def misbehave(self, fault: Fault) -> Self:
        """Start one of ``FAULTS``."""
        if fault in RELAY_FAULTS:
            self.relays.fault = fault
        elif fault is Fault.UNREACHABLE:
            self.close()
        elif fault is Fault.SILENT:  # its port is there, and what comes is heard by nobody
            assert self._child.pid is not None
            os.kill(self._child.pid, signal.SIGSTOP)
        else:
            self._tell(fault)
        return self

    def close(self) -> None:
        """End serving."""
        self._child.kill()
        self._child.join(5)
        self._thread.join(5)
        self._words.close()
        self._wires.close()

    def _tell(self, fault: Fault | None) -> int:
        """Start a fault, if any; return the number of open sessions."""
        self._words.send(fault)
        return int(self._words.recv())

    def _be_the_machine(self) -> None:
        """Answer the controller until it is gone: None asks for the power, a bool is an order."""
        with contextlib.suppress(EOFError, OSError):
            while True:
                order: bool | None = self._wires.recv()
                on = self.relays.has_power(POWER) if order is None else self.relays.order(POWER, on=order)
                self._wires.send(on)
