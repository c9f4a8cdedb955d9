"""What the process of an ``IpmiBmc`` does: pyghmi's server, the wires to its machine's power, and how it misbehaves."""

import contextlib
import threading
import uuid
from multiprocessing.connection import Connection
from typing import Any

from heartbeat.testing.device import Fault
from heartbeat.testing.wire import HungUp, Wire

READY = "ready"
"""What is said over the pipe of words when the controller serves."""
MACHINE = uuid.UUID("4c4c4544-0042-4dc0-8052-b4c04f4e3332")
"""The machine's own UUID; read in another order of its bytes it is none."""

DOWN, UP = 0, 1
"""IPMI 2.0, table 28-4: chassis control, power down and power up."""
NODE_BUSY = 0xC0
"""IPMI 2.0, table 5-2: node busy. The completion code of an order that is refused."""
HMAC_SHA1 = 1
"""IPMI 2.0, table 13-17: the authentication of cipher suite 3."""
NO_SESSION_FREE, NO_SUCH_SUITE = 0x01, 0x11
"""IPMI 2.0, table 13-15: insufficient resources to create a session; no cipher suite match."""


def serve(words: Connection, wires: Connection, port: int, login: str, password: str) -> None:
    """Be the controller until this process is killed, and hear over a pipe how to misbehave."""
    controller = _controller({login: password}, port, wires)
    _make_faulty(controller)

    def hear() -> None:
        while True:
            fault = words.recv()
            if fault is Fault.REFUSES_LOGIN:
                controller.authdata[login] = "another"
            elif fault is not None:
                controller.fault = controller.wire.fault = fault
            words.send(len(controller.sessions))

    threading.Thread(target=hear, daemon=True).start()
    words.send(READY)
    controller.listen()


def _controller(logins: dict[str, str], port: int, wires: Connection) -> Any:
    from pyghmi.ipmi import bmc

    class Controller(bmc.Bmc):  # type: ignore[misc]  # pyghmi has no types
        def __init__(self) -> None:
            self.fault: Fault | None = None
            self.wire = Wire(late_s=3.0)
            self.sessions: set[bytes] = set()
            """Ours of those that are open."""
            super().__init__(logins, port=port)

        def get_system_guid(self) -> uuid.UUID:
            return MACHINE

        def get_power_state(self) -> str:
            wires.send(None)
            return "on" if wires.recv() else "off"

        def control_chassis(self, request: Any, session: Any) -> None:
            """Two faults are those of a controller that starts anew: the session is void, and it says nothing."""
            if self.fault not in (Fault.LOSES_ORDER, Fault.HANGS_UP):
                super().control_chassis(request, session)
                return
            if self.fault is Fault.HANGS_UP:
                self._turn(on=request["data"][0] == UP)
            self.fault = self.wire.fault = None
            _forget(session)

        def power_off(self) -> int | None:
            return self._turn(on=False)

        def power_on(self) -> int | None:
            return self._turn(on=True)

        def _turn(self, *, on: bool) -> int | None:
            wires.send(on)
            return None if wires.recv() else NODE_BUSY

    return Controller()


def _make_faulty(controller: Any) -> None:
    """Have pyghmi's server refuse, count its sessions, and send as the controller's wire says."""
    from pyghmi.ipmi.private import session as sessions
    from pyghmi.ipmi.private.serversession import ServerSession

    accept, welcome, send = ServerSession.create_open_session_response, ServerSession._send_rakp4, sessions._io_sendto

    def answer(session: Any, proposal: bytes) -> bytearray:
        """pyghmi does suite 3 whatever was proposed, and a client that proposed another is lost."""
        if controller.fault is Fault.BUSY:
            return bytearray([proposal[0], NO_SESSION_FREE, 0, 0, *proposal[4:8]])
        if proposal[12] == HMAC_SHA1:  # table 13-9: tag, role, 2 reserved, 4 of the session, 4 of the algorithm's head
            return bytearray(accept(session, proposal))
        return bytearray([proposal[0], NO_SUCH_SUITE, 0, 0, *proposal[4:8]])

    def let_in(session: Any, tag: int, status: int) -> None:
        controller.sessions.add(bytes(session.managedsessionid))
        welcome(session, tag, status)

    def let_out(session: Any) -> None:
        controller.sessions.discard(bytes(session.managedsessionid))

    def sent(line: Any, packet: bytes, address: Any) -> None:
        with contextlib.suppress(HungUp):
            for pause_s, piece in controller.wire.pieces(bytes(packet)):
                if pause_s:
                    threading.Timer(pause_s, send, (line, piece, address)).start()
                else:
                    send(line, piece, address)

    ServerSession.create_open_session_response, ServerSession._send_rakp4 = answer, let_in
    ServerSession.close_server_session, sessions._io_sendto = let_out, sent


def _forget(session: Any) -> None:
    """Know a session no more; pyghmi drops what still comes for it."""
    for known in session.bmc_handlers.values():
        for port in [port for port, it in known.items() if it is session]:
            del known[port]
