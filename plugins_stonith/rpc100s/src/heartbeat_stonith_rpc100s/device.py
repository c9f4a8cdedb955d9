"""The device: a command with three numbers, and ``OK`` or ``Invalid Entry`` for it."""

import contextlib
from collections.abc import Iterator

from heartbeat.plugin import (
    BadConfig,
    Param,
    ParamKind,
    Params,
    PluginError,
    Power,
    ResetFailed,
    StonithDevice,
    match_host,
)
from heartbeat.plugin.conversation import Conversation, HungUp
from heartbeat.plugin.serial_port import serial_conversation

BAUD = 9600
COMMANDS = {Power.ON: "//0,0,0", Power.OFF: "//0,0,*"}
"""Outlet 0, wait 0 seconds, be off for so long: not at all, or for ever (RPC100S manual)."""
NONSENSE = "//0,0,BOGUS"
"""What a box that is alive refuses; there is nothing else to ask it."""
OK, REFUSED = r"^OK\b", r"^Invalid Entry\b"
QUIET_S = 0.2
"""So long nothing may come before a command: it may answer the line ends of others, and answers late."""


class NwRpc100s(StonithDevice):
    """A Night/Ware RPC100S: one outlet for one node.

    It cannot be asked whether the outlet is on, so an order is the most that it can give: shared data waits for a
    person with ``hb stonith confirm``, or for another device. Its DIP switch must stand on the default, ON.
    """

    api = 1
    title = "Night/Ware RPC100S serial power switch"
    can_read_power = False
    params = (
        Param("ttydev", ParamKind.PATH, required=True, example="/dev/ttyS0", help="Serial port of the box."),
        Param("hostlist", ParamKind.HOSTS, required=True, example="node1", help="The node on its outlet; one alone."),
        Param(
            "timeout", ParamKind.SECONDS, default=12.0, minimum=0.05, maximum=60, unit="s", example="12",
            help="Limit of one answer, and of waiting for a port that another program uses.",
        ),
    )  # fmt: skip
    positional = ("ttydev", "hostlist")
    worst_off_s = 5.0
    """Two commands, each answered within two seconds."""

    @classmethod
    def configured_hosts(cls, params: Params) -> tuple[str, ...] | None:
        """Return the one host. Raises BadConfig for more: they would all lose their power together."""
        hosts = params.hosts("hostlist")
        if len(hosts) != 1:
            raise BadConfig(f"hostlist: an RPC100S has one outlet, and here are {len(hosts)} hosts: {' '.join(hosts)}")
        return hosts

    @classmethod
    def warm(cls) -> None:
        import serial  # noqa: F401

    def hosts(self) -> list[str]:
        return list(self.configured_hosts(self.settings) or ())

    def status(self) -> None:
        """Ask for something that a box which is alive refuses."""
        with self._line() as talk:
            self._probe(talk)

    def power(self, host: str) -> Power:
        """Return UNKNOWN: there is no question for it. Raises BadHost."""
        match_host(host, self.hosts())
        return Power.UNKNOWN

    def switch(self, host: str, power: Power) -> None:
        match_host(host, self.hosts())
        if power is Power.UNKNOWN:
            raise ValueError("a host is switched on or off")
        with self._line() as talk:
            self._probe(talk)
            if not self._ask(talk, COMMANDS[power]):
                raise ResetFailed(f"{talk.place}: the box refuses to switch {power.value}")

    def _probe(self, talk: Conversation) -> None:
        if self._ask(talk, NONSENSE):
            raise PluginError(f"{talk.place}: something says OK to everything; is it an RPC100S?")

    def _ask(self, talk: Conversation, command: str) -> bool:
        """Did it say OK?"""
        talk.forget(QUIET_S)
        talk.say(f"{command}\r")
        return talk.hear(OK, REFUSED, what="answer of an RPC100S").match.re.pattern == OK

    @contextlib.contextmanager
    def _line(self) -> Iterator[Conversation]:
        import serial

        path, limit_s = self.settings.text("ttydev"), self.settings.number("timeout")
        with serial_conversation(serial, path, BAUD, answer_s=limit_s, total_s=3 * limit_s) as (_, talk):
            try:
                yield talk
            except HungUp as gone:
                raise PluginError(f"{gone}: was the cable or the adapter pulled?") from None
