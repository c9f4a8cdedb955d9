"""STONITH by a person: asks the operator to switch a node off."""

from heartbeat.plugin import Param, ParamKind, PluginError, Power, StonithDevice, match_host


class OperatorNeeded(PluginError):
    """A person has to act; until then nothing is proved (S_RESETFAIL)."""

    s_code = 5


class Meatware(StonithDevice):
    """The operator is the power switch: an order names what to do by hand, and nothing moves before it is confirmed.

    The proof is the person's ``hb stonith confirm HOST`` and not this plugin's: it can neither switch nor look.
    """

    api = 1
    title = "Meatware: a person switches the node off and confirms it"
    docs_url = "https://github.com/ClusterLabs/cluster-glue/blob/main/doc/stonith/README.meatware"
    can_read_power = False
    worst_off_s = 600.0
    """A person on the way to the machine room; meatclient of cluster-glue waited as long for an answer."""
    serialises = True
    """Whoever has switched one node off does not switch the other off because that one had asked too."""
    params = (
        Param(
            "hostlist",
            ParamKind.HOSTS,
            required=True,
            example="node1 node2",
            help="The hosts that the operator can switch.",
        ),
    )
    positional = ("hostlist",)

    def hosts(self) -> list[str]:
        """Return the hosts of the list."""
        return list(self.settings.hosts("hostlist"))

    def power(self, host: str) -> Power:
        """Return UNKNOWN: only a person can look. Raises BadHost."""
        match_host(host, self.hosts())
        return Power.UNKNOWN

    def switch(self, host: str, power: Power) -> None:
        """Raise OperatorNeeded, saying what to do by hand; BadHost for a host that is not in the list."""
        name = match_host(host, self.hosts())
        match power:
            case Power.OFF:
                raise OperatorNeeded(
                    f"an operator must switch {name} off by hand, make sure that it is off, "
                    f"and then run `hb stonith confirm {name}`"
                )
            case Power.ON:
                raise OperatorNeeded(f"an operator must switch {name} on by hand")
            case Power.UNKNOWN:
                raise ValueError("a host is switched ON or OFF")
