"""STONITH over ssh, for tests only: a cut network looks like a dead node."""

from heartbeat.plugin import Param, ParamKind, Params, Power, StonithDevice, Unsupported, match_host


class Ssh(StonithDevice):
    """Logs in to the victim and has it switch itself off, after a moment, so that the login can end in order.

    The victim must be alive, reachable and willing: just what a node that needs fencing is not. Its silence
    afterwards proves nothing either, because a cut network is as silent; so this plugin never reads a power state.
    """

    api = 1
    title = "ssh: the node is asked to switch itself off"
    docs_url = "https://man.openbsd.org/ssh.1"
    test_only = "it needs the victim's help, and a cut network looks the same as success"
    can_read_power = False
    gives_power = False
    worst_off_s = 15.0
    """Connecting, logging in and the delay of the order, with the default limits."""
    params = (
        Param(
            "hostlist",
            ParamKind.HOSTS,
            required=True,
            example="node1 node2",
            help="The hosts that it can switch, by names or addresses that reach them.",
        ),
        Param("user", default="root", example="root", help="Who logs in; must be allowed to run the command."),
        Param("port", ParamKind.PORT, default=22, example="2222", help="The sshd's port."),
        Param(
            "identity_file",
            ParamKind.PATH,
            example="/etc/ha.d/id_ed25519",
            help="Private key without a passphrase. Default: those of ~/.ssh of the user that runs heartbeat.",
        ),
        Param(
            "known_hosts",
            ParamKind.PATH,
            example="/etc/ha.d/known_hosts",
            help="File of host keys. Default: ~/.ssh/known_hosts and /etc/ssh/ssh_known_hosts.",
        ),
        Param(
            "check_host_key",
            ParamKind.BOOL,
            default=True,
            example="yes",
            help="Refuse a host whose key is not known. `no` lets anybody pose as the host.",
        ),
        Param(
            "delay",
            ParamKind.SECONDS,
            default=2.0,
            minimum=0.0,
            maximum=60.0,
            example="2",
            help="How long the host waits before it carries the order out.",
        ),
        Param(
            "timeout",
            ParamKind.SECONDS,
            default=10.0,
            minimum=0.1,
            maximum=300.0,
            example="10",
            help="Limit for connecting, logging in and giving the order, together.",
        ),
        Param(
            "command",
            default="poweroff -n -f -f",
            example="poweroff -n -f -f",
            help="What switches the host off: at once, without stopping services or syncing disks.",
        ),
    )
    positional = ("hostlist",)

    @classmethod
    def weakness_with(cls, params: Params) -> str:
        return "" if params.flag("check_host_key") else "check_host_key=no: whoever answers as the host is believed"

    @classmethod
    def warm(cls) -> None:
        """Import asyncssh, 0.2 s and more, before children are forked."""
        import heartbeat_stonith_ssh.login  # noqa: F401

    def hosts(self) -> list[str]:
        """Return the hosts of the list."""
        return list(self.settings.hosts("hostlist"))

    def status(self) -> None:
        """Log in to all hosts at once; good when one lets us. Raises a host's PluginError when none does."""
        from heartbeat_stonith_ssh.login import any_host_answers

        any_host_answers(self.settings, self.hosts())

    def power(self, host: str) -> Power:
        """Return UNKNOWN: a host that does not answer may be off, cut off, or busy. Raises BadHost."""
        match_host(host, self.hosts())
        return Power.UNKNOWN

    def switch(self, host: str, power: Power) -> None:
        """Give the order to switch off. Raises BadHost, Unsupported for ON, and what logging in may raise."""
        name = match_host(host, self.hosts())
        if power is Power.UNKNOWN:
            raise ValueError("a host is switched OFF here, nothing else")
        if power is Power.ON:
            raise Unsupported(f"ssh cannot switch {name} on: nobody is there to log in to")
        from heartbeat_stonith_ssh.login import order

        order(self.settings, name)
