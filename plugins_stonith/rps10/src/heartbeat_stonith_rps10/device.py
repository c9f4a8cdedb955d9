"""The device: a box answers to its address, on a line that several share."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from heartbeat.plugin import Param, ParamKind, Params, PluginError, Power, ResetFailed, StonithDevice
from heartbeat.plugin.conversation import HungUp

from heartbeat_stonith_rps10.dialogue import Rps10Line
from heartbeat_stonith_rps10.targets import Targets


class Rps10(StonithDevice):
    """One RPS-10, or up to ten on one serial line, each with a plug and an address of its own.

    Power is read back with the box's own query. The line is asked as it is; only a box that says nothing is reset by
    dropping DTR, which takes it up to twelve seconds.
    """

    api = 1
    title = "WTI RPS-10 serial power switch"
    docs_url = "https://www.wti.com/"
    params = (
        Param(
            "serial_to_targets",
            required=True,
            example="/dev/ttyS1 node2 0",
            help="Serial port, then each node and its plug, 0 to 9 or * for all; a node with two plugs stands twice.",
        ),
        Param("baud", ParamKind.CHOICE, default="9600", choices=("9600", "2400"), help="Speed, as its DIP switch is."),
        Param(
            "pause", ParamKind.SECONDS, minimum=0, maximum=10, unit="s", example="0.5",
            help="What the box needs between two commands. Default: 0.5 at 9600 baud, 1.5 at 2400.",
        ),
        Param(
            "timeout", ParamKind.SECONDS, default=5.0, minimum=0.05, maximum=60, unit="s", example="5",
            help="Limit of one answer, and of waiting for a port that another program uses.",
        ),
        Param(
            "dtr_low", ParamKind.SECONDS, default=2.0, minimum=0.05, maximum=10, unit="s", example="2",
            help="How long DTR is low to reset a box that says nothing.",
        ),
        Param(
            "ready_timeout", ParamKind.SECONDS, default=12.0, minimum=0.05, maximum=60, unit="s", example="12",
            help="Limit of that reset, until the box is ready.",
        ),
    )  # fmt: skip
    positional = ("serial_to_targets",)
    worst_off_s = 8.0
    """At 2400 baud, where three commands have four and a half seconds of pauses between and after them."""

    @classmethod
    def configured_hosts(cls, params: Params) -> tuple[str, ...] | None:
        return tuple(Targets.of(params.text("serial_to_targets")).plugs)

    @classmethod
    def worst_off_with(cls, params: Params) -> float:
        """Asked, switched and asked again: within two seconds at 9600 baud, and a slow reply to spare."""
        return cls.worst_off_s if params.text("baud") == "2400" else 2.5

    @classmethod
    def warm(cls) -> None:
        import serial  # noqa: F401

    @property
    def _targets(self) -> Targets:
        return Targets.of(self.settings.text("serial_to_targets"))

    def hosts(self) -> list[str]:
        """Return the configured hosts: the box knows none."""
        return list(self._targets.plugs)

    def status(self) -> None:
        """Ask every plug for its state: a wrong cable, speed or address shows."""
        with self._line() as line:
            self._states(line, [plug for plugs in self._targets.plugs.values() for plug in plugs])

    def power(self, host: str) -> Power:
        plugs = self._targets.of_host(host)
        with self._line() as line:
            states = self._states(line, plugs)
        return Power.ON if Power.ON in states else Power.OFF

    def switch(self, host: str, power: Power) -> None:
        plugs = self._targets.of_host(host)
        if power is Power.UNKNOWN:
            raise ValueError("a host is switched on or off")
        with self._line() as line:
            line.wake(plugs[0])
            failed = [plug for plug in plugs if set(line.ask(plug, "1" if power is Power.ON else "0")) != {power}]
        if failed:
            raise ResetFailed(f"{self._targets.port}: plug {', '.join(failed)} does not go {power.value}")

    def _states(self, line: Rps10Line, plugs: Sequence[str]) -> set[Power]:
        """Ask each plug for its state; never an empty set. Raises PluginError."""
        first = line.wake(plugs[0])
        return {*first, *(state for plug in plugs[1:] for state in line.ask(plug, "?"))}

    @contextmanager
    def _line(self) -> Iterator[Rps10Line]:
        with Rps10Line.opened(self._targets.port, self.settings) as line:
            try:
                yield line
            except HungUp as gone:
                raise PluginError(f"{gone}: was the cable or the adapter pulled?") from None
