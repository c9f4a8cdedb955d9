"""A node that ends itself: the ``suicide`` of cluster-glue."""

import contextlib
import os
import subprocess
from pathlib import Path

from heartbeat.plugin import NotInstalled, Param, ParamKind, Power, StonithDevice, Unsupported, match_host

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Suicide(StonithDevice):
    """Switches off the machine on which it runs, and no other.

    Whoever must be fenced is the last that can be trusted to do it: a node that hangs does not end itself, and one that
    did is as silent as one that did not. So it proves nothing and protects nobody, and a cluster never asks for it: no
    node fences itself. It is for a person, or a script, on the very machine. What makes a node end itself when it hangs
    is a watchdog.
    """

    api = 1
    title = "suicide: this machine switches itself off"
    docs_url = "https://github.com/ClusterLabs/cluster-glue"
    test_only = (
        "a node that must be fenced cannot be trusted to end itself, and nobody else can switch it off with this"
    )
    can_read_power = False
    gives_power = False
    itself_only = True
    worst_off_s = 5.0
    """The delay of the order, and a command that waits for nothing."""
    params = (
        Param(
            "command", default="poweroff -n -f -f", example="poweroff -n -f -f",
            help="What switches this machine off: at once, without stopping services or syncing disks.",
        ),
        Param(
            "delay", ParamKind.SECONDS, default=2.0, minimum=0.0, maximum=60.0, example="2",
            help="How long it waits before it carries the order out, so that the answer goes out.",
        ),
    )  # fmt: skip

    def hosts(self) -> list[str]:
        """Return this machine's own name."""
        return [os.uname().nodename]

    def status(self) -> None:
        """Raises Unsupported where the order would end another machine than is meant."""
        _refuse_in_a_namespace()

    def power(self, host: str) -> Power:
        """Return UNKNOWN: whoever could read "off" here is off. Raises BadHost."""
        match_host(host, self.hosts())
        return Power.UNKNOWN

    def switch(self, host: str, power: Power) -> None:
        """Have this machine switch itself off a moment later. Raises BadHost, Unsupported, NotInstalled."""
        name = match_host(host, self.hosts())
        if power is Power.UNKNOWN:
            raise ValueError("a host is switched OFF here, nothing else")
        if power is Power.ON:
            raise Unsupported(f"suicide cannot switch {name} on: it does not run there then")
        _refuse_in_a_namespace()
        later = f"sleep {self.settings.number('delay'):g}; {self.settings.text('command')}"
        try:
            # A session of its own: the executor ends ours when this operation is over.
            subprocess.Popen(
                ["sh", "-c", later],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={"PATH": PATH},
                cwd="/",
                start_new_session=True,
            ).returncode = 0  # nobody waits for it
        except OSError as wrong:
            raise NotInstalled(f"sh cannot be executed: {wrong.strerror}") from wrong


def _refuse_in_a_namespace() -> None:
    """Raise Unsupported in a network namespace that is no machine: the order would end the one around it.

    A node of ``hb lab`` has its processes in a namespace as well, which the order does not leave (reboot(2)). Where the
    namespace of the first process may not be seen, nothing is known, and nothing refused.
    """
    with contextlib.suppress(OSError):
        mine, machine = (Path(f"/proc/{process}/ns/net").stat().st_ino for process in ("thread-self", "1"))
        if mine != machine:
            raise Unsupported(f"{os.uname().nodename} is a network namespace: suicide would end its whole machine")
