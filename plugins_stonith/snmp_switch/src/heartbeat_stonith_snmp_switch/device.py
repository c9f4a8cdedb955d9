"""The device: a node's ports are closed, and stay so until a person opens them."""

import contextlib
from collections.abc import Iterator

from heartbeat.plugin import Param, ParamKind, Power, Unsupported
from heartbeat.plugin.outlets import OUTLETS, Outlet, OutletSession, OutletSwitch
from heartbeat.plugin.snmp import VERSIONS, Snmp

from heartbeat_stonith_snmp_switch.ports import Ports


class SnmpSwitch(OutletSwitch):
    """A network switch by SNMP version 1 or 2c, any that has IF-MIB: it cuts a node off, which runs on.

    What is known afterwards is that nothing comes from the node through these ports, and that is looked at before an
    order counts as done. It is not known that the node is off: it may reach its data another way, and what it has not
    written yet goes out when a port is opened again. So this device never proves that a node is off, and shared data
    waits for a person. Nor does it open the ports again, as the cluster would after a fence.
    """

    api = 1
    title = "network switch over SNMP: closes the node's ports"
    docs_url = "https://www.rfc-editor.org/rfc/rfc2863"
    can_read_power = False
    """A closed port says nothing about power."""
    gives_power = False
    """Nobody but a person opens a port."""
    worst_off_s = 5.0
    """Three tables of some fifty ports, a packet for each row, and ports that follow within a second or two."""
    name_max = 64
    """Of ifAlias (RFC 2863)."""
    params = (
        Param("ipaddr", ParamKind.HOST, required=True, example="10.0.0.2", help="Name or address of the switch."),
        Param("community", ParamKind.SECRET, required=True, example="private", help="Community that may write."),
        Param("port", ParamKind.PORT, default=161, example="161", help="The agent's UDP port."),
        Param("snmp_version", ParamKind.CHOICE, default="2c", choices=tuple(VERSIONS), help="Version of the protocol."),
        OUTLETS,
        Param(
            "open_again", ParamKind.BOOL, default=False, example="no",
            help="Open ports when asked to: for a person, after the node was restarted. In ha.cf leave it out.",
        ),
        Param(
            "settle", ParamKind.SECONDS, default=5.0, minimum=0.1, maximum=60, unit="s", example="5",
            help="How long a port may take to close.",
        ),
        Param(
            "timeout", ParamKind.SECONDS, default=5.0, minimum=0.05, maximum=60, unit="s", example="5",
            help="Limit of one answer; it is asked for five times.",
        ),
    )  # fmt: skip
    positional = ("ipaddr", "community")

    @classmethod
    def warm(cls) -> None:
        import pysnmp.hlapi.v1arch.asyncio  # noqa: F401

    @contextlib.contextmanager
    def session(self) -> Iterator[OutletSession]:
        """Raises PluginError."""
        with self._snmp() as snmp:
            yield Ports(snmp, self.settings.number("settle"))

    def power(self, host: str) -> Power:
        """Return UNKNOWN, after a look at the ports. Raises BadHost, PluginError."""
        self.ports(host)
        return Power.UNKNOWN

    def ports(self, host: str) -> list[Outlet]:
        """Return the node's ports as they are now. Raises BadHost, PluginError."""
        self._must_know(host)
        with self.session() as session:
            return self._of(host, session.outlets())

    def switch(self, host: str, power: Power) -> None:
        """Close the node's ports, all of them; open them only where `open_again` says so. Raises PluginError."""
        ports = self.ports(host) if power is Power.ON else []
        if ports and not self.settings.flag("open_again"):
            numbers = ", ".join(port.number for port in ports)
            raise Unsupported(f"port {numbers} of {host} stays closed: restart the node, then open it, open_again=yes")
        super().switch(host, power)

    def may_switch(self, host: str) -> None:
        """Raises AccessDenied when the community may only read, and PluginError."""
        self._must_know(host)
        with self._snmp() as snmp:
            snmp.may_write()

    def _snmp(self) -> Snmp:
        from pysnmp.hlapi.v1arch import asyncio as hlapi

        settings = self.settings
        host, port = settings.text("ipaddr"), int(settings.number("port"))
        community, version = settings.secret("community"), settings.text("snmp_version")
        return Snmp(hlapi, host, port, community, version, limit_s=settings.number("timeout"))
