"""The brick of an SNMP agent, versions 1 and 2c: a table of objects on a UDP port of loopback. Needs no pytest.

>>> with contextlib.closing(SnmpAgent({"1.3.6.1.4.1.318.1": 1})) as agent:
...     with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
...         client.settimeout(5)
...         bound = ber.sequence(ber.sequence(ber.oid("1.3.6.1.4.1.318.1"), ber.tagged(ber.NULL, b"")))
...         pdu = ber.tagged(GET, ber.integer(7) + ber.integer(0) + ber.integer(0) + bound)
...         _ = client.sendto(ber.sequence(ber.integer(1), ber.octets(b"public"), pdu), ("127.0.0.1", agent.port))
...         client.recv(1500)[-4:]
b'\\x01\\x02\\x01\\x01'
"""

import contextlib  # noqa: F401 - for the example
import socket
import threading
from collections.abc import Callable, Mapping
from typing import Self

from heartbeat.testing import ber
from heartbeat.testing.device import Fault
from heartbeat.testing.wire import HungUp, Wire

GET, GET_NEXT, RESPONSE, SET = 0xA0, 0xA1, 0xA2, 0xA3
NO_SUCH_NAME, GENERIC_ERROR = 2, 5
"""RFC 1157 section 4.1.1, error-status."""
NO_SUCH_OBJECT, END_OF_VIEW = 0x80, 0x82
"""RFC 3416 section 3: version 2c has them in the place of the value."""


SYS_NAME = "1.3.6.1.2.1.1.5.0"


class Oid(str):
    """A value that is itself an object identifier, such as sysObjectID."""

    __slots__ = ()


Value = int | bytes | Oid
Object = Value | Callable[[], Value]


class SnmpAgent:
    """Answers get, getnext and set. ``objects``: identifier to a value, or to what returns it when asked.

    ``on_set`` is told identifier and value of a set by ``write_community``, and returns False to refuse it; its
    absence makes all objects read-only. A request in a wrong community gets no answer, as from a real agent. Its own
    name, sysName, is there by itself and may be set by ``write_community``: no order, so ``on_set`` is not told.
    ``Fault.CLOSES`` is half a datagram.
    """

    FAULTS = Wire.FAULTS - {Fault.SPLIT, Fault.TRICKLES} | {
        Fault.UNREACHABLE, Fault.DENIES, Fault.LOSES_ORDER, Fault.HANGS_UP,
    }  # fmt: skip

    def __init__(
        self,
        objects: Mapping[str, Object],
        on_set: Callable[[str, Value], bool] | None = None,
        read_community: str = "public",
        write_community: str = "private",
    ) -> None:
        self.wire = Wire()
        self.name = b"simulated"
        """sysName, as it was set last."""
        own: dict[str, Object] = {SYS_NAME: lambda: self.name}
        self._objects = {_key(name): (name, value) for name, value in (own | dict(objects)).items()}
        self._on_set = on_set
        self._readers = {read_community.encode(), write_community.encode()}
        self._writer = write_community.encode()
        self._fault: Fault | None = None
        self._ended = threading.Event()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(0.05)
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def misbehave(self, fault: Fault) -> Self:
        """Start one of ``FAULTS``."""
        self._fault = self.wire.fault = fault
        if fault is Fault.UNREACHABLE:
            self.close()
        return self

    def close(self) -> None:
        """Release the port."""
        self._ended.set()
        self._thread.join(5)
        self._socket.close()

    def _serve(self) -> None:
        while not self._ended.is_set():
            try:
                asked, client = self._socket.recvfrom(65535)
                answer = self._answer(asked)
                if not answer:
                    continue
                for pause_s, piece in self.wire.pieces(answer):
                    if not self._ended.wait(pause_s):
                        self._socket.sendto(piece, client)
            except (TimeoutError, ValueError, HungUp, IndexError, OSError):
                continue  # nobody asked, or what was asked is no SNMP: an agent is silent then

    def _answer(self, asked: bytes) -> bytes:
        (_, message), *_ = ber.parts(asked)
        (_, version), (_, community), (kind, pdu) = ber.parts(message)
        number, _, _, (_, bindings) = ber.parts(pdu)
        if community not in (self._readers if kind != SET else {self._writer}):
            return b""
        is_order = kind == SET
        if is_order and self._fault is Fault.LOSES_ORDER:
            self._fault = self.wire.fault = None
            return b""
        status, wrong, answers = 0, 0, b""
        for at, (_, binding) in enumerate(ber.parts(bindings), 1):
            (_, name), (tag, value) = ber.parts(binding)
            problem, answer = self._one(kind, ber.read_oid(name), tag, value, is_v1=version == b"\0")
            status, wrong = (problem, at) if problem else (status, wrong)
            answers += answer
        if is_order and self._fault is Fault.HANGS_UP:
            self._fault = self.wire.fault = None
            return b""
        head = ber.tagged(ber.INTEGER, number[1]) + ber.integer(status) + ber.integer(wrong)
        return ber.sequence(
            ber.tagged(ber.INTEGER, version),
            ber.octets(community),
            ber.tagged(RESPONSE, head + ber.sequence(bindings if status else answers)),
        )

    def _one(self, kind: int, name: str, tag: int, value: bytes, *, is_v1: bool) -> tuple[int, bytes]:
        """Return the error's number, or 0 and the binding of the answer."""
        if kind == GET_NEXT:
            later = min((key for key in self._objects if key > _key(name)), default=None)
            found = None if later is None else self._objects[later]
        else:
            found = self._objects.get(_key(name))
        if found is None:
            missing = ber.tagged(END_OF_VIEW if kind == GET_NEXT else NO_SUCH_OBJECT, b"")
            return (NO_SUCH_NAME if is_v1 else 0), ber.sequence(ber.oid(name), missing)
        if kind == SET:
            wanted = int.from_bytes(value, "big", signed=True) if tag == ber.INTEGER else value
            if _key(name) == _key(SYS_NAME) and isinstance(wanted, bytes):
                self.name = wanted
                return 0, ber.sequence(ber.oid(name), ber.tagged(tag, value))
            if self._on_set is None or self._fault is Fault.DENIES or not self._on_set(name, wanted):
                return GENERIC_ERROR, b""
            return 0, ber.sequence(ber.oid(name), ber.tagged(tag, value))
        told = found[1]() if callable(found[1]) else found[1]
        return 0, ber.sequence(ber.oid(found[0]), _encoded(told))


def _encoded(value: Value) -> bytes:
    if isinstance(value, Oid):
        return ber.oid(value)
    return ber.integer(value) if isinstance(value, int) else ber.octets(value)


def _key(name: str) -> tuple[int, ...]:
    return tuple(map(int, name.strip(".").split(".")))
