"""As much of an SNMP manager as a switch needs: read an object, walk a column, set one number.

The protocol itself is pysnmp's, which a plugin declares as its own dependency and hands in, for the contract is of the
standard library alone::

    from pysnmp.hlapi.v1arch import asyncio as hlapi

    with Snmp(hlapi, "10.0.0.7", 161, community, "1", limit_s=5.0) as snmp:
        name = snmp.get("1.3.6.1.2.1.1.5.0")

It is the light half of pysnmp, for versions 1 and 2c: making the engine of the full one takes 0.3 s for each operation.
"""

import asyncio
import socket
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar

from heartbeat.plugin.errors import AccessDenied, PluginError, ResetFailed, TimedOut, Unreachable
from heartbeat.plugin.secret import Secret

Value = int | str
"""An INTEGER, or a text: OCTET STRINGs as latin-1, identifiers with dots and without one in front."""

TRIES = 5
"""UDP loses packets; as the SNMP plugins of cluster-glue. Setting twice what is set already harms nobody."""
VERSIONS = {"1": 0, "2c": 1}
MISSING = {"NoSuchObject", "NoSuchInstance", "EndOfMibView"}
"""Values of version 2c that mean that there is none (RFC 3416, section 3)."""
NO_SUCH_NAME = 2
"""error-status of version 1 for the same (RFC 1157, section 4.1.1)."""

SYS_NAME = "1.3.6.1.2.1.1.5.0"
"""sysName: a text that whoever may write may set, on every agent (RFC 3418, section 2)."""

_Got = TypeVar("_Got")


class Snmp:
    """Speaks to one agent. Use it as a context: it ends its event loop and socket.

    ``hlapi`` is the module ``pysnmp.hlapi.v1arch.asyncio``; ``limit_s`` bounds one answer, repeated questions included.
    """

    def __init__(self, hlapi: Any, host: str, port: int, community: Secret, version: str, *, limit_s: float) -> None:
        self.place = f"{host} port {port}"
        self._hlapi = hlapi
        self._host, self._port = host, port
        self._community = hlapi.CommunityData(community.reveal(), mpModel=VERSIONS[version])
        self._limit_s = limit_s
        self._runner = asyncio.Runner()
        self._dispatcher: Any = None

    def __enter__(self) -> Self:
        self._runner.__enter__()
        try:
            self._run(self._open())
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        if self._dispatcher is not None:
            self._dispatcher.close()
        self._runner.close()

    def get(self, oid: str) -> Value | None:
        """Return an object's value; None when the agent has none. Raises PluginError."""
        return self._run(self._get(oid))

    def column(self, oid: str) -> dict[int, Value]:
        """Return all values below an identifier by the last number of their own. Raises PluginError."""
        return self._run(self._column(oid))

    def set(self, oid: str, number: int) -> None:
        """Set an INTEGER. Raises TimedOut when nobody knows whether it was, ResetFailed when the agent refuses."""
        self._run(self._set(oid, number))

    def may_write(self) -> None:
        """Set the agent's own name to what it is. Raises AccessDenied when a community that may only read is known.

        Does nothing with an agent that has no name: it shows nothing. Raises PluginError.
        """
        name = self.get(SYS_NAME)
        if isinstance(name, str):
            self._run(self._rename(name))

    def _run(self, work: Coroutine[Any, Any, _Got]) -> _Got:
        return self._runner.run(work)

    async def _open(self) -> None:
        try:
            # Blocks, as everything here: nothing else runs in this loop.
            found = socket.getaddrinfo(self._host, self._port, type=socket.SOCK_DGRAM)
        except OSError as wrong:
            raise Unreachable(f"{self.place} is not known: {wrong.strerror}") from None
        family, _, _, _, address = found[0]
        kinds = {socket.AF_INET: self._hlapi.UdpTransportTarget, socket.AF_INET6: self._hlapi.Udp6TransportTarget}
        target = await kinds[family].create(address[:2], timeout=self._limit_s / TRIES, retries=TRIES - 1)
        self._dispatcher = self._hlapi.SnmpDispatcher()
        self._asked = (self._dispatcher, self._community, target)

    async def _get(self, oid: str) -> Value | None:
        asked = self._hlapi.get_cmd(*self._asked, self._bound(oid), lookupMib=False)
        told, status, _, bound = await asked
        return None if self._is_missing(told, status) else _plain(bound[0][1])

    async def _column(self, oid: str) -> dict[int, Value]:
        start = tuple(map(int, oid.split(".")))
        found: dict[int, Value] = {}
        at = start
        while True:
            asked = self._hlapi.next_cmd(*self._asked, self._bound(".".join(map(str, at))), lookupMib=False)
            told, status, _, bound = await asked
            if self._is_missing(told, status):
                return found
            name, value = tuple(bound[0][0]), _plain(bound[0][1])
            if name[: len(start)] != start or name <= at or value is None:
                return found
            found[name[-1]] = value
            at = name

    async def _set(self, oid: str, number: int) -> None:
        order = self._bound(oid, self._hlapi.Integer32(number))
        told, status, _, _ = await self._hlapi.set_cmd(*self._asked, order, lookupMib=False)
        if told:
            raise TimedOut(f"{self.place}: no answer to an order within {self._limit_s:g} s; may `community` write?")
        if status:
            raise ResetFailed(f"{self.place} refuses an order: {status.prettyPrint()}; may `community` write?")

    async def _rename(self, name: str) -> None:
        same = self._bound(SYS_NAME, self._hlapi.OctetString(name.encode("latin-1")))
        told, status, _, _ = await self._hlapi.set_cmd(*self._asked, same, lookupMib=False)
        if told or status:
            why = status.prettyPrint() if status else f"no answer within {self._limit_s:g} s"
            raise AccessDenied(f"{self.place} answers questions and takes no order from `community`: {why}")

    def _bound(self, oid: str, value: object = None) -> tuple[str, Any]:
        """Return a plain binding; the objects of hlapi would load its collection of MIBs, a tenth of a second."""
        return oid, self._hlapi.Null("") if value is None else value

    def _is_missing(self, told: object, status: Any) -> bool:
        """Raises TimedOut without an answer, PluginError for any error but a missing object."""
        if told:
            why = "is it an SNMP agent, and is `community` right? A wrong one is not answered"
            raise TimedOut(f"{self.place}: no answer within {self._limit_s:g} s; {why}")
        if status and int(status) != NO_SUCH_NAME:
            raise PluginError(f"{self.place} answers with an error: {status.prettyPrint()}")
        return bool(status)


def _plain(value: Any) -> Value | None:
    """Return an answer's value in Python's own types; None for a missing object."""
    if type(value).__name__ in MISSING:
        return None
    if hasattr(value, "asOctets"):
        return bytes(value.asOctets()).decode("latin-1").rstrip("\0 ")
    try:
        return int(value)
    except (TypeError, ValueError):
        return str(value.prettyPrint())
