"""The driver: one script as a STONITH device, which takes orders and cannot be asked."""

import re
from pathlib import Path

from heartbeat.plugin import BadHost, Param, ParamKind, PluginError, Power, ResetFailed, StonithDevice, match_host
from heartbeat.plugin.secret import Secret

from heartbeat_stonith_external.script import Script

_HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
"""What is handed to a script as a node's name: many put it into a shell's command line as it is."""


class External(StonithDevice):
    """A script of the kind ``external/*``: cluster-glue's, a vendor's, your own.

    Its convention has no verb for a node's power: ``status`` is about the device. So its word is all there is, nobody
    reads back, and by itself it never proves that a node is off. Several scripts of cluster-glue say that they did it
    without having looked.
    """

    api = 1
    title = "script of the kind external/*"
    docs_url = "https://github.com/ClusterLabs/cluster-glue/blob/main/doc/stonith/README.external"
    can_read_power = False
    worst_off_s = 15.0
    """A log-in and an order, and a script that looks for itself before it says so; most need a second or two."""
    params = (
        Param(
            "script", ParamKind.PATH, required=True, example="/usr/lib/stonith/plugins/external/ssh",
            help="The script. Everything that is not in this table is a parameter of its own.",
        ),
        Param(
            "script_off", ParamKind.CHOICE, default="off", choices=("off", "reset"),
            help="What it is told when a node must go off; `reset` for a script that knows nothing else, as ssh.",
        ),
        Param(
            "script_timeout", ParamKind.SECONDS, default=40.0, minimum=0.1, maximum=600, unit="s", example="40",
            help="Limit of one run; then the script and everything that it has started are ended.",
        ),
    )  # fmt: skip
    extra_params = True

    @classmethod
    def warm(cls) -> None:
        """Import what runs programs."""
        import heartbeat.plugin.program  # noqa: F401 - for the forked children

    def hosts(self) -> list[str]:
        """Ask the script (``gethosts``). Raises PluginError, also when it names none."""
        hosts = [word for word in re.split(r"[\s,]+", self._script.do("gethosts", error=PluginError)) if word]
        if strange := next((word for word in hosts if not _HOST.fullmatch(word)), None):
            raise PluginError(f"{self._script.name} gethosts: {strange[:80]!r} can be no node's name")
        if not hosts:
            raise PluginError(f"{self._script.name} gethosts names no node")
        return list({host.lower(): host for host in hosts}.values())

    def status(self) -> None:
        """Have the script look whether the device is usable. Raises PluginError."""
        self._script.do("status", error=PluginError)

    def power(self, host: str) -> Power:
        """Return UNKNOWN: there is no verb for it. Raises BadHost."""
        match_host(host, self.hosts())
        return Power.UNKNOWN

    def switch(self, host: str, power: Power) -> None:
        """Have the script do it. Raises BadHost, ResetFailed, TimedOut."""
        if power is Power.UNKNOWN:
            raise ValueError("a host is switched on or off")
        if not _HOST.fullmatch(host.strip()):
            raise BadHost(f"{host!r} can be no node's name")
        name = match_host(host, self.hosts())
        self._script.do("on" if power is Power.ON else self.settings.text("script_off"), name, error=ResetFailed)

    @property
    def _script(self) -> Script:
        ours = {param.name for param in External.params}
        told = {name: value for name, value in self.settings.items() if name not in ours}
        own = {name: value.reveal() if isinstance(value, Secret) else str(value) for name, value in told.items()}
        path, limit_s = Path(self.settings.text("script")), self.settings.number("script_timeout")
        return Script(path, {**own, **self.settings.extra}, limit_s)
