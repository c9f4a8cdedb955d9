"""STONITH that says yes to everything, for tests only."""

from heartbeat.plugin import Param, ParamKind, Power, StonithDevice, match_host


class Null(StonithDevice):
    """Takes every order for the hosts of its list and does nothing. The ``null`` of cluster-glue."""

    api = 1
    title = "Null device: takes every order and does nothing"
    test_only = "it switches nothing off, so both nodes could write to the same data"
    can_read_power = False
    worst_off_s = 0.1
    params = (
        Param(
            "hostlist",
            ParamKind.HOSTS,
            required=True,
            example="node1 node2",
            help="The hosts that it pretends to switch.",
        ),
    )
    positional = ("hostlist",)

    def hosts(self) -> list[str]:
        """Return the hosts of the list."""
        return list(self.settings.hosts("hostlist"))

    def power(self, host: str) -> Power:
        """Return UNKNOWN: there is nothing to ask. Raises BadHost."""
        match_host(host, self.hosts())
        return Power.UNKNOWN

    def switch(self, host: str, power: Power) -> None:
        """Do nothing. Raises BadHost, and ValueError for UNKNOWN, as a real device does."""
        match_host(host, self.hosts())
        if power is Power.UNKNOWN:
            raise ValueError("a host is switched ON or OFF")
