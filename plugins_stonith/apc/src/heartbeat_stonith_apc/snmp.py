"""As much of an SNMP manager as a switch needs: read some objects, walk a column, set one number."""

import asyncio
from collections.abc import Coroutine, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar

from heartbeat.plugin import PluginError, ResetFailed, Secret, TimedOut, Unreachable

Value = int | str
"""An INTEGER, or a text: OCTET STRINGs as latin-1, identifiers with dots and without one in front."""

TRIES = 5
"""As the old plugin: UDP loses packets. Setting twice what is set already harms nobody."""
VERSIONS = {"1": 0, "2c": 1}
MISSING = {"NoSuchObject", "NoSuchInstance", "EndOfMibView"}
"""Values of version 2c that mean that there is none (RFC 3416, section 3)."""
NO_SUCH_NAME = 2
"""error-status of version 1 for the same (RFC 1157, section 4.1.1)."""

_Got = TypeVar("_Got")


class Snmp:
    """Speaks to one agent; a context that ends its event loop and socket."""

    def __init__(self, host: str, port: int, community: Secret, version: str, limit_s: float) -> None:
        self.place = f"{host} port {port}"
        self._address = (host, port)
        self._community, self._model = community, VERSIONS[version]
        self._limit_s = limit_s
        self._runner = asyncio.Runner()

    def __enter__(self) -> Self:
        self._runner.__enter__()
        self._run(self._open())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._dispatcher.close()
        self._runner.__exit__(kind, problem, trace)

    def get(self, oid: str) -> Value | None:
        """Return an object's value; None when the agent has none. Raises PluginError."""
        return self._run(self._get(oid))

    def column(self, oid: str) -> dict[int, Value]:
        """Return all values below an identifier by the last number of their own. Raises PluginError."""
        return self._run(self._column(oid))

    def set(self, oid: str, number: int) -> None:
        """Set an INTEGER. Raises TimedOut when nobody knows whether it was, ResetFailed when the agent refuses."""
        self._run(self._set(oid, number))

    def _run(self, work: Coroutine[Any, Any, _Got]) -> _Got:
        return self._runner.run(work)

    async def _open(self) -> None:
        from pysnmp.error import PySnmpError
        from pysnmp.hlapi.v1arch.asyncio import CommunityData, SnmpDispatcher, UdpTransportTarget

        self._dispatcher = SnmpDispatcher()
        try:
            target = await UdpTransportTarget.create(self._address, timeout=self._limit_s / TRIES, retries=TRIES - 1)
        except PySnmpError:
            self._dispatcher.close()
            raise Unreachable(f"{self.place}: the name or address is not known") from None
        community = CommunityData(self._community.reveal(), mpModel=self._model)
        self._asked = (self._dispatcher, community, target)

    async def _get(self, oid: str) -> Value | None:
        from pysnmp.hlapi.v1arch.asyncio import ObjectIdentity, ObjectType, get_cmd

        told, status, _, bound = await get_cmd(*self._asked, ObjectType(ObjectIdentity(oid)), lookupMib=False)
        return None if self._is_missing(told, status) else _plain(bound[0][1])

    async def _column(self, oid: str) -> dict[int, Value]:
        from pysnmp.hlapi.v1arch.asyncio import ObjectIdentity, ObjectType, walk_cmd

        found: dict[int, Value] = {}
        start = ObjectType(ObjectIdentity(oid))
        async for told, status, _, bound in walk_cmd(*self._asked, start, lookupMib=False, lexicographicMode=False):
            if self._is_missing(told, status) or (value := _plain(bound[0][1])) is None:
                break
            found[bound[0][0][-1]] = value
        return found

    async def _set(self, oid: str, number: int) -> None:
        from pysnmp.hlapi.v1arch.asyncio import Integer32, ObjectIdentity, ObjectType, set_cmd

        order = ObjectType(ObjectIdentity(oid), Integer32(number))
        told, status, _, _ = await set_cmd(*self._asked, order, lookupMib=False)
        if told:
            raise TimedOut(f"{self.place}: no answer to an order within {self._limit_s:g} s; may `community` write?")
        if status:
            raise ResetFailed(f"{self.place} refuses an order: {status.prettyPrint()}; may `community` write?")

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
    try:
        return int(value)
    except (TypeError, ValueError):
        pass
    if hasattr(value, "asOctets"):
        return bytes(value.asOctets()).decode("latin-1").rstrip("\0 ")
    return str(value.prettyPrint())


def as_numbers(values: Sequence[Value | None]) -> list[int]:
    """Return those that are numbers."""
    return [value for value in values if isinstance(value, int)]
