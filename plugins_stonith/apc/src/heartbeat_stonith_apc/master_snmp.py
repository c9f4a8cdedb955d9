"""The device over SNMP: which tree it is, then its outlets."""

import contextlib
from collections.abc import Iterator, Sequence

from heartbeat.plugin import Param, ParamKind, PluginError, Power
from heartbeat.plugin.outlets import OUTLETS, Outlet, OutletSession, OutletSwitch
from heartbeat.plugin.snmp import VERSIONS, Snmp

from heartbeat_stonith_apc.trees import BY_PRODUCT, EACH_PENDING, OBJECT_ID, PRODUCTS, Tree


class ApcMasterSnmp(OutletSwitch):
    """An APC MasterSwitch or Switched Rack PDU, first or second generation, by SNMP version 1 or 2c.

    The community stands in every packet as it is: keep such a card on a network of its own.
    """

    api = 1
    title = "APC MasterSwitch and Switched Rack PDU over SNMP"
    docs_url = "https://www.apc.com/"
    params = (
        Param("ipaddr", ParamKind.HOST, required=True, example="10.0.0.7", help="Name or address of the card."),
        Param("port", ParamKind.PORT, default=161, example="161", help="The agent's UDP port."),
        Param(
            "community", ParamKind.SECRET, required=True, example="private",
            help="Community that may read and write.",
        ),
        Param("snmp_version", ParamKind.CHOICE, default="1", choices=tuple(VERSIONS), help="Version of the protocol."),
        OUTLETS,
        Param(
            "timeout", ParamKind.SECONDS, default=5.0, minimum=0.05, maximum=60, unit="s", example="5",
            help="Limit of one answer; it is asked for five times.",
        ),
    )  # fmt: skip
    positional = ("ipaddr", "port", "community")
    worst_off_s = 8.0
    """Some forty packets, and a relay that follows a second or two after the command."""

    @classmethod
    def warm(cls) -> None:
        import pysnmp.hlapi.v1arch.asyncio  # noqa: F401

    @contextlib.contextmanager
    def session(self) -> Iterator[OutletSession]:
        """Find out what it is. Raises PluginError, also for what is no switched strip."""
        with self._agent() as snmp:
            product = str(snmp.get(OBJECT_ID))
            tree = BY_PRODUCT.get(product.removeprefix(PRODUCTS))
            if tree is None:
                raise PluginError(f"{snmp.place} is no switched APC strip that is known here: it says {product}")
            yield _Strip(snmp, tree)

    def may_switch(self, host: str) -> None:
        """May the community write? Raises AccessDenied."""
        with self._agent() as snmp:
            snmp.may_write()

    def _agent(self) -> Snmp:
        from pysnmp.hlapi.v1arch import asyncio as hlapi

        settings = self.settings
        host, port = settings.text("ipaddr"), int(settings.number("port"))
        community, version = settings.secret("community"), settings.text("snmp_version")
        return Snmp(hlapi, host, port, community, version, limit_s=settings.number("timeout"))


class _Strip:
    """Implements OutletSession."""

    def __init__(self, snmp: Snmp, tree: Tree) -> None:
        self._snmp = snmp
        self._tree = tree

    def outlets(self) -> Sequence[Outlet]:
        names, states = self._snmp.column(self._tree.names), self._snmp.column(self._tree.states)
        counts = self._snmp.column(self._tree.counts).values() if self._tree.counts else [len(names)]
        wanted = sum(count for count in counts if isinstance(count, int))
        if not names or names.keys() != states.keys() or len(names) != wanted:
            told = f"{wanted} outlets, {len(names)} names and {len(states)} states"
            raise PluginError(f"{self._snmp.place} tells of {told} ({self._tree.name}); metered strips have none")
        return [Outlet(str(number), str(name), self._tree.power(states[number])) for number, name in names.items()]

    def switch(self, outlets: Sequence[Outlet], power: Power) -> None:
        """A delayed command that still waits is cancelled first: it would undo this one."""
        for outlet in outlets:
            command = f"{self._tree.commands}.{outlet.number}"
            is_pending = self._snmp.get(f"{self._tree.pending}.{outlet.number}") == EACH_PENDING
            if is_pending and self._tree.cancel:
                self._snmp.set(command, self._tree.cancel)
            self._snmp.set(command, self._tree.order(power))
