"""The device: a UPS whose load is one node."""

from heartbeat.plugin import BadConfig, Param, ParamKind, Params, PluginError, Power, StonithDevice, match_host
from heartbeat.plugin.conversation import HungUp

from heartbeat_stonith_apcsmart.smart import SmartUps


class ApcSmart(StonithDevice):
    """An APC Smart-UPS on a serial port with the smart cable. It switches all of its load: one node, and no other.

    The state is read from the UPS's own register. Units that are connected by USB alone do not speak this protocol.
    """

    api = 1
    title = "APC Smart-UPS on a serial port"
    params = (
        Param("ttydev", ParamKind.PATH, required=True, example="/dev/ttyS0", help="Serial port of the UPS."),
        Param("hostlist", ParamKind.HOSTS, required=True, example="node1", help="The node that it feeds; one alone."),
        Param(
            "timeout", ParamKind.SECONDS, default=3.0, minimum=0.05, maximum=60, unit="s", example="3",
            help="Limit of one answer, and of waiting for a port that another program uses.",
        ),
        Param(
            "twice", ParamKind.SECONDS, default=1.8, minimum=0.05, maximum=10, unit="s", example="1.8",
            help="How long apart an order is sent twice; below 1.5 s a UPS does not take it.",
        ),
    )  # fmt: skip
    positional = ("ttydev", "hostlist")
    worst_off_s = 6.0
    """The order twice, two seconds apart, between questions of half a second each."""

    @classmethod
    def configured_hosts(cls, params: Params) -> tuple[str, ...] | None:
        """Return the one host. Raises BadConfig for more: they would all lose their power together."""
        hosts = params.hosts("hostlist")
        if len(hosts) != 1:
            raise BadConfig(f"hostlist: a UPS switches all that it feeds, and here are {len(hosts)}: {' '.join(hosts)}")
        return hosts

    @classmethod
    def warm(cls) -> None:
        import serial  # noqa: F401

    def hosts(self) -> list[str]:
        return list(self.configured_hosts(self.settings) or ())

    def status(self) -> None:
        """Ask for the state of the load: a wrong cable or port shows."""
        self.power(self.hosts()[0])

    def power(self, host: str) -> Power:
        match_host(host, self.hosts())
        try:
            with SmartUps.opened(self.settings) as ups:
                return ups.power()
        except HungUp as gone:
            raise PluginError(f"{gone}: was the cable or the adapter pulled?") from None

    def switch(self, host: str, power: Power) -> None:
        """Order it, unless the load is so already: what is off need not be switched off again."""
        match_host(host, self.hosts())
        if power is Power.UNKNOWN:
            raise ValueError("a host is switched on or off")
        try:
            with SmartUps.opened(self.settings) as ups:
                if ups.power() is not power:
                    ups.switch(power)
        except HungUp as gone:
            raise PluginError(f"{gone}: was the cable or the adapter pulled?") from None
