"""The brick of an IPMI baseboard controller, on pyghmi's own server: ``heartbeat-core[simulators]``. Needs no pytest.

It does cipher suite 3 only, as ``ipmitool -I lanplus -C 3`` asks for, and refuses what else is proposed. pyghmi keeps
sockets and threads for the life of a process, so the controller runs in a child of its own and is told its faults over
a pipe.
"""

import multiprocessing
import os
import signal
import socket
from multiprocessing.connection import Connection
from typing import Any, Self

from heartbeat.testing.device import Fault
from heartbeat.testing.outlets import RELAY_S

BUSY = 0xC0
"""IPMI 2.0, table 5-2: node busy. The completion code of an order that is refused."""

HMAC_SHA1 = 1
"""IPMI 2.0, table 13-17: the authentication of cipher suite 3."""
NO_SUCH_SUITE = 0x11
"""IPMI 2.0, table 13-15: no cipher suite match with proposed security algorithms."""


class IpmiBmc:
    """One machine's controller on a UDP port of loopback."""

    FAULTS = frozenset({Fault.UNREACHABLE, Fault.SILENT, Fault.REFUSES_LOGIN, Fault.DENIES, Fault.LIES, Fault.SLOW})

    def __init__(self, login: str = "admin", password: str = "secret") -> None:  # noqa: S107 - a simulator's
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.bind(("::", 0))
            self.port: int = probe.getsockname()[1]
        spawn = multiprocessing.get_context("spawn")
        self._ours, theirs = spawn.Pipe()
        self._child = spawn.Process(target=_serve, args=(theirs, self.port, login, password), daemon=True)
        self._child.start()
        theirs.close()
        if self._ours.recv() != "ready":
            raise RuntimeError("the controller did not start")

    @property
    def is_on(self) -> bool:
        """The truth about the machine's power."""
        return bool(self._ask("is on"))

    def misbehave(self, fault: Fault) -> Self:
        """Start one of ``FAULTS``."""
        if fault is Fault.UNREACHABLE:
            self.close()
        elif fault is Fault.SILENT:  # its port is there, and what comes is heard by nobody
            assert self._child.pid is not None
            os.kill(self._child.pid, signal.SIGSTOP)
        else:
            self._ask(fault.name)
        return self

    def close(self) -> None:
        """End serving."""
        self._child.kill()
        self._child.join(5)

    def _ask(self, what: str) -> object:
        self._ours.send(what)
        return self._ours.recv()


def _serve(pipe: Connection, port: int, login: str, password: str) -> None:
    """Be the controller until this process is killed, and hear over the pipe how to misbehave."""
    import threading

    from pyghmi.ipmi.private.serversession import ServerSession

    _refuse_other_suites(ServerSession)
    machine = _machine({login: password}, port)

    def hear() -> None:
        while True:
            word = pipe.recv()
            if word == Fault.REFUSES_LOGIN.name:
                machine.authdata[login] = "another"
            elif word != "is on":
                machine.fault = word
            pipe.send(machine.on)

    threading.Thread(target=hear, daemon=True).start()
    pipe.send("ready")
    machine.listen()


def _machine(logins: dict[str, str], port: int) -> Any:
    import threading

    from pyghmi.ipmi import bmc

    class Machine(bmc.Bmc):  # type: ignore[misc]  # pyghmi has no types
        on = True
        fault = ""

        def get_power_state(self) -> str:
            return "on" if self.on else "off"

        def power_off(self) -> int | None:
            return self._turn(on=False)

        def power_on(self) -> int | None:
            return self._turn(on=True)

        def _turn(self, *, on: bool) -> int | None:
            if self.fault == Fault.DENIES.name:
                return BUSY
            if self.fault == Fault.SLOW.name:
                threading.Timer(RELAY_S, setattr, (self, "on", on)).start()
            elif self.fault != Fault.LIES.name:
                self.on = on
            return None

    return Machine(logins, port=port)


def _refuse_other_suites(sessions: Any) -> None:
    """pyghmi's server does suite 3 whatever was proposed, and a client that proposed another is lost."""
    accept = sessions.create_open_session_response

    def answer(session: Any, proposal: bytes) -> bytearray:
        if proposal[12] == HMAC_SHA1:  # table 13-9: tag, role, 2 reserved, 4 of the session, 4 of the algorithm's head
            return bytearray(accept(session, proposal))
        return bytearray([proposal[0], NO_SUCH_SUITE, 0, 0, *proposal[4:8]])

    sessions.create_open_session_response = answer
